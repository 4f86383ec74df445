//! `DEPTH_TO_SPACE` as the last step of a mask has it: four bytes of a pixel become the four pixels of a block.
//!
//! ```text
//! out[2 y + by, 2 x + bx] = in[y, x, 2 by + bx]
//! ```
//!
//! Any other block, number of channels or element is a [`strided_copy`](super::strided_copy).
mod scalar;

use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;

/// `[rows, columns, 4]` to `[2 rows, 2 columns]`, any number of rows.
///
/// # Panics
/// When `columns` is 0, `input` is no whole number of rows, or `out` has another length.
pub fn quarters_to_pixels(isa: Isa, columns: usize, input: &[u8], out: &mut [u8]) {
    assert!(input.len().is_multiple_of(4 * columns), "length of input");
    assert_eq!(input.len(), out.len(), "length of output");
    per_isa!(
        isa,
        scalar::quarters_to_pixels,
        (columns: usize = columns, input: &[u8] = input, out: &mut [u8] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the formula, byte for byte, over every rest of a vector.
    #[test]
    fn bytes_go_where_the_formula_says() {
        let widths = if cfg!(miri) { 3..6 } else { 1..140 };
        for columns in widths {
            let input: Vec<u8> = (0..3 * columns * 4)
                .map(|i| (i * 89 + i / 256) as u8)
                .collect();
            let mut expected = vec![0; input.len()];
            for (i, &byte) in input.iter().enumerate() {
                let (y, x, by, bx) = (i / 4 / columns, i / 4 % columns, i / 2 % 2, i % 2);
                expected[(2 * y + by) * 2 * columns + 2 * x + bx] = byte;
            }
            for isa in Isa::available() {
                let mut out = vec![0; input.len()];
                quarters_to_pixels(isa, columns, &input, &mut out);
                assert_eq!(out, expected, "{isa} {columns}");
            }
        }
    }
}
