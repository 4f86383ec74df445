use super::StridedCopy;
use crate::nn::MAX_RANK;
use crate::nn::odometer::{for_each_index, offset};

pub(super) fn strided_copy<T: Copy>(shape: &StridedCopy, input: &[T], out: &mut [T]) {
    const LAST: usize = MAX_RANK - 1;
    const NEXT: usize = LAST - 1;
    let (len, from_step, to_step) = (
        shape.extents[LAST],
        shape.from_strides[LAST],
        shape.to_strides[LAST],
    );
    let mut rows = shape.extents;
    // The last two axes are loops of their own: what an index costs is then shared by a whole row of runs.
    rows[LAST] = rows[LAST].min(1);
    rows[NEXT] = rows[NEXT].min(1);
    for_each_index(&rows, |index| {
        let steps = index.iter().zip(&shape.from_strides);
        let from = shape
            .from
            .wrapping_add_signed(steps.map(|(&i, step)| i as isize * step).sum());
        let to = shape.to + offset(index, &shape.to_strides);
        let steps = (shape.from_strides[NEXT], shape.to_strides[NEXT]);
        if (from_step, to_step) == (1, 1) && steps.0 >= len as isize && steps.1 >= len {
            let runs = shape.extents[NEXT];
            let sides = (&input[from..], &mut out[to..]);
            if copy_runs(runs, len, (steps.0 as usize, steps.1), sides) {
                return;
            }
        }
        for run in 0..shape.extents[NEXT] {
            let from = from.wrapping_add_signed(run as isize * shape.from_strides[NEXT]);
            let to = to + run * shape.to_strides[NEXT];
            if (from_step, to_step) == (1, 1) {
                copy_run(&input[from..from + len], &mut out[to..to + len]);
            } else {
                for i in 0..len {
                    out[to + i * to_step] = input[from.wrapping_add_signed(i as isize * from_step)];
                }
            }
        }
    });
}

/// Copies runs of `len` elements, `steps` from one to the next on either side, where `len` is a usual number of channels: known
/// when compiling, a run is a load or two. Answers whether it is.
fn copy_runs<T: Copy>(
    runs: usize,
    len: usize,
    (from_step, to_step): (usize, usize),
    (from, to): (&[T], &mut [T]),
) -> bool {
    macro_rules! known {
        ($($len:literal)*) => {
            match len {
                $($len => {
                    let pieces = from.chunks(from_step).zip(to.chunks_mut(to_step));
                    for (from, to) in pieces.take(runs) {
                        to[..$len].copy_from_slice(&from[..$len]);
                    }
                    true
                })*
                _ => false,
            }
        };
    }
    known!(2 4 8 16 24 32 48 64 96)
}

/// Copies a run of equal length in pieces of known size: a pixel's channels are too few to pay for a call.
#[inline(always)]
fn copy_run<T: Copy>(from: &[T], to: &mut [T]) {
    if from.len() > 256 {
        to.copy_from_slice(from);
        return;
    }
    let (from_pieces, from_rest) = from.as_chunks::<16>();
    let (to_pieces, to_rest) = to.as_chunks_mut::<16>();
    for (to, from) in to_pieces.iter_mut().zip(from_pieces) {
        *to = *from;
    }
    let (from_pieces, from_rest) = from_rest.as_chunks::<4>();
    let (to_pieces, to_rest) = to_rest.as_chunks_mut::<4>();
    for (to, from) in to_pieces.iter_mut().zip(from_pieces) {
        *to = *from;
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = *from;
    }
}
