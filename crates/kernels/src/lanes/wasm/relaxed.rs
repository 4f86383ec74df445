//! `i32x4.relaxed_dot_i8x16_i7x16_add_s` where it is exact on bytes: four products, summed, in one instruction of the CPU.
use super::Dots;
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
        let pairs = |[a, b]: [v128; 2]| {
            [
                i8x16_shuffle::<0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23>(a, b),
                i8x16_shuffle::<8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31>(a, b),
            ]
        };
        let ([ab, ab_high], [cd, cd_high]) = (pairs([a, b]), pairs([c, d]));
        // SAFETY: the caller grants 64 elements.
        unsafe {
            let to = to.cast::<v128>();
            v128_store(to, i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(ab, cd));
            v128_store(
                to.add(1),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(ab, cd),
            );
            v128_store(
                to.add(2),
                i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(ab_high, cd_high),
            );
            v128_store(
                to.add(3),
                i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(ab_high, cd_high),
            );
        }
    }
}

/// What makes a signed byte the same, or an unsigned one that is 128 more.
#[inline(always)]
fn flip(dot: RelaxedDot) -> i8 {
    if dot.is_unsigned() { i8::MIN } else { 0 }
}
