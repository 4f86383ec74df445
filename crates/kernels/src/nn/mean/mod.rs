//! Mean over any set of axes.
//!
//! Quantized: `sum(x - x_zero)` as an integer, then [`OutputI8::requantize`] with `scale / count`.
//! Source: TensorFlow Lite's `MEAN`.
mod rows;
mod scalar;

pub use super::average_pool::AverageI8;
use super::{MAX_RANK, count};
use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;
#[cfg(doc)]
use crate::requantize::OutputI8;

/// Which elements of a tensor are averaged into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mean {
    /// The input's extents along the axes that stay, 1 along the others.
    kept: [usize; MAX_RANK],
    /// The input's extents along the axes that go, 1 along the others.
    averaged: [usize; MAX_RANK],
    /// The input's strides.
    strides: [usize; MAX_RANK],
}

impl Mean {
    /// The mean of a tensor of `extents` over the axes where `over` holds; `None` when the rank exceeds [`MAX_RANK`].
    pub fn new(extents: &[usize], over: &[bool]) -> Option<Self> {
        let lead = MAX_RANK.checked_sub(extents.len())?;
        let mut shape = Self {
            kept: [1; MAX_RANK],
            averaged: [1; MAX_RANK],
            strides: [0; MAX_RANK],
        };
        let mut step = 1;
        for (axis, (&extent, &over)) in extents.iter().zip(over).enumerate().rev() {
            let part = if over {
                &mut shape.averaged
            } else {
                &mut shape.kept
            };
            part[lead + axis] = extent;
            shape.strides[lead + axis] = step;
            step *= extent;
        }
        Some(shape)
    }

    /// As `[outer, averaged, inner]`, where the averaged axes follow one another.
    fn as_rows(&self) -> Option<[usize; 3]> {
        let goes = |axis: &usize| self.averaged[*axis] != 1;
        let first = (0..MAX_RANK).find(goes)?;
        let last = (0..MAX_RANK).rfind(goes)?;
        if self.kept[first..=last].iter().any(|&extent| extent != 1) {
            return None;
        }
        Some([
            count(&self.kept[..first]),
            count(&self.averaged),
            count(&self.kept[last + 1..]),
        ])
    }

    fn check(&self, input: usize, out: usize) {
        assert_eq!(
            input,
            count(&self.kept) * count(&self.averaged),
            "length of input"
        );
        assert_eq!(out, count(&self.kept), "length of output");
    }
}

/// Quantized mean; `out` holds the axes that stay, in order. Every ISA gives the same bytes.
///
/// The sum wraps beyond 2^31, which takes more than 8 million averaged elements.
///
/// # Panics
/// When a length contradicts the shape.
pub fn mean_i8(isa: Isa, shape: &Mean, constants: &AverageI8, input: &[i8], out: &mut [i8]) {
    shape.check(input.len(), out.len());
    match shape.as_rows() {
        Some(extents) if isa != Isa::Scalar && !input.is_empty() => per_isa!(
            isa,
            rows::mean_i8,
            (
                extents: [usize; 3] = extents,
                constants: &AverageI8 = constants,
                input: &[i8] = input,
                out: &mut [i8] = out
            )
        ),
        _ => scalar::mean_i8(shape, constants, input, out),
    }
}

/// Float mean; `out` holds the axes that stay, in order. `Scalar` sums in the input's order; the others, where the averaged
/// axes follow one another, in four sums of every fourth element, added last.
///
/// # Panics
/// When a length contradicts the shape.
pub fn mean_f32(isa: Isa, shape: &Mean, input: &[f32], out: &mut [f32]) {
    shape.check(input.len(), out.len());
    match shape.as_rows() {
        Some(extents) if isa != Isa::Scalar => per_isa!(
            isa,
            rows::mean_f32,
            (extents: [usize; 3] = extents, input: &[f32] = input, out: &mut [f32] = out)
        ),
        _ => scalar::mean_f32(shape, input, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    #[test]
    fn each_axis_of_a_cube() {
        let cube: [f32; 8] = std::array::from_fn(|i| i as f32);
        for (over, expected) in [
            ([true, false, false], vec![2.0, 3.0, 4.0, 5.0]),
            ([false, true, false], vec![1.0, 2.0, 5.0, 6.0]),
            ([false, false, true], vec![0.5, 2.5, 4.5, 6.5]),
            ([true, true, false], vec![3.0, 4.0]),
            ([true, true, true], vec![3.5]),
        ] {
            let shape = Mean::new(&[2, 2, 2], &over).expect("rank 3 fits");
            let mut out = vec![0.0; expected.len()];
            mean_f32(Isa::Scalar, &shape, &cube, &mut out);
            assert_eq!(out, expected, "{over:?}");
        }
    }

    /// Every set's bytes are the oracle's, over axes and over counts of channels around a block.
    #[test]
    fn quantized_equals_the_oracle() {
        for inner in [1, 2, 7, 15, 16, 17, 33] {
            for (extents, over) in [
                ([2, 5, 3, inner], [false, true, true, false]),
                ([1, 41, 1, inner], [false, true, false, false]),
                ([3, inner, 2, 2], [false, false, true, true]),
                ([2, 3, 4, inner], [true, false, true, false]),
            ] {
                let shape = Mean::new(&extents, &over).expect("rank 4 fits");
                let input: Vec<i8> = (0..count(&extents))
                    .map(|i| (i * 73 + i / 7) as i8)
                    .collect();
                let constants = AverageI8 {
                    input_zero: -37,
                    scale: 1.3,
                    output: OutputI8::full(11),
                };
                let mut expected = vec![0; count(&shape.kept)];
                mean_i8(Isa::Scalar, &shape, &constants, &input, &mut expected);
                for isa in Isa::available() {
                    let mut out = vec![0; expected.len()];
                    mean_i8(isa, &shape, &constants, &input, &mut out);
                    assert_eq!(out, expected, "{isa} {extents:?} {over:?}");
                }
            }
        }
    }

    /// Channel means of two pixels: (1+2)/2 = 1.5 and (-3+0)/2 = -1.5 after the zero point; on half the grid 3 and -3, plus 7.
    #[test]
    fn quantized() {
        let shape = Mean::new(&[1, 2, 1, 2], &[false, true, true, false]).expect("rank 4 fits");
        let constants = AverageI8 {
            input_zero: 4,
            scale: 2.0,
            output: OutputI8::full(7),
        };
        for isa in Isa::available() {
            let mut out = [0; 2];
            mean_i8(isa, &shape, &constants, &[5, 1, 6, 4], &mut out);
            assert_eq!(out, [10, 4], "{isa}");
        }
    }
}
