//! The sliding window that convolutions and pools share.
use super::Nhwc;
use std::ops::Range;

/// A window sliding over `[H, W]`; each pair is `[vertical, horizontal]`.
///
/// Output pixel `o` looks at input pixels `o * stride - pad + k * dilation` for `k` in `0..kernel`. Pixels outside the
/// input count as the real number 0 in convolutions and are left out of pools.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Taps along each axis, at least 1.
    pub kernel: [usize; 2],
    /// Steps between outputs, at least 1.
    pub stride: [usize; 2],
    /// Steps between taps, at least 1.
    pub dilation: [usize; 2],
    /// Pixels of padding above and to the left; what is needed below and to the right follows from the output's size.
    pub pad: [usize; 2],
}

impl Window {
    /// A 1x1 window that moves by one.
    pub const UNIT: Self = Self {
        kernel: [1, 1],
        stride: [1, 1],
        dilation: [1, 1],
        pad: [0, 0],
    };

    /// The taps of output `o` along `axis` that fall inside an input of `size` pixels.
    pub(crate) fn taps(&self, axis: usize, o: usize, size: usize) -> Range<usize> {
        let (start, dilation) = (o * self.stride[axis], self.dilation[axis]);
        // Divisions take longer than the taps of a small window.
        let steps = |pixels: usize| match dilation {
            1 => pixels,
            _ => pixels.div_ceil(dilation),
        };
        let end = steps((size + self.pad[axis]).saturating_sub(start)).min(self.kernel[axis]);
        let first = steps(self.pad[axis].saturating_sub(start));
        first.min(end)..end
    }

    /// The outputs along `axis` all of whose taps fall inside an input of `size` pixels: from the first up to the second, of `outputs`.
    pub(crate) fn interior(&self, axis: usize, size: usize, outputs: usize) -> [usize; 2] {
        let (stride, pad) = (self.stride[axis], self.pad[axis]);
        let reach = (self.kernel[axis] - 1) * self.dilation[axis];
        // o * stride >= pad, and o * stride + reach < pad + size.
        let first = pad.div_ceil(stride).min(outputs);
        let end = (pad + size).saturating_sub(reach).div_ceil(stride);
        [first, end.clamp(first, outputs)]
    }

    /// The input pixel under tap `k` of output `o`; for taps within [`Window::taps`].
    pub(crate) fn pixel(&self, axis: usize, o: usize, k: usize) -> usize {
        o * self.stride[axis] + k * self.dilation[axis] - self.pad[axis]
    }

    /// The taps of output `[y, x]` that fall inside an input of `[h, w]`.
    #[inline]
    pub(crate) fn taps_at(&self, [y, x]: [usize; 2], [h, w]: [usize; 2]) -> Taps {
        let (rows, columns) = (self.taps(0, y, h), self.taps(1, x, w));
        let first = |axis, o, taps: &Range<usize>| {
            if taps.is_empty() {
                0
            } else {
                self.pixel(axis, o, taps.start)
            }
        };
        Taps {
            first_tap: rows.start * self.kernel[1] + columns.start,
            first_pixel: first(0, y, &rows) * w + first(1, x, &columns),
            counts: [rows.len(), columns.len()],
            tap_step: self.kernel[1],
            pixel_steps: [self.dilation[0] * w, self.dilation[1]],
        }
    }

    /// Extents and window of the same convolution along a row, of the same bytes, if this is one down a single column from `input` to
    /// `output`: a row's neighbours share vectors, a column's don't.
    pub(crate) fn along_the_row(&self, input: Nhwc, output: Nhwc) -> Option<(Nhwc, Nhwc, Self)> {
        let column = [input[2], output[2], self.kernel[1]] == [1; 3] && self.pad[1] == 0;
        let turned = |[n, h, w, c]: Nhwc| [n, w, h, c];
        let along = |[down, _]: [usize; 2], across| [across, down];
        let window = Self {
            kernel: along(self.kernel, 1),
            stride: along(self.stride, 1),
            dilation: along(self.dilation, 1),
            pad: along(self.pad, 0),
        };
        column.then(|| (turned(input), turned(output), window))
    }

    /// Panics when a field is out of the range that its doc states.
    pub(crate) fn check(&self) {
        let positive = [self.kernel, self.stride, self.dilation]
            .iter()
            .flatten()
            .all(|&v| v >= 1);
        assert!(positive, "window with a zero: {self:?}");
    }
}

/// Taps of one output: a rectangle of the kernel over a rectangle of the input.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taps {
    first_tap: usize,
    first_pixel: usize,
    counts: [usize; 2],
    tap_step: usize,
    pixel_steps: [usize; 2],
}

impl Taps {
    /// Folds over `(ky * KW + kx, iy * w + ix)`, row by row.
    #[inline(always)]
    pub(crate) fn fold<A>(&self, initial: A, mut f: impl FnMut(A, usize, usize) -> A) -> A {
        self.fold_runs(false, initial, |result, tap, pixel, _| {
            f(result, tap, pixel)
        })
    }

    /// As [`Taps::fold`], with a third number: how many taps follow one another in kernel and input alike.
    ///
    /// That is a whole row if `join` is set and the taps are not dilated, else 1.
    #[inline(always)]
    pub(crate) fn fold_runs<A>(
        &self,
        join: bool,
        initial: A,
        mut f: impl FnMut(A, usize, usize, usize) -> A,
    ) -> A {
        let run = if join && self.pixel_steps[1] == 1 {
            self.counts[1].max(1)
        } else {
            1
        };
        let mut result = initial;
        for row in 0..self.counts[0] {
            for column in (0..self.counts[1]).step_by(run) {
                let tap = self.first_tap + row * self.tap_step + column;
                let pixel =
                    self.first_pixel + row * self.pixel_steps[0] + column * self.pixel_steps[1];
                result = f(result, tap, pixel, run);
            }
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_agree_with_trying_each() {
        for (kernel, stride, dilation, pad, size) in
            (0..2000).step_by(if cfg!(miri) { 97 } else { 1 }).map(|i| {
                (
                    1 + i % 5,
                    1 + i / 5 % 3,
                    1 + i / 15 % 4,
                    i / 60 % 6,
                    1 + i / 360 % 6,
                )
            })
        {
            let window = Window {
                kernel: [kernel; 2],
                stride: [stride; 2],
                dilation: [dilation; 2],
                pad: [pad; 2],
            };
            for o in 0..8 {
                let inside = |k: &usize| (pad..pad + size).contains(&(o * stride + k * dilation));
                let expected: Vec<_> = (0..kernel).filter(inside).collect();
                assert_eq!(
                    window.taps(0, o, size).collect::<Vec<_>>(),
                    expected,
                    "{window:?} o={o} size={size}"
                );
            }
        }
    }
}
