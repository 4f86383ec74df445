//! Between real numbers and bytes: [`OutputI8::quantize`] and [`dequantize`] for every element.
//!
//! TensorFlow Lite's `QUANTIZE` rounds ties away from zero where this rounds them to even; at most one step apart.
mod scalar;

use super::activation::Grid;
use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;
use crate::requantize::OutputI8;
#[cfg(doc)]
use crate::requantize::dequantize;

/// Bytes on the grid `output` (whole range) from real numbers.
///
/// # Panics
/// When the lengths differ.
pub fn quantize_i8(isa: Isa, output: Grid, input: &[f32], out: &mut [i8]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    let (output, scale) = (OutputI8::full(output.zero_point), output.scale);
    per_isa!(
        isa,
        scalar::quantize_i8,
        (output: OutputI8 = output, scale: f32 = scale, input: &[f32] = input, out: &mut [i8] = out)
    )
}

/// Real numbers from bytes on the grid `input`.
///
/// # Panics
/// When the lengths differ.
pub fn dequantize_i8(isa: Isa, input_grid: Grid, input: &[i8], out: &mut [f32]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    per_isa!(
        isa,
        scalar::dequantize_i8,
        (grid: Grid = input_grid, input: &[i8] = input, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let grid = Grid {
            scale: 0.25,
            zero_point: -3,
        };
        let (mut bytes, mut reals) = ([0; 5], [0.0; 5]);
        for isa in Isa::available() {
            // In steps: 0, 4, -6, 2.5 (to 2), 1000 (to 127); the zero point comes after.
            quantize_i8(isa, grid, &[0.0, 1.0, -1.5, 0.625, 250.0], &mut bytes);
            assert_eq!(bytes, [-3, 1, -9, -1, 127], "{isa}");
            dequantize_i8(isa, grid, &bytes, &mut reals);
            assert_eq!(reals, [0.0, 1.0, -1.5, 0.5, 32.5], "{isa}");
        }
    }

    /// Every length around the vectors', by integer arithmetic: reals in eighths of a step, ties and both ends among them.
    #[test]
    fn every_isa_rounds_to_even_and_saturates() {
        let grid = Grid {
            scale: 0.125,
            zero_point: 7,
        };
        let mut eighths: Vec<i32> = (-1200..1200).collect();
        let rounded = |eighths: i32| {
            let (step, rest) = (eighths.div_euclid(8), eighths.rem_euclid(8));
            let up = rest > 4 || (rest == 4 && step % 2 != 0);
            (step + i32::from(up) + 7).clamp(-128, 127) as i8
        };
        for shorter in 0..if cfg!(miri) { 1 } else { 200 } {
            eighths.truncate(2400 - shorter);
            let mut reals: Vec<f32> = eighths.iter().map(|&n| n as f32 / 64.0).collect();
            let mut expected: Vec<i8> = eighths.iter().map(|&n| rounded(n)).collect();
            reals.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30]);
            expected.extend([-128, 127, -128, 127]);
            for isa in Isa::available() {
                let mut bytes = vec![0; expected.len()];
                quantize_i8(isa, grid, &reals, &mut bytes);
                assert_eq!(bytes, expected, "{isa}");
                dequantize_i8(isa, grid, &bytes, &mut reals);
                let back = |(&q, &real): (&i8, &f32)| real == (i32::from(q) - 7) as f32 / 8.0;
                assert!(expected.iter().zip(&reals).all(back), "{isa}");
                reals.clear();
                reals.extend(eighths.iter().map(|&n| n as f32 / 64.0));
                reals.extend([f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30]);
            }
        }
    }
}
