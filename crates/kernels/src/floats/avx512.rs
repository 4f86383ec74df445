//! Sixteen numbers in 512 bits.
use super::Floats;
use crate::isa::{Avx2, Avx512Vnni};
use std::arch::x86_64::*;

// Every intrinsic here needs AVX-512 F, which the token `self` proves.
impl Floats for Avx512Vnni {
    type Vector = __m512;
    type Half = Avx2;

    const LEN: usize = 16;

    #[inline(always)]
    fn half(self) -> Avx2 {
        self.avx2()
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m512 {
        // SAFETY: AVX-512 as `self` proves; the caller grants 16 numbers.
        unsafe { _mm512_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m512) {
        // SAFETY: AVX-512 as `self` proves; the caller grants 16 numbers.
        unsafe { _mm512_storeu_ps(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn rectify(self, value: __m512, slope: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe {
            let keep = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(value, _mm512_setzero_ps());
            _mm512_mask_mov_ps(_mm512_mul_ps(value, slope), keep, value)
        }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m512, b: __m512, sum: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn at_least(self, value: __m512, bound: __m512) -> __m512 {
        // The instruction returns its second operand when one is NaN.
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_max_ps(value, bound) }
    }

    #[inline(always)]
    fn at_most(self, value: __m512, bound: __m512) -> __m512 {
        // SAFETY: AVX-512 as `self` proves.
        unsafe { _mm512_min_ps(value, bound) }
    }
}
