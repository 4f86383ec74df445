//! Plain Rust for any ISA.
use std::ops::Range;

use super::super::Source;
use super::{Found, HEIGHT, Kind, WIDTH};

/// A tile, with zeros beyond the picture's edge.
pub(super) struct Tile<const C: usize> {
    pixels: [[[u8; C]; WIDTH]; HEIGHT],
    alphas: [[u8; WIDTH]; HEIGHT],
    /// Rows and columns inside the picture.
    rows: usize,
    columns: usize,
}

impl<const C: usize> Default for Tile<C> {
    fn default() -> Self {
        Self {
            pixels: [[[0; C]; WIDTH]; HEIGHT],
            alphas: [[0; WIDTH]; HEIGHT],
            rows: 0,
            columns: 0,
        }
    }
}

impl<const C: usize> Tile<C> {
    /// Takes the tile whose first pixel is at `x`, `y`.
    #[inline(always)]
    pub(super) fn load(&mut self, source: &Source<'_>, mask: &[u8], x: usize, y: usize) {
        self.rows = HEIGHT.min(source.height - y);
        self.columns = WIDTH.min(source.width - x);
        for row in 0..self.rows {
            let alphas = &mask[(y + row) * source.width + x..][..self.columns];
            let bytes = &source.data[(y + row) * source.stride + x * C..][..self.columns * C];
            let pixels = bytes.as_chunks::<C>().0;
            match (pixels.first_chunk::<WIDTH>(), alphas.first_chunk::<WIDTH>()) {
                (Some(pixels), Some(alphas)) => {
                    (self.pixels[row], self.alphas[row]) = (*pixels, *alphas);
                }
                _ => {
                    (self.pixels[row], self.alphas[row]) = ([[0; C]; WIDTH], [0; WIDTH]);
                    self.pixels[row][..self.columns].copy_from_slice(pixels);
                    self.alphas[row][..self.columns].copy_from_slice(alphas);
                }
            }
        }
    }

    #[inline(always)]
    fn kind(&self) -> Kind {
        let (mut any, mut all) = ([0; WIDTH], [255; WIDTH]);
        let mut opacity = [u32::MAX; WIDTH];
        for row in 0..self.rows {
            for i in 0..WIDTH {
                any[i] |= self.alphas[row][i];
                all[i] &= self.alphas[row][i];
            }
            if C == 4 {
                for (bits, pixel) in opacity.iter_mut().zip(&self.pixels[row]) {
                    let mut bytes = [0; 4];
                    bytes[..C].copy_from_slice(pixel);
                    *bits &= u32::from_le_bytes(bytes);
                }
            }
        }
        let opaque = opacity[..self.columns].iter().fold(u32::MAX, |a, b| a & b) >> 24 == 255;
        if !opaque {
            Kind::Clear
        } else if u128::from_ne_bytes(any) == 0 {
            Kind::Empty
        } else if all[..self.columns].iter().all(|&a| a == 255) {
            Kind::Full
        } else {
            Kind::Soft
        }
    }

    /// Sums of colour and number of the pixels of every column in `rows`, all of which count in full: times 255.
    #[inline(always)]
    fn sums(&self, rows: Range<usize>) -> [[u32; 4]; WIDTH] {
        let count = rows.len() as u16;
        let mut sums = [[0; C]; WIDTH];
        for pixels in &self.pixels[rows] {
            for (sums, pixel) in sums.iter_mut().zip(pixels) {
                for c in 0..C {
                    sums[c] += u16::from(pixel[c]);
                }
            }
        }
        let mut out = [[0; 4]; WIDTH];
        for (out, sums) in out[..self.columns].iter_mut().zip(&sums) {
            let [r, g, b] = colour(sums);
            *out = [r, g, b, count].map(|sum| u32::from(sum) * 255);
        }
        out
    }

    /// Sums of colour times weight, and of the weights, of every column in `rows`; `flip` is 0 for the person's side and 255
    /// for the background's.
    #[inline(always)]
    fn weighted(&self, rows: Range<usize>, flip: u8, clear: bool) -> [[u32; 4]; WIDTH] {
        let mut sums = [[0; 4]; WIDTH];
        for (pixels, alphas) in self.pixels[rows.clone()].iter().zip(&self.alphas[rows]) {
            let mut weights = [0; WIDTH];
            for i in 0..WIDTH {
                let inside = u16::from(i < self.columns);
                weights[i] = weight(alphas[i] ^ flip) * inside;
                if clear && C == 4 {
                    weights[i] = div255(weights[i] * u16::from(pixels[i][C - 1]));
                }
            }
            for i in 0..WIDTH {
                let [r, g, b] = colour(&pixels[i]);
                let products = [r, g, b, 1].map(|value| u16::from(value) * weights[i]);
                for c in 0..4 {
                    sums[i][c] += u32::from(products[c]);
                }
            }
        }
        sums
    }
}

#[inline(always)]
fn colour<T: Copy, const C: usize>(pixel: &[T; C]) -> [T; 3] {
    match C {
        1 => [pixel[0]; 3],
        _ => [pixel[0], pixel[1], pixel[2]],
    }
}

/// `value / 255`, rounded to nearest, for any product of two bytes.
#[inline(always)]
fn div255(value: u16) -> u16 {
    let t = value + 128;
    (t + (t >> 8)) >> 8
}

/// The eighth power of a share.
#[inline(always)]
fn weight(share: u8) -> u16 {
    let square = |share: u16| div255(share * share);
    square(square(square(u16::from(share))))
}

#[inline(always)]
pub(super) fn gather<const C: usize>(
    source: Source<'_>,
    mask: &[u8],
    cell: usize,
    mut found: Found<'_>,
) {
    let mut tile = Tile::<C>::default();
    let (across, down) = super::tiles(source.width, source.height);
    for y in 0..down {
        for x in 0..across {
            tile.load(&source, mask, x * WIDTH, y * HEIGHT);
            gather_tile(&tile, &source, cell, (x, y), &mut found);
        }
    }
}

/// One tile, `place` being its column and row among the tiles.
#[inline(always)]
pub(super) fn gather_tile<const C: usize>(
    tile: &Tile<C>,
    source: &Source<'_>,
    cell: usize,
    place: (usize, usize),
    found: &mut Found<'_>,
) {
    let kind = tile.kind();
    found.kinds[place.1 * source.width.div_ceil(WIDTH) + place.0] = kind;
    for group in 0..tile.rows.div_ceil(cell) {
        let rows = group * cell..(group * cell + cell).min(tile.rows);
        let cells = cells(cell, source.width, place, group);
        let person = &mut found.person[cells.clone()];
        let background = &mut found.background[cells];
        if let Kind::Empty | Kind::Full = kind {
            let (all, none) = match kind {
                Kind::Full => (person, background),
                _ => (background, person),
            };
            fold(cell, &tile.sums(rows), all);
            none.fill([0.0; 4]);
            continue;
        }
        // A loop, not two calls: what is inlined here is long.
        for (flip, side) in [(0, person), (255, background)] {
            fold(
                cell,
                &tile.weighted(rows.clone(), flip, kind == Kind::Clear),
                side,
            );
        }
    }
}

/// The cells under row `group` of cells of a tile.
#[inline(always)]
pub(super) fn cells(
    cell: usize,
    width: usize,
    (x, y): (usize, usize),
    group: usize,
) -> Range<usize> {
    let across = width.div_ceil(cell);
    let row = (y * HEIGHT / cell + group) * across;
    let first = x * WIDTH / cell;
    row + first..row + across.min(first + WIDTH / cell)
}

/// What all pixels of a cell, 255 each, come to.
#[inline(always)]
pub(super) fn whole(cell: usize) -> f32 {
    (255 * cell * cell) as f32
}

#[inline(always)]
fn fold(cell: usize, columns: &[[u32; 4]; WIDTH], cells: &mut [[f32; 4]]) {
    for (mean, columns) in cells.iter_mut().zip(columns.chunks_exact(cell)) {
        let mut sum = [0; 4];
        for column in columns {
            for c in 0..4 {
                sum[c] += column[c];
            }
        }
        *mean = sum.map(|sum| sum as f32 / whole(cell));
    }
}
