//! A row of a tile, sixteen pixels, at a time, in two registers.
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
#[target_feature(enable = "avx2")]
fn gather<const C: usize, const CELL: usize>(source: Source<'_>, mask: &[u8], found: Found<'_>) {
    whole::gather::<C>(source, mask, CELL, found, |tile, place, found| {
        gather_whole::<C, CELL>(tile, source.width, place, found)
    });
}

/// Sums over four columns at a time, four numbers each: two times two fours.
type Sums = [__m256i; 2];

/// `false`, and nothing done, where not all pixels are opaque.
#[inline]
#[target_feature(enable = "avx2")]
fn gather_whole<const C: usize, const CELL: usize>(
    tile: &Whole<'_, C>,
    width: usize,
    place: (usize, usize),
    found: &mut Found<'_>,
) -> bool {
    let zero = _mm256_setzero_si256();
    let (mut any, mut all) = (_mm_setzero_si128(), _mm_set1_epi8(-1));
    // Two pixels to a number of 16 bits; the second pair is left out where a cell is as high as the tile.
    let mut twos = [[zero; 2]; 2];
    for i in 0..HEIGHT {
        let row = grouped(tile.row(i));
        for half in 0..2 {
            let sum = &mut twos[i / CELL][half];
            let pairs = _mm256_maddubs_epi16(row[half], _mm256_set1_epi8(1));
            *sum = _mm256_add_epi16(*sum, pairs);
        }
        // SAFETY: a row of alphas is 16 readable bytes.
        let alphas = unsafe { _mm_loadu_si128(tile.alphas(i).as_ptr().cast()) };
        any = _mm_or_si128(any, alphas);
        all = _mm_and_si128(all, alphas);
    }
    let kind = if _mm_testz_si128(any, any) == 1 {
        Kind::Empty
    } else if _mm_testc_si128(all, _mm_set1_epi8(-1)) == 1 {
        Kind::Full
    } else {
        Kind::Soft
    };
    // Four pixels of every row: their opacity, and how many they are.
    let pixels = 4 * CELL as i32;
    let mut sums = [[zero; 2]; 2];
    for group in 0..HEIGHT / CELL {
        for half in 0..2 {
            let fours = _mm256_madd_epi16(twos[group][half], _mm256_set1_epi16(1));
            let opaque = _mm256_cmpeq_epi32(fours, _mm256_set1_epi32(255 * pixels));
            if C == 4 && _mm256_movemask_ps(_mm256_castsi256_ps(opaque)) & NUMBERS != NUMBERS {
                return false;
            }
            sums[group][half] = _mm256_blend_epi32::<{ NUMBERS }>(fours, _mm256_set1_epi32(pixels));
        }
    }
    found.kinds[place.1 * width.div_ceil(WIDTH) + place.0] = kind;
    for (group, sums) in sums[..HEIGHT / CELL].iter().enumerate() {
        let cells = scalar::cells(CELL, width, place, group);
        let person = &mut found.person[cells.clone()];
        let background = &mut found.background[cells];
        if kind == Kind::Soft {
            let [of_person, of_background] = weighted(tile, group * CELL..(group + 1) * CELL);
            store::<CELL>(of_person, person);
            store::<CELL>(of_background, background);
            continue;
        }
        let (all, none) = match kind {
            Kind::Full => (person, background),
            _ => (background, person),
        };
        let times_255 = |sum| _mm256_sub_epi32(_mm256_slli_epi32::<8>(sum), sum);
        store::<CELL>([times_255(sums[0]), times_255(sums[1])], all);
        store::<CELL>([zero; 2], none);
    }
    true
}

/// Weighted sums of both sides, person first.
#[inline]
#[target_feature(enable = "avx2")]
fn weighted<const C: usize>(tile: &Whole<'_, C>, rows: std::ops::Range<usize>) -> [Sums; 2] {
    let zero = _mm256_setzero_si256();
    // For each side and half: reds and greens, blues and numbers, each in two parts.
    let mut parts = [[[zero; 2]; 2]; 2];
    for i in rows {
        let row = grouped(tile.row(i));
        // SAFETY: a row of alphas is 16 readable bytes.
        let alphas = unsafe { _mm_loadu_si128(tile.alphas(i).as_ptr().cast()) };
        let shares = _mm256_cvtepu8_epi16(alphas);
        let rests = _mm256_xor_si256(shares, _mm256_set1_epi16(255));
        let shares = [shares, rests];
        for side in 0..2 {
            let weights = weights(shares[side]);
            // Four weights twice beside four pixels of every colour.
            let weights = [
                _mm256_permute4x64_epi64::<0b01_01_00_00>(weights),
                _mm256_permute4x64_epi64::<0b11_11_10_10>(weights),
            ];
            for half in 0..2 {
                let ones = _mm256_set1_epi32(0x0101_0101);
                let pixels = _mm256_blend_epi32::<{ NUMBERS }>(row[half], ones);
                let [first, second] = &mut parts[side][half];
                let (low, high) = (
                    _mm256_unpacklo_epi8(pixels, zero),
                    _mm256_unpackhi_epi8(pixels, zero),
                );
                *first = _mm256_add_epi32(*first, _mm256_madd_epi16(low, weights[half]));
                *second = _mm256_add_epi32(*second, _mm256_madd_epi16(high, weights[half]));
            }
        }
    }
    let mut sums = [[zero; 2]; 2];
    for side in 0..2 {
        for half in 0..2 {
            let [first, second] = parts[side][half];
            sums[side][half] = _mm256_hadd_epi32(first, second);
        }
    }
    sums
}

/// Of the four numbers in every quarter the last.
const NUMBERS: i32 = 0x88;

/// Sixteen pixels: in quarter `i` of all four reds, four greens, four blues and four alphas, or zeros where there are none.
#[inline]
#[target_feature(enable = "avx2")]
fn grouped<const C: usize>(row: &[[u8; C]]) -> [__m256i; 2] {
    let bytes = row.as_flattened();
    let order = if C == 4 {
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)
    } else {
        _mm_setr_epi8(0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11, -1, -1, -1, -1)
    };
    let halves = if C == 4 {
        let bytes = bytes.first_chunk::<64>().expect("sixteen pixels");
        // SAFETY: `bytes` is 64 readable bytes.
        unsafe {
            [
                _mm256_loadu_si256(bytes.as_ptr().cast()),
                _mm256_loadu_si256(bytes.as_ptr().add(32).cast()),
            ]
        }
    } else {
        // Four pixels per quarter; the last quarter's load ends four bytes beyond its pixels.
        let bytes = bytes.first_chunk::<52>().expect("eighteen pixels");
        let quarter = |i: usize| {
            // SAFETY: `i` is below 4, so the 16 bytes read end by byte 52.
            unsafe { _mm_loadu_si128(bytes.as_ptr().add(12 * i).cast()) }
        };
        [
            _mm256_set_m128i(quarter(1), quarter(0)),
            _mm256_set_m128i(quarter(3), quarter(2)),
        ]
    };
    let order = _mm256_broadcastsi128_si256(order);
    [
        _mm256_shuffle_epi8(halves[0], order),
        _mm256_shuffle_epi8(halves[1], order),
    ]
}

/// Eighth powers of shares; a square over 255 is `257 t` over 2^16, `t` being 128 more than it.
#[inline]
#[target_feature(enable = "avx2")]
fn weights(mut shares: __m256i) -> __m256i {
    for _ in 0..3 {
        let square = _mm256_mullo_epi16(shares, shares);
        let t = _mm256_add_epi16(square, _mm256_set1_epi16(128));
        shares = _mm256_mulhi_epu16(t, _mm256_set1_epi16(257));
    }
    shares
}

/// Writes the means of a row of cells.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const CELL: usize>(sums: Sums, cells: &mut [[f32; 4]]) {
    let mean = |sums| {
        _mm256_div_ps(
            _mm256_cvtepi32_ps(sums),
            _mm256_set1_ps(scalar::whole(CELL)),
        )
    };
    if CELL == 8 {
        let cells = cells
            .first_chunk_mut::<2>()
            .expect("two cells of a whole tile");
        let sums = _mm256_add_epi32(
            _mm256_permute2x128_si256::<0x20>(sums[0], sums[1]),
            _mm256_permute2x128_si256::<0x31>(sums[0], sums[1]),
        );
        // SAFETY: `cells` is 32 writable bytes.
        unsafe { _mm256_storeu_ps(cells.as_mut_ptr().cast(), mean(sums)) };
    } else {
        let cells = cells
            .first_chunk_mut::<4>()
            .expect("four cells of a whole tile");
        let out = cells.as_mut_ptr().cast::<f32>();
        // SAFETY: `cells` is 64 writable bytes.
        unsafe {
            _mm256_storeu_ps(out, mean(sums[0]));
            _mm256_storeu_ps(out.add(8), mean(sums[1]));
        }
    }
}
