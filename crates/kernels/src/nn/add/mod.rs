//! Sum and difference of two tensors, with broadcasting.
//!
//! Quantized: `v = (a - a_zero) * a_scale + (b - b_zero) * b_scale` in f32, two multiplications and one addition, each
//! rounded (never fused), then [`OutputI8::round`]. A difference is a sum with a negative `b_scale`.
//! Source: TensorFlow Lite's `ADD` and `SUB`, which do the same in fixed point; results differ by at most one step.
mod scalar;

use super::Broadcast;
use crate::isa::Isa;
use crate::requantize::{OutputF32, OutputI8};

/// Constants of a quantized sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AddI8 {
    /// Zero points of the inputs.
    pub zeros: [i8; 2],
    /// Scales of the inputs over the output's scale; the second is negative for a difference.
    pub scales: [f32; 2],
    /// Zero point and range of the output.
    pub output: OutputI8,
}

/// Quantized sum of `a` and `b`, paired by `shape`. Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape.
pub fn add_i8(isa: Isa, shape: &Broadcast, constants: &AddI8, a: &[i8], b: &[i8], out: &mut [i8]) {
    shape.check(a.len(), b.len(), out.len());
    match isa {
        _ => scalar::add_i8(shape, constants, a, b, out),
    }
}

/// Float sum, clamped to `range`.
///
/// # Panics
/// When a length contradicts the shape.
pub fn add_f32(
    isa: Isa,
    shape: &Broadcast,
    range: OutputF32,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    shape.check(a.len(), b.len(), out.len());
    match isa {
        _ => scalar::add_f32(shape, range, a, b, out),
    }
}

/// Float difference `a - b`, clamped to `range`.
///
/// # Panics
/// When a length contradicts the shape.
pub fn sub_f32(
    isa: Isa,
    shape: &Broadcast,
    range: OutputF32,
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    shape.check(a.len(), b.len(), out.len());
    match isa {
        _ => scalar::sub_f32(shape, range, a, b, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (4-1)*0.5 + (3+2)*0.25 = 2.75 -> 3; (1-1)*0.5 + (0+2)*0.25 = 0.5 -> 0 (even); -100.5 + 0.5 = -100 -> min -90;
    /// each plus zero point 10.
    #[test]
    fn scales_and_rounds() {
        let shape = Broadcast::new(&[3], &[3]).expect("equal shapes fit");
        let output = OutputI8 {
            zero_point: 10,
            min: -80,
            max: 127,
        };
        let constants = AddI8 {
            zeros: [1, -2],
            scales: [0.5, 0.25],
            output,
        };
        for isa in Isa::available() {
            let mut out = [0; 3];
            add_i8(
                isa,
                &shape,
                &constants,
                &[4, 1, -128],
                &[3, 0, -128],
                &mut out,
            );
            assert_eq!(out, [13, 10, -80], "{isa}");
        }
    }

    #[test]
    fn difference_is_a_sum_with_a_negative_scale() {
        let shape = Broadcast::new(&[2], &[]).expect("a scalar fits");
        let constants = AddI8 {
            zeros: [0, 0],
            scales: [1.0, -2.0],
            output: OutputI8::full(0),
        };
        let mut out = [0; 2];
        add_i8(Isa::Scalar, &shape, &constants, &[10, 20], &[3], &mut out);
        assert_eq!(out, [4, 14]);
        let mut real = [0.0; 2];
        sub_f32(
            Isa::Scalar,
            &shape,
            OutputF32 {
                min: 5.0,
                max: 15.0,
            },
            &[10.0, 20.0],
            &[6.0],
            &mut real,
        );
        assert_eq!(real, [5.0, 14.0]);
        add_f32(
            Isa::Scalar,
            &shape,
            OutputF32::FULL,
            &[10.0, 20.0],
            &[6.0],
            &mut real,
        );
        assert_eq!(real, [16.0, 26.0]);
    }
}
