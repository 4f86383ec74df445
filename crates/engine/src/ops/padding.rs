//! Padding and output extents of sliding windows.
use crate::error::{Error, Result};
use hypercut_kernels::nn::Window;

/// What surrounds the input of a sliding window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Padding {
    /// As much that the output has `ceil(input / stride)` pixels; an odd pixel goes below and to the right.
    Same,
    /// None.
    Valid,
    /// Pixels `[above, left, below, right]`, as graph passes find them.
    Explicit([usize; 4]),
}

impl Padding {
    /// From the schema's `Padding`.
    ///
    /// # Errors
    /// Invalid for numbers that the schema doesn't have.
    pub fn from_schema(code: i8) -> Result<Self> {
        match code {
            0 => Ok(Self::Same),
            1 => Ok(Self::Valid),
            _ => Err(Error::invalid(format!("padding number {code}"))),
        }
    }

    /// The schema's number, and the pixels that a `PAD` before has to add where the schema has no such padding.
    pub(crate) fn to_schema(
        self,
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> (i8, Option<[usize; 4]>) {
        let place = |padding: Self| padding.place(input, kernel, stride, dilation).ok();
        match self {
            Self::Same => (0, None),
            Self::Valid | Self::Explicit([0, 0, 0, 0]) => (1, None),
            Self::Explicit(_) if place(self) == place(Self::Same) => (0, None),
            Self::Explicit(pads) => (1, Some(pads)),
        }
    }

    /// Places a window on an input of `[height, width]`: the window with its padding, and the output's extents.
    ///
    /// Every pair is `[vertical, horizontal]`.
    ///
    /// # Errors
    /// Invalid when kernel, stride or dilation is 0, or the padded input is smaller than the window.
    pub fn place(
        self,
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        dilation: [usize; 2],
    ) -> Result<(Window, [usize; 2])> {
        let mut window = Window {
            kernel,
            stride,
            dilation,
            pad: [0; 2],
        };
        let mut output = [0; 2];
        for axis in 0..2 {
            let (pad, size) = self.along(
                axis,
                input[axis],
                kernel[axis],
                stride[axis],
                dilation[axis],
            )?;
            window.pad[axis] = pad;
            output[axis] = size;
        }
        Ok((window, output))
    }

    /// Padding before the first pixel, and the output's size, along one axis.
    fn along(
        self,
        axis: usize,
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
    ) -> Result<(usize, usize)> {
        if kernel == 0 || stride == 0 || dilation == 0 {
            return Err(Error::invalid(format!(
                "kernel {kernel}, stride {stride}, dilation {dilation}: none may be 0"
            )));
        }
        let overflow = || Error::too_large("window arithmetic overflows");
        let effective = (kernel - 1)
            .checked_mul(dilation)
            .and_then(|reach| reach.checked_add(1))
            .ok_or_else(overflow)?;
        let valid = |padded: usize| match padded.checked_sub(effective) {
            Some(room) => Ok(room / stride + 1),
            None => Err(Error::invalid(format!(
                "a window of {effective} pixels on {padded} padded ones"
            ))),
        };
        match self {
            Self::Same => {
                let size = input.div_ceil(stride);
                let needed = (size - 1)
                    .checked_mul(stride)
                    .and_then(|last| last.checked_add(effective))
                    .ok_or_else(overflow)?;
                Ok((needed.saturating_sub(input) / 2, size))
            }
            Self::Valid => Ok((0, valid(input)?)),
            Self::Explicit(pads) => {
                let padded = input
                    .checked_add(pads[axis])
                    .and_then(|sum| sum.checked_add(pads[axis + 2]))
                    .ok_or_else(overflow)?;
                Ok((pads[axis], valid(padded)?))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn along(
        padding: Padding,
        input: usize,
        kernel: usize,
        stride: usize,
        dilation: usize,
    ) -> (usize, usize) {
        let (window, output) = padding
            .place([input, 1000], [kernel, 1], [stride, 1], [dilation, 1])
            .unwrap();
        (window.pad[0], output[0])
    }

    /// TensorFlow's own words for SAME: `ceil(input / stride)` outputs, the padding that the last needs, the smaller half
    /// first. Checked by walking windows over the padded line.
    #[test]
    fn same_is_the_least_padding_for_its_outputs() {
        for (input, kernel, stride, dilation) in
            (0..2400).map(|i| (1 + i % 12, 1 + i / 12 % 5, 1 + i / 60 % 4, 1 + i / 240 % 3))
        {
            let (before, outputs) = along(Padding::Same, input, kernel, stride, dilation);
            assert_eq!(outputs, input.div_ceil(stride));
            let end = (outputs - 1) * stride + (kernel - 1) * dilation + 1;
            let total = end.saturating_sub(input);
            assert_eq!(before, total / 2, "{input} {kernel} {stride} {dilation}");
        }
    }

    #[test]
    fn explicit_padding_counts_the_windows_that_fit() {
        for (before, after, kernel, stride, dilation) in (0..1500).map(|i| {
            (
                i % 5,
                i / 5 % 5,
                1 + i / 25 % 5,
                1 + i / 125 % 3,
                1 + i / 375 % 3,
            )
        }) {
            let effective = (kernel - 1) * dilation + 1;
            let padded = 7 + before + after;
            let fits = (0..padded)
                .step_by(stride)
                .filter(|start| start + effective <= padded)
                .count();
            let padding = Padding::Explicit([before, 0, after, 0]);
            match padding.place([7, 1], [kernel, 1], [stride, 1], [dilation, 1]) {
                Ok((window, [outputs, _])) => assert_eq!((window.pad[0], outputs), (before, fits)),
                Err(_) => assert_eq!(fits, 0),
            }
        }
        assert_eq!(along(Padding::Valid, 7, 3, 2, 1), (0, 3));
    }

    #[test]
    fn arithmetic_is_checked() {
        let huge = usize::MAX / 2;
        for padding in [Padding::Same, Padding::Valid, Padding::Explicit([huge; 4])] {
            assert!(padding.place([huge, 1], [3, 1], [1, 1], [huge, 1]).is_err());
        }
        assert!(
            Padding::Valid
                .place([2, 2], [3, 1], [1, 1], [1, 1])
                .is_err()
        );
        assert!(
            Padding::Valid
                .place([2, 2], [1, 1], [0, 1], [1, 1])
                .is_err()
        );
    }
}
