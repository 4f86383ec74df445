//! The horizontal step for four channels: one vector a pixel. Left to itself the compiler makes vectors of taps instead, and
//! takes six cycles a tap.
use core::arch::x86_64::*;

use super::Axis;

/// As [`super::scalar::shrink_row`] with four channels.
#[target_feature(enable = "sse4.1")]
pub(super) fn shrink_row(sums: &[u16], x: &Axis, out: &mut [u8]) {
    let sums = sums.as_chunks::<4>().0;
    for (i, pixel) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (first, weights) = x.taps(i);
        let mut total = _mm_set1_epi32(1 << 15);
        for (&[r, g, b, a], &weight) in sums[first..].iter().zip(weights) {
            let [r, g, b, a] = [r, g, b, a].map(u64::from);
            let four = _mm_cvtsi64_si128((r | g << 16 | b << 32 | a << 48) as i64);
            let products =
                _mm_mullo_epi32(_mm_cvtepu16_epi32(four), _mm_set1_epi32(i32::from(weight)));
            total = _mm_add_epi32(total, products);
        }
        let words = _mm_srli_epi32::<16>(total);
        let words = _mm_packus_epi32(words, words);
        let bytes = _mm_packus_epi16(words, words);
        *pixel = _mm_cvtsi128_si32(bytes).to_le_bytes();
    }
}
