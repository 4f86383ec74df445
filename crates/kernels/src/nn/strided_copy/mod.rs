//! Copying a box of elements from one layout to another.
//!
//! ```text
//! out[to + sum(i[k] * to_strides[k])] = in[from + sum(i[k] * from_strides[k])]     for every index i of the box `extents`
//! ```
//!
//! One box is a transposition, a strided or reversed slice, a part of a split or of a concatenation, the inside of a
//! padded tensor, a depth-to-space or space-to-depth; a few boxes are a space-to-batch or batch-to-space.
mod scalar;

use super::MAX_RANK;
use crate::isa::Isa;

/// One box; axes beyond the tensor's rank lead, with extent 1. Strides count elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StridedCopy {
    /// Extents of the box.
    pub extents: [usize; MAX_RANK],
    /// Input element of index 0.
    pub from: usize,
    /// Steps in the input; negative ones walk backwards.
    pub from_strides: [isize; MAX_RANK],
    /// Output element of index 0.
    pub to: usize,
    /// Steps in the output.
    pub to_strides: [usize; MAX_RANK],
}

impl StridedCopy {
    /// First and last input element that the box touches; `None` when it touches none, or one before the input's start.
    fn span(&self) -> Option<(usize, usize)> {
        let reach = |forwards: bool| {
            let axes = self
                .extents
                .iter()
                .zip(&self.from_strides)
                .filter(move |(_, step)| (**step > 0) == forwards);
            axes.map(|(&extent, step)| (extent - 1) * step.unsigned_abs())
                .sum::<usize>()
        };
        if self.extents.contains(&0) {
            None
        } else {
            Some((
                self.from.checked_sub(reach(false))?,
                self.from + reach(true),
            ))
        }
    }

    fn check(&self, input: usize, out: usize) {
        if self.extents.contains(&0) {
            return;
        }
        let last_out: usize = self
            .to_strides
            .iter()
            .zip(self.extents)
            .map(|(step, extent)| step * (extent - 1))
            .sum();
        assert!(
            self.to + last_out < out,
            "{self:?} leaves an output of {out}"
        );
        assert!(
            self.span().is_some_and(|(_, last)| last < input),
            "{self:?} leaves an input of {input}"
        );
    }
}

/// Copies one box of elements; the rest of `out` stays as it is.
///
/// # Panics
/// When the box leaves a slice.
pub fn strided_copy<T: Copy>(_isa: Isa, shape: &StridedCopy, input: &[T], out: &mut [T]) {
    shape.check(input.len(), out.len());
    scalar::strided_copy(shape, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copy(shape: StridedCopy, input: &[u8], out: &mut [u8]) {
        for isa in Isa::available() {
            strided_copy(isa, &shape, input, out);
        }
    }

    #[test]
    fn transposes() {
        let mut out = [0; 6];
        let shape = StridedCopy {
            extents: [1, 1, 1, 1, 3, 2],
            from: 0,
            from_strides: [0, 0, 0, 0, 1, 3],
            to: 0,
            to_strides: [0, 0, 0, 0, 2, 1],
        };
        copy(shape, &[1, 2, 3, 4, 5, 6], &mut out);
        assert_eq!(out, [1, 4, 2, 5, 3, 6]);
    }

    /// Runs of any length, at their own distances on either side, as single elements copied one by one.
    #[test]
    fn runs_of_every_length() {
        let input: Vec<u8> = (0..=255).cycle().take(3 * 130).collect();
        for len in (1..=100).step_by(if cfg!(miri) { 11 } else { 1 }) {
            let (from_step, to_step) = (len + len % 3, len + len % 5);
            let shape = StridedCopy {
                extents: [1, 1, 1, 1, 3, len],
                from: 2,
                from_strides: [0, 0, 0, 0, from_step as isize, 1],
                to: 1,
                to_strides: [0, 0, 0, 0, to_step, 1],
            };
            // Both end with the last run.
            let input = &input[..2 + 2 * from_step + len];
            let mut expected = vec![7; 1 + 2 * to_step + len];
            for (run, i) in (0..3).flat_map(|run| (0..len).map(move |i| (run, i))) {
                expected[1 + run * to_step + i] = input[2 + run * from_step + i];
            }
            let mut out = vec![7; expected.len()];
            copy(shape, input, &mut out);
            assert_eq!(out, expected, "{len}");
        }
    }

    #[test]
    fn reverses_into_the_middle() {
        let mut out = [9; 5];
        let shape = StridedCopy {
            extents: [1, 1, 1, 1, 1, 3],
            from: 4,
            from_strides: [0, 0, 0, 0, 0, -2],
            to: 1,
            to_strides: [0, 0, 0, 0, 0, 1],
        };
        copy(shape, &[0, 1, 2, 3, 4], &mut out);
        assert_eq!(out, [9, 4, 2, 0, 9]);
    }

    #[test]
    #[should_panic(expected = "leaves an input")]
    fn a_box_before_the_input_is_refused() {
        let shape = StridedCopy {
            extents: [1, 1, 1, 1, 1, 2],
            from: 0,
            from_strides: [0, 0, 0, 0, 0, -1],
            to: 0,
            to_strides: [0, 0, 0, 0, 0, 1],
        };
        copy(shape, &[1, 2], &mut [0, 0]);
    }
}
