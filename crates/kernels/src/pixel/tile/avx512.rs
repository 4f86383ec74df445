//! A row of a tile, sixteen pixels, at a time.
use std::arch::x86_64::*;

use super::super::Source;
use super::scalar;
use super::whole::{self, Whole};
use super::{Found, HEIGHT, Kind, WIDTH};

/// The gathering of pictures of so many channels into such cells, where it is done here.
pub(super) fn of(channels: usize, cell: usize) -> Option<unsafe fn(Source<'_>, &[u8], Found<'_>)> {
    match (channels, cell) {
        (3, 4) => Some(gather::<3, 4>),
        (3, 8) => Some(gather::<3, 8>),
        (4, 4) => Some(gather::<4, 4>),
        (4, 8) => Some(gather::<4, 8>),
        _ => None,
    }
}

/// As [`scalar::gather`].
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn gather<const C: usize, const CELL: usize>(source: Source<'_>, mask: &[u8], found: Found<'_>) {
    whole::gather::<C>(source, mask, CELL, found, |tile, place, found| {
        gather_whole::<C, CELL>(tile, source.width, place, found)
    });
}

/// `false`, and nothing done, where not all pixels are opaque.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn gather_whole<const C: usize, const CELL: usize>(
    tile: &Whole<'_, C>,
    width: usize,
    place: (usize, usize),
    found: &mut Found<'_>,
) -> bool {
    let (mut any, mut all) = (_mm_setzero_si128(), _mm_set1_epi8(-1));
    // The second is left out where a cell is as high as the tile.
    let mut sums = [_mm512_setzero_si512(); 2];
    for i in 0..HEIGHT {
        let sum = &mut sums[i / CELL];
        *sum = _mm512_dpbusd_epi32(*sum, grouped(tile.row(i)), _mm512_set1_epi8(1));
        // SAFETY: a row of alphas is 16 readable bytes.
        let alphas = unsafe { _mm_loadu_si128(tile.alphas(i).as_ptr().cast()) };
        any = _mm_or_si128(any, alphas);
        all = _mm_and_si128(all, alphas);
    }
    let kind = if _mm_test_epi8_mask(any, any) == 0 {
        Kind::Empty
    } else if _mm_cmpeq_epi8_mask(all, _mm_set1_epi8(-1)) == u16::MAX {
        Kind::Full
    } else {
        Kind::Soft
    };
    // Four pixels of every row: their opacity, and how many they are.
    let pixels = 4 * CELL as i32;
    for sum in &mut sums[..HEIGHT / CELL] {
        let opaque = _mm512_set1_epi32(255 * pixels);
        if C == 4 && _mm512_mask_cmpneq_epi32_mask(NUMBERS, *sum, opaque) != 0 {
            return false;
        }
        *sum = _mm512_mask_set1_epi32(*sum, NUMBERS, pixels);
    }
    let tiles = width.div_ceil(WIDTH);
    found.kinds[place.1 * tiles + place.0] = kind;
    for (group, sum) in sums[..HEIGHT / CELL].iter().enumerate() {
        let cells = scalar::cells(CELL, width, place, group);
        let person = &mut found.person[cells.clone()];
        let background = &mut found.background[cells];
        if kind == Kind::Soft {
            let [of_person, of_background] = weighted(tile, group * CELL..(group + 1) * CELL);
            store::<CELL>(means::<CELL>(of_person), person);
            store::<CELL>(means::<CELL>(of_background), background);
            continue;
        }
        let sum = _mm512_sub_epi32(_mm512_slli_epi32::<8>(*sum), *sum);
        let (all, none) = match kind {
            Kind::Full => (person, background),
            _ => (background, person),
        };
        store::<CELL>(means::<CELL>(sum), all);
        store::<CELL>(_mm512_setzero_ps(), none);
    }
    true
}

/// Weighted sums of both sides, person first, over four columns at a time.
///
/// The instruction takes signed weights: it gets them less 128, and 128 times the unweighted sums is added.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn weighted<const C: usize>(tile: &Whole<'_, C>, rows: std::ops::Range<usize>) -> [__m512i; 2] {
    let zero = _mm512_setzero_si512();
    let (mut plain, mut person, mut background) = (zero, zero, zero);
    // Pixels 4 i to 4 i + 3, four times, in quarter i.
    let fours = _mm512_setr_epi32(
        0x0302_0100,
        0x0302_0100,
        0x0302_0100,
        0x0302_0100,
        0x0706_0504,
        0x0706_0504,
        0x0706_0504,
        0x0706_0504,
        0x0B0A_0908,
        0x0B0A_0908,
        0x0B0A_0908,
        0x0B0A_0908,
        0x0F0E_0D0C,
        0x0F0E_0D0C,
        0x0F0E_0D0C,
        0x0F0E_0D0C,
    );
    for i in rows {
        let pixels = _mm512_mask_set1_epi32(grouped(tile.row(i)), NUMBERS, 0x0101_0101);
        let weights = _mm256_xor_si256(weights(tile.alphas(i)), _mm256_set1_epi8(-128));
        let of_person = _mm512_broadcast_i32x4(_mm256_castsi256_si128(weights));
        let of_background = _mm512_broadcast_i32x4(_mm256_extracti128_si256::<1>(weights));
        plain = _mm512_dpbusd_epi32(plain, pixels, _mm512_set1_epi8(1));
        person = _mm512_dpbusd_epi32(person, pixels, _mm512_shuffle_epi8(of_person, fours));
        background = _mm512_dpbusd_epi32(
            background,
            pixels,
            _mm512_shuffle_epi8(of_background, fours),
        );
    }
    let plain = _mm512_slli_epi32::<7>(plain);
    [
        _mm512_add_epi32(person, plain),
        _mm512_add_epi32(background, plain),
    ]
}
/// Sixteen pixels, red lowest; the fourth byte of a picture of three channels is anything.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn pixels<const C: usize>(pixels: &[[u8; C]]) -> __m512i {
    let bytes = pixels.as_flattened();
    if C == 4 {
        let bytes = bytes.first_chunk::<64>().expect("sixteen pixels");
        // SAFETY: `bytes` is 64 readable bytes.
        return unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) };
    }
    // Four pixels per quarter; the last quarter's load ends four bytes beyond its pixels.
    let bytes = bytes.first_chunk::<52>().expect("eighteen pixels");
    let quarter = |i: usize| {
        // SAFETY: `i` is below 4, so the 16 bytes read end by byte 52.
        unsafe { _mm_loadu_si128(bytes.as_ptr().add(12 * i).cast()) }
    };
    let all = _mm512_castsi128_si512(quarter(0));
    let all = _mm512_inserti32x4::<1>(all, quarter(1));
    let all = _mm512_inserti32x4::<2>(all, quarter(2));
    _mm512_inserti32x4::<3>(all, quarter(3))
}

/// Of the four numbers in every quarter the last.
const NUMBERS: __mmask16 = 0x8888;

/// Sixteen pixels: in quarter `i` four reds, four greens, four blues and four alphas, or zeros where there are none.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn grouped<const C: usize>(row: &[[u8; C]]) -> __m512i {
    let order = if C == 4 {
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
    } else {
        _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1)
    };
    _mm512_shuffle_epi8(pixels(row), _mm512_broadcast_i32x4(order))
}

/// Weights of sixteen pixels as person, and of the same as background.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn weights(alphas: &[u8; WIDTH]) -> __m256i {
    // SAFETY: `alphas` is 16 readable bytes.
    let alphas = unsafe { _mm_loadu_si128(alphas.as_ptr().cast()) };
    let rests = _mm_xor_si128(alphas, _mm_set1_epi8(-1));
    let mut shares = _mm512_cvtepu8_epi16(_mm256_set_m128i(rests, alphas));
    for _ in 0..3 {
        let square = _mm512_mullo_epi16(shares, shares);
        let t = _mm512_add_epi16(square, _mm512_set1_epi16(128));
        shares = _mm512_srli_epi16::<8>(_mm512_add_epi16(t, _mm512_srli_epi16::<8>(t)));
    }
    _mm512_cvtepi16_epi8(shares)
}

/// The means of a row of cells from sums over four columns at a time; in the upper half zeros where there are two cells.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn means<const CELL: usize>(sums: __m512i) -> __m512 {
    let sums = if CELL == 8 {
        let sums = _mm512_add_epi32(sums, _mm512_shuffle_i32x4::<0b10_11_00_01>(sums, sums));
        _mm512_shuffle_i32x4::<0b10_00_10_00>(sums, sums)
    } else {
        sums
    };
    _mm512_div_ps(
        _mm512_cvtepi32_ps(sums),
        _mm512_set1_ps(scalar::whole(CELL)),
    )
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn store<const CELL: usize>(means: __m512, cells: &mut [[f32; 4]]) {
    if CELL == 8 {
        let cells = cells
            .first_chunk_mut::<2>()
            .expect("two cells of a whole tile");
        // SAFETY: `cells` is 32 writable bytes.
        unsafe { _mm256_storeu_ps(cells.as_mut_ptr().cast(), _mm512_castps512_ps256(means)) };
    } else {
        let cells = cells
            .first_chunk_mut::<4>()
            .expect("four cells of a whole tile");
        // SAFETY: `cells` is 64 writable bytes.
        unsafe { _mm512_storeu_ps(cells.as_mut_ptr().cast(), means) };
    }
}
