//! The sliding window that convolutions and pools share.
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
        let end = (size + self.pad[axis])
            .saturating_sub(start)
            .div_ceil(dilation)
            .min(self.kernel[axis]);
        let first = self.pad[axis].saturating_sub(start).div_ceil(dilation);
        first.min(end)..end
    }

    /// The input pixel under tap `k` of output `o`; for taps within [`Window::taps`].
    pub(crate) fn pixel(&self, axis: usize, o: usize, k: usize) -> usize {
        o * self.stride[axis] + k * self.dilation[axis] - self.pad[axis]
    }

    /// The taps of output `[y, x]` that fall inside an input of `[h, w]`: `(ky * KW + kx, iy * w + ix)`, row by row.
    #[inline]
    pub(crate) fn taps_at(
        &self,
        [y, x]: [usize; 2],
        [h, w]: [usize; 2],
    ) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (window, columns) = (*self, self.taps(1, x, w));
        self.taps(0, y, h).flat_map(move |ky| {
            let row = window.pixel(0, y, ky) * w;
            columns
                .clone()
                .map(move |kx| (ky * window.kernel[1] + kx, row + window.pixel(1, x, kx)))
        })
    }

    /// Panics when a field is out of the range that its doc states.
    pub(crate) fn check(&self) {
        let positive = [self.kernel, self.stride, self.dilation]
            .concat()
            .iter()
            .all(|&v| v >= 1);
        assert!(positive, "window with a zero: {self:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taps_agree_with_trying_each() {
        for (kernel, stride, dilation, pad, size) in (0..2000).map(|i| {
            (
                1 + i % 5,
                1 + i / 5 % 3,
                1 + i / 15 % 4,
                i / 60 % 6,
                1 + i / 360 % 6,
            )
        }) {
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
