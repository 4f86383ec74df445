//! The oracle.
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

/// Slides a window of `2 * radius + 1` over `len` places: yields `(enter, leave)` before each place is read.
fn slide(i: usize, radius: usize, len: usize) -> (std::ops::Range<usize>, Option<usize>) {
    let enter = if i == 0 {
        0..(radius + 1).min(len)
    } else {
        (i + radius).min(len)..(i + radius + 1).min(len)
    };
    (enter, i.checked_sub(radius + 1))
}

/// Places of a window around `i` that lie inside.
fn inside(i: usize, radius: usize, len: usize) -> usize {
    (i + radius + 1).min(len) - i.saturating_sub(radius)
}

pub(super) fn fits(
    size: Fit,
    guide: &[u8],
    mask: &[u8],
    columns: &mut Vec<Moments>,
    out: &mut [[i32; 4]],
) {
    let Fit {
        width,
        height,
        radius,
        epsilon,
    } = size;
    let guide = guide.as_chunks::<3>().0;
    columns.clear();
    columns.resize(width, [0; 13]);
    for y in 0..height {
        let (enter, leave) = slide(y, radius, height);
        for row in enter {
            for (x, column) in columns.iter_mut().enumerate() {
                let new = moments(&guide[row * width + x], mask[row * width + x]);
                column
                    .iter_mut()
                    .zip(new)
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        if let Some(row) = leave {
            for (x, column) in columns.iter_mut().enumerate() {
                let old = moments(&guide[row * width + x], mask[row * width + x]);
                column
                    .iter_mut()
                    .zip(old)
                    .for_each(|(sum, value)| *sum -= value);
            }
        }
        let mut window = [0; 13];
        for x in 0..width {
            let (enter, leave) = slide(x, radius, width);
            for column in &columns[enter] {
                window
                    .iter_mut()
                    .zip(column)
                    .for_each(|(sum, value)| *sum += value);
            }
            if let Some(column) = leave {
                window
                    .iter_mut()
                    .zip(columns[column])
                    .for_each(|(sum, value)| *sum -= value);
            }
            let count = inside(y, radius, height) * inside(x, radius, width);
            out[y * width + x] = solve(&window, count as i32, epsilon);
        }
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

/// The mean of the fits of every window that a pixel lies in.
pub(super) fn mean(
    size: Fit,
    fits: &[[i32; 4]],
    columns: &mut Vec<[i32; 4]>,
    out: &mut [[i32; 4]],
) {
    let Fit {
        width,
        height,
        radius,
        ..
    } = size;
    columns.clear();
    columns.resize(width, [0; 4]);
    for y in 0..height {
        let (enter, leave) = slide(y, radius, height);
        for row in enter {
            for (column, fit) in columns.iter_mut().zip(&fits[row * width..]) {
                column
                    .iter_mut()
                    .zip(fit)
                    .for_each(|(sum, value)| *sum += value);
            }
        }
        if let Some(row) = leave {
            for (column, fit) in columns.iter_mut().zip(&fits[row * width..]) {
                column
                    .iter_mut()
                    .zip(fit)
                    .for_each(|(sum, value)| *sum -= value);
            }
        }
        let mut window = [0; 4];
        for x in 0..width {
            let (enter, leave) = slide(x, radius, width);
            for column in &columns[enter] {
                window
                    .iter_mut()
                    .zip(column)
                    .for_each(|(sum, value)| *sum += value);
            }
            if let Some(column) = leave {
                window
                    .iter_mut()
                    .zip(columns[column])
                    .for_each(|(sum, value)| *sum -= value);
            }
            let count = (inside(y, radius, height) * inside(x, radius, width)) as i32;
            out[y * width + x] = window.map(|sum| (sum + count / 2).div_euclid(count));
        }
    }
}

/// The row of coefficients between two rows, `weight / 256` of the way down.
pub(super) fn between(above: &[[i32; 4]], below: &[[i32; 4]], weight: u16, out: &mut [[i32; 4]]) {
    for ((out, a), b) in out.iter_mut().zip(above).zip(below) {
        *out = mix(a, b, weight);
    }
}

fn mix(a: &[i32; 4], b: &[i32; 4], weight: u16) -> [i32; 4] {
    let weight = i32::from(weight);
    std::array::from_fn(|c| (a[c] * (256 - weight) + b[c] * weight) >> 8)
}

pub(super) fn apply<const C: usize>(row: &[[i32; 4]], x: &Taps, picture: &[u8], out: &mut [u8]) {
    for (i, (pixel, alpha)) in picture.as_chunks::<C>().0.iter().zip(out).enumerate() {
        let (index, weight) = x.at(i);
        let [ar, ag, ab, offset] = mix(&row[index], &row[index + 1], weight);
        let [r, g, b] = if C == 1 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        }
        .map(i32::from);
        let value = ((ar * r + ag * g + ab * b) >> (SLOPE_BITS - OFFSET_BITS)) + offset;
        *alpha = ((value + (1 << (OFFSET_BITS - 1))) >> OFFSET_BITS).clamp(0, 255) as u8;
    }
}
