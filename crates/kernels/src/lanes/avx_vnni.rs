//! `vpdpbusd` on 256 bits: four bytes times four, summed without saturation.
//!
//! The instruction takes the inputs as unsigned: their top bit is flipped, which adds 128, and the bias makes up for it.
use super::{LANES, Lanes};
use crate::isa::{Avx2, AvxVnni};
use crate::requantize::OutputI8;
use std::arch::x86_64::*;

// Every intrinsic here needs AVX2 and AVX-VNNI or less, which the token `self` proves.
impl Lanes for AvxVnni {
    type Element = i8;
    type Sums = __m256i;
    type Scales = __m256;
    type Group = __m256i;
    type Weights = __m256i;
    type Inputs = __m256i;
    type Output = <Avx2 as Lanes>::Output;

    const GROUP: usize = 4;
    const STEP: usize = 4;

    const WIDE: bool = false;
    const LIFT: i32 = 128;

    #[inline(always)]
    fn weight(value: i16) -> i8 {
        value as i8
    }

    #[inline(always)]
    fn element(byte: i8) -> i8 {
        byte ^ i8::MIN
    }

    #[inline(always)]
    fn sums(self, from: &[i32; LANES]) -> __m256i {
        self.avx2().sums(from)
    }

    #[inline(always)]
    fn scales(self, from: &[f32; LANES]) -> __m256 {
        self.avx2().scales(from)
    }

    #[inline(always)]
    fn output(self, output: OutputI8) -> Self::Output {
        self.avx2().output(output)
    }

    #[inline(always)]
    unsafe fn group(self, from: *const i8) -> __m256i {
        // SAFETY: AVX2 as `self` proves; the caller grants 32 elements.
        unsafe { _mm256_loadu_si256(from.cast()) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> __m256i {
        // SAFETY: the caller grants 32 elements.
        unsafe { self.group(from) }
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i8) -> __m256i {
        // SAFETY: AVX2 as `self` proves; the caller grants 4 elements, the 4 bytes read here.
        unsafe { _mm256_set1_epi32(from.cast::<i32>().read_unaligned()) }
    }

    #[inline(always)]
    fn add_groups(self, sums: __m256i, inputs: __m256i, weights: __m256i) -> __m256i {
        // SAFETY: AVX-VNNI as `self` proves.
        unsafe { _mm256_dpbusd_avx_epi32(sums, inputs, weights) }
    }

    #[inline(always)]
    fn add_products(self, sums: __m256i, weights: __m256i, inputs: __m256i) -> __m256i {
        self.add_groups(sums, inputs, weights)
    }

    #[inline(always)]
    unsafe fn interleave(self, from: *const i8, pitch: usize, to: *mut i8) {
        // SAFETY: AVX2 as `self` proves; the caller grants 8 bytes at the four places, and 32 elements.
        unsafe {
            let row = |g: usize| _mm_loadl_epi64(from.add(g * pitch).cast());
            let ab = _mm_unpacklo_epi8(row(0), row(1));
            let cd = _mm_unpacklo_epi8(row(2), row(3));
            let abcd = _mm256_set_m128i(_mm_unpackhi_epi16(ab, cd), _mm_unpacklo_epi16(ab, cd));
            let flipped = _mm256_xor_si256(abcd, _mm256_set1_epi8(i8::MIN));
            _mm256_storeu_si256(to.cast(), flipped);
        }
    }

    #[inline(always)]
    fn bytes(
        self,
        output: Self::Output,
        sums: [__m256i; 2],
        scales: [__m256; 2],
    ) -> [[i8; LANES]; 2] {
        self.avx2().bytes(output, sums, scales)
    }
}
