//! The horizontal step for three and four channels: two pixels at a time, a vector of their channels side by side. Left to itself the
//! compiler makes vectors of taps instead, and takes six cycles a tap.
//!
//! Where a picture shrinks to no less than a third, no output has more than four taps, but neighbours have different numbers: there all
//! are given four, so that no branch depends on it.
use core::arch::x86_64::*;

use super::Axis;
use super::axis::Fours;

/// The products are of signed words: sums are taken less 2^15, of which the weights, 256 together, make 2^23. A half for the rounding.
const START: i32 = (1 << 15) + (1 << 23);

/// The channels of two pixels side by side.
#[inline]
#[target_feature(enable = "sse4.1")]
fn side_by_side<const C: usize>() -> __m128i {
    if C == 4 {
        _mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15)
    } else {
        _mm_setr_epi8(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11, -1, -1, -1, -1)
    }
}

/// As [`super::scalar::shrink_row`] with three or four channels; `sums` has a [`MARGIN`](super::MARGIN).
#[target_feature(enable = "sse4.1")]
pub(super) fn shrink_row<const C: usize>(sums: &[u16], x: &Axis, out: &mut [u8]) {
    let (signed, side_by_side) = (_mm_set1_epi16(i16::MIN), side_by_side::<C>());
    for (i, pixel) in out.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        let (first, weights) = x.taps(i);
        let sums = &sums[first * C..];
        let (pairs, last) = weights.as_chunks::<2>();
        let mut total = _mm_set1_epi32(START);
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
        pixel.copy_from_slice(&bytes(total)[..C]);
    }
}

/// Four sums without their fractions.
#[inline]
#[target_feature(enable = "sse4.1")]
fn bytes(sums: __m128i) -> [u8; 4] {
    let words = _mm_srli_epi32::<16>(sums);
    let words = _mm_packus_epi32(words, words);
    _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes()
}

/// [`shrink_row`] where no output has more than four taps.
#[target_feature(enable = "sse4.1")]
pub(super) fn shrink_row_of_four<const C: usize>(
    sums: &[u16],
    (firsts, weights): Fours<'_>,
    out: &mut [u8],
) {
    let (signed, side_by_side) = (_mm_set1_epi16(i16::MIN), side_by_side::<C>());
    let pixels = out.as_chunks_mut::<C>().0.iter_mut();
    for ((pixel, &first), weights) in pixels.zip(firsts).zip(weights) {
        let sums: &[u16; 16] = sums[first * C..].first_chunk().expect("a margin");
        // SAFETY: four weights are 8 readable bytes.
        let weights = unsafe { _mm_loadl_epi64(weights.as_ptr().cast()) };
        let product = |at: usize, weights: __m128i| {
            let sums: &[u16; 8] = sums[at..]
                .first_chunk()
                .expect("two pixels of sixteen numbers");
            // SAFETY: eight numbers are 16 readable bytes.
            let sums = unsafe { _mm_loadu_si128(sums.as_ptr().cast()) };
            let sums = _mm_shuffle_epi8(_mm_xor_si128(sums, signed), side_by_side);
            _mm_madd_epi16(sums, weights)
        };
        let near = product(0, _mm_shuffle_epi32::<0b00_00_00_00>(weights));
        let far = product(2 * C, _mm_shuffle_epi32::<0b01_01_01_01>(weights));
        let total = _mm_add_epi32(_mm_set1_epi32(START), _mm_add_epi32(near, far));
        pixel.copy_from_slice(&bytes(total)[..C]);
    }
}

/// [`shrink_row_of_four`] with one channel and at least four outputs: four of them at a time, the last ones perhaps twice.
#[target_feature(enable = "sse4.1")]
pub(super) fn shrink_gray_row_of_four(sums: &[u16], (firsts, weights): Fours<'_>, out: &mut [u8]) {
    let signed = _mm_set1_epi16(i16::MIN);
    let taps = |first: usize| {
        let sums: &[u16; 4] = sums[first..].first_chunk().expect("a margin");
        // SAFETY: four numbers are 8 readable bytes.
        unsafe { _mm_loadl_epi64(sums.as_ptr().cast()) }
    };
    let last = out.len() - 4;
    for at in (0..out.len()).step_by(4).map(|at| at.min(last)) {
        let firsts: &[usize; 4] = firsts[at..].first_chunk().expect("four outputs");
        let weights: &[[u16; 4]; 4] = weights[at..].first_chunk().expect("four outputs");
        let two = |i: usize| {
            let sums = _mm_unpacklo_epi64(taps(firsts[i]), taps(firsts[i + 1]));
            let weights: &[[u16; 4]; 2] = weights[i..].first_chunk().expect("two of four");
            // SAFETY: eight weights are 16 readable bytes.
            let weights = unsafe { _mm_loadu_si128(weights.as_ptr().cast()) };
            _mm_madd_epi16(_mm_xor_si128(sums, signed), weights)
        };
        let total = _mm_add_epi32(_mm_set1_epi32(START), _mm_hadd_epi32(two(0), two(2)));
        out[at..at + 4].copy_from_slice(&bytes(total));
    }
}
