//! Four pixels, sixteen channels, at a time.
use std::arch::x86_64::*;
use std::ops::Range;

use super::Taps;

/// Pixels written at a time.
const STEP: usize = 4;

/// As [`super::scalar::spread`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn spread(row: &[[u16; 4]], x: &Taps, span: Range<usize>, out: &mut [[u8; 4]]) {
    let weights = &x.weights()[..span.end];
    let out = &mut out[..span.end];
    let pixel_of_lane = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
    let half = _mm512_set1_epi32(1 << 15);
    let (mut cell, mut at) = (x.at(span.start).0, span.start);
    while at < span.end {
        let end = x.outputs(cell, &span).end;
        let (a, b) = (lanes(row[cell]), lanes(row[cell + 1]));
        let base = _mm512_add_epi32(_mm512_slli_epi32::<8>(a), half);
        let slope = _mm512_sub_epi32(b, a);
        while at < end {
            let weight = match weights[at..].first_chunk::<STEP>() {
                Some(weights) => lanes(*weights),
                None => lanes(std::array::from_fn(|i| *weights.get(at + i).unwrap_or(&0))),
            };
            let weight = _mm512_permutexvar_epi32(pixel_of_lane, weight);
            let value = _mm512_add_epi32(base, _mm512_mullo_epi32(slope, weight));
            let bytes = _mm512_cvtepi32_epi8(_mm512_srli_epi32::<16>(value));
            // A whole step may run into the next cell's pixels, which are written after these.
            if let Some(out) = out[at..].first_chunk_mut::<STEP>() {
                // SAFETY: `out` is 16 writable bytes.
                unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), bytes) };
            } else {
                let mut last = [[0; 4]; STEP];
                // SAFETY: `last` is 16 writable bytes.
                unsafe { _mm_storeu_si128(last.as_mut_ptr().cast(), bytes) };
                out[at..].copy_from_slice(&last[..span.end - at]);
            }
            at += STEP;
        }
        at = end;
        cell += 1;
    }
}

/// Four numbers, four times.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn lanes(four: [u16; 4]) -> __m512i {
    // SAFETY: `four` is eight readable bytes.
    let four = unsafe { _mm_loadl_epi64(four.as_ptr().cast()) };
    _mm512_broadcast_i32x4(_mm_cvtepu16_epi32(four))
}
