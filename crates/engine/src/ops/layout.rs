//! Steps that only move elements, and the arithmetic of their layouts.
use crate::error::{Error, Result};
use crate::graph::{Constant, Value};
use crate::plan::{Io, Step};
use crate::tensor::DType;
use bytemuck::Pod;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::MAX_RANK;
use hypercut_kernels::nn::strided_copy::{StridedCopy, strided_copy};

/// The rank that operations with free axes take.
///
/// # Errors
/// Unsupported above [`MAX_RANK`].
pub(super) fn check_rank(shape: &[usize]) -> Result<()> {
    if shape.len() <= MAX_RANK {
        return Ok(());
    }
    Err(Error::unsupported(format!(
        "rank {}, above {MAX_RANK}",
        shape.len()
    )))
}

/// The dimension that `number` names in a tensor of `rank`; negative numbers count from the last.
///
/// # Errors
/// Invalid outside `-rank..rank`.
pub(super) fn axis(number: i64, rank: usize) -> Result<usize> {
    let from_start = if number < 0 {
        number.checked_add(rank as i64)
    } else {
        Some(number)
    };
    let axis = from_start
        .and_then(|axis| usize::try_from(axis).ok())
        .filter(|&axis| axis < rank);
    axis.ok_or_else(|| Error::invalid(format!("axis {number} of a tensor of rank {rank}")))
}

/// The elements of an `I32` or `I64` constant: shapes, axes, paddings.
///
/// # Errors
/// Unsupported when the value is computed, invalid when it has another type.
pub(super) fn integers(value: &Value) -> Result<Vec<i64>> {
    match &value.constant {
        Some(Constant::I64(data)) => Ok(data.to_vec()),
        _ => Ok(value
            .constant_i32()?
            .iter()
            .map(|&number| number.into())
            .collect()),
    }
}

/// Product of extents.
///
/// # Errors
/// Too large beyond `usize`.
pub(super) fn product(extents: &[usize]) -> Result<usize> {
    let product = extents
        .iter()
        .try_fold(1usize, |product, &extent| product.checked_mul(extent));
    product.ok_or_else(|| Error::too_large(format!("a tensor of {extents:?}")))
}

/// Row-major strides of `shape`, in elements.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for axis in (1..shape.len()).rev() {
        strides[axis - 1] = strides[axis] * shape[axis];
    }
    strides
}

/// One axis of a box to be copied: its extent, and the steps that it takes in input and output.
#[derive(Debug, Clone, Copy)]
pub(super) struct BoxAxis {
    pub(super) extent: usize,
    pub(super) from: isize,
    pub(super) to: usize,
}

/// The box with these axes (at most [`MAX_RANK`]), from element `from` of the input to element `to` of the output. Axes that go
/// on where the next one ends, on both sides, are one, so that runs are as long as they can be.
pub(super) fn copy_box(from: usize, to: usize, axes: &[BoxAxis]) -> StridedCopy {
    let axes = joined(axes);
    let mut shape = StridedCopy {
        extents: [1; MAX_RANK],
        from,
        from_strides: [0; MAX_RANK],
        to,
        to_strides: [0; MAX_RANK],
    };
    for (place, axis) in (MAX_RANK - axes.len()..).zip(&axes) {
        shape.extents[place] = axis.extent;
        shape.from_strides[place] = axis.from;
        shape.to_strides[place] = axis.to;
    }
    shape
}

/// The fewest axes with the same elements in the same order.
fn joined(axes: &[BoxAxis]) -> Vec<BoxAxis> {
    let mut few: Vec<BoxAxis> = Vec::new();
    for axis in axes.iter().filter(|axis| axis.extent != 1) {
        match few.last_mut() {
            Some(outer)
                if outer.from == axis.from * axis.extent as isize
                    && outer.to == axis.to * axis.extent =>
            {
                let extent = outer.extent * axis.extent;
                *outer = BoxAxis { extent, ..*axis };
            }
            _ => few.push(*axis),
        }
    }
    few
}

/// A step that copies `boxes` of input `input` to an output of type `dtype`, over `fill` (the element's bits) if given.
pub(super) fn copy_step(
    dtype: DType,
    isa: Isa,
    input: usize,
    boxes: Vec<StridedCopy>,
    fill: Option<u32>,
) -> Box<dyn Step> {
    match dtype.size() {
        1 => Box::new(CopyStep {
            isa,
            input,
            boxes,
            fill: fill.map(|bits| bits as u8),
        }),
        2 => Box::new(CopyStep {
            isa,
            input,
            boxes,
            fill: fill.map(|bits| bits as u16),
        }),
        4 => Box::new(CopyStep {
            isa,
            input,
            boxes,
            fill,
        }),
        _ => Box::new(CopyStep {
            isa,
            input,
            boxes,
            fill: fill.map(u64::from),
        }),
    }
}

/// Copies the whole of input 0, for operations that change the shape alone.
pub(super) fn copy_all(output: &Value, isa: Isa) -> Box<dyn Step> {
    let all = copy_box(
        0,
        0,
        &[BoxAxis {
            extent: output.len(),
            from: 1,
            to: 1,
        }],
    );
    copy_step(output.dtype, isa, 0, vec![all], None)
}

/// Boxes of elements with the size of `T`.
#[derive(Debug)]
struct CopyStep<T> {
    isa: Isa,
    input: usize,
    boxes: Vec<StridedCopy>,
    fill: Option<T>,
}

impl<T: Pod + std::fmt::Debug + Send> Step for CopyStep<T> {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split::<T>();
        let input = inputs.get::<T>(self.input);
        if let Some(fill) = self.fill {
            out.fill(fill);
        }
        for shape in &self.boxes {
            strided_copy(self.isa, shape, input, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_count_from_either_end() {
        assert_eq!(
            (axis(0, 3), axis(2, 3), axis(-1, 3), axis(-3, 3)),
            (Ok(0), Ok(2), Ok(2), Ok(0))
        );
        for wrong in [3, -4, i64::MIN, i64::MAX] {
            assert_eq!(
                axis(wrong, 3).unwrap_err().to_string(),
                format!("axis {wrong} of a tensor of rank 3")
            );
        }
        assert!(axis(0, 0).is_err());
    }

    /// Four bytes of a pixel to a block of 2x2: what is left are rows of blocks, rows in a block, columns and pairs.
    #[test]
    fn axes_that_go_on_are_one() {
        let axes = [
            (1, 768, 768),
            (3, 8, 8),
            (2, 2, 4),
            (2, 4, 2),
            (2, 1, 1),
            (1, 1, 1),
        ];
        let axes = axes.map(|(extent, from, to)| BoxAxis { extent, from, to });
        let shape = copy_box(5, 7, &axes);
        assert_eq!(shape.extents, [1, 1, 3, 2, 2, 2]);
        assert_eq!(shape.from_strides, [0, 0, 8, 2, 4, 1]);
        assert_eq!(shape.to_strides, [0, 0, 8, 4, 2, 1]);
        let backwards = [(2, -6, 6), (3, -2, 2), (2, -1, 1)];
        let backwards = backwards.map(|(extent, from, to)| BoxAxis { extent, from, to });
        let shape = copy_box(11, 0, &backwards);
        assert_eq!(
            (shape.extents, shape.from_strides[5]),
            ([1, 1, 1, 1, 1, 12], -1)
        );
    }

    #[test]
    fn products_are_checked() {
        assert_eq!(product(&[2, 3, 4]), Ok(24));
        assert!(product(&[usize::MAX, 2]).is_err());
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
    }
}
