//! Eight numbers in 256 bits, and four in 128.
use super::Floats;
use crate::isa::Avx2;
use std::arch::x86_64::*;

// Every intrinsic here needs AVX2 and FMA or less, which the token `self` proves.
impl Floats for Avx2 {
    type Vector = __m256;
    type Half = Quad;

    const LEN: usize = 8;

    #[inline(always)]
    fn half(self) -> Quad {
        Quad(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m256 {
        // SAFETY: AVX2 as `self` proves; the caller grants 8 numbers.
        unsafe { _mm256_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m256) {
        // SAFETY: AVX2 as `self` proves; the caller grants 8 numbers.
        unsafe { _mm256_storeu_ps(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    fn rectify(self, value: __m256, slope: __m256) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe {
            let keep = _mm256_cmp_ps::<_CMP_GE_OQ>(value, _mm256_setzero_ps());
            _mm256_blendv_ps(_mm256_mul_ps(value, slope), value, keep)
        }
    }

    #[inline(always)]
    fn mul(self, a: __m256, b: __m256) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_mul_ps(a, b) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m256, b: __m256, sum: __m256) -> __m256 {
        // SAFETY: FMA as `self` proves.
        unsafe { _mm256_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn at_least(self, value: __m256, bound: __m256) -> __m256 {
        // The instruction returns its second operand when one is NaN.
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_max_ps(value, bound) }
    }

    #[inline(always)]
    fn at_most(self, value: __m256, bound: __m256) -> __m256 {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_min_ps(value, bound) }
    }
}

/// Four numbers, on a CPU with AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Quad(Avx2);

// Every intrinsic here needs FMA or less, which the token within proves.
impl Floats for Quad {
    type Vector = __m128;
    type Half = Self;

    const LEN: usize = 4;

    #[inline(always)]
    fn half(self) -> Self {
        self
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m128 {
        // SAFETY: the baseline has SSE.
        unsafe { _mm_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load(self, from: *const f32) -> __m128 {
        // SAFETY: the caller grants 4 numbers.
        unsafe { _mm_loadu_ps(from) }
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32, vector: __m128) {
        // SAFETY: the caller grants 4 numbers.
        unsafe { _mm_storeu_ps(to, vector) }
    }

    #[inline(always)]
    fn add(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: the baseline has SSE.
        unsafe { _mm_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: the baseline has SSE.
        unsafe { _mm_sub_ps(a, b) }
    }

    #[inline(always)]
    fn rectify(self, value: __m128, slope: __m128) -> __m128 {
        // SAFETY: the token within proves more than AVX.
        unsafe {
            let keep = _mm_cmp_ps::<_CMP_GE_OQ>(value, _mm_setzero_ps());
            _mm_blendv_ps(_mm_mul_ps(value, slope), value, keep)
        }
    }

    #[inline(always)]
    fn mul(self, a: __m128, b: __m128) -> __m128 {
        // SAFETY: the baseline has SSE.
        unsafe { _mm_mul_ps(a, b) }
    }

    #[inline(always)]
    fn multiply_add(self, a: __m128, b: __m128, sum: __m128) -> __m128 {
        // SAFETY: FMA as the token within proves.
        unsafe { _mm_fmadd_ps(a, b, sum) }
    }

    #[inline(always)]
    fn at_least(self, value: __m128, bound: __m128) -> __m128 {
        // The instruction returns its second operand when one is NaN.
        // SAFETY: the baseline has SSE.
        unsafe { _mm_max_ps(value, bound) }
    }

    #[inline(always)]
    fn at_most(self, value: __m128, bound: __m128) -> __m128 {
        // SAFETY: the baseline has SSE.
        unsafe { _mm_min_ps(value, bound) }
    }
}
