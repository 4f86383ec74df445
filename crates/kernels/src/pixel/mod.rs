//! Arithmetic on 8-bit pictures: what stands between a frame and the network, and between a mask and the drawn frame.
//!
//! Pixels are interleaved bytes `[H, W, C]`; planes at reduced size hold four channels per cell, three colours and a
//! weight. Whatever ends in a full-size pixel is integer arithmetic with a stated rounding; `f32` appears at reduced size
//! alone, in a fixed order and without fused multiply-add, so every instruction set gives the same bits.
pub mod blur;
pub mod composite;
pub mod fill;
pub mod guided;
pub mod inset;
pub mod lerp;
pub mod mirror;
pub mod opacity;
pub(crate) mod per_isa;
pub mod reduce;
pub mod resize;
pub mod spread;
pub mod tile;
pub mod yuv;

/// A picture in memory: `height` rows of `width` pixels of `channels` bytes, `stride` bytes apart.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The first byte of the first row onwards.
    pub data: &'a [u8],
    /// Pixels per row.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// Bytes from one row's start to the next.
    pub stride: usize,
    /// Bytes per pixel.
    pub channels: usize,
}

impl<'a> Source<'a> {
    /// Row `y`, `[width, channels]`.
    ///
    /// # Panics
    /// When the data end before the row does.
    pub fn row(&self, y: usize) -> &'a [u8] {
        &self.data[y * self.stride..][..self.width * self.channels]
    }
}

/// `value / 255`, rounded to nearest, for `value` up to 65535 - 128.
pub(crate) const fn div255(value: u32) -> u32 {
    let t = value + 128;
    (t + (t >> 8)) >> 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn div255_rounds_to_nearest_for_every_product_of_two_bytes() {
        for value in 0..=255 * 255u32 {
            assert_eq!(div255(value), (f64::from(value) / 255.0).round() as u32);
        }
    }
}
