//! Twice the size with half-pixel centres: every output lies a quarter of a pixel from an input, so the weights are 9, 3, 3
//! and 1 sixteenths, and sixteen-bit sums are exact: `(9a + 3b + 3c + d + 8) >> 4` is the oracle's rule.
//!
//! Two input rows have two output rows between them, which differ by which of the two is nearer. A vector holds 32 bytes of
//! both inputs interleaved, once for each output row: `vpmaddubsw` then makes `9a + 3b` of one and `3a + 9b` of the other. The
//! same of the pixel before and of the pixel behind, by 3 and 1, make the two output pixels of every input pixel.
use std::arch::x86_64::*;
use std::ops::Range;

/// Bytes of an input row that are taken together.
const STEP: usize = 32;

/// Doubles one picture `[H, W, C]` into `[2H, 2W, C]`.
///
/// # Panics
/// When a length contradicts the shape.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn double([h, w, c]: [usize; 3], input: &[i8], out: &mut [i8]) {
    let row = w * c;
    assert!(input.len() == h * row && out.len() == 4 * h * row);
    if input.is_empty() {
        return;
    }
    for gap in 0..=h {
        // Beyond the border lies the same row again, so there both output rows are one, twice the same.
        let source = |y: usize| &input[y * row..][..row];
        let target = |y: usize| y * 2 * row;
        let mut between = Between {
            above: source(gap.saturating_sub(1)),
            below: source(gap.min(h - 1)),
            channels: c,
            targets: [
                target((2 * gap).saturating_sub(1)),
                target((2 * gap).min(2 * h - 1)),
            ],
            out,
        };
        let done = match c {
            1 => between.run::<1>(),
            2 => between.run::<2>(),
            4 => between.run::<4>(),
            8 => between.run::<8>(),
            16 => between.run::<16>(),
            _ => 0..0,
        };
        for first in (0..c).step_by(STEP) {
            for pixels in [0..done.start, done.end..w] {
                if c - first >= STEP {
                    between.pixels::<true>(first, pixels);
                } else {
                    between.pixels::<false>(first, pixels);
                }
            }
        }
    }
}

/// Two input rows and the output rows between them.
struct Between<'a> {
    above: &'a [i8],
    below: &'a [i8],
    channels: usize,
    /// Where in `out` the two rows begin.
    targets: [usize; 2],
    out: &'a mut [i8],
}

/// `near` parts of the nearer row and `far` of the other: nearer is the one above for the first output row, the one below for
/// the second.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn weights(near: i16, far: i16) -> __m512i {
    let upper = _mm256_set1_epi16(far << 8 | near);
    let lower = _mm256_set1_epi16(near << 8 | far);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(upper), lower)
}

/// `9a + 3b + 8` of 32 bytes as [`Between::bytes`] gives them.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn middle(bytes: [__m512i; 2]) -> [__m512i; 2] {
    let (nine, half) = (weights(9, 3), _mm512_set1_epi16(8));
    bytes.map(|bytes| _mm512_add_epi16(_mm512_maddubs_epi16(nine, bytes), half))
}

/// `3a + b`, as [`middle`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn side(bytes: [__m512i; 2]) -> [__m512i; 2] {
    let three = weights(3, 1);
    bytes.map(|bytes| _mm512_maddubs_epi16(three, bytes))
}

/// Output bytes `[2 rows][32]`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn mix(middle: [__m512i; 2], side: [__m512i; 2]) -> __m512i {
    let sum = |i: usize| _mm512_srai_epi16::<4>(_mm512_add_epi16(middle[i], side[i]));
    // Unpacking and packing both go by lanes of 128 bits, so the order comes out as it was.
    _mm512_packs_epi16(sum(0), sum(1))
}

impl Between<'_> {
    /// 32 bytes from `at` on, of both rows interleaved, twice: the lower and the upper halves of each lane. What lies beyond the
    /// rows is 0.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn bytes(&self, at: usize) -> [__m512i; 2] {
        let load = |row: &[i8]| {
            let row = &row[at..];
            // SAFETY: 32 bytes are there, or the mask selects those that are.
            let bytes = unsafe {
                if row.len() >= STEP {
                    _mm256_loadu_si256(row.as_ptr().cast())
                } else {
                    _mm256_maskz_loadu_epi8((1 << row.len()) - 1, row.as_ptr())
                }
            };
            _mm512_broadcast_i64x4(bytes)
        };
        let (above, below) = (load(self.above), load(self.below));
        [
            _mm512_unpacklo_epi8(above, below),
            _mm512_unpackhi_epi8(above, below),
        ]
    }

    /// Pixels of `C` channels, as many as fill vectors, without the first and the last, which have a neighbour on one side only.
    /// The last step goes back over pixels already done. Returns what has been done.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn run<const C: usize>(&mut self) -> Range<usize> {
        let row = self.above.len();
        if row < STEP + 2 * C {
            return 0..0;
        }
        let last = row - C - STEP;
        let mut at = C;
        let mut before = side(self.bytes(0));
        loop {
            let (middle, behind) = (middle(self.bytes(at)), side(self.bytes(at + C)));
            let (even, odd) = (mix(middle, before), mix(middle, behind));
            // Even and odd pixels take turns within each lane of 16 bytes; 16 channels are a whole lane.
            let [low, high] = match C {
                1 => [
                    _mm512_unpacklo_epi8(even, odd),
                    _mm512_unpackhi_epi8(even, odd),
                ],
                2 => [
                    _mm512_unpacklo_epi16(even, odd),
                    _mm512_unpackhi_epi16(even, odd),
                ],
                4 => [
                    _mm512_unpacklo_epi32(even, odd),
                    _mm512_unpackhi_epi32(even, odd),
                ],
                8 => [
                    _mm512_unpacklo_epi64(even, odd),
                    _mm512_unpackhi_epi64(even, odd),
                ],
                _ => [even, odd],
            };
            let upper = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
            let lower = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
            for (start, lanes) in self.targets.into_iter().zip([upper, lower]) {
                let target = self.out[start + 2 * at..][..2 * STEP].as_mut_ptr();
                let pixels = _mm512_permutex2var_epi64(low, lanes, high);
                // SAFETY: 64 bytes, just taken.
                unsafe { _mm512_storeu_si512(target.cast(), pixels) };
            }
            if at == last {
                return 1..row / C - 1;
            }
            let next = (at + STEP).min(last);
            // With 16 channels a step goes by two pixels, so the one behind this step's is the one before the next's.
            before = if C * 2 == STEP && next == at + STEP {
                behind
            } else {
                side(self.bytes(next - C))
            };
            at = next;
        }
    }

    /// The channels from `first` on, 32 (`ALL`) or those that are left, of some pixels.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
    fn pixels<const ALL: bool>(&mut self, first: usize, pixels: Range<usize>) {
        if pixels.is_empty() {
            return;
        }
        let (c, row) = (self.channels, self.above.len());
        let count = if ALL { STEP } else { c - first };
        let last = row / c - 1;
        assert!(first + count <= c && count <= STEP && pixels.end <= last + 1);
        assert!(
            self.targets
                .iter()
                .all(|start| start + 2 * row <= self.out.len())
        );
        let target = self.out.as_mut_ptr().wrapping_add(first);
        let starts = self.targets;
        let mut before = side(self.bytes(pixels.start.saturating_sub(1) * c + first));
        let mut bytes = self.bytes(pixels.start * c + first);
        for x in pixels {
            let next = self.bytes((x + 1).min(last) * c + first);
            let (middle, behind) = (middle(bytes), side(next));
            for (i, side) in [before, behind].into_iter().enumerate() {
                let pixel = mix(middle, side);
                let rows = [
                    _mm512_castsi512_si256(pixel),
                    _mm512_extracti64x4_epi64::<1>(pixel),
                ];
                for (start, bytes) in starts.into_iter().zip(rows) {
                    let target = target.wrapping_add(start + (2 * x + i) * c);
                    // SAFETY: output pixel `2 * x + i` lies in a row of `2 * row` bytes from `start` on, all of them in `out`, and
                    // `count` bytes from `first` on lie in the pixel (asserted above); the mask selects no more.
                    unsafe {
                        if ALL {
                            _mm256_storeu_si256(target.cast(), bytes);
                        } else {
                            _mm256_mask_storeu_epi8(target, u32::MAX >> (STEP - count), bytes);
                        }
                    }
                }
            }
            (before, bytes) = (side(bytes), next);
        }
    }
}
