//! Four numbers in 128 bits; a product and a sum round each on its own.
use super::Floats;
use crate::isa::Simd128;
use std::arch::wasm32::*;

impl Floats for Simd128 {
    type Vector = v128;
    type Half = Self;

    const LEN: usize = 4;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline(always)]
    fn splat(self, value: f32) -> v128 {
        f32x4_splat(value)
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> v128 {
        // SAFETY: the caller grants 4 numbers.
        unsafe { v128_load(from.cast()) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: v128) {
        // SAFETY: the caller grants 4 numbers.
        unsafe { v128_store(to.cast(), vector) }
    }

    #[inline(always)]
    fn add(self, a: v128, b: v128) -> v128 {
        f32x4_add(a, b)
    }

    #[inline(always)]
    fn sub(self, a: v128, b: v128) -> v128 {
        f32x4_sub(a, b)
    }

    #[inline(always)]
    fn rectify(self, value: v128, slope: v128) -> v128 {
        let keep = f32x4_ge(value, f32x4_splat(0.0));
        v128_bitselect(value, f32x4_mul(value, slope), keep)
    }

    #[inline(always)]
    fn mul(self, a: v128, b: v128) -> v128 {
        f32x4_mul(a, b)
    }

    #[inline(always)]
    fn multiply_add(self, a: v128, b: v128, sum: v128) -> v128 {
        f32x4_add(f32x4_mul(a, b), sum)
    }

    #[inline(always)]
    fn at_least(self, value: v128, bound: v128) -> v128 {
        // `pmax(a, b)` is `a < b ? b : a`: the bound, unless it is less than the value.
        f32x4_pmax(bound, value)
    }

    #[inline(always)]
    fn at_most(self, value: v128, bound: v128) -> v128 {
        // `pmin(a, b)` is `b < a ? b : a`.
        f32x4_pmin(bound, value)
    }
}
