//! Plain Rust for any ISA.

#[inline(always)]
fn add_scaled(sum: &mut [f32; 4], cell: [f32; 4], factor: f32) {
    for (sum, value) in sum.iter_mut().zip(cell) {
        *sum += value * factor;
    }
}

/// Cells summed at a time, in registers: four wide ones, as many as sums of a few cycles keep busy, or eight half as wide.
const BLOCK: usize = 16;

/// One row; `taps` go from the first cell to the last, and `padded` has as many empty cells on each side as there are beside the
/// centre.
#[inline(always)]
pub(super) fn gaussian_row(padded: &[[f32; 4]], taps: &[f32], out: &mut [[f32; 4]]) {
    let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
    let done = blocks.len() * BLOCK;
    for (block, out) in blocks.iter_mut().enumerate() {
        let mut sums = [[0.0; 4]; BLOCK];
        for (&tap, cells) in taps.iter().zip(padded[block * BLOCK..].windows(BLOCK)) {
            add_block(&mut sums, cells, tap);
        }
        *out = sums;
    }
    for (x, out) in rest.iter_mut().enumerate() {
        *out = [0.0; 4];
        for (&tap, &cell) in taps.iter().zip(&padded[done + x..]) {
            add_scaled(out, cell, tap);
        }
    }
}

/// All columns, a block of cells of a row at a time.
#[inline(always)]
pub(super) fn gaussian_columns(
    plane: &[[f32; 4]],
    width: usize,
    taps: &[f32],
    out: &mut [[f32; 4]],
) {
    let (radius, height) = (taps.len() / 2, plane.len() / width);
    for (y, out) in out.chunks_exact_mut(width).enumerate() {
        let first = y.saturating_sub(radius);
        let plane = &plane[first * width..(y + radius + 1).min(height) * width];
        let taps = &taps[first + radius - y..];
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let done = blocks.len() * BLOCK;
        for (block, out) in blocks.iter_mut().enumerate() {
            let mut sums = [[0.0; 4]; BLOCK];
            for (row, &tap) in plane.chunks_exact(width).zip(taps) {
                add_block(&mut sums, &row[block * BLOCK..][..BLOCK], tap);
            }
            *out = sums;
        }
        rest.fill([0.0; 4]);
        for (row, &tap) in plane.chunks_exact(width).zip(taps) {
            for (sum, &cell) in rest.iter_mut().zip(&row[done..]) {
                add_scaled(sum, cell, tap);
            }
        }
    }
}

#[inline(always)]
fn add_block(sums: &mut [[f32; 4]; BLOCK], cells: &[[f32; 4]], tap: f32) {
    for (sum, &cell) in sums.iter_mut().zip(cells) {
        add_scaled(sum, cell, tap);
    }
}

/// `prefix[i]` is the sum of the row's cells before `i`.
pub(super) fn running_total(row: &[[f32; 4]], prefix: &mut [[f32; 4]]) {
    let mut sum = [0.0; 4];
    prefix[0] = sum;
    for (total, &cell) in prefix[1..].iter_mut().zip(row) {
        add_scaled(&mut sum, cell, 1.0);
        *total = sum;
    }
}

/// The running total at a fractional place, held inside the row.
fn total_at(prefix: &[[f32; 4]], place: f32) -> [f32; 4] {
    let last = prefix.len() - 1;
    if place <= 0.0 {
        return prefix[0];
    }
    let index = place as usize;
    if index >= last {
        return prefix[last];
    }
    let rest = place - index as f32;
    std::array::from_fn(|c| prefix[index][c] + (prefix[index + 1][c] - prefix[index][c]) * rest)
}

/// The rows of the average from row `first` on.
pub(super) fn disc(
    prefix: &[[f32; 4]],
    width: usize,
    half_widths: &[f32],
    first: usize,
    out: &mut [[f32; 4]],
) {
    let (reach, height) = (half_widths.len() - 1, prefix.len() / (width + 1));
    let area: f32 = half_widths
        .iter()
        .enumerate()
        .map(|(i, half)| if i == 0 { 2.0 } else { 4.0 } * (half + 0.5))
        .sum();
    let factor = 1.0 / area;
    for (y, out) in (first..).zip(out.chunks_exact_mut(width)) {
        out.fill([0.0; 4]);
        for source in y.saturating_sub(reach)..(y + reach + 1).min(height) {
            let row = &prefix[source * (width + 1)..][..width + 1];
            // A row of cells as wide as the disc there, counted from the middle of a cell.
            let half = half_widths[source.abs_diff(y)] + 0.5;
            for (x, sum) in out.iter_mut().enumerate() {
                let centre = x as f32 + 0.5;
                let (left, right) = (total_at(row, centre - half), total_at(row, centre + half));
                for c in 0..4 {
                    sum[c] += (right[c] - left[c]) * factor;
                }
            }
        }
    }
}
