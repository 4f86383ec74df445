//! Pairing the elements of two tensors whose shapes differ where one has extent 1.
use super::odometer::{for_each_index, offset};
use super::{MAX_RANK, count};

/// How two tensors pair up under the broadcasting rule: shapes are aligned at the last axis, and an extent of 1 (or a
/// missing axis) repeats along the other tensor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broadcast {
    /// The output's extents with neighbouring axes merged where both inputs allow, leading ones first.
    extents: [usize; MAX_RANK],
    /// Elements to step in each input per axis; 0 where it repeats.
    strides: [[usize; MAX_RANK]; 2],
}

impl Broadcast {
    /// The pairing of tensors shaped `a` and `b`, or `None` when an axis fits neither rule or a rank exceeds [`MAX_RANK`].
    pub fn new(a: &[usize], b: &[usize]) -> Option<Self> {
        let shape = Self::shape(a, b)?;
        let (a_strides, b_strides) = (strides(a, shape.len()), strides(b, shape.len()));
        let mut axes: Vec<(usize, [usize; 2])> = Vec::new();
        for (&extent, steps) in shape
            .iter()
            .zip(a_strides.into_iter().zip(b_strides))
            .filter(|(extent, _)| **extent != 1)
        {
            match axes.last_mut() {
                Some((outer, outer_steps))
                    if *outer_steps == [steps.0 * extent, steps.1 * extent] =>
                {
                    *outer *= extent;
                    *outer_steps = steps.into();
                }
                _ => axes.push((extent, steps.into())),
            }
        }
        let mut pairing = Self {
            extents: [1; MAX_RANK],
            strides: [[0; MAX_RANK]; 2],
        };
        for (axis, (extent, steps)) in (MAX_RANK - axes.len()..).zip(axes) {
            pairing.extents[axis] = extent;
            pairing.strides[0][axis] = steps[0];
            pairing.strides[1][axis] = steps[1];
        }
        Some(pairing)
    }

    /// The output's shape, or `None` as for [`Broadcast::new`].
    pub fn shape(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
        let rank = a.len().max(b.len());
        let extent = |shape: &[usize], axis: usize| {
            (axis + shape.len())
                .checked_sub(rank)
                .map_or(1, |axis| shape[axis])
        };
        let pair = |axis| match (extent(a, axis), extent(b, axis)) {
            (a, b) if a == b || b == 1 => Some(a),
            (1, b) => Some(b),
            _ => None,
        };
        if rank > MAX_RANK {
            None
        } else {
            (0..rank).map(pair).collect()
        }
    }

    /// Panics unless the slices hold the elements of the two inputs and the output.
    pub(crate) fn check(&self, a: usize, b: usize, out: usize) {
        let held = |strides: &[usize; MAX_RANK]| {
            count(&std::array::from_fn::<_, MAX_RANK, _>(|axis| {
                if strides[axis] == 0 {
                    1
                } else {
                    self.extents[axis]
                }
            }))
        };
        assert_eq!(out, count(&self.extents), "length of output");
        assert_eq!(a, held(&self.strides[0]), "length of the first input");
        assert_eq!(b, held(&self.strides[1]), "length of the second input");
    }

    /// Whether the tensors pair element by element, without repeats.
    pub(crate) fn is_elementwise(&self) -> bool {
        self.strides[0] == self.strides[1]
            && (self.extents.iter().zip(&self.strides[0]))
                .all(|(&extent, &step)| extent == 1 || step != 0)
    }

    /// Blocks of rows that [`Broadcast::block`] counts.
    pub(crate) fn blocks(&self) -> usize {
        count(&self.extents[..MAX_RANK - 2])
    }

    /// Where block `index` begins in each input. In the output, blocks follow one another.
    pub(crate) fn block(&self, index: usize) -> [usize; 2] {
        let (mut index, mut starts) = (index, [0; 2]);
        for axis in (0..MAX_RANK - 2).rev() {
            let at = index % self.extents[axis];
            index /= self.extents[axis];
            for (start, strides) in starts.iter_mut().zip(&self.strides) {
                *start += at * strides[axis];
            }
        }
        starts
    }

    /// Rows of a block, elements of a row, and of each input the steps from row to row and along a row (0 or 1).
    pub(crate) fn rows(&self) -> ([usize; 2], [[usize; 2]; 2]) {
        let last = |axes: &[usize; MAX_RANK]| [axes[MAX_RANK - 2], axes[MAX_RANK - 1]];
        (last(&self.extents), self.strides.each_ref().map(last))
    }

    /// `out = f(a, b)` for every pair.
    #[inline(always)]
    pub(crate) fn zip<A: Copy, B: Copy, O>(
        &self,
        a: &[A],
        b: &[B],
        out: &mut [O],
        f: impl Fn(A, B) -> O,
    ) {
        const LAST: usize = MAX_RANK - 1;
        let (row, steps) = (
            self.extents[LAST],
            [self.strides[0][LAST], self.strides[1][LAST]],
        );
        let mut rows = self.extents;
        rows[LAST] = 1;
        let mut out = out.chunks_exact_mut(row.max(1));
        for_each_index(&rows, |index| {
            let (a, b) = (
                &a[offset(index, &self.strides[0])..],
                &b[offset(index, &self.strides[1])..],
            );
            let Some(out) = out.next() else { return };
            match steps {
                [1, 1] => out
                    .iter_mut()
                    .zip(a.iter().zip(b))
                    .for_each(|(out, (&a, &b))| *out = f(a, b)),
                [1, _] => out
                    .iter_mut()
                    .zip(a)
                    .for_each(|(out, &a)| *out = f(a, b[0])),
                [_, 1] => out
                    .iter_mut()
                    .zip(b)
                    .for_each(|(out, &b)| *out = f(a[0], b)),
                _ => out.iter_mut().for_each(|out| *out = f(a[0], b[0])),
            }
        });
    }
}

/// Row-major strides of `shape` as the last axes of `rank`; 0 where it repeats.
fn strides(shape: &[usize], rank: usize) -> Vec<usize> {
    let mut strides = vec![0; rank];
    let mut step = 1;
    for (stride, &extent) in strides.iter_mut().rev().zip(shape.iter().rev()) {
        *stride = if extent == 1 { 0 } else { step };
        step *= extent;
    }
    strides
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(a: &[usize], b: &[usize]) -> Vec<usize> {
        let pairing = Broadcast::new(a, b).expect("shapes fit");
        let (x, y): (Vec<_>, Vec<_>) = (
            (0..count(a)).collect(),
            (0..count(b)).map(|i| i * 1000).collect(),
        );
        let mut out = vec![0; count(&Broadcast::shape(a, b).expect("shapes fit"))];
        pairing.check(x.len(), y.len(), out.len());
        pairing.zip(&x, &y, &mut out, |a, b| a + b);
        out
    }

    #[test]
    fn scalar_channel_row_and_column() {
        assert_eq!(sums(&[1, 2, 2], &[]), [0, 1, 2, 3]);
        assert_eq!(sums(&[2, 2], &[2]), [0, 1001, 2, 1003]);
        assert_eq!(sums(&[2, 1], &[1, 3]), [0, 1000, 2000, 1, 1001, 2001]);
        assert_eq!(sums(&[2], &[2, 1]), [0, 1, 1000, 1001]);
        assert_eq!(
            sums(&[2, 1, 2], &[2, 2, 2]),
            [0, 1001, 2000, 3001, 4002, 5003, 6002, 7003]
        );
    }

    #[test]
    fn equal_shapes_merge_into_one_row() {
        let pairing = Broadcast::new(&[2, 3, 4], &[2, 3, 4]).expect("equal shapes fit");
        assert_eq!(pairing.extents, [1, 1, 1, 1, 1, 24]);
    }

    #[test]
    fn misfits_are_refused() {
        assert_eq!(Broadcast::new(&[2, 3], &[2, 4]), None);
        assert_eq!(Broadcast::new(&[1; 7], &[1]), None);
    }

    #[test]
    fn empty_tensors_do_nothing() {
        assert_eq!(sums(&[2, 0], &[1]), []);
    }
}
