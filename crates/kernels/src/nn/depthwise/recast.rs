//! Depthwise convolutions that are others in disguise: of one column, of one channel, with a multiplier.
use super::Depthwise;
use crate::nn::conv2d::Conv2d;

/// A convolution down a single column as one along a row, of the same bytes.
pub(super) fn along_the_row(shape: &Depthwise) -> Depthwise {
    let turned = shape.window.along_the_row(shape.input, shape.output);
    turned.map_or(*shape, |(input, output, window)| Depthwise {
        input,
        output,
        window,
    })
}

/// One input channel filtered into many: an ordinary convolution.
pub(super) fn one_channel(shape: &Depthwise) -> Conv2d {
    Conv2d {
        input: shape.input,
        output: shape.output,
        window: shape.window,
        groups: 1,
    }
}

/// Weights `[KH, KW, O]` of one input channel as `[O, KH, KW, 1]`.
pub(super) fn by_output<T: Copy>(shape: &Depthwise, weights: &[T]) -> Vec<T> {
    let outputs = shape.output[3];
    let taps = shape.window.kernel[0] * shape.window.kernel[1];
    (0..taps * outputs)
        .map(|index| weights[index % taps * outputs + index / taps])
        .collect()
}

/// The shape with as many input channels as outputs: each stands `M` times, and is filtered once.
pub(super) fn repeated(shape: &Depthwise) -> Depthwise {
    let [n, h, w, _] = shape.input;
    Depthwise {
        input: [n, h, w, shape.output[3]],
        ..*shape
    }
}

/// Writes every channel `times` times.
pub(super) fn repeat(input: &[i8], times: usize, out: &mut [i8]) {
    for (&byte, out) in input.iter().zip(out.chunks_exact_mut(times)) {
        out.fill(byte);
    }
}
