//! Product of two tensors, with broadcasting.
//!
//! Quantized: `(a - a_zero) * (b - b_zero)` as an integer, then [`OutputI8::requantize`]. Source: TensorFlow Lite's `MUL`.
mod scalar;

use super::Broadcast;
use super::pairs_f32::{Pair, pairs};
use crate::floats::with_floats;
use crate::isa::Isa;
use crate::requantize::{OutputF32, OutputI8};

/// Constants of a quantized product.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MulI8 {
    /// Zero points of the inputs.
    pub zeros: [i8; 2],
    /// Product of the inputs' scales over the output's scale.
    pub scale: f32,
    /// Zero point and range of the output.
    pub output: OutputI8,
}

/// Quantized product of `a` and `b`, paired by `shape`. Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape.
pub fn mul_i8(_isa: Isa, shape: &Broadcast, constants: &MulI8, a: &[i8], b: &[i8], out: &mut [i8]) {
    shape.check(a.len(), b.len(), out.len());
    scalar::mul_i8(shape, constants, a, b, out)
}

/// Float product, clamped to `range`.
///
/// # Panics
/// When a length contradicts the shape.
pub fn mul_f32(
    isa: Isa,
    shape: &Broadcast,
    range: OutputF32,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    shape.check(a.len(), b.len(), out.len());
    with_floats!(
        isa,
        scalar::mul_f32(shape, range, a, b, out),
        pairs,
        (function: Pair = Pair::Product(range), shape: &Broadcast = shape, a: &[f32] = a, b: &[f32] = b, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (5-2)*(3+1) = 12 -> 3; (0-2)*(3+1) = -8 -> -2; (-128-2)*4 = -520 -> -130, plus zero point 1 clamped to -128.
    #[test]
    fn channel_constant() {
        let shape = Broadcast::new(&[3], &[1]).expect("a constant fits");
        let constants = MulI8 {
            zeros: [2, -1],
            scale: 0.25,
            output: OutputI8::full(1),
        };
        for isa in Isa::available() {
            let mut out = [0; 3];
            mul_i8(isa, &shape, &constants, &[5, 0, -128], &[3], &mut out);
            assert_eq!(out, [4, -1, -128], "{isa}");
        }
        let mut real = [0.0; 3];
        mul_f32(
            Isa::Scalar,
            &shape,
            OutputF32 { min: 0.0, max: 6.0 },
            &[1.0, -1.0, 4.0],
            &[2.0],
            &mut real,
        );
        assert_eq!(real, [2.0, 0.0, 6.0]);
    }
}
