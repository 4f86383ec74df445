//! Four numbers in 128 bits.
use super::Floats;
use crate::isa::Neon;
use std::arch::aarch64::*;

// Every intrinsic here needs Advanced SIMD, which the token `self` proves.
impl Floats for Neon {
    type Vector = float32x4_t;
    type Half = Self;

    const LEN: usize = 4;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline(always)]
    fn splat(self, value: f32) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 4 numbers.
        unsafe { vld1q_f32(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: float32x4_t) {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 4 numbers.
        unsafe { vst1q_f32(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    fn rectify(self, value: float32x4_t, slope: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vbslq_f32(vcgezq_f32(value), value, vmulq_f32(value, slope)) }
    }

    #[inline(always)]
    fn mul(self, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vmulq_f32(a, b) }
    }

    #[inline(always)]
    fn multiply_add(self, a: float32x4_t, b: float32x4_t, sum: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vfmaq_f32(sum, a, b) }
    }

    #[inline(always)]
    fn at_least(self, value: float32x4_t, bound: float32x4_t) -> float32x4_t {
        // `fmaxnm` returns the number when the other operand is NaN.
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vmaxnmq_f32(value, bound) }
    }

    #[inline(always)]
    fn at_most(self, value: float32x4_t, bound: float32x4_t) -> float32x4_t {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { vminnmq_f32(value, bound) }
    }
}
