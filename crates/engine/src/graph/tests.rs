//! Each pass on the smallest network that it rewrites, results beside those of the operations one by one.
use super::{Constant, Graph, Node};
use crate::model::Model;
use crate::model::testing::{F16, File, Number, Operator, Tensor, conv_options};
use crate::ops::{Activation, Padding, conv_2d::Conv2d, depthwise_conv_2d::DepthwiseConv2d};
use crate::plan::Plan;
use crate::session::Session;

const PAD: i32 = 34;
const BATCH_TO_SPACE_ND: i32 = 37;
const SPACE_TO_BATCH_ND: i32 = 38;
const RELU: i32 = 19;
const ADD: i32 = 0;
const PRELU: i32 = 54;
const RESHAPE: i32 = 22;
const DEQUANTIZE: i32 = 6;

fn floats(name: &'static str, shape: &[i32], data: &[f32]) -> Tensor {
    Tensor {
        name,
        ..Tensor::floats(shape, data)
    }
}

/// A file whose input is an 8 x 8 ramp, and whose tensor 1 is the filter 1..9 for `CONV_2D`.
fn ramp() -> File {
    let taps: Vec<f32> = (1..10u8).map(f32::from).collect();
    let mut file = File::default();
    file.inputs = vec![file.add(floats("ramp", &[1, 8, 8, 1], &[]))];
    file.add(floats("taps", &[1, 3, 3, 1], &taps));
    file
}

fn push(file: &mut File, code: i32, inputs: &[i32], output: Tensor) -> i32 {
    let output = file.add(output);
    file.operators.push(Operator {
        code,
        inputs: inputs.to_vec(),
        outputs: vec![output],
        ..Operator::default()
    });
    file.outputs = vec![output];
    output
}

fn conv(file: &mut File, input: i32, shape: &[i32], options: (u8, Vec<(u16, Number)>)) -> i32 {
    let output = push(file, 3, &[input, 1], floats("conv", shape, &[]));
    file.operators.last_mut().unwrap().options = options;
    output
}

fn graph(file: &File) -> Graph {
    Graph::new(Model::from_bytes(&file.bytes()).unwrap()).unwrap()
}

fn names(graph: &Graph) -> Vec<&'static str> {
    graph
        .nodes()
        .iter()
        .map(|node| node.operation.name())
        .collect()
}

fn conv_of(node: &Node) -> &Conv2d {
    let operation: &dyn std::any::Any = node.operation.as_ref();
    operation.downcast_ref().unwrap()
}

/// The output on the ramp 0..63.
fn run(graph: &Graph) -> Vec<f32> {
    let mut session = Session::new(Plan::new(graph).unwrap());
    let ramp: Vec<f32> = (0..64u8).map(f32::from).collect();
    session.set_input(0, &ramp).unwrap();
    session.run();
    session.output_data(0).unwrap().to_vec()
}

/// The worked example: padded by 2 all round, stride 2, dilation 2, row 0 starts 302, 470.
#[test]
fn pad_moves_into_a_convolution_with_stride_and_dilation() {
    let mut file = ramp();
    let pads = file.add(Tensor::ints(&[4, 2], &[0, 0, 2, 2, 2, 2, 0, 0]));
    let padded = push(
        &mut file,
        PAD,
        &[0, pads],
        floats("padded", &[1, 12, 12, 1], &[]),
    );
    conv(&mut file, padded, &[1, 4, 4, 1], conv_options(1, 2, 0, 2));
    let graph = graph(&file);
    assert_eq!(names(&graph), ["CONV_2D"]);
    assert_eq!(
        conv_of(&graph.nodes()[0]).padding,
        Padding::Explicit([2, 2, 2, 2])
    );
    assert_eq!(run(&graph)[..2], [302.0, 470.0]);
}

#[test]
fn pad_of_channels_stays() {
    let mut file = ramp();
    let pads = file.add(Tensor::ints(&[4, 2], &[0, 0, 2, 2, 2, 2, 1, 0]));
    let padded = push(
        &mut file,
        PAD,
        &[0, pads],
        floats("padded", &[1, 12, 12, 2], &[]),
    );
    file.tensors[1] = floats("taps", &[1, 3, 3, 2], &[1.0; 18]);
    conv(&mut file, padded, &[1, 10, 10, 1], conv_options(1, 1, 0, 1));
    assert_eq!(names(&graph(&file)), ["PAD", "CONV_2D"]);
}

/// A convolution, a sum with a constant, each behind it a rectifier with slopes: two operations are left, with the bits of four.
#[test]
fn slopes_move_into_convolutions_and_sums() {
    let mut file = ramp();
    file.tensors[1] = floats(
        "taps",
        &[1, 3, 3, 1],
        &[1., -2., 1., -2., 1., -1., 2., 1., -2.],
    );
    let slope = |file: &mut File, slope| file.add(floats("slope", &[1, 1, 1], &[slope]));
    let x = conv(&mut file, 0, &[1, 8, 8, 1], conv_options(0, 1, 0, 1));
    let alpha = slope(&mut file, 0.3);
    let x = push(
        &mut file,
        PRELU,
        &[x, alpha],
        floats("rectified", &[1, 8, 8, 1], &[]),
    );
    let shift = file.add(floats("shift", &[1, 8, 8, 1], &[17.0; 64]));
    let sum = push(
        &mut file,
        ADD,
        &[x, shift],
        floats("sum", &[1, 8, 8, 1], &[]),
    );
    let alpha = slope(&mut file, -0.7);
    push(
        &mut file,
        PRELU,
        &[sum, alpha],
        floats("out", &[1, 8, 8, 1], &[]),
    );
    let fused = graph(&file);
    assert_eq!(names(&fused), ["CONV_2D", "ADD"]);
    let plain = Graph::folded(Model::from_bytes(&file.bytes()).unwrap()).unwrap();
    assert_eq!(names(&plain), ["CONV_2D", "PRELU", "ADD", "PRELU"]);
    let expected = run(&plain);
    assert!(expected.iter().any(|&x| x > 0.0 && x < 17.0) && expected.iter().any(|&x| x > 17.0));
    assert_eq!(run(&fused), expected);

    // Somebody else reads the sum: it must be there.
    file.outputs.push(sum);
    assert_eq!(names(&graph(&file)), ["CONV_2D", "ADD", "PRELU"]);
}

/// `SPACE_TO_BATCH_ND` with padding 2 above and 3 below, cropped by 1: the same as a dilated convolution padded 2 and 2.
#[test]
fn three_operations_become_a_dilated_convolution() {
    let mut file = ramp();
    let block = file.add(Tensor::ints(&[2], &[3, 3]));
    let pads = file.add(Tensor::ints(&[2, 2], &[3, 4, 3, 4]));
    let crops = file.add(Tensor::ints(&[2, 2], &[0, 1, 0, 1]));
    let batched = push(
        &mut file,
        SPACE_TO_BATCH_ND,
        &[0, block, pads],
        floats("batched", &[9, 5, 5, 1], &[]),
    );
    let convolved = conv(&mut file, batched, &[9, 3, 3, 1], conv_options(1, 1, 0, 1));
    push(
        &mut file,
        BATCH_TO_SPACE_ND,
        &[convolved, block, crops],
        floats("joined", &[1, 8, 8, 1], &[]),
    );
    let joined = graph(&file);
    assert_eq!(names(&joined), ["CONV_2D"]);
    let conv = conv_of(&joined.nodes()[0]);
    assert_eq!(
        (conv.padding, conv.dilation),
        (Padding::Explicit([3, 3, 3, 3]), [3, 3])
    );

    // An output in the middle keeps the three apart: the same numbers come out.
    file.outputs.push(convolved);
    let apart = graph(&file);
    assert_eq!(
        names(&apart),
        ["SPACE_TO_BATCH_ND", "CONV_2D", "BATCH_TO_SPACE_ND"]
    );
    assert_eq!(run(&joined), run(&apart));
}

#[test]
fn a_lone_activation_moves_into_the_convolution() {
    let mut file = ramp();
    let taps: Vec<f32> = (-4..5i8).map(f32::from).collect();
    file.tensors[1] = floats("taps", &[1, 3, 3, 1], &taps);
    let convolved = conv(&mut file, 0, &[1, 8, 8, 1], conv_options(0, 1, 0, 1));
    let plain = run(&graph(&file));
    push(
        &mut file,
        RELU,
        &[convolved],
        floats("bounded", &[1, 8, 8, 1], &[]),
    );
    let fused = graph(&file);
    assert_eq!(names(&fused), ["CONV_2D"]);
    assert_eq!(conv_of(&fused.nodes()[0]).activation, Activation::Relu);
    let bounded: Vec<f32> = plain.iter().map(|v| v.max(0.0)).collect();
    assert_ne!(plain, bounded);
    assert_eq!(run(&fused), bounded);

    // The unbounded values are wanted as well: both operations stay.
    file.outputs = vec![convolved];
    let bounded = file.operators[1].outputs[0];
    file.outputs.push(bounded);
    let apart = graph(&file);
    assert_eq!(names(&apart), ["CONV_2D", "RELU"]);
    assert_eq!(run(&apart), plain);
}

/// Four values of one size, two alive at a time: without room of its own the input would be overwritten.
#[test]
fn a_chain_runs_twice_on_the_same_input() {
    let mut file = ramp();
    let mut last = 0;
    for _ in 0..4 {
        last = conv(&mut file, last, &[1, 8, 8, 1], conv_options(0, 1, 0, 1));
    }
    let mut session = Session::new(Plan::new(&graph(&file)).unwrap());
    assert_eq!(session.plan().arena_bytes(), 3 * 256);
    session.input_mut::<f32>(0).unwrap().fill(1.0);
    session.run();
    let first = session.output_data::<f32>(0).unwrap().to_vec();
    session.run();
    assert_eq!(session.output_data::<f32>(0).unwrap(), first);
    assert_eq!(session.input_mut::<f32>(0).unwrap(), [1.0; 64]);
}

#[test]
fn unread_nodes_go_and_reshapes_take_no_step() {
    let mut file = ramp();
    push(&mut file, RELU, &[0], floats("unread", &[1, 8, 8, 1], &[]));
    let shape = file.add(Tensor::ints(&[2], &[8, 8]));
    push(
        &mut file,
        RESHAPE,
        &[0, shape],
        floats("flat", &[8, 8], &[]),
    );
    let graph = graph(&file);
    assert_eq!(names(&graph), ["RESHAPE"]);
    // The output is the input's memory.
    assert_eq!(Plan::new(&graph).unwrap().arena_bytes(), 256);
    assert_eq!(run(&graph)[5..8], [5.0, 6.0, 7.0]);
}

/// 1.0 and -2.0 in 16 bits are 0x3C00 and 0xC000.
#[test]
fn float16_weights_become_float32_constants() {
    let mut file = File::default();
    file.inputs = vec![file.add(floats("x", &[1, 1, 1, 2], &[]))];
    let half = file.add(Tensor {
        element_type: F16,
        data: vec![0x00, 0x3C, 0x00, 0xC0],
        ..floats("half", &[1, 1, 1, 2], &[])
    });
    let wide = push(
        &mut file,
        DEQUANTIZE,
        &[half],
        floats("wide", &[1, 1, 1, 2], &[]),
    );
    push(&mut file, 3, &[0, wide], floats("y", &[1, 1, 1, 1], &[]));
    file.operators.last_mut().unwrap().options = conv_options(1, 1, 0, 1);
    let graph = graph(&file);
    assert_eq!(names(&graph), ["CONV_2D"]);
    let constant = graph.values()[wide as usize].constant.clone();
    assert_eq!(constant, Some(Constant::F32([1.0, -2.0].into())));
}

#[test]
fn depthwise_convolutions_are_padded_too() {
    let mut file = ramp();
    let pads = file.add(Tensor::ints(&[4, 2], &[0, 0, 1, 2, 3, 4, 0, 0]));
    let padded = push(
        &mut file,
        PAD,
        &[0, pads],
        floats("padded", &[1, 11, 15, 1], &[]),
    );
    push(&mut file, 4, &[padded, 1], floats("y", &[1, 9, 13, 1], &[]));
    file.operators[1].options = (
        2,
        vec![(0, Number::I8(1)), (1, Number::I32(1)), (2, Number::I32(1))],
    );
    let graph = graph(&file);
    let operation: &dyn std::any::Any = graph.nodes()[0].operation.as_ref();
    let depthwise: &DepthwiseConv2d = operation.downcast_ref().unwrap();
    assert_eq!(depthwise.padding, Padding::Explicit([1, 3, 2, 4]));
}
