//! Plain Rust for any ISA.
use std::ops::Range;

use super::super::lerp::Taps;
use super::{Fit, MAX_SLOPE, OFFSET_BITS, SLOPE_BITS};

/// Sums over a window: r g b, p, rp gp bp, rr gg bb, rg rb gb.
type Moments = [u32; 13];

fn moments(guide: &[u8; 3], mask: u8) -> Moments {
    let [r, g, b] = guide.map(u32::from);
    let p = u32::from(mask);
    [
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
    ]
}

/// The places of a window around `i` that lie inside.
fn inside(i: usize, radius: usize, len: usize) -> Range<usize> {
    i.saturating_sub(radius)..(i + radius + 1).min(len)
}

/// The fit of a window, and the mean of fits, where the mask is `value` throughout.
fn constant(value: u8) -> [i32; 4] {
    [0, 0, 0, i32::from(value) << OFFSET_BITS]
}

/// The fit of every window; `flat` says which windows hold one mask value alone.
pub(super) fn fits(size: Fit, guide: &[u8], mask: &[u8], flat: &[bool], out: &mut [[i32; 4]]) {
    let guide = guide.as_chunks::<3>().0;
    for (i, out) in out.iter_mut().enumerate() {
        if flat[i] {
            *out = constant(mask[i]);
            continue;
        }
        let columns = inside(i % size.width, size.radius, size.width);
        let rows = inside(i / size.width, size.radius, size.height);
        let mut window = [0; 13];
        for y in rows.clone() {
            let row = y * size.width;
            for x in columns.clone() {
                let new = moments(&guide[row + x], mask[row + x]);
                for (sum, value) in window.iter_mut().zip(new) {
                    *sum += value;
                }
            }
        }
        *out = solve(&window, (rows.len() * columns.len()) as i32, size.epsilon);
    }
}

/// The fit of one window of `count` pixels.
fn solve(window: &Moments, count: i32, epsilon: f32) -> [i32; 4] {
    let [r, g, b, p, rp, gp, bp, rr, gg, bb, rg, rb, gb] = window.map(|sum| sum as i32);
    let scale = 1.0 / (count * count) as f32;
    let covariance = |product: i32, i: i32, j: i32| (count * product - i * j) as f32 * scale;
    let mean = 1.0 / count as f32;
    let with_mask = [
        covariance(rp, r, p),
        covariance(gp, g, p),
        covariance(bp, b, p),
    ];
    let slopes = if with_mask == [0.0; 3] {
        [0.0; 3]
    } else {
        let diagonal = [
            covariance(rr, r, r) + epsilon,
            covariance(gg, g, g) + epsilon,
            covariance(bb, b, b) + epsilon,
        ];
        solve3(
            diagonal,
            [
                covariance(rg, r, g),
                covariance(rb, r, b),
                covariance(gb, g, b),
            ],
            with_mask,
        )
    };
    let slopes = slopes.map(|a| a.clamp(-MAX_SLOPE, MAX_SLOPE));
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

/// The mean of the fits of every window that a pixel lies in; `flat` says where all of these are of one mask value.
pub(super) fn mean(size: Fit, fits: &[[i32; 4]], mask: &[u8], flat: &[bool], out: &mut [[i32; 4]]) {
    for (i, out) in out.iter_mut().enumerate() {
        if flat[i] {
            *out = constant(mask[i]);
            continue;
        }
        let columns = inside(i % size.width, size.radius, size.width);
        let rows = inside(i / size.width, size.radius, size.height);
        let mut sums = [0; 4];
        for y in rows.clone() {
            for fit in &fits[y * size.width..][columns.clone()] {
                for (sum, value) in sums.iter_mut().zip(fit) {
                    *sum += value;
                }
            }
        }
        let count = (rows.len() * columns.len()) as i32;
        *out = sums.map(|sum| (sum + count / 2).div_euclid(count));
    }
}

/// The row of coefficients between two rows, `weight / 256` of the way down.
#[inline(always)]
pub(super) fn between(above: &[[i32; 4]], below: &[[i32; 4]], weight: u16, out: &mut [[i32; 4]]) {
    for ((out, a), b) in out.iter_mut().zip(above).zip(below) {
        *out = mix(a, b, weight);
    }
}

#[inline(always)]
pub(super) fn mix(a: &[i32; 4], b: &[i32; 4], weight: u16) -> [i32; 4] {
    std::array::from_fn(|c| ((a[c] << 8) + (b[c] - a[c]) * i32::from(weight)) >> 8)
}

/// Pixels of a cell that vectors compute at a time.
pub(super) const BLOCK: usize = 16;

/// One row; `cell` writes the pixels of a cell.
#[inline(always)]
pub(super) fn apply<const C: usize>(
    row: &[[i32; 4]],
    x: &Taps,
    picture: &[u8],
    out: &mut [u8],
    cell: impl Fn(&[[i32; 4]], usize, &[u16], &[[u8; C]], &mut [u8]),
) {
    let pixels = picture.as_chunks::<C>().0;
    let whole = 0..out.len();
    // The alpha of the run that is being gathered, and where it starts.
    let (mut flat, mut start) = (None, 0);
    for (i, pair) in row.windows(2).enumerate() {
        let span = x.outputs(i, &whole);
        let value = (pair[0] == pair[1] && pair[0][..3] == [0; 3]).then(|| alpha(pair[0][3]));
        if value != flat {
            if let Some(value) = flat {
                out[start..span.start].fill(value);
            }
            (flat, start) = (value, span.start);
        }
        if value.is_none() {
            // What it writes beyond its cell is written again after this.
            let (weights, pixels) = (&x.weights()[span.start..], &pixels[span.start..]);
            cell(pair, span.len(), weights, pixels, &mut out[span.start..]);
        }
    }
    if let Some(value) = flat {
        out[start..].fill(value);
    }
}

/// [`apply`] with plain Rust for every cell.
#[inline(always)]
pub(super) fn apply_plain<const C: usize>(
    row: &[[i32; 4]],
    x: &Taps,
    picture: &[u8],
    out: &mut [u8],
) {
    apply(
        row,
        x,
        picture,
        out,
        |pair, len, weights, pixels: &[[u8; C]], out| {
            for ((out, &weight), pixel) in out[..len].iter_mut().zip(weights).zip(pixels) {
                *out = at_colour(mix(&pair[0], &pair[1], weight), pixel);
            }
        },
    );
}

/// Alpha of a pixel from the coefficients there.
#[inline(always)]
pub(super) fn at_colour<const C: usize>([ar, ag, ab, offset]: [i32; 4], pixel: &[u8; C]) -> u8 {
    let [r, g, b] = if C == 1 {
        [pixel[0]; 3]
    } else {
        [pixel[0], pixel[1], pixel[2]]
    }
    .map(i32::from);
    alpha(((ar * r + ag * g + ab * b) >> (SLOPE_BITS - OFFSET_BITS)) + offset)
}

/// A fixed-point sum rounded half up and held to a byte.
#[inline(always)]
fn alpha(value: i32) -> u8 {
    ((value + (1 << (OFFSET_BITS - 1))) >> OFFSET_BITS).clamp(0, 255) as u8
}
