//! The horizontal step for four channels: one vector a pixel.
use std::arch::wasm32::*;

use super::Axis;

/// As [`super::scalar::shrink_row`] with four channels.
pub(super) fn shrink_row(sums: &[u16], x: &Axis, out: &mut [u8]) {
    let sums = sums.as_chunks::<4>().0;
    let half = i32x4_splat(1 << 15);
    for (i, pixel) in out.as_chunks_mut::<4>().0.iter_mut().enumerate() {
        let (first, weights) = x.taps(i);
        let mut total = half;
        for (sum, weight) in sums[first..].iter().zip(weights) {
            // SAFETY: `sum` is eight bytes, `weight` two.
            let (four, weight) = unsafe {
                (
                    v128_load64_zero(std::ptr::from_ref(sum).cast()),
                    v128_load16_splat(weight),
                )
            };
            total = i32x4_add(total, u32x4_extmul_low_u16x8(four, weight));
        }
        // The third byte of every number.
        let bytes =
            i8x16_shuffle::<2, 6, 10, 14, 2, 6, 10, 14, 2, 6, 10, 14, 2, 6, 10, 14>(total, total);
        *pixel = i32x4_extract_lane::<0>(bytes).to_le_bytes();
    }
}
