//! Means of bytes without a division for each: a product with the reciprocal of the count, which is rounded, of a sum that lies half a
//! step off every multiple of the count.
//!
//! With `0 <= n < 256 c` and `c <= 4096`, `n + 1/2` is exact in `f32`, its quotient by `c` is at least `1 / 2 c >= 2^-13` off every integer,
//! and the three roundings of `(n + 1/2) * (1 / c) - 1/2` move it by less than `256 * 2^-22 = 2^-14`. So the integer below is that of `n / c`.
use super::{BytePool, Pool};
use crate::nn::pool::Statistic;

/// From here on to `2^24` an `f32` steps by 1, and so do its bits: `1.5 * 2^23`.
const COUNTER: f32 = 12_582_912.0;

/// The most pixels of a window.
const MOST: usize = 4096;

/// Whether the windows are small enough.
pub(super) fn suits(shape: &Pool) -> bool {
    let [rows, columns] = shape.window.kernel;
    rows.saturating_mul(columns) <= MOST
}

/// As the oracle's.
#[inline(always)]
pub(super) fn average_pool_bytes(shape: &Pool, grid: BytePool, input: &[i8], out: &mut [i8]) {
    match grid.unsigned {
        true => shape.fold(input, out, Mean::<true>(grid)),
        false => shape.fold(input, out, Mean::<false>(grid)),
    }
}

/// Halves go up if `UNSIGNED`, else away from 0.
#[derive(Clone, Copy)]
struct Mean<const UNSIGNED: bool>(BytePool);

impl<const UNSIGNED: bool> Statistic<i8> for Mean<UNSIGNED> {
    type Sum = i32;

    const INITIAL: i32 = 0;

    #[inline(always)]
    fn add(self, sum: i32, pixel: i8) -> i32 {
        sum + i32::from(pixel)
    }

    #[inline(always)]
    fn finish(self, sum: i32, pixels: usize) -> i8 {
        let [least, greatest] = self.0.range.map(i32::from);
        match pixels {
            0 => self.0.zero_point,
            _ => mean::<UNSIGNED>(sum, pixels as i32).clamp(least, greatest) as i8,
        }
    }
}

/// The mean of `count` bytes, at most [`MOST`]: halves go up if `UNSIGNED`, else away from 0.
#[inline(always)]
fn mean<const UNSIGNED: bool>(sum: i32, count: i32) -> i32 {
    let reciprocal = 1.0 / count as f32;
    // Half less, the nearest integer is the one below; the sum's bits count it. A conversion that cuts has no vectors here, because
    // it minds what does not fit.
    let quotient = |n: i32| {
        let shifted = (n as f32 + 0.5) * reciprocal - 0.5 + COUNTER;
        shifted.to_bits() as i32 - COUNTER.to_bits() as i32
    };
    if UNSIGNED {
        return quotient(sum + 128 * count + count / 2) - 128;
    }
    let size = quotient(sum.abs() + count / 2);
    if sum < 0 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both rules by integer division: every sum of up to 40 bytes; of more, the sums on either side of every step of the quotient,
    /// between which nothing can change, since products and conversions never fall where sums rise.
    #[test]
    fn means_are_those_of_integer_division() {
        let check = |sum: i32, count: i32| {
            let up = (sum + count / 2).div_euclid(count);
            assert_eq!(mean::<true>(sum, count), up, "{sum} / {count}");
            let away = (sum + sum.signum() * (count / 2)) / count;
            assert_eq!(mean::<false>(sum, count), away, "{sum} / {count}");
        };
        for count in 1..=if cfg!(miri) { 5 } else { 40 } {
            (-128 * count..=127 * count).for_each(|sum| check(sum, count));
        }
        for count in (41..=MOST as i32).step_by(if cfg!(miri) { 997 } else { 1 }) {
            let bytes = -128 * count..=127 * count;
            for step in -129..=128 {
                let near = [-1, 0, 1].map(|off| step * count + off);
                let near = near.map(|at| [at - count / 2, at + count / 2]);
                let sums = near.as_flattened().iter();
                for &sum in sums.filter(|sum| bytes.contains(sum)) {
                    check(sum, count);
                }
            }
        }
    }
}
