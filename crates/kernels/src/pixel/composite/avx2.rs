//! Half a row of a tile, eight pixels, at a time: four bytes each in a register, whatever the picture's channels.
use std::arch::x86_64::*;

use super::super::spread::Between;
use super::super::spread::scalar::place;
use super::super::tile::WIDTH;
use super::{TileRow, tiles};

/// As [`tiles::draw`], for 3 and 4 channels.
#[target_feature(enable = "avx2")]
pub(super) fn draw<const C: usize>(row: TileRow<'_>, out: &mut [u8]) {
    let behind = Under::new(row.behind);
    let sides = Under::new(row.person).zip(Under::new(row.background));
    let empty = behind
        .as_ref()
        .map(|behind| |i: usize, out: &mut [[u8; C]; WIDTH]| store(behind.tile(i), out));
    let mixed = behind
        .as_ref()
        .zip(sides.as_ref())
        .map(|(behind, (person, background))| {
            |i: usize,
             pixels: &[[u8; C]; WIDTH],
             alphas: &[u8; WIDTH],
             out: &mut [[u8; C]; WIDTH]| {
                let (own, shares) = (load(pixels), shares(alphas));
                let (person, background) = (person.tile(i), background.tile(i));
                let behind = behind.tile(i);
                let drawn = [
                    soft(own[0], shares[0], [person[0], background[0], behind[0]]),
                    soft(own[1], shares[1], [person[1], background[1], behind[1]]),
                ];
                store(drawn, out);
            }
        });
    tiles::draw_by(row, out, empty, mixed);
}

/// The right cell's weight, of 16, for each of four colours, of four pixels at a time: those that packing takes together.
type Weights = [[[i16; 4]; 4]; 4];

/// The first of four pixels; the others are the next, and those four further. Two such fours are eight pixels.
const FIRST: [usize; 4] = [0, 2, 8, 10];

const fn weights(log: usize) -> Weights {
    let mut weights = [[[0; 4]; 4]; 4];
    let mut i = 0;
    while i < WIDTH {
        let pixel = FIRST[i / 4] + i % 4 / 2 * 4 + i % 2;
        weights[i / 4][i % 4] = [(place(pixel, log) & 15) as i16; 4];
        i += 1;
    }
    weights
}

/// For cells of 4 and 8 pixels: two neighbouring pixels, the first even, lean on the same, and those four further on others or the next.
static WEIGHTS: [Weights; 2] = [weights(2), weights(3)];

/// A plane under the tiles.
struct Under<'a> {
    between: &'a Between,
    weights: &'a Weights,
}

impl<'a> Under<'a> {
    /// `None` for smaller cells.
    fn new(between: &'a Between) -> Option<Self> {
        let weights = WEIGHTS.get(between.log().checked_sub(2)?)?;
        Some(Self { between, weights })
    }

    /// The colours of tile `i`, as [`super::super::spread::scalar::tile`] has them.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn tile(&self, i: usize) -> [__m256i; 2] {
        match self.between.log() {
            2 => self.tile_over::<2>(i),
            _ => self.tile_over::<3>(i),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn tile_over<const LOG: usize>(&self, i: usize) -> [__m256i; 2] {
        let cells = &self.between.under_tile(i)[..(WIDTH >> LOG) + 2];
        let (a, b) = (self.four::<LOG>(cells, 0), self.four::<LOG>(cells, 1));
        let (c, d) = (self.four::<LOG>(cells, 2), self.four::<LOG>(cells, 3));
        [_mm256_packus_epi16(a, b), _mm256_packus_epi16(c, d)]
    }

    /// Four pixels, as [`FIRST`] says which, in 16 bits a number.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn four<const LOG: usize>(&self, cells: &[[u16; 4]], four: usize) -> __m256i {
        let left = place(FIRST[four], LOG) >> 4;
        let (left, right) = (twice(&cells[left..]), twice(&cells[left + 1..]));
        let rise = _mm256_sub_epi16(right, left);
        let level = _mm256_add_epi16(_mm256_slli_epi16::<4>(left), _mm256_set1_epi16(128));
        // SAFETY: 32 readable bytes.
        let weights = unsafe { _mm256_loadu_si256(self.weights[four].as_ptr().cast()) };
        // Sixteen times the left colour and `weight` times the rise, modulo 2^16: their sum is in range.
        let risen = _mm256_mullo_epi16(rise, weights);
        _mm256_srli_epi16::<8>(_mm256_add_epi16(level, risen))
    }
}

/// The first cell twice, then the second twice.
#[inline]
#[target_feature(enable = "avx2")]
fn twice(cells: &[[u16; 4]]) -> __m256i {
    let two = cells.first_chunk::<2>().expect("two cells");
    // SAFETY: two cells are 16 readable bytes.
    let two = unsafe { _mm_loadu_si128(two.as_ptr().cast()) };
    _mm256_permute4x64_epi64::<0b01_01_00_00>(_mm256_castsi128_si256(two))
}

/// Sixteen pixels, four bytes each; the fourth of a picture of three channels is 0.
#[inline]
#[target_feature(enable = "avx2")]
fn load<const C: usize>(pixels: &[[u8; C]; WIDTH]) -> [__m256i; 2] {
    let bytes = pixels.as_flattened().as_ptr();
    if C == 4 {
        // SAFETY: sixteen pixels of four channels are 64 readable bytes.
        return unsafe {
            [
                _mm256_loadu_si256(bytes.cast()),
                _mm256_loadu_si256(bytes.add(32).cast()),
            ]
        };
    }
    let quarter = |at: usize| {
        // SAFETY: `at` is at most 32, so the 16 bytes end by byte 48: sixteen pixels of three channels.
        unsafe { _mm_loadu_si128(bytes.add(at).cast()) }
    };
    let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    // The last four pixels, which begin at byte 36, are the end of what is read.
    let late = _mm_setr_epi8(4, 5, 6, -1, 7, 8, 9, -1, 10, 11, 12, -1, 13, 14, 15, -1);
    [
        _mm256_shuffle_epi8(
            _mm256_set_m128i(quarter(12), quarter(0)),
            _mm256_broadcastsi128_si256(order),
        ),
        _mm256_shuffle_epi8(
            _mm256_set_m128i(quarter(32), quarter(24)),
            _mm256_set_m128i(late, order),
        ),
    ]
}

/// Writes what [`load`] reads.
#[inline]
#[target_feature(enable = "avx2")]
fn store<const C: usize>(drawn: [__m256i; 2], out: &mut [[u8; C]; WIDTH]) {
    let out = out.as_flattened_mut().as_mut_ptr();
    if C == 4 {
        // SAFETY: sixteen pixels of four channels are 64 writable bytes.
        return unsafe {
            _mm256_storeu_si256(out.cast(), drawn[0]);
            _mm256_storeu_si256(out.add(32).cast(), drawn[1]);
        };
    }
    // Twelve bytes of each quarter, and four zeros.
    let order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    let order = _mm256_broadcastsi128_si256(order);
    let first = _mm256_shuffle_epi8(drawn[0], order);
    let second = _mm256_shuffle_epi8(drawn[1], order);
    let (a, b) = (
        _mm256_castsi256_si128(first),
        _mm256_extracti128_si256::<1>(first),
    );
    let (c, d) = (
        _mm256_castsi256_si128(second),
        _mm256_extracti128_si256::<1>(second),
    );
    let whole = [
        _mm_or_si128(a, _mm_slli_si128::<12>(b)),
        _mm_or_si128(_mm_srli_si128::<4>(b), _mm_slli_si128::<8>(c)),
        _mm_or_si128(_mm_srli_si128::<8>(c), _mm_slli_si128::<4>(d)),
    ];
    for (i, bytes) in whole.into_iter().enumerate() {
        // SAFETY: sixteen pixels of three channels are three times 16 writable bytes.
        unsafe { _mm_storeu_si128(out.add(16 * i).cast(), bytes) };
    }
}

/// Every alpha four times.
#[inline]
#[target_feature(enable = "avx2")]
fn shares(alpha: &[u8; WIDTH]) -> [__m256i; 2] {
    // SAFETY: 16 readable bytes.
    let alpha = unsafe { _mm_loadu_si128(alpha.as_ptr().cast()) };
    let alpha = _mm256_broadcastsi128_si256(alpha);
    let fours = _mm256_setr_epi32(
        0x0000_0000,
        0x0101_0101,
        0x0202_0202,
        0x0303_0303,
        0x0404_0404,
        0x0505_0505,
        0x0606_0606,
        0x0707_0707,
    );
    let later = _mm256_or_si256(fours, _mm256_set1_epi8(8));
    [
        _mm256_shuffle_epi8(alpha, fours),
        _mm256_shuffle_epi8(alpha, later),
    ]
}

/// As [`tiles::soft`]: person, background and what is behind.
#[inline]
#[target_feature(enable = "avx2")]
fn soft(own: __m256i, share: __m256i, sides: [__m256i; 3]) -> __m256i {
    let zero = _mm256_setzero_si256();
    let [person, background, behind] = sides;
    // Every other eight bytes, widened; packing puts them together again.
    let low = |bytes| _mm256_unpacklo_epi8(bytes, zero);
    let high = |bytes| _mm256_unpackhi_epi8(bytes, zero);
    _mm256_packus_epi16(
        soft_words(
            low(own),
            low(share),
            [low(person), low(background), low(behind)],
        ),
        soft_words(
            high(own),
            high(share),
            [high(person), high(background), high(behind)],
        ),
    )
}

#[inline]
#[target_feature(enable = "avx2")]
fn soft_words(own: __m256i, share: __m256i, [person, background, behind]: [__m256i; 3]) -> __m256i {
    let byte = _mm256_set1_epi16(255);
    let rest = _mm256_sub_epi16(byte, share);
    let mixture = mix((share, person), (rest, background));
    let (above, below) = (
        _mm256_subs_epu16(own, mixture),
        _mm256_subs_epu16(mixture, own),
    );
    let off = _mm256_or_si256(above, below);
    let correction = div255(_mm256_mullo_epi16(share, off));
    let raised = _mm256_min_epu16(_mm256_add_epi16(person, correction), byte);
    let lowered = _mm256_subs_epu16(person, correction);
    // Neither number has its sign bit set.
    let is_above = _mm256_cmpgt_epi16(own, mixture);
    let colour = _mm256_blendv_epi8(lowered, raised, is_above);
    mix((share, colour), (rest, behind))
}

#[inline]
#[target_feature(enable = "avx2")]
fn mix((a, one): (__m256i, __m256i), (b, other): (__m256i, __m256i)) -> __m256i {
    let sum = _mm256_add_epi16(_mm256_mullo_epi16(a, one), _mm256_mullo_epi16(b, other));
    div255(sum)
}

/// `value / 255`, rounded to nearest, for any product of two bytes: `(t + (t >> 8)) >> 8` is the upper half of `257 t`.
#[inline]
#[target_feature(enable = "avx2")]
fn div255(value: __m256i) -> __m256i {
    let t = _mm256_add_epi16(value, _mm256_set1_epi16(128));
    _mm256_mulhi_epu16(t, _mm256_set1_epi16(257))
}
