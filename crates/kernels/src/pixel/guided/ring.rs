//! The last few rows of a plane that is never whole in memory.
use std::ops::Range;

/// Rows of equal length, of which the newest are held.
#[derive(Debug, Default)]
pub(super) struct Ring {
    data: Vec<i32>,
    len: usize,
    held: Range<usize>,
}

impl Ring {
    /// Holds none, and from now on up to `count` of `len` numbers.
    pub(super) fn clear(&mut self, count: usize, len: usize) {
        self.data.resize(count * len, 0);
        (self.len, self.held) = (len, 0..0);
    }

    /// Row `y`, which is held.
    #[inline(always)]
    pub(super) fn row(&self, y: usize) -> &[i32] {
        debug_assert!(self.held.contains(&y), "row {y} of {:?}", self.held);
        &self.data[self.place(y)]
    }

    /// Those of the rows `wanted`, no more than it can hold, that are missing: they are to be filled in, and the oldest make room.
    pub(super) fn missing(&mut self, wanted: Range<usize>) -> Range<usize> {
        if wanted.start < self.held.start || wanted.start > self.held.end {
            self.held = wanted.start..wanted.start;
        }
        let missing = self.held.end..wanted.end.max(self.held.end);
        self.held = wanted.start..missing.end;
        missing
    }

    /// Row `y`, to be filled in.
    pub(super) fn row_mut(&mut self, y: usize) -> &mut [i32] {
        let place = self.place(y);
        &mut self.data[place]
    }

    #[inline(always)]
    fn place(&self, y: usize) -> Range<usize> {
        let at = y % (self.data.len() / self.len) * self.len;
        at..at + self.len
    }
}
