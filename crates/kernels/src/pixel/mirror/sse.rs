//! Four pixels at a time.
use core::arch::x86_64::*;

use super::{Seen, scalar};

/// Pixels of a vector.
const FOUR: usize = 4;

/// See [`super::fill`]; lengths as that checks them.
#[target_feature(enable = "sse4.1")]
pub(super) fn fill(seen: Seen<'_>, out: &mut [i8]) {
    let width = seen.width;
    // Twelve bytes of colour are loaded as sixteen.
    let vectors = (width * 3).saturating_sub(4) / (FOUR * 3);
    let (colour, known) = if seen.mirrored {
        (
            _mm_setr_epi8(9, 10, 11, -1, 6, 7, 8, -1, 3, 4, 5, -1, 0, 1, 2, -1),
            _mm_setr_epi8(-1, -1, -1, 3, -1, -1, -1, 2, -1, -1, -1, 1, -1, -1, -1, 0),
        )
    } else {
        (
            _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1),
            _mm_setr_epi8(-1, -1, -1, 0, -1, -1, -1, 1, -1, -1, -1, 2, -1, -1, -1, 3),
        )
    };
    let flip = _mm_set1_epi8(i8::MIN);
    let rows = out.chunks_exact_mut(4 * width);
    for ((y, row), rgb) in rows.enumerate().zip(seen.rgb.chunks_exact(3 * width)) {
        let mask = seen.mask.map(|mask| &mask[y * width..][..width]);
        for x in (0..vectors).map(|vector| vector * FOUR) {
            let rgb: &[u8; 16] = rgb[3 * x..].first_chunk().expect("four more bytes");
            // SAFETY: sixteen readable bytes.
            let rgb = unsafe { _mm_loadu_si128(rgb.as_ptr().cast()) };
            let four = mask.and_then(|mask| mask[x..].first_chunk());
            let mask = _mm_cvtsi32_si128(four.map_or(0, |&four| i32::from_le_bytes(four)));
            let pixels = _mm_or_si128(_mm_shuffle_epi8(rgb, colour), _mm_shuffle_epi8(mask, known));
            let to = if seen.mirrored { width - FOUR - x } else { x };
            let to: &mut [i8; 16] = row[4 * to..].first_chunk_mut().expect("four pixels");
            // SAFETY: sixteen writable bytes.
            unsafe { _mm_storeu_si128(to.as_mut_ptr().cast(), _mm_xor_si128(pixels, flip)) };
        }
    }
    scalar::fill(seen, vectors * FOUR, out);
}
