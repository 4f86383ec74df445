//! Plain Rust for any ISA.
use super::Axis;

/// `sums += row * weight`. Weights of one output sum to 256, so a sum stays below 65536.
#[inline(always)]
pub(super) fn add_row(row: &[u8], weight: u16, sums: &mut [u16]) {
    for (sum, &byte) in sums.iter_mut().zip(row) {
        *sum += u16::from(byte) * weight;
    }
}

/// [`add_row`] of two rows.
#[inline(always)]
pub(super) fn add_rows(rows: [&[u8]; 2], weights: [u16; 2], sums: &mut [u16]) {
    for ((sum, &a), &b) in sums.iter_mut().zip(rows[0]).zip(rows[1]) {
        *sum += u16::from(a) * weights[0] + u16::from(b) * weights[1];
    }
}

/// Clears `all` unless every alpha of the rows in `sums` `[W, 4]` is 255: only then do weights that sum to 256 make 255 * 256.
#[inline(always)]
pub(super) fn all_opaque(sums: &[u16], all: &mut bool) {
    let least = sums
        .as_chunks::<4>()
        .0
        .iter()
        .fold(u16::MAX, |least, sum| least.min(sum[3]));
    *all &= least == 255 << 8;
}

/// The horizontal step: `sums` `[W, C]` with 8 fractional bits to bytes `[x.len(), C]`.
#[inline(always)]
pub(super) fn shrink_row<const C: usize>(sums: &[u16], x: &Axis, out: &mut [u8]) {
    let sums = sums.as_chunks::<C>().0;
    for (i, pixel) in out.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        let (first, weights) = x.taps(i);
        let mut total = [1 << 15; C];
        for (sum, &weight) in sums[first..].iter().zip(weights) {
            for c in 0..C {
                total[c] += u32::from(sum[c]) * u32::from(weight);
            }
        }
        *pixel = total.map(|total| (total >> 16) as u8);
    }
}
