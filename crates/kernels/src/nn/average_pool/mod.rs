//! Average of the pixels under a sliding window, channel by channel; padding is not counted.
//!
//! Quantized: `sum(x - x_zero)` as an integer, then [`OutputI8::requantize`] with `scale / count`.
//! On one grid, which is all that LiteRT takes, [`average_pool_bytes`] averages the bytes themselves and gives its answers.
mod bytes;
mod scalar;

pub use super::pool::Pool;
use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;
use crate::requantize::{OutputF32, OutputI8};

/// Constants of a quantized average.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AverageI8 {
    /// Zero point of the input.
    pub input_zero: i8,
    /// Input scale over output scale.
    pub scale: f32,
    /// Zero point and range of the output.
    pub output: OutputI8,
}

/// Quantized average. `input` and `out` are `[N, H, W, C]`. Every ISA gives the same bytes.
///
/// A window that lies in the padding alone gives the real number 0.
///
/// # Panics
/// When a length contradicts the shape or a window field is zero.
pub fn average_pool_i8(
    isa: Isa,
    shape: &Pool,
    constants: &AverageI8,
    input: &[i8],
    out: &mut [i8],
) {
    shape.check(input.len(), out.len());
    per_isa!(
        isa,
        scalar::average_pool_i8,
        (shape: &Pool = shape, constants: &AverageI8 = constants, input: &[i8] = input, out: &mut [i8] = out)
    )
}

/// What [`average_pool_bytes`] needs to know of the grid that input and output have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BytePool {
    /// Whether the file stores the bytes unsigned, 128 higher: LiteRT then rounds halves up, else away from the byte 0.
    pub unsigned: bool,
    /// The byte that stands for the real number 0, the answer of a window that lies in the padding alone.
    pub zero_point: i8,
    /// Least and greatest answer.
    pub range: [i8; 2],
}

/// Average of the bytes, whatever they stand for: for an output on the input's grid.
///
/// Source: TensorFlow Lite's `AVERAGE_POOL_2D`; the same bytes.
///
/// # Panics
/// As [`average_pool_i8`].
pub fn average_pool_bytes(isa: Isa, shape: &Pool, grid: BytePool, input: &[i8], out: &mut [i8]) {
    shape.check(input.len(), out.len());
    if isa == Isa::Scalar || !bytes::suits(shape) {
        return scalar::average_pool_bytes(shape, grid, input, out);
    }
    per_isa!(
        isa,
        bytes::average_pool_bytes,
        (shape: &Pool = shape, grid: BytePool = grid, input: &[i8] = input, out: &mut [i8] = out)
    )
}

/// Float average, clamped to `range`; sums row by row.
///
/// # Panics
/// As [`average_pool_i8`].
pub fn average_pool_f32(isa: Isa, shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.check(input.len(), out.len());
    per_isa!(
        isa,
        scalar::average_pool_f32,
        (shape: &Pool = shape, range: OutputF32 = range, input: &[f32] = input, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Window;

    /// Halves of both signs: -1.5 and 1.5 go away from 0 in signed bytes, up in unsigned ones; 1.25 falls either way.
    #[test]
    fn bytes_round_as_in_litert() {
        let window = Window {
            kernel: [1, 4],
            stride: [1, 4],
            dilation: [1, 1],
            pad: [0, 0],
        };
        let shape = Pool {
            input: [1, 1, 12, 1],
            output: [1, 1, 3, 1],
            window,
        };
        let input = [-1, -2, -1, -2, 1, 2, 1, 2, 1, 1, 1, 2];
        for isa in Isa::available() {
            for (unsigned, expected) in [(false, [-2, 2, 1]), (true, [-1, 2, 1])] {
                let grid = BytePool {
                    unsigned,
                    zero_point: 5,
                    range: [-128, 127],
                };
                let mut out = [0; 3];
                average_pool_bytes(isa, &shape, grid, &input, &mut out);
                assert_eq!(out, expected, "{isa}");
            }
        }
    }

    /// Every ISA gives the oracle's bytes, by either rule, padding included.
    #[test]
    fn bytes_equal_the_oracle() {
        let channels = if cfg!(miri) { 9..10 } else { 1..100 };
        for (c, kernel) in channels.zip([[2, 2], [3, 4], [1, 7]].into_iter().cycle()) {
            let window = Window {
                kernel,
                stride: [2, 2],
                dilation: [1, 1],
                pad: [1, 1],
            };
            let shape = Pool {
                input: [1, 5, 9, c],
                output: [1, 4, 6, c],
                window,
            };
            let input: Vec<i8> = (0..45 * c).map(|i| (i * i * 37 / 8) as i8).collect();
            for unsigned in [false, true] {
                let grid = BytePool {
                    unsigned,
                    zero_point: -7,
                    range: [-100, 90],
                };
                let mut expected = vec![0; 24 * c];
                scalar::average_pool_bytes(&shape, grid, &input, &mut expected);
                for isa in Isa::available() {
                    let mut out = vec![0; 24 * c];
                    average_pool_bytes(isa, &shape, grid, &input, &mut out);
                    assert_eq!(out, expected, "{isa} {shape:?}");
                }
            }
        }
    }

    /// 2x2 at stride 2 over 3x3 with the last row and column padded: 4, 2, 2 and 1 pixels count.
    #[test]
    fn padding_is_not_counted() {
        let window = Window {
            kernel: [2, 2],
            stride: [2, 2],
            dilation: [1, 1],
            pad: [0, 0],
        };
        let shape = Pool {
            input: [1, 3, 3, 1],
            output: [1, 2, 2, 1],
            window,
        };
        let mut real = [0.0; 4];
        let ramp: [f32; 9] = std::array::from_fn(|i| i as f32);
        average_pool_f32(Isa::Scalar, &shape, OutputF32::FULL, &ramp, &mut real);
        assert_eq!(real, [2.0, 3.5, 6.5, 8.0]);
        // (x + 1) averages to 3, 4.5, 7.5, 9; on a grid twice as fine: 6, 9, 15, 18, plus 100, at most 115.
        let output = OutputI8 {
            zero_point: 100,
            min: -128,
            max: 115,
        };
        let constants = AverageI8 {
            input_zero: -1,
            scale: 2.0,
            output,
        };
        for isa in Isa::available() {
            let mut out = [0; 4];
            average_pool_i8(
                isa,
                &shape,
                &constants,
                &[0, 1, 2, 3, 4, 5, 6, 7, 8],
                &mut out,
            );
            assert_eq!(out, [106, 109, 115, 115], "{isa}");
        }
    }
}
