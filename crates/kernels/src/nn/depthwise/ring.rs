//! Which input rows a ring holds while output rows go by.
use std::ops::Range;

use super::Depthwise;

/// A ring of as many rows as the kernel spans, and behind them one that is all padding. Rows count from the first row of
/// padding on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ring {
    /// Rows that the kernel spans.
    pub(super) slots: usize,
    stride: usize,
    dilation: usize,
    pad: usize,
    height: usize,
}

impl Ring {
    pub(super) fn new(shape: &Depthwise) -> Self {
        let window = &shape.window;
        Self {
            slots: (window.kernel[0] - 1) * window.dilation[0] + 1,
            stride: window.stride[0],
            dilation: window.dilation[0],
            pad: window.pad[0],
            height: shape.input[1],
        }
    }

    /// The rows that output row `y` sees first: those of its span that the row before did not load.
    pub(super) fn entering(&self, y: usize) -> Range<usize> {
        let top = y * self.stride;
        let loaded = y
            .checked_sub(1)
            .map_or(0, |before| before * self.stride + self.slots);
        loaded.max(top)..top + self.slots
    }

    /// The input row that stands at `row`, unless that is padding.
    pub(super) fn input_row(&self, row: usize) -> Option<usize> {
        row.checked_sub(self.pad).filter(|&row| row < self.height)
    }

    /// The slot of `row`.
    pub(super) fn slot(&self, row: usize) -> usize {
        match self.input_row(row) {
            Some(_) => row % self.slots,
            None => self.slots,
        }
    }

    /// The slot that kernel row `ky` of output row `y` reads.
    pub(super) fn under(&self, y: usize, ky: usize) -> usize {
        self.slot(y * self.stride + ky * self.dilation)
    }
}
