//! The one definition of scale, rounding and clamp; every quantized kernel on every ISA ends here.
//!
//! A value on the output's grid (already divided by the output's scale) becomes a stored byte by
//!
//! ```text
//! q = clamp(round_half_to_even(v), min - zero_point, max - zero_point) + zero_point
//! ```
//!
//! and integer sums reach that grid by one multiplication, `v = f32(acc) * scale`, where `f32(acc)` rounds to nearest even.
//!
//! # The same bits everywhere
//!
//! The conversion, the multiplication and the rounding are single IEEE 754 operations, each correctly rounded, so SSE, AVX,
//! NEON, wasm SIMD and plain Rust agree bit for bit as long as no multiplication is fused with an addition (FMA rounds
//! once where two operations round twice). The clamp comes before the conversion to an integer, so values beyond `i32`
//! saturate instead of taking the conversion's own out-of-range answer, which differs between ISAs. Because the bounds
//! are whole numbers, clamping before or after the rounding is the same.
//!
//! A NaN becomes `min`: the lower bound is applied first, by a maximum that returns its number when the other side is NaN.
//! Integer sums with finite scales never make one.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
/// Adding and taking away 1.5 * 2^23 rounds half to even whatever lies within 2^22 of 0, as the sum has no bits below 1.
///
/// Every target does this in two instructions; `f32::round_ties_even` is a call into the C library below SSE4.1.
const ROUNDER: f32 = 12_582_912.0;

/// Where quantized results go: the output's zero point and the range that its activation leaves open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputI8 {
    /// The byte that stands for the real number 0.
    pub zero_point: i8,
    /// Smallest byte to store.
    pub min: i8,
    /// Largest byte to store; not below `min`.
    pub max: i8,
}

impl OutputI8 {
    /// The whole range of a byte.
    pub const fn full(zero_point: i8) -> Self {
        Self {
            zero_point,
            min: i8::MIN,
            max: i8::MAX,
        }
    }

    /// Whether no sum of magnitude `bound` can leave `i32` when multiplied by `scale`: then a SIMD path may convert first and
    /// clamp the integer, which gives the same byte.
    pub(crate) fn is_tame(bound: u64, scale: f32) -> bool {
        // 2^30 leaves room for the roundings of the conversion and of the product.
        bound as f64 * f64::from(scale.abs()) < f64::from(1u32 << 30)
    }

    /// An integer sum (bias included) times `scale`, as a byte.
    #[inline]
    pub fn requantize(self, acc: i32, scale: f32) -> i8 {
        self.round(acc as f32 * scale)
    }

    /// A value on the output's grid, as a byte: round half to even, add the zero point, clamp.
    #[inline]
    pub fn round(self, value: f32) -> i8 {
        let zero_point = i32::from(self.zero_point);
        let low = (i32::from(self.min) - zero_point) as f32;
        let high = (i32::from(self.max) - zero_point) as f32;
        let bounded = value.max(low).min(high);
        // The sum's bits count whole numbers; a conversion that minds what does not fit has no vectors.
        let rounded = (bounded + ROUNDER).to_bits() as i32 - ROUNDER.to_bits() as i32;
        (rounded + zero_point) as i8
    }

    /// A real number, as a byte on the grid with step `scale`: one correctly rounded division, then [`OutputI8::round`].
    #[inline]
    pub fn quantize(self, real: f32, scale: f32) -> i8 {
        self.round(real / scale)
    }
}

/// The real number that byte `q` stands for: `scale * (q - zero_point)`, one rounding.
#[inline]
pub fn dequantize(q: i8, scale: f32, zero_point: i8) -> f32 {
    (i32::from(q) - i32::from(zero_point)) as f32 * scale
}

/// Range that the activation of a float kernel leaves open; infinities where it leaves everything.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutputF32 {
    /// Smallest result.
    pub min: f32,
    /// Largest result; not below `min`.
    pub max: f32,
}

impl OutputF32 {
    /// No activation.
    pub const FULL: Self = Self {
        min: f32::NEG_INFINITY,
        max: f32::INFINITY,
    };

    /// `value` within the range; NaN becomes `min`.
    #[inline]
    pub fn clamp(self, value: f32) -> f32 {
        value.max(self.min).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: OutputI8 = OutputI8::full(0);

    #[test]
    fn ties_go_to_the_even_neighbour() {
        let halves = [-3, -1, 1, 3, 5].map(|acc| ALL.requantize(acc, 0.5));
        assert_eq!(halves, [-2, 0, 0, 2, 2]);
    }

    #[test]
    fn rounding_is_half_to_even_on_all_of_the_range() {
        for eighths in -2100..=2100 {
            let value = eighths as f32 / 8.0;
            assert_eq!(
                value + ROUNDER - ROUNDER,
                value.round_ties_even(),
                "{value}"
            );
        }
    }

    #[test]
    fn zero_point_is_added_after_rounding() {
        // 0.5 rounds to 0 and 1.5 to 2, whatever the zero point's parity.
        assert_eq!(OutputI8::full(3).round(0.5), 3);
        assert_eq!(OutputI8::full(3).round(1.5), 5);
        assert_eq!(OutputI8::full(-128).round(255.4), 127);
    }

    #[test]
    fn values_beyond_the_integers_saturate() {
        let relu6 = OutputI8 {
            zero_point: -10,
            min: -10,
            max: 50,
        };
        assert_eq!(relu6.round(1e30), 50);
        assert_eq!(relu6.round(-1e30), -10);
        assert_eq!(relu6.round(f32::INFINITY), 50);
        assert_eq!(relu6.round(f32::NAN), -10);
        assert_eq!(ALL.requantize(i32::MIN, f32::MAX), -128);
    }

    #[test]
    fn sums_above_24_bits_round_to_even_before_scaling() {
        // 2^25 + 2 lies between 2^25 and 2^25 + 4 in f32; even mantissa is 2^25. Scaled by 2^-25 both give 1.
        assert_eq!(((1 << 25) + 2) as f32, 33_554_432.0);
        assert_eq!(ALL.requantize((1 << 25) + 2, 1.0 / 33_554_432.0), 1);
    }

    #[test]
    fn quantize_undoes_dequantize_on_every_byte() {
        for q in i8::MIN..=i8::MAX {
            assert_eq!(
                OutputI8::full(-7).quantize(dequantize(q, 0.037, -7), 0.037),
                q
            );
        }
    }
}
