//! Weighted reduction of a picture to square cells: the colours of one side of a mask, without the other side's.
mod scalar;
mod weight;

pub use weight::eighth_power;

use super::per_isa::per_isa;
use crate::isa::Isa;

/// Largest side of a cell in pixels: `255 * 255 * side` is then an integer that `f32` holds exactly.
pub const MAX_SIDE: usize = 256;

/// What a colour byte counts as while it is averaged.
#[derive(Debug, Clone, Copy)]
pub enum Tone<'a> {
    /// Itself.
    Plain,
    /// Its entry in a table; averages are then means in the table's scale.
    Curve(&'a [f32; 256]),
}

/// Adds one picture row to its columns: `columns[x] += weight[x] * [tone(red), tone(green), tone(blue), 1]`.
///
/// `row` is `[W, channels]` with 1 (counted thrice), 3 or 4 channels (the fourth ignored); `weight` is `[W]`, 0 to 255. For
/// [`Tone::Plain`] and up to [`MAX_SIDE`] rows the sums are exact integers.
///
/// # Panics
/// When lengths contradict each other or `channels` is none of the above.
pub fn add_row(
    _isa: Isa,
    row: &[u8],
    channels: usize,
    weight: &[u8],
    tone: Tone<'_>,
    columns: &mut [[f32; 4]],
) {
    assert_eq!(row.len(), weight.len() * channels, "row length");
    assert_eq!(columns.len(), weight.len(), "number of columns");
    match channels {
        1 => scalar::add_row::<1>(row, weight, tone, columns),
        3 => scalar::add_row::<3>(row, weight, tone, columns),
        4 => scalar::add_row::<4>(row, weight, tone, columns),
        _ => panic!("{channels} channels"),
    }
}

/// Turns the columns of `side` rows into a row of cells, left to right: premultiplied means, that is colour in the tone's
/// scale times weight, and weight in 0 to 1. Clears the columns.
///
/// Cells cut off by the picture's edge are divided by a whole cell too: their weight is the smaller for it.
///
/// # Panics
/// When `side` is 0 or above [`MAX_SIDE`], or the number of cells is not that of the columns by `side`, rounded up.
pub fn fold(_isa: Isa, columns: &mut [[f32; 4]], side: usize, cells: &mut [[f32; 4]]) {
    assert!((1..=MAX_SIDE).contains(&side), "cells of {side} pixels");
    assert_eq!(cells.len(), columns.len().div_ceil(side), "number of cells");
    scalar::fold(columns, side, cells);
    columns.fill([0.0; 4]);
}

/// Least factor of [`distrust_edges`]: what is known of a narrow gap still counts for more than nothing.
const LEAST_TRUST: f32 = 1.0 / 64.0;

/// Lowers cells that touch the mask's other side: each is multiplied by the square of the least weight among itself and its
/// eight neighbours. A mask is rarely right to the pixel, and what it takes for one side there shows the other's colours.
///
/// `weights` is scratch.
///
/// # Panics
/// When `cells` has no whole number of rows.
pub fn distrust_edges(isa: Isa, cells: &mut [[f32; 4]], width: usize, weights: &mut Vec<f32>) {
    assert!(
        width > 0 && cells.len().is_multiple_of(width),
        "plane length"
    );
    weights.resize(cells.len() + width, 0.0);
    per_isa!(
        isa,
        scalar::distrust_edges,
        (cells: &mut [[f32; 4]] = cells, width: usize = width, weights: &mut [f32] = weights)
    );
}

/// Makes cells of twice the side in place, each the mean of four, absent ones counting as empty; returns their number per row.
///
/// # Panics
/// When `cells` has no whole number of rows.
pub fn halve(isa: Isa, cells: &mut Vec<[f32; 4]>, width: usize) -> usize {
    assert!(
        width > 0 && cells.len().is_multiple_of(width),
        "plane length"
    );
    let (out_width, height) = (width.div_ceil(2), cells.len() / width);
    for y in 0..height.div_ceil(2) {
        // A row of the answer ends no later than the rows that it comes from begin, or in the first of them.
        per_isa!(
            isa,
            scalar::halve_row,
            (
                cells: &mut [[f32; 4]] = cells,
                width: usize = width,
                y: usize = y,
            )
        );
    }
    cells.truncate(out_width * height.div_ceil(2));
    out_width
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_select_the_pixels_and_the_last_cell_may_be_partial() {
        let row = [10, 20, 30, 99, 200, 100, 50, 99, 1, 2, 3, 99];
        let (mut columns, mut cells) = ([[0.0; 4]; 3], [[0.0; 4]; 2]);
        add_row(
            Isa::Scalar,
            &row,
            4,
            &[255, 0, 51],
            Tone::Plain,
            &mut columns,
        );
        fold(Isa::Scalar, &mut columns, 2, &mut cells);
        let expected = [[2.5, 5.0, 7.5, 0.25], [0.05, 0.1, 0.15, 0.05]];
        for (found, expected) in cells.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-6, "{cells:?}");
        }
        assert_eq!(columns, [[0.0; 4]; 3]);
    }

    #[test]
    fn rows_add_up() {
        let (mut columns, mut cells) = ([[0.0; 4]; 2], [[0.0; 4]; 1]);
        add_row(
            Isa::Scalar,
            &[0, 4, 8, 4, 8, 0],
            3,
            &[255, 255],
            Tone::Plain,
            &mut columns,
        );
        add_row(
            Isa::Scalar,
            &[8, 4, 0, 0, 0, 0],
            3,
            &[255, 0],
            Tone::Plain,
            &mut columns,
        );
        fold(Isa::Scalar, &mut columns, 2, &mut cells);
        assert_eq!(cells, [[3.0, 4.0, 2.0, 0.75]]);
    }

    #[test]
    fn a_cell_beside_the_other_side_loses_weight_and_keeps_its_colour() {
        let mut cells = [[10.0, 20.0, 30.0, 1.0]; 5];
        cells[4] = [0.0; 4];
        distrust_edges(Isa::Scalar, &mut cells, 5, &mut Vec::new());
        assert_eq!(cells[2], [10.0, 20.0, 30.0, 1.0]);
        assert_eq!(
            cells[3],
            [10.0 / 64.0, 20.0 / 64.0, 30.0 / 64.0, 1.0 / 64.0]
        );
    }

    #[test]
    fn gray_counts_for_three_colours_and_a_curve_is_applied_before_averaging() {
        let curve: [f32; 256] = std::array::from_fn(|i| (i * i) as f32);
        let mut columns = [[0.0; 4]; 2];
        add_row(
            Isa::Scalar,
            &[3, 5],
            1,
            &[255, 1],
            Tone::Curve(&curve),
            &mut columns,
        );
        assert_eq!(
            columns,
            [[2295.0, 2295.0, 2295.0, 255.0], [25.0, 25.0, 25.0, 1.0]]
        );
    }

    #[test]
    fn four_cells_become_their_mean_and_absent_ones_are_empty() {
        let cell = |value: f32| [value, 0.0, 2.0 * value, 1.0];
        for isa in Isa::available() {
            let mut cells: Vec<_> = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0].map(cell).to_vec();
            assert_eq!(halve(isa, &mut cells, 3), 2);
            assert_eq!(cells, [[3.0, 0.0, 6.0, 1.0], [2.25, 0.0, 4.5, 0.5]]);
        }
    }
}
