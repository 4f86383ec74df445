//! Sixteen 32-bit products at a time, packed with saturation.
use super::Fixed;
use std::arch::x86_64::*;

/// Sums element by element; see [`super::add_i8`] for the rule.
///
/// # Panics
/// When lengths differ.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) fn add_i8(c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    assert!(
        a.len() == b.len() && a.len() == out.len(),
        "lengths of a sum"
    );
    let [a_factor, b_factor] = c.factors.map(|factor| _mm512_set1_epi32(factor));
    let offset = _mm512_set1_epi32(c.offset);
    let shift = _mm_cvtsi32_si128(c.shift as i32);
    let zero_point = _mm512_set1_epi16(i16::from(c.zero_point));
    let (min, max) = (_mm512_set1_epi8(c.min), _mm512_set1_epi8(c.max));
    let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let sixteen = |a: __m128i, b: __m128i| {
        let a = _mm512_mullo_epi32(_mm512_cvtepi8_epi32(a), a_factor);
        let b = _mm512_mullo_epi32(_mm512_cvtepi8_epi32(b), b_factor);
        _mm512_sra_epi32(_mm512_add_epi32(_mm512_add_epi32(a, b), offset), shift)
    };
    let sixty_four = |a: __m512i, b: __m512i| {
        let first = sixteen(_mm512_castsi512_si128(a), _mm512_castsi512_si128(b));
        let second = sixteen(
            _mm512_extracti32x4_epi32::<1>(a),
            _mm512_extracti32x4_epi32::<1>(b),
        );
        let third = sixteen(
            _mm512_extracti32x4_epi32::<2>(a),
            _mm512_extracti32x4_epi32::<2>(b),
        );
        let fourth = sixteen(
            _mm512_extracti32x4_epi32::<3>(a),
            _mm512_extracti32x4_epi32::<3>(b),
        );
        // Saturating at 16 bits, before and after the zero point, changes no byte.
        let low = _mm512_adds_epi16(_mm512_packs_epi32(first, second), zero_point);
        let high = _mm512_adds_epi16(_mm512_packs_epi32(third, fourth), zero_point);
        let bytes = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(low, high));
        _mm512_min_epi8(_mm512_max_epi8(bytes, min), max)
    };
    let (a_blocks, a_rest) = a.as_chunks::<64>();
    let (b_blocks, b_rest) = b.as_chunks::<64>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<64>();
    for ((a, b), out) in a_blocks.iter().zip(b_blocks).zip(out_blocks) {
        // SAFETY: each block is 64 bytes.
        unsafe {
            let (a, b) = (
                _mm512_loadu_si512(a.as_ptr().cast()),
                _mm512_loadu_si512(b.as_ptr().cast()),
            );
            _mm512_storeu_si512(out.as_mut_ptr().cast(), sixty_four(a, b));
        }
    }
    if !out_rest.is_empty() {
        let rest = u64::MAX >> (64 - out_rest.len());
        // SAFETY: the mask selects the bytes that are left in all three.
        unsafe {
            let a = _mm512_maskz_loadu_epi8(rest, a_rest.as_ptr());
            let b = _mm512_maskz_loadu_epi8(rest, b_rest.as_ptr());
            _mm512_mask_storeu_epi8(out_rest.as_mut_ptr(), rest, sixty_four(a, b));
        }
    }
}
