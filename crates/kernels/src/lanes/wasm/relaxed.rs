//! `i32x4.relaxed_dot_i8x16_i7x16_add_s` where it is exact on bytes: four products, summed, in one instruction of the CPU.
use super::{Dots, zip_bytes, zip_words};
use crate::isa::RelaxedDot;
use std::arch::wasm32::*;

impl Dots for RelaxedDot {
    type Element = i8;

    const GROUP: usize = 4;
    const ZIPPED: usize = 16;
    const WIDE: bool = false;

    #[inline(always)]
    fn element(self, byte: i8) -> i8 {
        byte ^ flip(self)
    }

    #[inline(always)]
    fn weight(value: i16) -> i8 {
        value as i8
    }

    #[inline(always)]
    fn lift(self) -> i32 {
        if self.is_unsigned() { 128 } else { 0 }
    }

    #[inline(always)]
    fn dot(self, sums: v128, inputs: v128, weights: v128) -> v128 {
        i32x4_relaxed_dot_i8x16_i7x16_add(weights, inputs, sums)
    }

    #[inline(always)]
    unsafe fn widen(self, from: *const i8) -> v128 {
        // SAFETY: the caller grants 16 bytes.
        let bytes = unsafe { v128_load(from.cast()) };
        v128_xor(bytes, i8x16_splat(flip(self)))
    }

    #[inline(always)]
    unsafe fn zip(self, rows: [*const i8; 4], to: *mut i8) {
        // SAFETY: the caller grants 16 bytes of each row.
        let [a, b, c, d] = rows.map(|row| unsafe { self.widen(row) });
        let ([ab, ab_high], [cd, cd_high]) = (zip_bytes(a, b), zip_bytes(c, d));
        let zipped = [zip_words(ab, cd), zip_words(ab_high, cd_high)];
        for (i, &four) in zipped.as_flattened().iter().enumerate() {
            // SAFETY: the caller grants 64 elements, four vectors.
            unsafe { v128_store(to.cast::<v128>().add(i), four) };
        }
    }
}

/// What makes a signed byte the same, or an unsigned one that is 128 more.
#[inline(always)]
fn flip(dot: RelaxedDot) -> i8 {
    if dot.is_unsigned() { i8::MIN } else { 0 }
}
