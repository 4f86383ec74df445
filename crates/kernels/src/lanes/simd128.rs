//! `i32x4.dot_i16x8_s` on bytes widened to 16 bits: WebAssembly's only integer dot product that every browser computes alike.
use super::{LANES, Lanes};
use crate::isa::Simd128;
use crate::requantize::OutputI8;
use std::arch::wasm32::*;

/// Zero point and range of the output, spread over vectors.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    /// The range without the zero point, as `f32`.
    low: v128,
    high: v128,
    /// [`MAGIC`]'s bits less the zero point.
    offset: v128,
}

/// 1.5 * 2^23: added to a number below 2^22, it leaves the whole number in the low bits, rounded half to even by the addition.
/// The conversion itself (`trunc_sat`) takes eight instructions on x86-64, for out-of-range values that cannot occur.
const MAGIC: f32 = 12_582_912.0;

impl Lanes for Simd128 {
    type Element = i16;
    type Sums = [v128; 2];
    type Scales = [v128; 2];
    type Group = [v128; 2];
    type Weights = [v128; 2];
    type Inputs = v128;
    type Output = Output;

    const GROUP: usize = 2;
    const STEP: usize = 2;

    const WIDE: bool = true;

    #[inline(always)]
    fn weight(value: i16) -> i16 {
        value
    }

    #[inline(always)]
    fn element(byte: i8) -> i16 {
        i16::from(byte)
    }

    #[inline(always)]
    fn sums(self, from: &[i32; LANES]) -> [v128; 2] {
        // SAFETY: `from` is two vectors of four.
        unsafe { load_two(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn scales(self, from: &[f32; LANES]) -> [v128; 2] {
        // SAFETY: `from` is two vectors of four.
        unsafe { load_two(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn output(self, output: OutputI8) -> Output {
        let zero_point = i32::from(output.zero_point);
        Output {
            low: f32x4_splat((i32::from(output.min) - zero_point) as f32),
            high: f32x4_splat((i32::from(output.max) - zero_point) as f32),
            offset: i32x4_splat(MAGIC.to_bits() as i32 - zero_point),
        }
    }

    #[inline(always)]
    unsafe fn group(self, from: *const i16) -> [v128; 2] {
        // SAFETY: the caller grants 16 elements, two vectors of eight.
        unsafe { load_two(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i16) -> [v128; 2] {
        // SAFETY: the caller grants 16 elements, two vectors of eight.
        unsafe { load_two(from.cast()) }
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i16) -> v128 {
        // SAFETY: the caller grants 2 elements, the 4 bytes read here.
        unsafe { v128_load32_splat(from.cast()) }
    }

    #[inline(always)]
    fn add_groups(self, sums: [v128; 2], a: [v128; 2], b: [v128; 2]) -> [v128; 2] {
        [
            i32x4_add(sums[0], i32x4_dot_i16x8(a[0], b[0])),
            i32x4_add(sums[1], i32x4_dot_i16x8(a[1], b[1])),
        ]
    }

    #[inline(always)]
    fn add_products(self, sums: [v128; 2], weights: [v128; 2], inputs: v128) -> [v128; 2] {
        self.add_groups(sums, weights, [inputs; 2])
    }

    #[inline(always)]
    unsafe fn interleave(self, from: *const i8, pitch: usize, to: *mut i16) {
        // SAFETY: the caller grants 8 bytes at both places and 16 elements.
        unsafe {
            let (a, b) = (
                i16x8_load_extend_i8x8(from),
                i16x8_load_extend_i8x8(from.add(pitch)),
            );
            v128_store(to.cast(), i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b));
            v128_store(
                to.add(LANES).cast(),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b),
            );
        }
    }

    #[inline(always)]
    fn bytes(
        self,
        output: Output,
        sums: [[v128; 2]; 2],
        scales: [[v128; 2]; 2],
    ) -> [[i8; LANES]; 2] {
        let low = i16x8_narrow_i32x4(
            output.whole(sums[0][0], scales[0][0]),
            output.whole(sums[0][1], scales[0][1]),
        );
        let high = i16x8_narrow_i32x4(
            output.whole(sums[1][0], scales[1][0]),
            output.whole(sums[1][1], scales[1][1]),
        );
        let bytes = i8x16_narrow_i16x8(low, high);
        let mut to = [[0; LANES]; 2];
        // SAFETY: `to` is 16 bytes.
        unsafe { v128_store(to.as_mut_ptr().cast(), bytes) };
        to
    }
}

/// # Safety
/// 32 bytes must be readable.
#[inline(always)]
unsafe fn load_two(from: *const v128) -> [v128; 2] {
    // SAFETY: the caller grants two vectors.
    unsafe { [v128_load(from), v128_load(from.add(1))] }
}

impl Output {
    /// Sums times scales, clamped, rounded half to even, with the zero point added.
    #[inline(always)]
    fn whole(self, sums: v128, scales: v128) -> v128 {
        let scaled = f32x4_mul(f32x4_convert_i32x4(sums), scales);
        let clamped = f32x4_pmin(f32x4_pmax(scaled, self.low), self.high);
        i32x4_sub(f32x4_add(clamped, f32x4_splat(MAGIC)), self.offset)
    }
}
