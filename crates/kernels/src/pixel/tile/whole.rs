//! A whole tile where it lies in the picture and in the mask.
use super::super::Source;
use super::scalar::{self, Tile};
use super::{Found, HEIGHT, WIDTH};

/// As [`scalar::gather`]: whole tiles by `one`, given their place, and by the oracle what it can't do (`false`) and what isn't whole.
#[inline(always)]
pub(super) fn gather<const C: usize>(
    source: Source<'_>,
    mask: &[u8],
    cell: usize,
    mut found: Found<'_>,
    mut one: impl FnMut(&Whole<'_, C>, (usize, usize), &mut Found<'_>) -> bool,
) {
    let mut slow = Tile::<C>::default();
    let (across, down) = super::tiles(source.width, source.height);
    for y in 0..down {
        for x in 0..across {
            let (left, top) = (x * WIDTH, y * HEIGHT);
            let done = match Whole::<C>::new(&source, mask, (left, top)) {
                Some(tile) => one(&tile, (x, y), &mut found),
                None => false,
            };
            if !done {
                slow.load(&source, mask, left, top);
                scalar::gather_tile(&slow, &source, cell, (x, y), &mut found);
            }
        }
    }
}

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
