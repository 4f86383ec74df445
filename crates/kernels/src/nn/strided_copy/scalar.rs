use super::StridedCopy;
use crate::nn::MAX_RANK;
use crate::nn::odometer::{for_each_index, offset};

pub(super) fn strided_copy<T: Copy>(shape: &StridedCopy, input: &[T], out: &mut [T]) {
    const LAST: usize = MAX_RANK - 1;
    let (len, from_step, to_step) = (
        shape.extents[LAST],
        shape.from_strides[LAST],
        shape.to_strides[LAST],
    );
    let mut rows = shape.extents;
    rows[LAST] = rows[LAST].min(1);
    for_each_index(&rows, |index| {
        let steps = index.iter().zip(&shape.from_strides);
        let from = shape
            .from
            .wrapping_add_signed(steps.map(|(&i, step)| i as isize * step).sum());
        let to = shape.to + offset(index, &shape.to_strides);
        if (from_step, to_step) == (1, 1) {
            out[to..to + len].copy_from_slice(&input[from..from + len]);
        } else {
            for i in 0..len {
                out[to + i * to_step] = input[from.wrapping_add_signed(i as isize * from_step)];
            }
        }
    });
}
