//! A whole tile where it lies in the picture and in the mask.
use super::super::Source;
use super::{HEIGHT, WIDTH};

/// A whole tile in the picture and in the mask.
pub(super) struct Whole<'a, const C: usize> {
    /// From the tile's first byte to its last, and what lies between its rows.
    pixels: &'a [u8],
    stride: usize,
    alphas: &'a [u8],
    width: usize,
}

impl<'a, const C: usize> Whole<'a, C> {
    /// The tile whose first pixel is at `left`, `top`; `None` where the picture's edge cuts it off, or what its vectors read
    /// beyond it: the last pixels of a row of three channels can't be read sixteen bytes at a time.
    #[inline(always)]
    pub(super) fn new(
        source: &Source<'a>,
        mask: &'a [u8],
        (left, top): (usize, usize),
    ) -> Option<Self> {
        let (stride, width) = (source.stride, source.width);
        let across = if C == 3 { WIDTH + 2 } else { WIDTH };
        if left + across > width || top + HEIGHT > source.height {
            return None;
        }
        let used = (HEIGHT - 1) * stride + across * C;
        Some(Self {
            pixels: &source.data[top * stride + left * C..][..used],
            stride,
            alphas: &mask[top * width + left..][..(HEIGHT - 1) * width + WIDTH],
            width,
        })
    }

    /// Pixels from row `i` on: at least sixteen, of three channels eighteen.
    #[inline(always)]
    pub(super) fn row(&self, i: usize) -> &'a [[u8; C]] {
        self.pixels[i * self.stride..].as_chunks::<C>().0
    }

    #[inline(always)]
    pub(super) fn alphas(&self, i: usize) -> &'a [u8; WIDTH] {
        let row = self.alphas[i * self.width..].first_chunk();
        row.expect("alphas end with the last row's")
    }
}
