//! Pairs of bytes times pairs of multipliers: `vpdpwssd` sums both products and the offset at once.
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
    let [a_factor, b_factor] = c.factors.map(|factor| factor as u16 as u32);
    let factors = _mm512_set1_epi32((b_factor << 16 | a_factor) as i32);
    let offset = _mm512_set1_epi32(c.offset);
    let shift = _mm_cvtsi32_si128(c.shift as i32);
    let (min, max) = (_mm512_set1_epi8(c.min), _mm512_set1_epi8(c.max));
    let order = _mm512_setr_epi64(0, 2, 4, 6, 1, 3, 5, 7);
    let scaled = |pairs| _mm512_sra_epi32(_mm512_dpwssd_epi32(offset, pairs, factors), shift);
    // Thirty-two sums as 16-bit numbers: within each 128-bit lane, unpacking and packing undo each other.
    let half = |a: __m256i, b: __m256i| {
        let (a, b) = (_mm512_cvtepi8_epi16(a), _mm512_cvtepi8_epi16(b));
        let (low, high) = (_mm512_unpacklo_epi16(a, b), _mm512_unpackhi_epi16(a, b));
        _mm512_packs_epi32(scaled(low), scaled(high))
    };
    let sixty_four = |a: __m512i, b: __m512i| {
        let low = half(_mm512_castsi512_si256(a), _mm512_castsi512_si256(b));
        let high = half(
            _mm512_extracti64x4_epi64::<1>(a),
            _mm512_extracti64x4_epi64::<1>(b),
        );
        let bytes = _mm512_permutexvar_epi64(order, _mm512_packs_epi16(low, high));
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
