//! Twice the size with half-pixel centres: every output lies a quarter of a pixel from an input, so the weights are 9, 3, 3
//! and 1 sixteenths, and sixteen-bit sums are exact: `(9a + 3b + 3c + d + 8) >> 4` is the oracle's rule.
use std::arch::x86_64::*;

/// Channels of a step.
const LANE: usize = 16;

/// Doubles one picture `[H, W, C]`, `C` a multiple of 16, into `[2H, 2W, C]`.
///
/// # Panics
/// When a length contradicts the shape.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn double_lanes([h, w, c]: [usize; 3], input: &[i8], out: &mut [i8]) {
    assert!(c.is_multiple_of(LANE), "channels in whole lanes");
    assert!(input.len() == h * w * c && out.len() == 4 * h * w * c);
    for (y, out) in out.chunks_exact_mut((2 * w * c).max(1)).enumerate() {
        let (near, far) = neighbours(y, h);
        let (near, far) = (&input[near * w * c..][..w * c], &input[far * w * c..][..w * c]);
        for lane in (0..c).step_by(LANE) {
            let column = |x: usize| {
                let at = x * c + lane;
                // SAFETY: x < w and lane + 16 <= c, so both rows of w * c bytes have 16 left.
                let load = |row: &[i8]| unsafe {
                    _mm256_cvtepi8_epi16(_mm_loadu_si128(row.as_ptr().add(at).cast()))
                };
                three_to_one(load(near), load(far))
            };
            let mut left = column(0);
            let mut middle = left;
            for x in 0..w {
                let right = column((x + 1).min(w - 1));
                let bytes = _mm256_packs_epi16(
                    sixteenth(three_to_one(middle, left)),
                    sixteenth(three_to_one(middle, right)),
                );
                // The pack works within 128-bit halves: [even low, odd low | even high, odd high].
                let bytes = _mm256_permute4x64_epi64::<0b11_01_10_00>(bytes);
                let target = out[2 * x * c + lane..][..c + LANE].as_mut_ptr();
                // SAFETY: two pixels lie c bytes apart, 16 bytes of each within the slice just taken.
                unsafe {
                    _mm_storeu_si128(target.cast(), _mm256_castsi256_si128(bytes));
                    _mm_storeu_si128(target.add(c).cast(), _mm256_extracti128_si256::<1>(bytes));
                }
                (left, middle) = (middle, right);
            }
        }
    }
}

/// Doubles one picture `[H, W]` of one channel into `[2H, 2W]`.
///
/// # Panics
/// When a length contradicts the shape.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
pub(super) fn double_plane([h, w]: [usize; 2], input: &[i8], out: &mut [i8]) {
    assert!(input.len() == h * w && out.len() == 4 * h * w);
    for (y, out) in out.chunks_exact_mut((2 * w).max(1)).enumerate() {
        let (near, far) = neighbours(y, h);
        let (near, far) = (&input[near * w..][..w], &input[far * w..][..w]);
        let mut x = 1;
        while x + 1 < w && w >= LANE + 2 {
            // The last step goes back over pixels already done.
            let start = x.min(w - 1 - LANE);
            // SAFETY: the three loads cover pixels start - 1 ..= start + 16, within both rows of w bytes.
            let load = |row: &[i8], at: usize| unsafe {
                _mm256_cvtepi8_epi16(_mm_loadu_si128(row.as_ptr().add(at).cast()))
            };
            let column = |at: usize| three_to_one(load(near, at), load(far, at));
            let (left, middle, right) = (column(start - 1), column(start), column(start + 1));
            let even = sixteenth(three_to_one(middle, left));
            let odd = sixteenth(three_to_one(middle, right));
            // Values fit a byte, so the low bytes of `even` and the shifted ones of `odd` make the pairs.
            let pairs = _mm256_or_si256(
                _mm256_and_si256(even, _mm256_set1_epi16(0xff)),
                _mm256_slli_epi16::<8>(odd),
            );
            let target = out[2 * start..][..2 * LANE].as_mut_ptr();
            // SAFETY: 32 bytes, just taken.
            unsafe { _mm256_storeu_si256(target.cast(), pairs) };
            x = start + LANE;
        }
        let column = |x: usize| 3 * i32::from(near[x]) + i32::from(far[x]);
        for x in (0..w.min(1)).chain(x..w) {
            let middle = column(x);
            let (left, right) = (column(x.saturating_sub(1)), column((x + 1).min(w - 1)));
            out[2 * x] = ((3 * middle + left + 8) >> 4) as i8;
            out[2 * x + 1] = ((3 * middle + right + 8) >> 4) as i8;
        }
    }
}

/// The nearer and the farther input row of output row `y`.
fn neighbours(y: usize, h: usize) -> (usize, usize) {
    let near = y / 2;
    (near, if y.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(h - 1) })
}

/// `3 * near + far`
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn three_to_one(near: __m256i, far: __m256i) -> __m256i {
    _mm256_add_epi16(_mm256_add_epi16(near, near), _mm256_add_epi16(near, far))
}

/// `(sum + 8) >> 4`
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn sixteenth(sum: __m256i) -> __m256i {
    _mm256_srai_epi16::<4>(_mm256_add_epi16(sum, _mm256_set1_epi16(8)))
}
