//! Four sums of dot products side by side: what the loops over 8-bit networks need in WebAssembly, with or without relaxed SIMD.
//!
//! V8 compiles vectors as they are written, so its habits count: a constant is made anew in three instructions at every use (what
//! loops need lies in memory instead), a shift by a distance that is no constant takes four, and sixteen registers are all there are.
#[cfg(target_feature = "relaxed-simd")]
mod relaxed;
mod simd128;

use super::LANES;
use crate::requantize::OutputI8;
use std::arch::wasm32::*;

/// Multiplies and sums `GROUP` neighbouring elements per lane of 32 bits. Sums are exact modulo 2^32.
pub(crate) trait Dots: Copy {
    /// What an input byte or a weight becomes before it is multiplied.
    type Element: Copy + Default + std::fmt::Debug;

    /// Elements of a lane.
    const GROUP: usize;
    /// Bytes of a row that are interleaved at once.
    const ZIPPED: usize;
    /// Whether an element holds nine bits: what a weight needs whose zero point is not 0.
    const WIDE: bool;

    /// The element for an input; its value is the byte's and [`Dots::lift`] more.
    fn element(self, byte: i8) -> Self::Element;

    /// The element for a weight less its zero point; beyond a byte only where [`Dots::WIDE`].
    fn weight(value: i16) -> Self::Element;

    /// What inputs are raised by on the way to elements: sums hold as much more, times the weights.
    fn lift(self) -> i32;

    /// `sums[l] += sum over g of inputs[l][g] * weights[l][g]`
    fn dot(self, sums: v128, inputs: v128, weights: v128) -> v128;

    /// The elements of `4 * GROUP` bytes.
    ///
    /// # Safety
    /// That many must be readable.
    unsafe fn widen(self, from: *const i8) -> v128;

    /// Interleaves the first `GROUP` of four rows: `to[i][g] = element(rows[g][i])`.
    ///
    /// # Safety
    /// `ZIPPED` bytes of each row must be readable, and `ZIPPED * GROUP` elements writable.
    unsafe fn zip(self, rows: [*const i8; 4], to: *mut Self::Element);
}

/// 1.5 * 2^23: added to a number below 2^22, it leaves the whole number in the low bits, rounded half to even by the addition.
/// The conversion itself (`trunc_sat`) takes eight instructions on x86-64, for out-of-range values that cannot occur.
const MAGIC: f32 = 12_582_912.0;

/// Zero point and range of the output, spread over vectors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// The least byte without the zero point, as `f32`.
    low: v128,
    /// [`MAGIC`], as `f32`.
    magic: v128,
    /// As 16 bits.
    zero_point: v128,
    /// The greatest byte.
    max: v128,
}

impl Output {
    pub(crate) fn new(output: OutputI8) -> Self {
        let low = i32::from(output.min) - i32::from(output.zero_point);
        Self {
            low: f32x4_splat(low as f32),
            magic: f32x4_splat(MAGIC),
            zero_point: i16x8_splat(i16::from(output.zero_point)),
            max: i8x16_splat(output.max),
        }
    }

    /// [`OutputI8::requantize`] of sixteen sums, which must be tame ([`OutputI8::is_tame`]).
    ///
    /// The 16-bit steps in between saturate. That changes no byte: a value beyond 16 bits lies beyond any byte's range on the same
    /// side before and after the zero point is added.
    #[inline(always)]
    pub(crate) fn bytes(self, sums: [[v128; 2]; 2], scales: [[v128; 2]; 2]) -> [[i8; LANES]; 2] {
        let words = |i: usize| {
            let narrowed = i16x8_narrow_i32x4(
                self.whole(sums[i][0], scales[i][0]),
                self.whole(sums[i][1], scales[i][1]),
            );
            // Between the two narrowings, or LLVM takes them for one that no instruction has, and spells out comparisons.
            i16x8_add_sat(narrowed, self.zero_point)
        };
        let bytes = i8x16_min(i8x16_narrow_i16x8(words(0), words(1)), self.max);
        let mut to = [[0; LANES]; 2];
        // SAFETY: `to` is 16 bytes.
        unsafe { v128_store(to.as_mut_ptr().cast(), bytes) };
        to
    }

    /// Sums times scales, rounded half to even, not below the range. What is too great for that rounding stays too great for a
    /// byte: bits of positive numbers have their order.
    #[inline(always)]
    fn whole(self, sums: v128, scales: v128) -> v128 {
        let scaled = f32x4_mul(f32x4_convert_i32x4(sums), scales);
        i32x4_sub(
            f32x4_add(f32x4_pmax(scaled, self.low), self.magic),
            self.magic,
        )
    }
}

/// The bytes of `a` and `b` in turn.
#[inline(always)]
pub(crate) fn zip_bytes(a: v128, b: v128) -> [v128; 2] {
    [
        i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b),
        i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b),
    ]
}

/// The words of 16 bits of `a` and `b` in turn.
#[inline(always)]
fn zip_words(a: v128, b: v128) -> [v128; 2] {
    [
        i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b),
        i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b),
    ]
}

/// # Safety
/// 32 bytes must be readable.
#[inline(always)]
pub(crate) unsafe fn load_two(from: *const v128) -> [v128; 2] {
    // SAFETY: the caller grants two vectors.
    unsafe { [v128_load(from), v128_load(from.add(1))] }
}
