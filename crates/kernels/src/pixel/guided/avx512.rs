//! Sixteen pixels of a row at a time.
use std::arch::x86_64::*;

use super::super::lerp::Taps;
use super::blocks;
use super::{Between, OFFSET_BITS, SLOPE_BITS};

/// Pixels computed at a time.
const BLOCK: usize = 16;

/// As [`apply_plain`](super::scalar::apply_plain).
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn block(
    row: &Between,
    cells: &[u32; BLOCK],
    weights: &[u16; BLOCK],
    colours: __m512i,
    out: &mut [u8; BLOCK],
) -> bool {
    let first = cells[0];
    if cells[BLOCK - 1] - first > 14 {
        return false;
    }
    // SAFETY: `cells` is 64 readable bytes.
    let cells = unsafe { _mm512_loadu_si512(cells.as_ptr().cast()) };
    let left = _mm512_sub_epi32(cells, _mm512_set1_epi32(first as i32));
    let right = _mm512_add_epi32(left, _mm512_set1_epi32(1));
    // SAFETY: `weights` is 32 readable bytes.
    let weights = _mm512_cvtepu16_epi32(unsafe { _mm256_loadu_si256(weights.as_ptr().cast()) });
    let mixed = |c: usize| {
        let sixteen: &[i32; 16] = row.plane(c)[first as usize..]
            .first_chunk()
            .expect("a plane ends with sixteen cells more");
        // SAFETY: `sixteen` is 64 readable bytes.
        let sixteen = unsafe { _mm512_loadu_si512(sixteen.as_ptr().cast()) };
        let (a, b) = (
            _mm512_permutexvar_epi32(left, sixteen),
            _mm512_permutexvar_epi32(right, sixteen),
        );
        let change = _mm512_mullo_epi32(_mm512_sub_epi32(b, a), weights);
        _mm512_srai_epi32::<8>(_mm512_add_epi32(_mm512_slli_epi32::<8>(a), change))
    };
    let byte = _mm512_set1_epi32(255);
    let red = _mm512_and_si512(colours, byte);
    let green = _mm512_and_si512(_mm512_srli_epi32::<8>(colours), byte);
    let blue = _mm512_and_si512(_mm512_srli_epi32::<16>(colours), byte);
    let sum = _mm512_add_epi32(
        _mm512_add_epi32(
            _mm512_mullo_epi32(mixed(0), red),
            _mm512_mullo_epi32(mixed(1), green),
        ),
        _mm512_mullo_epi32(mixed(2), blue),
    );
    let value = _mm512_add_epi32(
        _mm512_srai_epi32::<{ SLOPE_BITS - OFFSET_BITS }>(sum),
        mixed(3),
    );
    let half = _mm512_set1_epi32(1 << (OFFSET_BITS - 1));
    let value = _mm512_srai_epi32::<OFFSET_BITS>(_mm512_add_epi32(value, half));
    let alpha = _mm512_cvtusepi32_epi8(_mm512_max_epi32(value, _mm512_setzero_si512()));
    // SAFETY: `out` is 16 writable bytes.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), alpha) };
    true
}

/// The first sixteen pixels as numbers, red lowest; `None` when too few follow.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn colours<const C: usize>(pixels: &[[u8; C]]) -> Option<__m512i> {
    let bytes = pixels.as_flattened();
    match C {
        1 => {
            let bytes = bytes.first_chunk::<16>()?;
            // SAFETY: `bytes` is 16 readable bytes.
            let gray = _mm512_cvtepu8_epi32(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) });
            Some(_mm512_mullo_epi32(gray, _mm512_set1_epi32(0x01_0101)))
        }
        3 => {
            // Four pixels per quarter; the last quarter's load ends four bytes beyond its pixels.
            let bytes = bytes.first_chunk::<52>()?;
            let quarter = |i: usize| {
                // SAFETY: `i` is below 4, so the 16 bytes read end by byte 52.
                unsafe { _mm_loadu_si128(bytes.as_ptr().add(12 * i).cast()) }
            };
            let all = _mm512_castsi128_si512(quarter(0));
            let all = _mm512_inserti32x4::<1>(all, quarter(1));
            let all = _mm512_inserti32x4::<2>(all, quarter(2));
            let all = _mm512_inserti32x4::<3>(all, quarter(3));
            let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
            Some(_mm512_shuffle_epi8(all, _mm512_broadcast_i32x4(order)))
        }
        _ => {
            let bytes = bytes.first_chunk::<64>()?;
            // SAFETY: `bytes` is 64 readable bytes.
            Some(unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) })
        }
    }
}
