//! The oracle.
use super::{LEAST_TRUST, Tone};

pub(super) fn add_row<const C: usize>(
    row: &[u8],
    weight: &[u8],
    tone: Tone<'_>,
    columns: &mut [[f32; 4]],
) {
    match tone {
        Tone::Plain => add::<C>(row, weight, columns, f32::from),
        Tone::Curve(curve) => add::<C>(row, weight, columns, |byte| curve[usize::from(byte)]),
    }
}

fn add<const C: usize>(
    row: &[u8],
    weight: &[u8],
    columns: &mut [[f32; 4]],
    value: impl Fn(u8) -> f32,
) {
    for ((pixel, &weight), sum) in row.as_chunks::<C>().0.iter().zip(weight).zip(columns) {
        let weight = f32::from(weight);
        let [r, g, b] = if C == 1 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        }
        .map(&value);
        sum[0] += r * weight;
        sum[1] += g * weight;
        sum[2] += b * weight;
        sum[3] += weight;
    }
}

pub(super) fn fold(columns: &[[f32; 4]], side: usize, cells: &mut [[f32; 4]]) {
    let whole = (255 * side * side) as f32;
    for (columns, cell) in columns.chunks(side).zip(cells) {
        let mut sum = [0.0; 4];
        for column in columns {
            for (sum, value) in sum.iter_mut().zip(column) {
                *sum += value;
            }
        }
        *cell = sum.map(|sum| sum / whole);
    }
}

fn least3(a: f32, b: f32, c: f32) -> f32 {
    let least = if a < b { a } else { b };
    if least < c { least } else { c }
}

/// `weights` has a row more than there are cells.
#[inline(always)]
pub(super) fn distrust_edges(cells: &mut [[f32; 4]], width: usize, weights: &mut [f32]) {
    let (row, near) = weights.split_at_mut(width);
    // The least of each cell and its two neighbours in the row; then, below, of three such rows.
    for (cells, near) in cells.chunks_exact(width).zip(near.chunks_exact_mut(width)) {
        for (weight, cell) in row.iter_mut().zip(cells) {
            *weight = cell[3];
        }
        let last = width - 1;
        near[0] = least3(row[0], row[0], row[1.min(last)]);
        near[last] = least3(row[last.saturating_sub(1)], row[last], row[last]);
        for (near, row) in near[1..].iter_mut().zip(row.windows(3)) {
            *near = least3(row[0], row[1], row[2]);
        }
    }
    let last = cells.len() / width - 1;
    for (y, cells) in cells.chunks_exact_mut(width).enumerate() {
        let near = |y: usize| &near[y.min(last) * width..][..width];
        let (above, middle, below) = (near(y.saturating_sub(1)), near(y), near(y + 1));
        for ((weight, above), (middle, below)) in
            row.iter_mut().zip(above).zip(middle.iter().zip(below))
        {
            let least = least3(*above, *middle, *below);
            let square = least * least;
            *weight = if square > LEAST_TRUST {
                square
            } else {
                LEAST_TRUST
            };
        }
        for (cell, &factor) in cells.iter_mut().zip(&*row) {
            *cell = cell.map(|value| value * factor);
        }
    }
}

/// Row `y` of cells of twice the side, written to its place among those that it comes from.
#[inline(always)]
pub(super) fn halve_row(cells: &mut [[f32; 4]], width: usize, y: usize) {
    let (out_width, height) = (width.div_ceil(2), cells.len() / width);
    for x in 0..out_width {
        let mut sum = [0.0; 4];
        for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let (x, y) = (2 * x + dx, 2 * y + dy);
            if x < width && y < height {
                let cell = cells[y * width + x];
                sum = std::array::from_fn(|c| sum[c] + cell[c] * 0.25);
            }
        }
        cells[y * out_width + x] = sum;
    }
}
