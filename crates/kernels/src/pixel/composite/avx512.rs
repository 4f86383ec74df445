//! A row of a tile, sixteen pixels, at a time: four bytes each in a register, whatever the picture's channels.
use std::arch::x86_64::*;

use super::super::spread::Between;
use super::super::spread::scalar::place;
use super::super::tile::WIDTH;
use super::{TileRow, tiles};

/// As [`tiles::draw`], for 3 and 4 channels.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
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
                let sides = [person.tile(i), background.tile(i), behind.tile(i)];
                store(soft(load(pixels), shares(alphas), sides), out);
            }
        });
    tiles::draw_by(row, out, empty, mixed);
}

/// Where the pixels of a tile lie among cells of one size, those first that packing takes first: 0, 1, 4, 5, 8, 9, 12, 13.
struct Order {
    left: [[i64; 8]; 2],
    /// The right cell's weight, of 16, for each of four colours.
    weight: [[[i16; 4]; 8]; 2],
}

const fn order(log: usize) -> Order {
    let mut order = Order {
        left: [[0; 8]; 2],
        weight: [[[0; 4]; 8]; 2],
    };
    let mut i = 0;
    while i < WIDTH {
        let (half, at) = (i / 2 % 2, i / 4 * 2 + i % 2);
        order.left[half][at] = (place(i, log) >> 4) as i64;
        order.weight[half][at] = [(place(i, log) & 15) as i16; 4];
        i += 1;
    }
    order
}

/// For cells of 4 and 8 pixels: of those a register holds all that a tile leans on.
static ORDERS: [Order; 2] = [order(2), order(3)];

/// A plane under the tiles.
struct Under<'a> {
    between: &'a Between,
    /// How many cells a tile leans on.
    cells: usize,
    left: [__m512i; 2],
    weight: [__m512i; 2],
}

impl<'a> Under<'a> {
    /// `None` for smaller cells.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn new(between: &'a Between) -> Option<Self> {
        let order = ORDERS.get(between.log().checked_sub(2)?)?;
        // SAFETY: 64 readable bytes each.
        let left =
            [0, 1].map(|half| unsafe { _mm512_loadu_si512(order.left[half].as_ptr().cast()) });
        let weight = [0, 1].map(|half| {
            let weight = order.weight[half].as_ptr().cast();
            // SAFETY: 64 readable bytes each.
            unsafe { _mm512_loadu_si512(weight) }
        });
        Some(Self {
            between,
            cells: (WIDTH >> between.log()) + 2,
            left,
            weight,
        })
    }

    /// The colours of tile `i`, as [`super::super::spread::scalar::tile`] has them.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn tile(&self, i: usize) -> __m512i {
        let cells = &self.between.under_tile(i)[..self.cells];
        let mask = (1u32 << self.cells) - 1;
        // SAFETY: the mask lets through as many cells of 8 bytes as `cells` has.
        let cells = unsafe { _mm512_maskz_loadu_epi64(mask as u8, cells.as_ptr().cast()) };
        let rise = _mm512_sub_epi16(_mm512_alignr_epi64::<1>(cells, cells), cells);
        let level = _mm512_add_epi16(_mm512_slli_epi16::<4>(cells), _mm512_set1_epi16(128));
        // Sixteen times the left colour and `weight` times the rise, modulo 2^16: their sum is in range.
        let [first, second] = [0, 1].map(|half| {
            let level = _mm512_permutexvar_epi64(self.left[half], level);
            let rise = _mm512_permutexvar_epi64(self.left[half], rise);
            let risen = _mm512_mullo_epi16(rise, self.weight[half]);
            _mm512_srli_epi16::<8>(_mm512_add_epi16(level, risen))
        });
        _mm512_packus_epi16(first, second)
    }
}

/// Sixteen pixels, four bytes each; the fourth of a picture of three channels is anything.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn load<const C: usize>(pixels: &[[u8; C]; WIDTH]) -> __m512i {
    if C == 4 {
        // SAFETY: sixteen pixels of four channels are 64 readable bytes.
        return unsafe { _mm512_loadu_si512(pixels.as_ptr().cast()) };
    }
    // SAFETY: the mask lets through 48 bytes, sixteen pixels of three channels.
    let packed = unsafe { _mm512_maskz_loadu_epi32(0x0FFF, pixels.as_ptr().cast()) };
    let quarters = _mm512_setr_epi32(0, 1, 2, 2, 3, 4, 5, 5, 6, 7, 8, 8, 9, 10, 11, 11);
    let order = _mm_setr_epi8(0, 1, 2, -1, 3, 4, 5, -1, 6, 7, 8, -1, 9, 10, 11, -1);
    let packed = _mm512_permutexvar_epi32(quarters, packed);
    _mm512_shuffle_epi8(packed, _mm512_broadcast_i32x4(order))
}

/// Writes what [`load`] reads.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn store<const C: usize>(drawn: __m512i, out: &mut [[u8; C]; WIDTH]) {
    if C == 4 {
        // SAFETY: sixteen pixels of four channels are 64 writable bytes.
        return unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), drawn) };
    }
    let order = _mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1);
    let quarters = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 3, 3, 3);
    let packed = _mm512_shuffle_epi8(drawn, _mm512_broadcast_i32x4(order));
    let packed = _mm512_permutexvar_epi32(quarters, packed);
    // SAFETY: the mask lets through 48 bytes, sixteen pixels of three channels.
    unsafe { _mm512_mask_storeu_epi32(out.as_mut_ptr().cast(), 0x0FFF, packed) }
}

/// Every alpha four times.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn shares(alpha: &[u8; WIDTH]) -> __m512i {
    // SAFETY: 16 readable bytes.
    let alpha = unsafe { _mm_loadu_si128(alpha.as_ptr().cast()) };
    let fours = _mm512_setr_epi32(
        0x0000_0000,
        0x0101_0101,
        0x0202_0202,
        0x0303_0303,
        0x0404_0404,
        0x0505_0505,
        0x0606_0606,
        0x0707_0707,
        0x0808_0808,
        0x0909_0909,
        0x0A0A_0A0A,
        0x0B0B_0B0B,
        0x0C0C_0C0C,
        0x0D0D_0D0D,
        0x0E0E_0E0E,
        0x0F0F_0F0F,
    );
    _mm512_shuffle_epi8(_mm512_broadcast_i32x4(alpha), fours)
}

/// As [`tiles::soft`]: person, background and what is behind.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn soft(own: __m512i, share: __m512i, sides: [__m512i; 3]) -> __m512i {
    let zero = _mm512_setzero_si512();
    // Every other eight bytes, widened; packing puts them together again.
    let low = |bytes| _mm512_unpacklo_epi8(bytes, zero);
    let high = |bytes| _mm512_unpackhi_epi8(bytes, zero);
    _mm512_packus_epi16(
        soft_words(low(own), low(share), sides.map(low)),
        soft_words(high(own), high(share), sides.map(high)),
    )
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn soft_words(own: __m512i, share: __m512i, [person, background, behind]: [__m512i; 3]) -> __m512i {
    let byte = _mm512_set1_epi16(255);
    let rest = _mm512_sub_epi16(byte, share);
    let mixture = mix((share, person), (rest, background));
    let (above, below) = (
        _mm512_subs_epu16(own, mixture),
        _mm512_subs_epu16(mixture, own),
    );
    let off = _mm512_or_si512(above, below);
    let correction = div255(_mm512_mullo_epi16(share, off));
    let raised = _mm512_min_epu16(_mm512_add_epi16(person, correction), byte);
    let lowered = _mm512_subs_epu16(person, correction);
    let is_above = _mm512_test_epi16_mask(above, above);
    let colour = _mm512_mask_mov_epi16(lowered, is_above, raised);
    mix((share, colour), (rest, behind))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn mix((a, one): (__m512i, __m512i), (b, other): (__m512i, __m512i)) -> __m512i {
    let sum = _mm512_add_epi16(_mm512_mullo_epi16(a, one), _mm512_mullo_epi16(b, other));
    div255(sum)
}

/// `value / 255`, rounded to nearest, for any product of two bytes: `(t + (t >> 8)) >> 8` is the upper half of `257 t`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn div255(value: __m512i) -> __m512i {
    let t = _mm512_add_epi16(value, _mm512_set1_epi16(128));
    _mm512_mulhi_epu16(t, _mm512_set1_epi16(257))
}
