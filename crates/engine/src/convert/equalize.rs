//! Evens out the channels between two convolutions.
//!
//! With only a rectifier between them, channel `c` may be `f` times larger there when the weights that read it are `f` times
//! smaller: the results stay. The one scale of the values between then serves small channels better, while weights that read
//! several channels may share their scale worse. A depthwise convolution reads one channel with each of its scales, so there
//! every channel is made as large as the largest at no cost; before a dense one the power of that factor is chosen that leaves
//! the least noise. Source of the idea: Nagel et al., Data-Free Quantization Through Weight Equalization and Bias Correction
//! (2019), section 4.1.
use std::sync::Arc;

use super::seen::Seen;
use crate::graph::{Constant, Graph};
use crate::ops::{ByteForm, Filter, Grids};

/// The most that a channel is enlarged: what is never seen in the examples may come later.
const MOST: f32 = 64.0;

/// Powers of the full factor that are tried.
const POWERS: [f32; 5] = [0.0, 0.25, 0.5, 0.75, 1.0];

/// Rewrites the constants of every such pair of convolutions.
pub(super) fn run(graph: &mut Graph, forms: &[ByteForm], seen: &[Seen]) {
    for (first, second) in pairs(graph, forms) {
        let between = graph.nodes[first].outputs[0];
        let (Grids::Filter(writer), Grids::Filter(reader)) =
            (forms[first].grids, forms[second].grids)
        else {
            continue;
        };
        let Some(factors) = factors(graph, second, reader, &seen[between]) else {
            continue;
        };
        let shrunk: Vec<f32> = factors.iter().map(|factor| 1.0 / factor).collect();
        scale(graph, first, writer.weights, writer.axis, &factors);
        scale(graph, first, writer.bias, 0, &factors);
        // Input channels are the last dimension of dense and of depthwise weights.
        scale(graph, second, reader.weights, 3, &shrunk);
    }
}

/// Convolutions and those that alone read them, all channels or each its own.
fn pairs(graph: &Graph, forms: &[ByteForm]) -> Vec<(usize, usize)> {
    let mut readers: Vec<Vec<Option<usize>>> = vec![Vec::new(); graph.values.len()];
    for (index, node) in graph.nodes.iter().enumerate() {
        for &id in node.inputs.iter().flatten() {
            readers[id].push(Some(index));
        }
    }
    for port in &graph.outputs {
        readers[port.value].push(None);
    }
    let pair = |first: usize| {
        let Grids::Filter(Filter {
            homogeneous: true,
            per_channel: true,
            ..
        }) = forms[first].grids
        else {
            return None;
        };
        let &[between] = graph.nodes[first].outputs.as_slice() else {
            return None;
        };
        let &[Some(second)] = readers[between].as_slice() else {
            return None;
        };
        let node = &graph.nodes[second];
        let channels = graph.values[between].shape.last();
        let weights = &graph.values[node.inputs.get(1).copied().flatten()?].shape;
        let reads = matches!(node.operation.name(), "CONV_2D" | "DEPTHWISE_CONV_2D");
        // One group, one filter per channel: as many weights in a row as channels.
        (reads && weights.len() == 4 && weights.last() == channels).then_some((first, second))
    };
    (0..graph.nodes.len()).filter_map(pair).collect()
}

/// By how much each channel grows; `None` where the weights that read them are computed.
fn factors(graph: &Graph, reader: usize, places: Filter, seen: &Seen) -> Option<Vec<f32>> {
    let weights = &graph.values[graph.nodes[reader].inputs[places.weights]?];
    let data = weights.constant_f32().ok()?;
    let largest = seen.peaks().iter().copied().fold(0.0, f32::max);
    let powered = |power: f32| -> Vec<f32> {
        let factor = |&peak: &f32| match peak > 0.0 {
            true => (largest / peak).min(MOST).powf(power),
            false => 1.0,
        };
        seen.peaks().iter().map(factor).collect()
    };
    let run: usize = weights.shape[places.axis + 1..].iter().product();
    let outputs = weights.shape[places.axis];
    let squares = seen.mean_squares();
    let noise = |factors: &[f32]| {
        let of = |element: usize| (element / run % outputs, element % factors.len());
        let mut greatest = vec![0.0_f64; outputs];
        let mut from_values = 0.0;
        for (element, &weight) in data.iter().enumerate() {
            let (output, channel) = of(element);
            let shrunk = f64::from(weight / factors[channel]);
            greatest[output] = greatest[output].max(shrunk.abs());
            from_values += shrunk * shrunk;
        }
        let mut from_weights = 0.0;
        for element in 0..data.len() {
            let (output, channel) = of(element);
            let grown = f64::from(factors[channel]).powi(2) * squares[channel];
            from_weights += (greatest[output] / 127.0).powi(2) * grown;
        }
        // Both are twelfths of squared steps, summed over all outputs.
        from_values * (f64::from(largest) / 255.0).powi(2) + from_weights
    };
    let tried = POWERS
        .map(powered)
        .map(|factors| (noise(&factors), factors));
    let best = tried.into_iter().min_by(|a, b| a.0.total_cmp(&b.0));
    best.map(|(_, factors)| factors)
}

/// Multiplies the slices of constant input `index` along `axis`; the constant of other readers stays.
fn scale(graph: &mut Graph, node: usize, index: usize, axis: usize, factors: &[f32]) {
    let Some(&Some(id)) = graph.nodes[node].inputs.get(index) else {
        return;
    };
    let Ok(data) = graph.values[id].constant_f32() else {
        return;
    };
    let run: usize = graph.values[id].shape[axis + 1..].iter().product();
    let numbers = data.iter().enumerate();
    let scaled: Arc<[f32]> = numbers
        .map(|(i, number)| number * factors[i / run % factors.len()])
        .collect();
    let mut value = graph.values[id].clone();
    value.constant = Some(Constant::F32(scaled));
    graph.nodes[node].inputs[index] = Some(graph.values.len());
    graph.values.push(value);
}

#[cfg(test)]
mod tests {
    use crate::convert::Converter;
    use crate::model::testing::{File, Operator, Tensor, conv_options};
    use crate::session::Session;

    const CHANNELS: usize = 4;

    /// A 1x1 convolution whose channels differ a thousandfold, and a second one that reads them: depthwise or dense.
    fn two(depthwise: bool, activation: i8) -> Vec<u8> {
        let mut file = File::default();
        let shape = [1, 4, 4, CHANNELS as i32];
        let input = file.add(Tensor::floats(&shape, &[]));
        let first: Vec<f32> = (0..16)
            .map(|i| 10_f32.powi(-(i / 4)) * (i % 4 + 1) as f32)
            .collect();
        let weights = file.add(Tensor::floats(&[4, 1, 1, 4], &first));
        let bias = file.add(Tensor::floats(&[4], &[0.1, 0.02, 0.003, 0.0]));
        let between = file.add(Tensor::floats(&shape, &[]));
        let count = if depthwise { 36 } else { 16 };
        let second: Vec<f32> = (0..count).map(|i| (i * 7 % 11) as f32 - 4.0).collect();
        let extents: &[i32] = if depthwise {
            &[1, 3, 3, 4]
        } else {
            &[4, 1, 1, 4]
        };
        let reading = file.add(Tensor::floats(extents, &second));
        let output = file.add(Tensor::floats(&shape, &[]));
        file.operators.push(Operator {
            code: 3,
            inputs: vec![input, weights, bias],
            outputs: vec![between],
            options: conv_options(0, 1, activation, 1),
            ..Operator::default()
        });
        let (kind, mut fields) = conv_options(0, 1, 0, 1);
        if depthwise {
            // The multiplier stands before the activation; the shapes tell.
            fields.truncate(3);
        }
        file.operators.push(Operator {
            code: if depthwise { 4 } else { 3 },
            inputs: vec![between, reading],
            outputs: vec![output],
            options: (if depthwise { 2 } else { kind }, fields),
            ..Operator::default()
        });
        (file.inputs, file.outputs) = (vec![input], vec![output]);
        file.bytes()
    }

    fn show(_: usize, session: &mut Session) -> crate::error::Result<()> {
        let input = session.input_mut::<f32>(0)?;
        let numbers = input.iter_mut().enumerate();
        numbers.for_each(|(i, number)| *number = (i * 13 % 17) as f32 / 17.0);
        Ok(())
    }

    /// Peaks of the channels between the two, and the answers, before and after.
    fn evened(bytes: &[u8]) -> [(Vec<f32>, [f32; 2], Vec<f64>); 2] {
        let mut converter = Converter::new(bytes).unwrap();
        let before = converter.observe(1, &mut show).unwrap();
        converter.calibrate(1, show).unwrap();
        let [between, output] = [0, 1].map(|node| converter.graph.nodes[node].outputs[0]);
        [&before, &converter.seen].map(|seen| {
            let peaks = seen[between].peaks().to_vec();
            (peaks, seen[output].all(), seen[output].means())
        })
    }

    #[test]
    fn channels_before_a_depthwise_convolution_become_equal_and_answers_stay() {
        let [before, after] = evened(&two(true, 1));
        assert!(before.0[0] > 50.0 * before.0[2]);
        // The smallest is a thousand times smaller, more than one may grow.
        let largest = after.0[0];
        assert!(
            after.0[..2]
                .iter()
                .all(|peak| (peak / largest - 1.0).abs() < 1e-5)
        );
        assert!(after.0[3] < largest / 10.0);
        for (after, before) in after.2.iter().zip(&before.2) {
            assert!((after - before).abs() <= 1e-5 * before.abs().max(1e-3));
        }
    }

    #[test]
    fn before_a_dense_one_answers_stay_and_behind_other_bounds_nothing_moves() {
        let [before, after] = evened(&two(false, 1));
        let peak = before.1[1].max(-before.1[0]);
        for (after, before) in after.1.iter().zip(before.1) {
            assert!((after - before).abs() <= 1e-5 * peak);
        }
        let [before, after] = evened(&two(true, 3));
        assert_eq!(before, after);
    }
}
