//! Faults in files, each with its message, and damage to every byte of a small one.
use super::Model;
use super::testing::{F16, F32, File, I8, I32, Operator, Tensor, U8, conv_options};
use crate::describe::Description;
use crate::error::{ErrorKind, Result};
use crate::graph::Graph;
use crate::limits::Limits;
use crate::plan::Plan;
use crate::session::Session;

/// A pointwise int8 convolution of 2 x 2 pixels from 2 to 3 channels, weights quantized per channel.
fn pointwise() -> File {
    let mut file = File::default();
    let tensor = |name, shape: &[i32], scales: &[f32]| Tensor {
        name,
        shape: shape.to_vec(),
        element_type: I8,
        scales: scales.to_vec(),
        zero_points: vec![0; scales.len()],
        ..Tensor::default()
    };
    let x = file.add(tensor("x", &[1, 2, 2, 2], &[0.5]));
    let weights = file.add(Tensor {
        data: vec![1, 2, 3, 4, 5, 6],
        ..tensor("w", &[3, 1, 1, 2], &[0.5, 0.25, 1.0])
    });
    let bias = file.add(Tensor {
        element_type: I32,
        data: [4i32, 8, -1].iter().flat_map(|b| b.to_le_bytes()).collect(),
        ..tensor("b", &[3], &[])
    });
    let y = file.add(tensor("y", &[1, 2, 2, 3], &[0.25]));
    file.operators.push(Operator {
        code: 3,
        inputs: vec![x, weights, bias],
        outputs: vec![y],
        options: conv_options(1, 1, 0, 1),
        ..Operator::default()
    });
    file.inputs = vec![x];
    file.outputs = vec![y];
    file
}

fn fault(change: impl FnOnce(&mut File)) -> String {
    let mut file = pointwise();
    change(&mut file);
    error(Session::from_bytes(&file.bytes())).to_string()
}

fn error<T>(result: Result<T>) -> crate::Error {
    match result {
        Ok(_) => panic!("a faulty file was taken"),
        Err(error) => error,
    }
}

/// Sums 1*1+2*2+4 = 9, 3*1+4*2+8 = 19, 5*1+6*2-1 = 16 at scales 1, 0.5, 2: 9, 9.5 -> 10 (half to even), 32.
#[test]
fn a_convolution_runs() {
    let mut session = Session::from_bytes(&pointwise().bytes()).unwrap();
    session.set_input(0, &[1i8, 2, 0, 0, 0, 0, 0, 0]).unwrap();
    session.run();
    let expected = [9i8, 10, 32, 4, 4, -2, 4, 4, -2, 4, 4, -2];
    assert_eq!(session.output_data::<i8>(0).unwrap(), expected);
}

#[test]
fn messages_name_place_and_fault() {
    assert_eq!(
        error(Model::from_bytes(b"GIF89a")).to_string(),
        "not a .tflite file, or a damaged one: the identifier TFL3 is missing"
    );
    type Change = fn(&mut File);
    let cases: &[(Change, &str)] = &[
        (
            |f| f.operators[0].code = 57,
            "operator 0: operation MINIMUM is not supported",
        ),
        (
            |f| f.operators[0].code = 9999,
            "operator 0: operation number 9999 is not supported",
        ),
        (
            |f| (f.operators[0].code, f.operators[0].custom) = (32, Some("Magic")),
            "operator 0: custom operation \"Magic\" is not supported",
        ),
        (
            |f| f.operators[0].options.0 = 11,
            "operator 0 (CONV_2D): options of type 11 instead of Conv2DOptions",
        ),
        (
            |f| f.operators[0].options.0 = 0,
            "operator 0 (CONV_2D): vertical stride is 0",
        ),
        (
            |f| f.operators[0].options = conv_options(1, 1, 4, 1),
            "operator 0 (CONV_2D): fused activation TANH",
        ),
        (
            |f| f.operators[0].options = conv_options(2, 1, 0, 1),
            "operator 0 (CONV_2D): padding number 2",
        ),
        (
            |f| f.operators[0].inputs[1] = 9,
            "tensor 9 does not exist; there are 4",
        ),
        (
            |f| f.operators[0].inputs[1] = -1,
            "operator 0 (CONV_2D): input 1 is missing",
        ),
        (
            |f| f.operators[0].inputs[1] = -2,
            "operator 0 (CONV_2D): tensor -2 does not exist",
        ),
        (
            |f| f.operators[0].inputs.truncate(1),
            "operator 0 (CONV_2D): 1 inputs, not 2 to 3",
        ),
        (
            |f| {
                let twin = f.add(f.tensors[3].clone());
                f.operators[0].outputs.push(twin);
            },
            "operator 0 (CONV_2D): 2 outputs, not 1",
        ),
        (
            |f| f.operators[0].outputs[0] = 1,
            "operator 0 (CONV_2D): writes tensor 1, which has a value",
        ),
        (
            |f| f.operators[0].inputs[0] = 3,
            "operator 0 (CONV_2D): reads tensor 3 before it is written",
        ),
        (
            |f| f.inputs.push(0),
            "input tensor 0 is a constant or listed twice",
        ),
        (
            |f| f.inputs.push(1),
            "input tensor 1 is a constant or listed twice",
        ),
        (|f| f.operators.clear(), "output tensor 3 is never written"),
        (
            |f| f.tensors[0].shape[1] = 0,
            "tensor \"x\": shape [1, 0, 2, 2]: every extent must be 1 or more",
        ),
        (
            |f| f.tensors[0].shape[1] = -1,
            "tensor \"x\": shape [1, -1, 2, 2]: every extent must be 1 or more",
        ),
        (
            |f| f.tensors[0].shape = vec![1; 9],
            "tensor \"x\": rank 9, more than 8",
        ),
        (
            |f| f.tensors[0].shape = vec![i32::MAX; 4],
            "tensor \"x\": int8[2147483647, 2147483647, 2147483647, 2147483647]",
        ),
        (
            |f| f.tensors[0].element_type = 7,
            "tensor \"x\": element type int16",
        ),
        (
            |f| f.tensors[0].element_type = 99,
            "tensor \"x\": element type number 99",
        ),
        (
            |f| f.tensors[0].element_type = F16,
            "tensor \"x\": float16 outside constants",
        ),
        (
            |f| f.tensors[0].element_type = F32,
            "operator 0 (CONV_2D): input float32 with weights int8 and output int8",
        ),
        (
            |f| f.tensors[0].is_variable = true,
            "tensor \"x\": a variable, kept between runs",
        ),
        (|f| f.tensors[0].scales[0] = 0.0, "tensor \"x\": scale 0"),
        (
            |f| f.tensors[0].scales[0] = f32::NAN,
            "tensor \"x\": scale NaN",
        ),
        (
            |f| f.tensors[0].zero_points[0] = 128,
            "tensor \"x\": zero point 128 in int8",
        ),
        (
            |f| f.tensors[0].zero_points = vec![0, 0],
            "tensor \"x\": 2 zero points for 1 scales",
        ),
        (
            |f| f.tensors[0].scales.clear(),
            "operator 0 (CONV_2D): int8[1, 2, 2, 2] \"x\" is not int8 with one scale and zero point",
        ),
        (
            |f| f.tensors[1].axis = 3,
            "tensor \"w\": 3 scales along dimension 3 of [3, 1, 1, 2]",
        ),
        (
            |f| f.tensors[1].data.truncate(5),
            "tensor \"w\": 5 bytes of data for int8[3, 1, 1, 2], which needs 6",
        ),
        (
            |f| f.tensors[1].offset = 4096,
            "data outside the flatbuffer (files above 2 GB)",
        ),
        (
            |f| f.tensors[2].shape = vec![1, 3],
            "operator 0 (CONV_2D): bias int32[1, 3] \"b\" for 3 output channels",
        ),
        (
            |f| f.tensors[3].shape[3] = 4,
            "operator 0 (CONV_2D): the shape follows as [1, 2, 2, 3], but the file declares int8[1, 2, 2, 4] \"y\"",
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(fault(change), *expected);
    }
}

#[test]
fn what_is_too_large_is_refused_before_it_is_allocated() {
    let bytes = pointwise().bytes();
    let limits = |work, arena_bytes| Limits {
        work,
        arena_bytes,
        ..Limits::default()
    };
    let plan = |limits| Plan::new(&Graph::new(Model::with_limits(&bytes, limits)?)?);
    // Pictures of 8 and 12 bytes, a cache line each. 4 pixels of 2 * 3 multiply-adds, and 8 + 6 + 3 + 12 elements.
    assert!(plan(limits(53, 128)).is_ok());
    let refused = error(plan(limits(52, 128)));
    assert_eq!(
        refused.to_string(),
        "operator 0 (CONV_2D): more than 52 operations"
    );
    let refused = error(plan(limits(53, 127)));
    assert_eq!(
        refused.to_string(),
        "the network needs 128 bytes of memory, more than 127"
    );
    assert_eq!(refused.kind(), ErrorKind::TooLarge);

    let mut huge = pointwise();
    huge.tensors[0].shape = vec![1, 30_000, 10_000, 2];
    huge.tensors[3].shape = vec![1, 30_000, 10_000, 3];
    let refused = error(Session::from_bytes(&huge.bytes()));
    assert_eq!(
        refused.to_string(),
        "the network needs 1500000000 bytes of memory, more than 201326592"
    );
}

/// uint8 with zero points 128 above int8's is the same network: the same bytes with their top bit flipped.
#[test]
fn uint8_files_give_the_int8_results() {
    let mut file = pointwise();
    for index in [0, 1, 3] {
        let tensor = &mut file.tensors[index];
        tensor.element_type = U8;
        tensor.zero_points = vec![128];
        tensor.scales.truncate(1);
        tensor.data.iter_mut().for_each(|byte| *byte ^= 0x80);
    }
    let mut session = Session::from_bytes(&file.bytes()).unwrap();
    session
        .set_input(0, &[129u8, 130, 128, 128, 128, 128, 128, 128])
        .unwrap();
    session.run();
    let mut out = [0u8; 12];
    session.read_output(0, &mut out).unwrap();
    // All weights at the first scale now: 9, 19, 16 and the biases 4, 8, -1, each times 1.
    assert_eq!(
        out,
        [137, 147, 144, 132, 136, 127, 132, 136, 127, 132, 136, 127]
    );
    assert_eq!(session.input(0).unwrap().dtype, crate::tensor::DType::U8);
}

#[test]
fn wrong_arguments_are_errors() {
    let mut session = Session::from_bytes(&pointwise().bytes()).unwrap();
    let text = |result: Result<()>| error(result).to_string();
    assert_eq!(
        text(session.set_input(1, &[0i8])),
        "input 1 of a network with 1"
    );
    assert_eq!(
        text(session.set_input(0, &[0f32; 8])),
        "input 0 (\"x\") is int8, not float32"
    );
    assert_eq!(
        text(session.set_input(0, &[0i8; 7])),
        "\"x\" has 8 elements ([1, 2, 2, 2]), not 7"
    );
    assert_eq!(
        text(session.read_output(0, &mut [0u8; 12])),
        "output 0 (\"y\") is int8, not uint8"
    );
    assert!(session.input_mut::<i8>(0).is_ok());
}

/// Every cut and every byte changed gives an error or a network that runs.
#[test]
fn no_damage_makes_a_panic() {
    let bytes = pointwise().bytes();
    let try_run = |bytes: &[u8]| match Session::from_bytes(bytes) {
        Ok(mut session) => session.run(),
        Err(error) => assert!(!error.to_string().is_empty()),
    };
    for end in 0..bytes.len() {
        try_run(&bytes[..end]);
    }
    for index in 0..bytes.len() {
        let original = bytes[index];
        let mut damaged = bytes.clone();
        for value in [0, 0xFF, !original, original ^ 1, original ^ 0x80] {
            damaged[index] = value;
            try_run(&damaged);
        }
    }
}

#[test]
fn a_description_adds_up_and_a_profile_counts_runs() {
    let graph = Graph::new(Model::from_bytes(&pointwise().bytes()).unwrap()).unwrap();
    let plan = Plan::new(&graph).unwrap();
    let description = Description::new(&graph, &plan);
    assert_eq!(description.description, "made by a test");
    assert_eq!((description.macs, description.nodes[0].macs), (24, 24));
    // Six weights of a byte, three biases of four.
    assert_eq!((description.parameters, description.weight_bytes), (9, 18));
    assert_eq!(description.arena_bytes, 128);
    let constants = description.nodes[0]
        .inputs
        .iter()
        .map(|value| value.constant);
    assert_eq!(constants.collect::<Vec<_>>(), [false, true, true]);

    let mut session = Session::new(plan);
    session.run();
    assert!(session.profile().is_none());
    session.start_profile();
    session.run();
    session.run();
    let profile = session.profile().unwrap();
    assert_eq!((profile.runs(), profile.steps().len()), (2, 1));
    assert_eq!(
        (profile.steps()[0].name, profile.steps()[0].macs),
        ("CONV_2D", 24)
    );
}

#[test]
fn inputs_keep_their_values_between_runs() {
    let mut session = Session::from_bytes(&pointwise().bytes()).unwrap();
    session.input_mut::<i8>(0).unwrap().fill(3);
    session.run();
    let first = session.output_data::<i8>(0).unwrap().to_vec();
    session.run();
    assert_eq!(session.output_data::<i8>(0).unwrap(), first);
    assert_eq!(session.input_mut::<i8>(0).unwrap(), [3; 8]);
}
