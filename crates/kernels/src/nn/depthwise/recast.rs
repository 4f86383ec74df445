//! Depthwise convolutions that are others in disguise: of one column, of one channel, with a multiplier.
use super::Depthwise;
use crate::nn::Window;
use crate::nn::conv2d::Conv2d;

/// A convolution down a single column is one along a row, of the same bytes: a row's neighbours share vectors, a column's don't.
pub(super) fn along_the_row(shape: &Depthwise) -> Depthwise {
    let window = &shape.window;
    let column = [shape.input[2], shape.output[2], window.kernel[1]] == [1; 3];
    if !column || window.pad[1] != 0 {
        return *shape;
    }
    let turned = |[n, h, w, c]: [usize; 4]| [n, w, h, c];
    Depthwise {
        input: turned(shape.input),
        output: turned(shape.output),
        window: Window {
            kernel: [1, window.kernel[0]],
            stride: [1, window.stride[0]],
            dilation: [1, window.dilation[0]],
            pad: [0, window.pad[0]],
        },
    }
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
