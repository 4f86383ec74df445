//! The horizontal step for three and four channels: two pixels at a time, a vector of their channels side by side. Left to itself the
//! compiler makes vectors of taps instead, and takes six cycles a tap.
use core::arch::x86_64::*;

use super::Axis;

/// As [`super::scalar::shrink_row`] with three or four channels; `sums` has a [`MARGIN`](super::MARGIN).
#[target_feature(enable = "sse4.1")]
pub(super) fn shrink_row<const C: usize>(sums: &[u16], x: &Axis, out: &mut [u8]) {
    // The products are of signed words: sums are taken less 2^15, of which the weights, 256 together, make 2^23.
    let signed = _mm_set1_epi16(i16::MIN);
    let side_by_side = if C == 4 {
        _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)
    } else {
        _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1)
    };
    for (i, pixel) in out.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        let (first, weights) = x.taps(i);
        let sums = &sums[first * C..];
        let (pairs, last) = weights.as_chunks::<2>();
        let mut total = _mm_set1_epi32((1 << 15) + (1 << 23));
        for (pair, &[left, right]) in pairs.iter().enumerate() {
            let sums: &[u16; 8] = sums[2 * pair * C..].first_chunk().expect("a margin");
            // SAFETY: eight numbers are 16 readable bytes.
            let sums = unsafe { _mm_loadu_si128(sums.as_ptr().cast()) };
            let sums = _mm_shuffle_epi8(_mm_xor_si128(sums, signed), side_by_side);
            let weights = _mm_set1_epi32(i32::from(left) | i32::from(right) << 16);
            total = _mm_add_epi32(total, _mm_madd_epi16(sums, weights));
        }
        if let [weight] = *last {
            let last: &[u16; 4] = sums[(weights.len() - 1) * C..]
                .first_chunk()
                .expect("a margin");
            // SAFETY: four numbers are 8 readable bytes.
            let last = unsafe { _mm_loadl_epi64(last.as_ptr().cast()) };
            let last = _mm_cvtepi16_epi32(_mm_xor_si128(last, signed));
            let weight = _mm_set1_epi32(i32::from(weight));
            total = _mm_add_epi32(total, _mm_mullo_epi32(last, weight));
        }
        let words = _mm_srli_epi32::<16>(total);
        let words = _mm_packus_epi32(words, words);
        let bytes = _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes();
        pixel.copy_from_slice(&bytes[..C]);
    }
}
