//! Eight pixels of a row at a time.
use std::arch::x86_64::*;

use super::super::lerp::Taps;
use super::blocks;
use super::{Between, OFFSET_BITS, SLOPE_BITS};

/// Pixels computed at a time.
const BLOCK: usize = 8;

/// As [`apply_plain`](super::scalar::apply_plain).
#[target_feature(enable = "avx2")]
pub(super) fn apply<const C: usize>(row: &Between, x: &Taps, picture: &[u8], out: &mut [u8]) {
    blocks::apply::<C, BLOCK>(
        row,
        x,
        picture,
        out,
        |cells, weights, pixels, out| match colours(pixels) {
            Some(colours) => block(row, cells, weights, colours, out),
            None => false,
        },
    );
}

/// One block, unless it leans on more cells than a register holds.
#[target_feature(enable = "avx2")]
fn block(
    row: &Between,
    cells: &[u32; BLOCK],
    weights: &[u16; BLOCK],
    colours: __m256i,
    out: &mut [u8; BLOCK],
) -> bool {
    let first = cells[0];
    if cells[BLOCK - 1] - first > 6 {
        return false;
    }
    // SAFETY: `cells` is 32 readable bytes.
    let cells = unsafe { _mm256_loadu_si256(cells.as_ptr().cast()) };
    let left = _mm256_sub_epi32(cells, _mm256_set1_epi32(first as i32));
    let right = _mm256_add_epi32(left, _mm256_set1_epi32(1));
    // SAFETY: `weights` is 16 readable bytes.
    let weights = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(weights.as_ptr().cast()) });
    let mixed = |c: usize| {
        let eight: &[i32; 8] = row.plane(c)[first as usize..]
            .first_chunk()
            .expect("a plane ends with sixteen cells more");
        // SAFETY: `eight` is 32 readable bytes.
        let eight = unsafe { _mm256_loadu_si256(eight.as_ptr().cast()) };
        let (a, b) = (
            _mm256_permutevar8x32_epi32(eight, left),
            _mm256_permutevar8x32_epi32(eight, right),
        );
        let change = _mm256_mullo_epi32(_mm256_sub_epi32(b, a), weights);
        _mm256_srai_epi32::<8>(_mm256_add_epi32(_mm256_slli_epi32::<8>(a), change))
    };
    let byte = _mm256_set1_epi32(255);
    let red = _mm256_and_si256(colours, byte);
    let green = _mm256_and_si256(_mm256_srli_epi32::<8>(colours), byte);
    let blue = _mm256_and_si256(_mm256_srli_epi32::<16>(colours), byte);
    let sum = _mm256_add_epi32(
        _mm256_add_epi32(
            _mm256_mullo_epi32(mixed(0), red),
            _mm256_mullo_epi32(mixed(1), green),
        ),
        _mm256_mullo_epi32(mixed(2), blue),
    );
    let value = _mm256_add_epi32(
        _mm256_srai_epi32::<{ (SLOPE_BITS - OFFSET_BITS) as i32 }>(sum),
        mixed(3),
    );
    let half = _mm256_set1_epi32(1 << (OFFSET_BITS - 1));
    let value = _mm256_srai_epi32::<{ OFFSET_BITS as i32 }>(_mm256_add_epi32(value, half));
    // Both packs saturate, so that a value is held to a byte.
    let words = _mm_packs_epi32(
        _mm256_castsi256_si128(value),
        _mm256_extracti128_si256::<1>(value),
    );
    // SAFETY: `out` is 8 writable bytes.
    unsafe { _mm_storel_epi64(out.as_mut_ptr().cast(), _mm_packus_epi16(words, words)) };
    true
}

/// The first eight pixels as numbers, red lowest; `None` when too few follow.
#[target_feature(enable = "avx2")]
fn colours<const C: usize>(pixels: &[[u8; C]]) -> Option<__m256i> {
    let bytes = pixels.as_flattened();
    match C {
        1 => {
            let bytes = bytes.first_chunk::<8>()?;
            // SAFETY: `bytes` is 8 readable bytes.
            let gray = _mm256_cvtepu8_epi32(unsafe { _mm_loadl_epi64(bytes.as_ptr().cast()) });
            let order = _mm_setr_epi8(0, 0, 0, -1, 4, 4, 4, -1, 8, 8, 8, -1, 12, 12, 12, -1);
            Some(_mm256_shuffle_epi8(
                gray,
                _mm256_broadcastsi128_si256(order),
            ))
        }
        3 => {
            // Four pixels per half; the second half's load ends four bytes beyond its pixels.
            let bytes = bytes.first_chunk::<28>()?;
            // SAFETY: the 16 bytes from the twelfth on end by byte 28.
            let (first, second) = unsafe {
                (
                    _mm_loadu_si128(bytes.as_ptr().cast()),
                    _mm_loadu_si128(bytes.as_ptr().add(12).cast()),
                )
            };
            let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
            let both = _mm256_set_m128i(second, first);
            Some(_mm256_shuffle_epi8(
                both,
                _mm256_broadcastsi128_si256(order),
            ))
        }
        _ => {
            let bytes = bytes.first_chunk::<32>()?;
            // SAFETY: `bytes` is 32 readable bytes.
            Some(unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) })
        }
    }
}
