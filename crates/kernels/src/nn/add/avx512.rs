//! Products of 21-bit factors and bytes, two at a time, packed with saturation.
//!
//! `vpmulld` is slow, and sums take two of them. Here a lane of 32 bits holds a byte of each input, in the upper halves of two
//! words. With a factor split into `256 * high + low`, one `vpdpwssd` adds `256 * a * high_a + 256 * b * high_b`, and one `vpdpbusd`,
//! whose unsigned operand is the factors' lower bytes, the rest. Sums are exact modulo 2^32.
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
    let pair = |a: i32, b: i32| _mm512_set1_epi32((a & 0xffff) | b << 16);
    let [a_factor, b_factor] = c.factors;
    let high = pair(a_factor >> 8, b_factor >> 8);
    let low = pair((a_factor & 0xff) << 8, (b_factor & 0xff) << 8);
    let zero = _mm512_setzero_si512();
    let offset = _mm512_set1_epi32(c.offset);
    let shift = _mm512_set1_epi32(c.shift as i32);
    let zero_point = _mm512_set1_epi16(i16::from(c.zero_point));
    let (min, max) = (_mm512_set1_epi8(c.min), _mm512_set1_epi8(c.max));
    let sixteen = |words: __m512i| {
        let sums = _mm512_dpbusd_epi32(_mm512_dpwssd_epi32(offset, words, high), low, words);
        _mm512_srav_epi32(sums, shift)
    };
    // Unpacking and packing both go by lanes of 128 bits, so the order comes out as it was.
    let thirty_two = |ab: __m512i| {
        _mm512_packs_epi32(
            sixteen(_mm512_unpacklo_epi8(zero, ab)),
            sixteen(_mm512_unpackhi_epi8(zero, ab)),
        )
    };
    let sixty_four = |a: __m512i, b: __m512i| {
        // Saturating at 16 bits, before and after the zero point, changes no byte.
        let low = _mm512_adds_epi16(thirty_two(_mm512_unpacklo_epi8(a, b)), zero_point);
        let high = _mm512_adds_epi16(thirty_two(_mm512_unpackhi_epi8(a, b)), zero_point);
        let bytes = _mm512_packs_epi16(low, high);
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
