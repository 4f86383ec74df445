//! The fits, sixteen windows at a time in plain Rust that the compiler makes vectors of.
use super::ring::Ring;
use super::{Fit, MAX_SLOPE, OFFSET_BITS, SLOPE_BITS};

/// Windows fitted at a time.
const LANES: usize = 16;

/// A number for each of them.
type Lanes = [i32; LANES];

/// Sums over a window: r g b, p, rp gp bp, rr gg bb, rg rb gb.
type Moments = [i32; 13];

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
    pub(super) fn take(&mut self, size: Fit, guide: &[u8], mask: &[u8]) {
        let key = (size.width, size.height, size.radius);
        if self.key != key {
            self.key = key;
            self.stride = size.width.next_multiple_of(LANES) + 2 * size.radius;
            let len = self.stride * (size.height + 2 * size.radius);
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
pub(super) fn inside(i: usize, radius: usize, len: usize) -> std::ops::Range<usize> {
    i.saturating_sub(radius)..(i + radius + 1).min(len)
}

/// The fits of the windows around the pixels of row `y`, as four planes `[4, width]`.
#[inline(always)]
pub(super) fn fits(size: Fit, padded: &Padded, y: usize, out: &mut [i32]) {
    let rows = inside(y, size.radius, size.height).len();
    for left in (0..size.width).step_by(LANES) {
        let used = LANES.min(size.width - left);
        let fits = match flat(size.radius, padded, left, y) {
            Some(value) => [
                [0; LANES],
                [0; LANES],
                [0; LANES],
                [value << OFFSET_BITS; LANES],
            ],
            None => {
                let count = |x: usize| inside(x, size.radius, size.width).len();
                let counts =
                    std::array::from_fn(|i| (rows * count((left + i).min(size.width - 1))) as i32);
                let sums = sums(size.radius, padded, left, y);
                solve_lanes(&sums, &counts, size.epsilon)
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
fn sums(radius: usize, padded: &Padded, left: usize, y: usize) -> [Lanes; 13] {
    let mut sums = [[0; LANES]; 13];
    for y in y..=y + 2 * radius {
        for x in left..=left + 2 * radius {
            let at = y * padded.stride + x;
            let [r, g, b, p]: [&[u8; LANES]; 4] = std::array::from_fn(|c| {
                padded.planes[c][at..]
                    .first_chunk()
                    .expect("the margin holds a block")
            });
            for i in 0..LANES {
                let [r, g, b, p] = [r[i], g[i], b[i], p[i]].map(i32::from);
                let moments: Moments = [
                    r,
                    g,
                    b,
                    p,
                    r * p,
                    g * p,
                    b * p,
                    r * r,
                    g * g,
                    b * b,
                    r * g,
                    r * b,
                    g * b,
                ];
                for (sums, moment) in sums.iter_mut().zip(moments) {
                    sums[i] += moment;
                }
            }
        }
    }
    sums
}

#[inline(always)]
fn solve_lanes(sums: &[Lanes; 13], counts: &Lanes, epsilon: f32) -> [Lanes; 4] {
    let mut out = [[0; LANES]; 4];
    for i in 0..LANES {
        let window = std::array::from_fn(|moment| sums[moment][i]);
        let fit = solve(window, counts[i], epsilon);
        for c in 0..4 {
            out[c][i] = fit[c];
        }
    }
    out
}

/// The fit of one window of `count` pixels.
#[inline(always)]
fn solve(window: Moments, count: i32, epsilon: f32) -> [i32; 4] {
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
        covariance(rr, r, r) + epsilon,
        covariance(gg, g, g) + epsilon,
        covariance(bb, b, b) + epsilon,
    ];
    let off = [
        covariance(rg, r, g),
        covariance(rb, r, b),
        covariance(gb, g, b),
    ];
    let slopes = solve3(diagonal, off, with_mask).map(|a| a.clamp(-MAX_SLOPE, MAX_SLOPE));
    let at_mean = slopes[0] * (r as f32 * mean)
        + slopes[1] * (g as f32 * mean)
        + slopes[2] * (b as f32 * mean);
    let offset = p as f32 * mean - at_mean;
    let fixed = |value: f32, bits: u32| (value * (1 << bits) as f32).round() as i32;
    [
        fixed(slopes[0], SLOPE_BITS),
        fixed(slopes[1], SLOPE_BITS),
        fixed(slopes[2], SLOPE_BITS),
        fixed(offset, OFFSET_BITS),
    ]
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

/// The means of the fits of all windows that the pixels of row `y` lie in, `[4, width]`, rounded half up. `fits` holds their rows,
/// `scratch` is a row and a radius on either side.
#[inline(always)]
pub(super) fn mean(size: Fit, fits: &Ring, y: usize, scratch: &mut [i32], out: &mut [i32]) {
    let (width, radius) = (size.width, size.radius);
    let rows = inside(y, radius, size.height);
    for (c, out) in out.chunks_exact_mut(width).enumerate() {
        scratch.fill(0);
        for y in rows.clone() {
            let row = &fits.row(y)[c * width..][..width];
            for (sum, fit) in scratch[radius..].iter_mut().zip(row) {
                *sum += fit;
            }
        }
        out.fill(0);
        for shift in 0..=2 * radius {
            for (sum, value) in out.iter_mut().zip(&scratch[shift..]) {
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
    match rows * (2 * radius + 1) {
        // A divisor that the compiler knows is a multiplication; this is the usual one.
        9 => sums
            .iter_mut()
            .for_each(|sum| *sum = (*sum + 4).div_euclid(9)),
        count => sums
            .iter_mut()
            .for_each(|sum| *sum = (*sum + count as i32 / 2).div_euclid(count as i32)),
    }
}
