//! Resizing by copying the nearest pixel: `out[n, y, x, c] = in[n, rows[y], columns[x], c]`.
//!
//! Source: TensorFlow Lite's `RESIZE_NEAREST_NEIGHBOR`.
mod scalar;

use super::resize_bilinear::Alignment;
use super::{Nhwc, count};
use crate::isa::Isa;

/// The input position under each of `output` positions, computed in f32 as TensorFlow Lite does.
///
/// Aligned corners round halves up; the other alignments round down.
pub fn nearest(alignment: Alignment, input: usize, output: usize) -> Vec<usize> {
    let scale = match alignment {
        Alignment::Corners if output > 1 => (input as f32 - 1.0) / (output as f32 - 1.0),
        _ => input as f32 / output as f32,
    };
    let position = |o: usize| match alignment {
        Alignment::Legacy => (o as f32 * scale).floor(),
        Alignment::Corners => (o as f32 * scale).round(),
        Alignment::HalfPixel => ((o as f32 + 0.5) * scale).floor(),
    };
    (0..output)
        .map(|o| (position(o) as usize).min(input.saturating_sub(1)))
        .collect()
}

/// Shapes and positions of one resize.
#[derive(Debug, Clone, Copy)]
pub struct ResizeNearest<'a> {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// Input row of each output row.
    pub rows: &'a [usize],
    /// Input column of each output column.
    pub columns: &'a [usize],
}

/// Resizes elements of any type. `input` is `[N, H, W, C]`, `out` `[N, rows, columns, C]`.
///
/// # Panics
/// When a length contradicts the shape or a position lies outside the input.
pub fn resize_nearest<T: Copy>(_isa: Isa, shape: &ResizeNearest<'_>, input: &[T], out: &mut [T]) {
    let [n, h, w, c] = shape.input;
    let inside = |positions: &[usize], size| positions.iter().all(|&position| position < size);
    assert!(
        inside(shape.rows, h) && inside(shape.columns, w),
        "positions outside the input"
    );
    assert_eq!(input.len(), count(&shape.input), "length of input");
    assert_eq!(
        out.len(),
        count(&[n, shape.rows.len(), shape.columns.len(), c]),
        "length of output"
    );
    scalar::resize_nearest(shape, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions() {
        assert_eq!(nearest(Alignment::Legacy, 2, 5), [0, 0, 0, 1, 1]);
        // 0, 2/3, 4/3, 2 round to 0, 1, 1, 2.
        assert_eq!(nearest(Alignment::Corners, 3, 4), [0, 1, 1, 2]);
        // (o + 1/2) * 5/2 = 1.25, 3.75.
        assert_eq!(nearest(Alignment::HalfPixel, 5, 2), [1, 3]);
    }

    /// Two pictures of 2x2 pixels with two channels, rows exchanged, the second column twice.
    #[test]
    fn copies_whole_pixels() {
        let shape = ResizeNearest {
            input: [2, 2, 2, 2],
            rows: &[1, 0],
            columns: &[0, 1, 1],
        };
        let input: [u8; 16] = std::array::from_fn(|i| i as u8);
        let first = [4, 5, 6, 7, 6, 7, 0, 1, 2, 3, 2, 3];
        for isa in Isa::available() {
            let mut out = [0; 24];
            resize_nearest(isa, &shape, &input, &mut out);
            assert_eq!(out[..12], first, "{isa}");
            assert_eq!(out[12..], first.map(|v| v + 8), "{isa}");
        }
    }
}
