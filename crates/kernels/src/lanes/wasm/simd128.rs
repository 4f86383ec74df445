//! `i32x4.dot_i16x8_s` on bytes widened to 16 bits: WebAssembly's only integer dot product that every browser computes alike.
use super::{Dots, zip_words};
use crate::isa::Simd128;
use std::arch::wasm32::*;

impl Dots for Simd128 {
    type Element = i16;

    const GROUP: usize = 2;
    const ZIPPED: usize = 8;
    const WIDE: bool = true;

    #[inline(always)]
    fn element(self, byte: i8) -> i16 {
        i16::from(byte)
    }

    #[inline(always)]
    fn weight(value: i16) -> i16 {
        value
    }

    #[inline(always)]
    fn lift(self) -> i32 {
        0
    }

    #[inline(always)]
    fn dot(self, sums: v128, inputs: v128, weights: v128) -> v128 {
        i32x4_add(sums, i32x4_dot_i16x8(inputs, weights))
    }

    #[inline(always)]
    unsafe fn widen(self, from: *const i8) -> v128 {
        // SAFETY: the caller grants 8 bytes.
        unsafe { i16x8_load_extend_i8x8(from) }
    }

    #[inline(always)]
    unsafe fn zip(self, [a, b, _, _]: [*const i8; 4], to: *mut i16) {
        // SAFETY: the caller grants 8 bytes of each row and 16 elements.
        unsafe {
            let [low, high] = zip_words(self.widen(a), self.widen(b));
            v128_store(to.cast(), low);
            v128_store(to.add(8).cast(), high);
        }
    }
}
