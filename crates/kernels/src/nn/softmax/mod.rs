//! Softmax along the last axis: `out[r, c] = e^(beta * in[r, c]) / sum over k of e^(beta * in[r, k])`.
//!
//! Quantized: every exponential depends on how far a byte lies below the row's largest, so 256 of them suffice, as
//! integers `round(2^22 * e^(-beta * scale * d))`. Row sums are exact integers; the quotient is one f32 division and one
//! [`OutputI8::quantize`]. Source: TensorFlow Lite's `SOFTMAX`; results differ by at most one step.
mod scalar;

use super::exp::exp;
use crate::isa::Isa;
use crate::requantize::OutputI8;

/// Constants of a quantized softmax.
#[derive(Debug, Clone, PartialEq)]
pub struct SoftmaxI8 {
    /// `round(2^22 * e^(-beta * scale * d))` for a byte that lies `d` below the row's largest.
    exponentials: [u32; 256],
    /// Step of the output's grid; 1/256 in files by the book.
    output_scale: f32,
    /// Zero point and range of the output.
    output: OutputI8,
}

impl SoftmaxI8 {
    /// For inputs with grid step `input_scale`.
    pub fn new(beta: f32, input_scale: f32, output_scale: f32, output: OutputI8) -> Self {
        let rate = f64::from(beta) * f64::from(input_scale);
        // Saturates for a negative beta, which no file has a use for.
        let exponential =
            |d: usize| (f64::from(1 << 22) * exp(-rate * d as f64)).round_ties_even() as u32;
        Self {
            exponentials: std::array::from_fn(exponential),
            output_scale,
            output,
        }
    }
}

/// Quantized softmax of rows of `columns` elements. Every ISA gives the same bytes.
///
/// # Panics
/// When the lengths differ or `columns` does not divide them.
pub fn softmax_i8(_isa: Isa, columns: usize, constants: &SoftmaxI8, input: &[i8], out: &mut [i8]) {
    check(columns, input.len(), out.len());
    scalar::softmax_i8(columns, constants, input, out)
}

/// Float softmax of rows of `columns` elements; the row's largest is subtracted first, sums run in order.
///
/// # Panics
/// When the lengths differ or `columns` does not divide them.
pub fn softmax_f32(_isa: Isa, columns: usize, beta: f32, input: &[f32], out: &mut [f32]) {
    check(columns, input.len(), out.len());
    scalar::softmax_f32(columns, beta, input, out)
}

fn check(columns: usize, input: usize, out: usize) {
    assert_eq!(input, out, "lengths of input and output");
    assert!(
        input == 0 || columns > 0 && input.is_multiple_of(columns),
        "rows of {columns} in {input}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    /// ln 1, ln 2, ln 5 give 1/8, 2/8, 5/8; a second row of huge equal values stays finite.
    #[test]
    fn quotients_of_logarithms() {
        let mut out = [0.0; 6];
        let input = [0.0, 2f32.ln(), 5f32.ln(), 1e30, 1e30, 1e30];
        softmax_f32(Isa::Scalar, 3, 1.0, &input, &mut out);
        let expected = [0.125, 0.25, 0.625, 1.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0];
        assert!(
            out.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6),
            "{out:?}"
        );
    }

    /// A step of ln 2: bytes 0, 1, 3 weigh 1, 2, 8 of 11: 23.27, 46.55, 186.18 of 256ths, minus 128. A row of equals: 85.33.
    #[test]
    fn quantized_doubling() {
        let constants = SoftmaxI8::new(
            1.0,
            std::f32::consts::LN_2,
            1.0 / 256.0,
            OutputI8::full(-128),
        );
        for isa in Isa::available() {
            let mut out = [0; 6];
            softmax_i8(isa, 3, &constants, &[0, 1, 3, 9, 9, 9], &mut out);
            assert_eq!(out, [-105, -81, 58, -43, -43, -43], "{isa}");
        }
    }

    #[test]
    fn certainty_saturates() {
        let constants = SoftmaxI8::new(1.0, 1.0, 1.0 / 256.0, OutputI8::full(-128));
        let mut out = [0; 2];
        softmax_i8(Isa::Scalar, 2, &constants, &[127, -128], &mut out);
        assert_eq!(out, [127, -128]);
    }
}
