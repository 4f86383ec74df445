//! Position of the largest element along one axis; the first of equals.
//!
//! `out[o, i] = argmax over k of in[o, k, i]`, with the tensor seen as `[outer, axis, inner]`.
//! Source: TensorFlow Lite's `ARG_MAX`.
mod scalar;

use super::count;
use crate::isa::Isa;

/// A tensor seen as `[outer, axis, inner]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArgMax {
    /// Product of the extents before the axis.
    pub outer: usize,
    /// Extent of the axis, at least 1.
    pub axis: usize,
    /// Product of the extents after it.
    pub inner: usize,
}

/// Positions along the axis; `input` is `[outer, axis, inner]`, `out` `[outer, inner]`. NaN is never the largest unless first.
///
/// # Panics
/// When a length contradicts the shape, or the axis is empty.
pub fn arg_max<T: Copy + PartialOrd>(_isa: Isa, shape: &ArgMax, input: &[T], out: &mut [i32]) {
    assert!(shape.axis >= 1, "the largest of nothing");
    assert_eq!(
        input.len(),
        count(&[shape.outer, shape.axis, shape.inner]),
        "length of input"
    );
    assert_eq!(
        out.len(),
        count(&[shape.outer, shape.inner]),
        "length of output"
    );
    scalar::arg_max(shape, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_of_equals_along_either_axis() {
        let input = [1, 5, 5, 7, 2, 5];
        let mut rows = [9; 2];
        arg_max(
            Isa::Scalar,
            &ArgMax {
                outer: 2,
                axis: 3,
                inner: 1,
            },
            &input,
            &mut rows,
        );
        assert_eq!(rows, [1, 0]);
        let mut columns = [9; 3];
        arg_max(
            Isa::Scalar,
            &ArgMax {
                outer: 1,
                axis: 2,
                inner: 3,
            },
            &input,
            &mut columns,
        );
        assert_eq!(columns, [1, 0, 0]);
    }
}
