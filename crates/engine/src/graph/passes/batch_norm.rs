//! Folds products and sums with one constant per channel into the convolution before them: batch normalization, as files
//! spell it after training.
//!
//! `BATCH_TO_SPACE_ND` moves pixels and leaves channels, so what stands behind it may as well stand before it, and is
//! folded into the convolution behind which it lies. Sums round otherwise than unfolded ones (by some 1e-7 of the terms), so
//! this is no pass of [`run`](super::run): the converter to int8 alone asks for it.
use std::sync::Arc;

use super::super::{Constant, Graph, Node, Value, ValueId};
use super::Links;
use crate::ops::{Activation, Filter, Grids, Operation, add::Add, mul::Mul};
use crate::tensor::DType;

/// Folds until nothing is left to fold.
pub(in crate::graph) fn run(graph: &mut Graph) {
    while let Some(fold) = find(graph) {
        apply(graph, fold);
    }
}

/// What a node does to every channel: `x * factor + summand`, then the bounds.
#[derive(Debug)]
struct Affine {
    /// One per channel, or one for all.
    factor: Vec<f32>,
    summand: Vec<f32>,
    activation: Activation,
}

/// A convolution that takes over what a node behind it does.
#[derive(Debug)]
struct Fold {
    /// The node that goes.
    node: usize,
    convolution: usize,
    /// The node that writes what `node` read: the convolution, or the `BATCH_TO_SPACE_ND` behind it.
    before: usize,
    operation: Box<dyn Operation>,
    filter: Filter,
    weights: Value,
    bias: Value,
}

fn find(graph: &Graph) -> Option<Fold> {
    let links = Links::new(graph);
    let mut nodes = graph.nodes.iter().enumerate();
    nodes.find_map(|(index, node)| {
        let (input, affine) = affine(graph, node)?;
        let (before, producer) = links.sole_producer(graph, input)?;
        let (convolution, conv) = if producer.operation.name() == "BATCH_TO_SPACE_ND" {
            links.sole_producer(graph, producer.inputs.first().copied().flatten()?)?
        } else {
            (before, producer)
        };
        let (inputs, outputs) = graph.around(conv);
        let Grids::Filter(filter) = conv.operation.byte_form(&inputs, &outputs)?.grids else {
            return None;
        };
        let bias = inputs.get(filter.bias).copied().flatten();
        let [weights, bias] = affine.folded(inputs[filter.weights]?, bias, filter.axis)?;
        Some(Fold {
            node: index,
            convolution,
            before,
            // None where the convolution has bounds, behind which a product can't be moved.
            operation: conv.operation.with_activation(affine.activation)?,
            filter,
            weights,
            bias,
        })
    })
}

fn apply(graph: &mut Graph, fold: Fold) {
    let first = graph.values.len();
    graph.values.extend([fold.weights, fold.bias]);
    let outputs = graph.nodes[fold.node].outputs.clone();
    let conv = &mut graph.nodes[fold.convolution];
    conv.operation = fold.operation;
    conv.inputs[fold.filter.weights] = Some(first);
    if conv.inputs.len() <= fold.filter.bias {
        conv.inputs.resize(fold.filter.bias + 1, None);
    }
    conv.inputs[fold.filter.bias] = Some(first + 1);
    graph.nodes[fold.before].outputs = outputs;
    graph.nodes.remove(fold.node);
}

impl Affine {
    /// Weights and bias that do the same; `None` where they are not constants or numbers of channels differ.
    fn folded(&self, weights: &Value, bias: Option<&Value>, axis: usize) -> Option<[Value; 2]> {
        let channels = weights.shape[axis];
        let fits = |numbers: &[f32]| numbers.len() == 1 || numbers.len() == channels;
        if !fits(&self.factor) || !fits(&self.summand) {
            return None;
        }
        let of = |numbers: &[f32], channel: usize| numbers[channel % numbers.len()];
        // Elements of one channel that lie side by side.
        let run: usize = weights.shape[axis + 1..].iter().product();
        let data = weights.constant_f32().ok()?.iter().enumerate();
        let data = data.map(|(i, weight)| weight * of(&self.factor, i / run % channels));
        let old = bias.map(Value::constant_f32).transpose().ok()?;
        let moved = (0..channels).map(|channel| {
            let old = old.map_or(0.0, |old| old[channel]);
            old * of(&self.factor, channel) + of(&self.summand, channel)
        });
        let name = bias.map_or_else(
            || format!("{}/bias", weights.name),
            |bias| bias.name.clone(),
        );
        Some([
            Value {
                constant: Some(Constant::F32(data.collect())),
                ..weights.clone()
            },
            Value {
                name,
                shape: vec![channels],
                dtype: DType::F32,
                quantization: None,
                unsigned: false,
                constant: Some(Constant::F32(moved.collect())),
            },
        ])
    }
}

/// The value that `node` changes channel by channel with constants, and how.
fn affine(graph: &Graph, node: &Node) -> Option<(ValueId, Affine)> {
    let &[Some(first), Some(second)] = node.inputs.as_slice() else {
        return None;
    };
    let [first_constant, second_constant] =
        [first, second].map(|id| per_channel(&graph.values[id]));
    let operation: &dyn std::any::Any = node.operation.as_ref();
    let (input, affine) = if let Some(mul) = operation.downcast_ref::<Mul>() {
        let (input, factor) = match (first_constant, second_constant) {
            (None, Some(factor)) => (first, factor),
            (Some(factor), None) => (second, factor),
            _ => return None,
        };
        let affine = Affine {
            factor: factor.to_vec(),
            summand: vec![0.0],
            activation: mul.activation,
        };
        (input, affine)
    } else {
        let add = operation.downcast_ref::<Add>()?;
        let (input, summand) = match (first_constant, second_constant) {
            (None, Some(summand)) => (first, summand),
            (Some(summand), None) if !add.subtract => (second, summand),
            _ => return None,
        };
        let sign = if add.subtract { -1.0 } else { 1.0 };
        let affine = Affine {
            factor: vec![1.0],
            summand: summand.iter().map(|value| sign * value).collect(),
            activation: add.activation,
        };
        (input, affine)
    };
    // A constant of higher rank would change the shape.
    let same = graph.values[input].shape == graph.values[node.outputs[0]].shape;
    same.then_some((input, affine))
}

/// The numbers of a float constant that has one per channel, or one.
fn per_channel(value: &Value) -> Option<&Arc<[f32]>> {
    let data = value.constant_f32().ok()?;
    let channels = value.shape.last().copied().unwrap_or(1);
    (data.len() == channels).then_some(data)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Model;
    use crate::model::testing::{File, Operator as Entry, Tensor, conv_options};
    use crate::plan::Plan;
    use crate::session::Session;

    const ADD: i32 = 0;
    const CONV: i32 = 3;
    const MUL: i32 = 18;
    const SPACE_TO_BATCH: i32 = 38;
    const BATCH_TO_SPACE: i32 = 37;

    /// Numbers from -1 to 1 that repeat late.
    fn noise(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i + seed) * 7919 % 1009) as f32 / 504.5 - 1.0)
            .collect()
    }

    /// The way from the picture to the answer, as operations on a file under construction.
    struct Net {
        file: File,
        last: i32,
    }

    impl Net {
        /// An input `[1, 6, 6, 2]`.
        fn new() -> Self {
            let mut file = File::default();
            let last = file.add(Tensor::floats(&[1, 6, 6, 2], &[]));
            file.inputs = vec![last];
            Self { file, last }
        }

        fn push(mut self, code: i32, more: Vec<i32>, shape: &[i32]) -> Self {
            let output = self.file.add(Tensor::floats(shape, &[]));
            self.file.operators.push(Entry {
                code,
                inputs: [vec![self.last], more].concat(),
                outputs: vec![output],
                ..Entry::default()
            });
            (self.last, self.file.outputs) = (output, vec![output]);
            self
        }

        /// Into 4 channels, `VALID`.
        fn conv(mut self, shape: &[i32], kernel: i32, bias: bool) -> Self {
            let taps = noise((4 * kernel * kernel * 2) as usize, 1);
            let weights = self
                .file
                .add(Tensor::floats(&[4, kernel, kernel, 2], &taps));
            let mut more = vec![weights];
            if bias {
                more.push(self.file.add(Tensor::floats(&[4], &noise(4, 5))));
            }
            let mut net = self.push(CONV, more, shape);
            net.file.operators.last_mut().unwrap().options = conv_options(1, 1, 0, 1);
            net
        }

        /// With a constant of one number per channel.
        fn each(mut self, code: i32, shape: &[i32], constant: &[i32]) -> Self {
            let count: i32 = constant.iter().product();
            let numbers = noise(count as usize, code as usize + 3);
            let operand = self.file.add(Tensor::floats(constant, &numbers));
            self.push(code, vec![operand], shape)
        }

        fn batches(mut self, code: i32, borders: [i32; 4], shape: &[i32]) -> Self {
            let block = self.file.add(Tensor::ints(&[2], &[2, 2]));
            let borders = self.file.add(Tensor::ints(&[2, 2], &borders));
            self.push(code, vec![block, borders], shape)
        }

        /// Answers folded and unfolded, and the operations left when folded.
        fn check(self) -> Vec<&'static str> {
            let bytes = self.file.bytes();
            let answer = |graph: &Graph| {
                let mut session = Session::new(Plan::new(graph).unwrap());
                session.set_input(0, &noise(72, 9)).unwrap();
                session.run();
                session.output_data::<f32>(0).unwrap().to_vec()
            };
            let folded = Graph::folded(Model::from_bytes(&bytes).unwrap()).unwrap();
            let plain = Graph::new(Model::from_bytes(&bytes).unwrap()).unwrap();
            let (found, expected) = (answer(&folded), answer(&plain));
            let peak = expected.iter().fold(0.0_f32, |a, b| a.max(b.abs()));
            assert!(peak > 0.1);
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() <= 1e-5 * peak);
            }
            let names = folded.nodes.iter().map(|node| node.operation.name());
            names.collect()
        }
    }

    const SMALL: &[i32] = &[1, 4, 4, 4];

    #[test]
    fn behind_a_convolution() {
        let conv = |bias| Net::new().conv(SMALL, 3, bias);
        for bias in [false, true] {
            let net = conv(bias).each(MUL, SMALL, &[4]);
            assert_eq!(net.each(ADD, SMALL, &[1, 1, 1, 4]).check(), ["CONV_2D"]);
            let net = conv(bias).each(ADD, SMALL, &[1]).each(MUL, SMALL, &[4]);
            assert_eq!(net.check(), ["CONV_2D"]);
        }
    }

    #[test]
    fn on_either_side_of_batch_to_space() {
        let batch = &[4, 5, 5, 2][..];
        let small = &[4, 3, 3, 4][..];
        let whole = &[1, 6, 6, 4][..];
        let start = || {
            let net = Net::new().batches(SPACE_TO_BATCH, [2, 2, 2, 2], batch);
            net.conv(small, 3, true)
        };
        let after = start().batches(BATCH_TO_SPACE, [0; 4], whole);
        let after = after.each(MUL, whole, &[4]).each(ADD, whole, &[4]);
        assert_eq!(after.check(), ["CONV_2D"]);
        let before = start().each(MUL, small, &[4]).each(ADD, small, &[4]);
        let before = before.batches(BATCH_TO_SPACE, [0; 4], whole);
        assert_eq!(before.check(), ["CONV_2D"]);
        let both = start().each(MUL, small, &[4]);
        let both = both.batches(BATCH_TO_SPACE, [0; 4], whole);
        assert_eq!(both.each(ADD, whole, &[4]).check(), ["CONV_2D"]);
        // Cropped by more than was padded, it can't be joined, and is folded all the same.
        let crop = &[1, 3, 6, 4][..];
        let cropped = start().batches(BATCH_TO_SPACE, [3, 0, 0, 0], crop);
        let cropped = cropped.each(MUL, crop, &[4]).each(ADD, crop, &[4]);
        assert_eq!(
            cropped.check(),
            ["SPACE_TO_BATCH_ND", "CONV_2D", "BATCH_TO_SPACE_ND"]
        );
    }

    #[test]
    fn what_is_not_per_channel_or_read_twice_stays() {
        let net = Net::new().conv(SMALL, 3, true);
        let per_row = net.each(MUL, SMALL, &[1, 4, 1, 1]);
        assert_eq!(per_row.check(), ["CONV_2D", "MUL"]);
        let mut twice = Net::new().conv(SMALL, 3, true);
        let conv = twice.last;
        twice = twice.each(MUL, SMALL, &[4]).push(ADD, vec![conv], SMALL);
        assert_eq!(twice.check(), ["CONV_2D", "MUL", "ADD"]);
    }
}
