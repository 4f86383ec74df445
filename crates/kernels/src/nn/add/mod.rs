//! Sum and difference of two tensors, with broadcasting.
//!
//! Quantized, in fixed point with factors of 21 bits, the finest that 32-bit sums leave room for:
//!
//! ```text
//! out = clamp(((a - a_zero) * fa + (b - b_zero) * fb + 2^(s-1) >> s) + out_zero)
//! ```
//!
//! where `fa = round(a_scale * 2^s)`, `fb = round(b_scale * 2^s)`, and `s` is the shift that brings the larger into
//! `2^20..2^21`, held to `0..=30`. Halves round up. A difference is a sum with a negative `b_scale`. This is the rule of
//! XNNPACK's `qs8-vadd`, so sums agree with LiteRT's default kernels byte for byte; its reference kernels, with wider
//! factors still, differ by at most one step. A rule in f32 (`requantize`) would differ from both on more bytes.
#[cfg(target_arch = "x86_64")]
mod avx512;
mod elementwise;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

use super::Broadcast;
use super::pairs_f32::{Pair, pairs};
use crate::floats::with_floats;
use crate::isa::{Isa, Vectors};
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

/// [`AddI8`] in fixed point.
#[derive(Debug, Clone, Copy)]
struct Fixed {
    factors: [i32; 2],
    /// Half a step less the zero points' products: `(a * fa + b * fb + offset) >> shift` is the sum on the output's grid.
    offset: i32,
    shift: u32,
    zero_point: i8,
    min: i8,
    max: i8,
}

impl Fixed {
    fn new(c: &AddI8) -> Self {
        const LIMIT: f64 = (1 << 21) as f64;
        let scaled = |scale: f32, shift: u32| {
            (f64::from(scale) * f64::from(1u32 << shift)).round_ties_even()
        };
        let fits = |shift: &u32| {
            c.scales
                .iter()
                .all(|&s| (f64::from(s) * f64::from(1u32 << shift)).abs() < LIMIT)
        };
        let shift = (0..=30).rev().find(fits).unwrap_or(0);
        // A factor beyond its bits carries every difference but 0 out of a byte's range, held or not. Two of them, times
        // 255, and half a step stay below 2^31.
        let factors = c
            .scales
            .map(|scale| scaled(scale, shift).clamp(-LIMIT, LIMIT) as i32);
        let zeros: i32 = (0..2).map(|i| i32::from(c.zeros[i]) * factors[i]).sum();
        Self {
            factors,
            offset: (1 << shift) / 2 - zeros,
            shift,
            zero_point: c.output.zero_point,
            min: c.output.min,
            max: c.output.max,
        }
    }
}

/// Quantized sum of `a` and `b`, paired by `shape`. Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape.
pub fn add_i8(isa: Isa, shape: &Broadcast, constants: &AddI8, a: &[i8], b: &[i8], out: &mut [i8]) {
    shape.check(a.len(), b.len(), out.len());
    let fixed = Fixed::new(constants);
    match isa.vectors() {
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx2(_token) if shape.is_elementwise() => {
            // SAFETY: `_token` proves that this CPU has the feature that `avx2` enables.
            unsafe { avx2(&fixed, a, b, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx512(_token) if shape.is_elementwise() => {
            // SAFETY: `_token` proves that this CPU has the features that `add_i8` enables.
            unsafe { avx512::add_i8(&fixed, a, b, out) }
        }
        #[cfg(target_arch = "aarch64")]
        Vectors::Neon(_) if shape.is_elementwise() => {
            elementwise::add_i8(&fixed, a, b, out);
        }
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Vectors::Simd128(_) if shape.is_elementwise() => simd128::add_i8(&fixed, a, b, out),
        _ => scalar::add_i8(shape, &fixed, a, b, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(fixed: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    elementwise::add_i8(fixed, a, b, out);
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
    with_floats!(
        isa,
        scalar::add_f32(shape, range, a, b, out),
        pairs,
        (function: Pair = Pair::Sum(range), shape: &Broadcast = shape, a: &[f32] = a, b: &[f32] = b, out: &mut [f32] = out)
    )
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
    with_floats!(
        isa,
        scalar::sub_f32(shape, range, a, b, out),
        pairs,
        (function: Pair = Pair::Difference(range), shape: &Broadcast = shape, a: &[f32] = a, b: &[f32] = b, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every ISA equals the oracle over all pairs of bytes, with lengths that are no multiple of a vector.
    #[test]
    fn equals_the_oracle() {
        let pairs = (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b)));
        // Miri is thousands of times slower: the short ones.
        let most = if cfg!(miri) { 63 } else { 65_536 };
        let (a, b): (Vec<i8>, Vec<i8>) = pairs.take(most).unzip();
        for (len, scales) in [
            (65_536, [0.71, 0.33]),
            (63, [1.5, -2.25]),
            (1, [1e9, 1e-9]),
            (65_473, [0.004, 1.0]),
            (65_521, [0.31, -0.47]),
        ]
        .into_iter()
        .filter(|&(len, _)| len <= most)
        {
            let output = OutputI8 {
                zero_point: -5,
                min: -120,
                max: 101,
            };
            let constants = AddI8 {
                zeros: [7, -100],
                scales,
                output,
            };
            let shape = Broadcast::new(&[len], &[len]).expect("equal shapes fit");
            let mut expected = vec![0; len];
            scalar::add_i8(
                &shape,
                &Fixed::new(&constants),
                &a[..len],
                &b[..len],
                &mut expected,
            );
            for isa in Isa::available() {
                let mut out = vec![0; len];
                add_i8(isa, &shape, &constants, &a[..len], &b[..len], &mut out);
                assert!(out == expected, "{isa} {scales:?}");
            }
        }
    }

    /// (4-1)*0.5 + (3+2)*0.25 = 2.75 -> 3; (1-1)*0.5 + (0+2)*0.25 = 0.5 -> 1 (halves round up); -100.5 + 0.5 = -100 -> min -90;
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
            assert_eq!(out, [13, 11, -80], "{isa}");
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
