//! The fits, sixteen windows at a time in plain Rust that the compiler makes vectors of.
use std::ops::Range;

use super::ring::Ring;
use super::{Fit, MAX_SLOPE, OFFSET_BITS, SLOPE_BITS};

/// Windows fitted at a time.
const LANES: usize = 16;

/// A number for each of them.
type Lanes = [i32; LANES];

/// Sums over a window: r g b, p, rp gp bp, rr gg bb, rg rb gb.
type Moments = [i32; MOMENTS];
const MOMENTS: usize = 13;

/// Of alpha.
const MIDDLE: f32 = 127.5;

/// Guide and mask as four planes with a margin of zeros.
#[derive(Debug, Default)]
pub(super) struct Padded {
    planes: [Vec<u8>; 4],
    /// Width, height and radius: the margin of these stays zero.
    key: (usize, usize, usize),
    /// Bytes from one row to the next.
    stride: usize,
}

impl Padded {
    /// The row of zeros, which comes after the lower margin.
    fn nothing(&self) -> usize {
        let (_, height, radius) = self.key;
        height + 2 * radius
    }

    pub(super) fn take(&mut self, size: Fit, guide: &[u8], mask: &[u8]) {
        let key = (size.width, size.height, size.radius);
        if self.key != key {
            self.key = key;
            self.stride = size.width.next_multiple_of(LANES) + 2 * size.radius;
            let len = self.stride * (self.nothing() + 1);
            for plane in &mut self.planes {
                plane.clear();
                plane.resize(len, 0);
            }
        }
        let [reds, greens, blues, masks] = &mut self.planes;
        let rows = guide
            .chunks_exact(size.width * 3)
            .zip(mask.chunks_exact(size.width));
        for (y, (guide, mask)) in rows.enumerate() {
            let at = (y + size.radius) * self.stride + size.radius;
            masks[at..][..size.width].copy_from_slice(mask);
            let reds = reds[at..][..size.width].iter_mut();
            let others = greens[at..].iter_mut().zip(&mut blues[at..]);
            let colours = guide.as_chunks::<3>().0;
            for ((r, (g, b)), pixel) in reds.zip(others).zip(colours) {
                [*r, *g, *b] = *pixel;
            }
        }
    }
}

/// The places of a window around `i` that lie inside.
#[inline(always)]
pub(super) fn inside(i: usize, radius: usize, len: usize) -> Range<usize> {
    i.saturating_sub(radius)..(i + radius + 1).min(len)
}

/// The moments of every column of the windows around the pixels of a row, over the rows that these reach.
#[derive(Debug, Default)]
pub(super) struct Columns {
    sums: [Vec<i32>; MOMENTS],
    /// The row after the one that they stand for.
    next: Option<usize>,
}

impl Columns {
    /// They stand for no row.
    pub(super) fn clear(&mut self) {
        self.next = None;
    }

    /// Makes them those of row `y`: from the row above, if they stand for that.
    #[inline(always)]
    fn bring(&mut self, size: Fit, padded: &Padded, y: usize) {
        let last = y + 2 * size.radius;
        if self.next.replace(y + 1) == Some(y) {
            self.count(padded, last, y - 1);
            return;
        }
        for sums in &mut self.sums {
            sums.clear();
            sums.resize(padded.stride, 0);
        }
        for row in y..=last {
            self.count(padded, row, padded.nothing());
        }
    }

    /// Counts a padded row, and another no longer.
    #[inline(always)]
    fn count(&mut self, padded: &Padded, entering: usize, leaving: usize) {
        let [r, g, b, p] = padded.planes.each_ref().map(|plane| {
            let row = |y: usize| &plane[y * padded.stride..][..padded.stride];
            (row(entering), row(leaving))
        });
        let (means, products) = self.sums.split_at_mut(4);
        for (sums, (new, old)) in means.iter_mut().zip([r, g, b, p]) {
            for ((sum, &new), &old) in sums.iter_mut().zip(new).zip(old) {
                *sum += i32::from(new) - i32::from(old);
            }
        }
        let pairs = [
            (r, p),
            (g, p),
            (b, p),
            (r, r),
            (g, g),
            (b, b),
            (r, g),
            (r, b),
            (g, b),
        ];
        for (sums, (a, b)) in products.iter_mut().zip(pairs) {
            let (new, old) = (a.0.iter().zip(b.0), a.1.iter().zip(b.1));
            for ((sum, (&a, &b)), (&c, &d)) in sums.iter_mut().zip(new).zip(old) {
                *sum += i32::from(a) * i32::from(b) - i32::from(c) * i32::from(d);
            }
        }
    }

    /// The moments of the windows whose first columns are `left` and the fifteen after.
    #[inline(always)]
    fn windows(&self, radius: usize, left: usize) -> [Lanes; MOMENTS] {
        let mut windows = [[0; LANES]; MOMENTS];
        for (window, sums) in windows.iter_mut().zip(&self.sums) {
            let sums = &sums[left..][..LANES + 2 * radius];
            let mut total = [0; LANES];
            for shift in 0..=2 * radius {
                let columns: &Lanes = sums[shift..].first_chunk().expect("a block and a margin");
                for (total, column) in total.iter_mut().zip(columns) {
                    *total += column;
                }
            }
            *window = total;
        }
        windows
    }
}

/// The fits of the windows around the pixels of row `y`, as four planes `[4, width]`.
#[inline(always)]
pub(super) fn fits(size: Fit, padded: &Padded, columns: &mut Columns, y: usize, out: &mut [i32]) {
    columns.bring(size, padded, y);
    let rows = inside(y, size.radius, size.height).len();
    for left in (0..size.width).step_by(LANES) {
        let used = LANES.min(size.width - left);
        let fits = match flat(size.radius, padded, left, y) {
            Some(value) => {
                let offset = fixed(steepened(value as f32, size.contrast), OFFSET_BITS);
                [[0; LANES], [0; LANES], [0; LANES], [offset; LANES]]
            }
            None => {
                let count = |x: usize| inside(x, size.radius, size.width).len();
                let counts =
                    std::array::from_fn(|i| (rows * count((left + i).min(size.width - 1))) as i32);
                solve_lanes(&columns.windows(size.radius, left), &counts, size)
            }
        };
        for (c, fits) in fits.iter().enumerate() {
            out[c * size.width + left..][..used].copy_from_slice(&fits[..used]);
        }
    }
}

/// The mask's value where all windows of a block hold it alone. A block at the border may be flat and not be found to be: its fits
/// come out the same.
#[inline(always)]
fn flat(radius: usize, padded: &Padded, left: usize, y: usize) -> Option<i32> {
    let value = padded.planes[3][(y + radius) * padded.stride + left + radius];
    let all = u128::from_ne_bytes([value; 16]);
    let mut other = 0;
    for y in y..=y + 2 * radius {
        let row = &padded.planes[3][y * padded.stride + left..][..LANES + 2 * radius];
        // The two overlap: a margin is no wider than half a block.
        for bytes in [row.first_chunk(), row.last_chunk()].into_iter().flatten() {
            other |= u128::from_ne_bytes(*bytes) ^ all;
        }
    }
    (other == 0).then_some(i32::from(value))
}

#[inline(always)]
fn solve_lanes(sums: &[Lanes; MOMENTS], counts: &Lanes, size: Fit) -> [Lanes; 4] {
    let mut out = [[0; LANES]; 4];
    for i in 0..LANES {
        let window = std::array::from_fn(|moment| sums[moment][i]);
        let fit = solve(window, counts[i], size);
        for c in 0..4 {
            out[c][i] = fit[c];
        }
    }
    out
}

/// The fit of one window of `count` pixels.
#[inline(always)]
fn solve(window: Moments, count: i32, size: Fit) -> [i32; 4] {
    let [r, g, b, p, rp, gp, bp, rr, gg, bb, rg, rb, gb] = window;
    let scale = 1.0 / (count * count) as f32;
    let covariance = |product: i32, i: i32, j: i32| (count * product - i * j) as f32 * scale;
    let mean = 1.0 / count as f32;
    let with_mask = [
        covariance(rp, r, p),
        covariance(gp, g, p),
        covariance(bp, b, p),
    ];
    let diagonal = [
        covariance(rr, r, r) + size.epsilon,
        covariance(gg, g, g) + size.epsilon,
        covariance(bb, b, b) + size.epsilon,
    ];
    let off = [
        covariance(rg, r, g),
        covariance(rb, r, b),
        covariance(gb, g, b),
    ];
    let slopes =
        solve3(diagonal, off, with_mask).map(|a| (a * size.contrast).clamp(-MAX_SLOPE, MAX_SLOPE));
    let at_mean = slopes[0] * (r as f32 * mean)
        + slopes[1] * (g as f32 * mean)
        + slopes[2] * (b as f32 * mean);
    let offset = steepened(p as f32 * mean, size.contrast) - at_mean;
    [
        fixed(slopes[0], SLOPE_BITS),
        fixed(slopes[1], SLOPE_BITS),
        fixed(slopes[2], SLOPE_BITS),
        fixed(offset, OFFSET_BITS),
    ]
}

/// An alpha that is further from the middle, and may leave 0 to 255.
#[inline(always)]
fn steepened(alpha: f32, contrast: f32) -> f32 {
    (alpha - MIDDLE) * contrast + MIDDLE
}

#[inline(always)]
fn fixed(value: f32, bits: u32) -> i32 {
    (value * (1 << bits) as f32).round() as i32
}

/// Solves a symmetric positive definite 3 x 3 system by cofactors; `off` holds the elements 01, 02, 12.
#[inline(always)]
fn solve3([d0, d1, d2]: [f32; 3], [m01, m02, m12]: [f32; 3], [v0, v1, v2]: [f32; 3]) -> [f32; 3] {
    let c00 = d1 * d2 - m12 * m12;
    let c01 = m02 * m12 - m01 * d2;
    let c02 = m01 * m12 - m02 * d1;
    let c11 = d0 * d2 - m02 * m02;
    let c12 = m01 * m02 - d0 * m12;
    let c22 = d0 * d1 - m01 * m01;
    let determinant = d0 * c00 + m01 * c01 + m02 * c02;
    let factor = 1.0 / determinant;
    [
        (c00 * v0 + c01 * v1 + c02 * v2) * factor,
        (c01 * v0 + c11 * v1 + c12 * v2) * factor,
        (c02 * v0 + c12 * v1 + c22 * v2) * factor,
    ]
}

/// Sums of rows of fits: `[4, width]` with a radius of zeros on either side.
#[derive(Debug, Default)]
pub(super) struct Sums {
    data: Vec<i32>,
    rows: Range<usize>,
}

impl Sums {
    /// Of no rows.
    pub(super) fn clear(&mut self, size: Fit) {
        self.data.clear();
        self.data.resize(4 * (size.width + 2 * size.radius), 0);
        self.rows = 0..0;
    }

    /// Makes them those of `rows`, which `fits` holds, as it does the row above them.
    #[inline(always)]
    fn bring(&mut self, size: Fit, fits: &Ring, rows: Range<usize>) {
        let follows = self.rows.start + 1 == rows.start || self.rows.start == rows.start;
        if !follows || self.rows.end > rows.end {
            self.data.fill(0);
            self.rows = rows.start..rows.start;
        }
        for y in self.rows.end..rows.end {
            self.count::<1>(size, fits.row(y));
        }
        for y in self.rows.start..rows.start {
            self.count::<-1>(size, fits.row(y));
        }
        self.rows = rows;
    }

    #[inline(always)]
    fn count<const SIGN: i32>(&mut self, size: Fit, fits: &[i32]) {
        let planes = self.data.chunks_exact_mut(size.width + 2 * size.radius);
        for (sums, fits) in planes.zip(fits.chunks_exact(size.width)) {
            for (sum, fit) in sums[size.radius..].iter_mut().zip(fits) {
                *sum += SIGN * fit;
            }
        }
    }
}

/// The means of the fits of all windows that the pixels of row `y` lie in, `[4, width]`, rounded half up. `fits` holds their rows and the
/// row above.
#[inline(always)]
pub(super) fn mean(size: Fit, fits: &Ring, y: usize, sums: &mut Sums, out: &mut [i32]) {
    let (width, radius) = (size.width, size.radius);
    let rows = inside(y, radius, size.height);
    sums.bring(size, fits, rows.clone());
    let planes = sums.data.chunks_exact(width + 2 * radius);
    for (sums, out) in planes.zip(out.chunks_exact_mut(width)) {
        out.fill(0);
        for shift in 0..=2 * radius {
            for (sum, value) in out.iter_mut().zip(&sums[shift..]) {
                *sum += value;
            }
        }
        divide(size, rows.len(), out);
    }
}

/// Divides the sums of a row by the numbers of windows in them, `rows` high.
#[inline(always)]
fn divide(size: Fit, rows: usize, sums: &mut [i32]) {
    let (width, radius) = (size.width, size.radius);
    let whole = radius.min(width)..width.saturating_sub(radius).max(radius.min(width));
    for x in (0..whole.start).chain(whole.end..width) {
        let count = (rows * inside(x, radius, width).len()) as i32;
        sums[x] = (sums[x] + count / 2).div_euclid(count);
    }
    let sums = &mut sums[whole];
    let halves_up = |sum: i32, count: i32| (sum + count / 2).div_euclid(count);
    match rows * (2 * radius + 1) {
        // A divisor that the compiler knows is a multiplication; this is the usual one.
        81 => sums.iter_mut().for_each(|sum| *sum = halves_up(*sum, 81)),
        count => sums
            .iter_mut()
            .for_each(|sum| *sum = halves_up(*sum, count as i32)),
    }
}
