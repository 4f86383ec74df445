//! Between real numbers and bytes: [`OutputI8::quantize`] and [`dequantize`] for every element.
//!
//! TensorFlow Lite's `QUANTIZE` rounds ties away from zero where this rounds them to even; at most one step apart.
mod scalar;

use super::activation::Grid;
use crate::isa::Isa;
use crate::requantize::OutputI8;
#[cfg(doc)]
use crate::requantize::dequantize;

/// Bytes on the grid `output` (whole range) from real numbers.
///
/// # Panics
/// When the lengths differ.
pub fn quantize_i8(_isa: Isa, output: Grid, input: &[f32], out: &mut [i8]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    scalar::quantize_i8(OutputI8::full(output.zero_point), output.scale, input, out)
}

/// Real numbers from bytes on the grid `input`.
///
/// # Panics
/// When the lengths differ.
pub fn dequantize_i8(_isa: Isa, input_grid: Grid, input: &[i8], out: &mut [f32]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    scalar::dequantize_i8(input_grid, input, out)
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
}
