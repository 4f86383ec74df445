//! The input rows that an output row sees, copied between padding.
use super::Conv2d;
use crate::nn::Window;

/// The input rows under one output row, with the padding around them: `[segments, row]`.
#[derive(Debug)]
pub(super) struct PaddedRows<T> {
    elements: Vec<T>,
    row: usize,
    outside: T,
}

impl<T: Copy> PaddedRows<T> {
    /// Room for rows of `shape`, with `outside` around the picture and `more` elements behind them.
    pub(super) fn new(shape: &Conv2d, outside: T, more: usize) -> Self {
        let (window, channels) = (&shape.window, shape.input[3]);
        let last = (shape.output[2].max(1) - 1) * window.stride[1];
        let (columns, taps) = segment_columns(window);
        let row = (last + taps) * channels;
        Self {
            elements: vec![outside; window.kernel[0] * columns * row + more],
            row,
            outside,
        }
    }

    /// Copies the rows under output row `y` of picture `n`.
    pub(super) fn load(&mut self, shape: &Conv2d, input: &[T], [n, y]: [usize; 2]) {
        let ([_, h, w, channels], window) = (shape.input, &shape.window);
        let (inside, columns) = (window.taps(0, y, h), segment_columns(window).0);
        for (segment, target) in self.elements.chunks_exact_mut(self.row).enumerate() {
            let (ky, shift) = (segment / columns, segment % columns * window.dilation[1]);
            if !inside.contains(&ky) {
                target.fill(self.outside);
                continue;
            }
            let source = &input[(n * h + window.pixel(0, y, ky)) * w * channels..][..w * channels];
            let source =
                &source[(shift.saturating_sub(window.pad[1]) * channels).min(source.len())..];
            let first = (window.pad[1].saturating_sub(shift) * channels).min(target.len());
            let target = &mut target[first..];
            let shared = source.len().min(target.len());
            target[..shared].copy_from_slice(&source[..shared]);
        }
    }

    /// The windows under the output row, `step` elements from one to the next, `inputs` elements of each segment, to `to`:
    /// `[windows, segments, inputs]`.
    pub(super) fn windows(&self, step: usize, inputs: usize, to: &mut [T]) {
        for (x, window) in to.chunks_exact_mut(self.window(inputs)).enumerate() {
            let rows = self.elements.chunks_exact(self.row);
            for (row, segment) in rows.zip(window.chunks_exact_mut(inputs)) {
                segment.copy_from_slice(&row[x * step..][..inputs]);
            }
        }
    }

    /// Elements of a window that has `inputs` in each segment.
    pub(super) fn window(&self, inputs: usize) -> usize {
        self.elements.len() / self.row * inputs
    }

    /// The rows, segment after segment.
    pub(super) fn rows(&self) -> &[T] {
        &self.elements
    }

    /// Elements from a segment to the next.
    pub(super) fn segment_stride(&self) -> usize {
        self.row
    }
}

/// Segments into which a kernel row falls, and the taps of each: dilation leaves no two taps next to each other.
pub(super) fn segment_columns(window: &Window) -> (usize, usize) {
    match window.dilation[1] {
        1 => (1, window.kernel[1]),
        _ => (window.kernel[1], 1),
    }
}
