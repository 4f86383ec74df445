//! The oracle.
use super::Axis;

/// `sums += row * weight`. Weights of one output sum to 256, so a sum stays below 65536.
pub(super) fn add_row(row: &[u8], weight: u16, sums: &mut [u16]) {
    for (sum, &byte) in sums.iter_mut().zip(row) {
        *sum += u16::from(byte) * weight;
    }
}

/// The horizontal step: `sums` `[W, channels]` with 8 fractional bits to bytes `[x.len(), channels]`.
pub(super) fn shrink_row(sums: &[u16], channels: usize, x: &Axis, out: &mut [u8]) {
    for (i, pixel) in out.chunks_exact_mut(channels).enumerate() {
        let (first, weights) = x.taps(i);
        for (c, byte) in pixel.iter_mut().enumerate() {
            let taps = sums[first * channels + c..].iter().step_by(channels);
            let total: u32 = taps
                .zip(weights)
                .map(|(&sum, &weight)| u32::from(sum) * u32::from(weight))
                .sum();
            *byte = ((total + (1 << 15)) >> 16) as u8;
        }
    }
}
