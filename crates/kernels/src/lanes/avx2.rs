//! `vpmaddwd` on bytes widened to 16 bits.
//!
//! `vpmaddubsw` would do twice as many products at once, but it saturates the sum of two at 16 bits (255 * 127 twice is
//! 64,770), so its results depend on how products pair up. Two products of widened bytes stay below 2^16 in magnitude.
use super::{LANES, Lanes};
use crate::isa::Avx2;
use crate::requantize::OutputI8;
use std::arch::x86_64::*;

/// Zero point and range of the output, spread over registers.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    zero_point: __m256i,
    min: __m128i,
    max: __m128i,
}

// Every intrinsic here needs AVX2 or less, which the token `self` proves.
impl Lanes for Avx2 {
    type Element = i16;
    type Sums = __m256i;
    type Scales = __m256;
    type Group = __m256i;
    type Weights = __m256i;
    type Inputs = __m256i;
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
    fn sums(self, from: &[i32; LANES]) -> __m256i {
        // SAFETY: AVX2 as `self` proves; `from` is 32 bytes.
        unsafe { _mm256_loadu_si256(from.as_ptr().cast()) }
    }

    #[inline(always)]
    fn scales(self, from: &[f32; LANES]) -> __m256 {
        // SAFETY: AVX2 as `self` proves; `from` is 32 bytes.
        unsafe { _mm256_loadu_ps(from.as_ptr()) }
    }

    #[inline(always)]
    fn output(self, output: OutputI8) -> Output {
        // SAFETY: AVX2 as `self` proves.
        unsafe {
            Output {
                zero_point: _mm256_set1_epi16(i16::from(output.zero_point)),
                min: _mm_set1_epi8(output.min),
                max: _mm_set1_epi8(output.max),
            }
        }
    }

    #[inline(always)]
    unsafe fn group(self, from: *const i16) -> __m256i {
        // SAFETY: AVX2 as `self` proves; the caller grants 16 elements.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i16) -> __m256i {
        // SAFETY: AVX2 as `self` proves; the caller grants 16 elements.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i16) -> __m256i {
        // SAFETY: AVX2 as `self` proves; the caller grants 2 elements, the 4 bytes read here.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    fn add_groups(self, sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: AVX2 as `self` proves.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(a, b)) }
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, weights: __m256i, inputs: __m256i) -> __m256i {
        self.add_groups(sums, weights, inputs)
    }

    #[inline(always)]
    unsafe fn interleave(self, from: *const i8, pitch: usize, to: *mut i16) {
        // SAFETY: AVX2 as `self` proves; the caller grants 8 bytes at both places and 16 elements.
        unsafe {
            let a = _mm_cvtepi8_epi16(_mm_loadl_epi64(from.cast()));
            let b = _mm_cvtepi8_epi16(_mm_loadl_epi64(from.add(pitch).cast()));
            _mm_storeu_si128(to.cast(), _mm_unpacklo_epi16(a, b));
            _mm_storeu_si128(to.add(LANES).cast(), _mm_unpackhi_epi16(a, b));
        }
    }

    #[inline(always)]
    fn bytes(self, output: Output, sums: [__m256i; 2], scales: [__m256; 2]) -> [[i8; LANES]; 2] {
        // The conversion rounds half to even: the default rounding mode, which Rust code may not change.
        // SAFETY: AVX2 as `self` proves; 16 bytes of a vector are 16 numbers.
        unsafe {
            let a = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[0]), scales[0]));
            let b = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_cvtepi32_ps(sums[1]), scales[1]));
            // The pack works within 128-bit halves, [a low, b low | a high, b high]; the permutation sets that right.
            let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_packs_epi32(a, b));
            let words = _mm256_adds_epi16(words, output.zero_point);
            let bytes = _mm_packs_epi16(
                _mm256_castsi256_si128(words),
                _mm256_extracti128_si256::<1>(words),
            );
            let bytes = _mm_min_epi8(_mm_max_epi8(bytes, output.min), output.max);
            std::mem::transmute::<__m128i, [[i8; LANES]; 2]>(bytes)
        }
    }
}
