//! What average and maximum pooling share.
use super::{Nhwc, Window, count};

/// What becomes of the pixels under a window. Its functions are inlined into loops of vectors, so they want `#[inline(always)]`.
pub(crate) trait Statistic<T>: Copy {
    /// What pixels are gathered in.
    type Sum: Copy;

    /// Of no pixel.
    const INITIAL: Self::Sum;

    fn add(self, sum: Self::Sum, pixel: T) -> Self::Sum;

    /// The answer, of so many pixels.
    fn finish(self, sum: Self::Sum, pixels: usize) -> T;
}

/// Shapes of one pooling. Pixels outside the input are left out, of the average's count too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// Output `[N, H, W, C]`.
    pub output: Nhwc,
    /// Window over the input.
    pub window: Window,
}

impl Pool {
    /// Panics when a length contradicts the shape.
    pub(crate) fn check(&self, input: usize, out: usize) {
        self.window.check();
        assert_eq!(
            [self.input[0], self.input[3]],
            [self.output[0], self.output[3]],
            "batch and channels"
        );
        assert_eq!(input, count(&self.input), "length of input");
        assert_eq!(out, count(&self.output), "length of output");
    }

    /// Folds the pixels under each window, channel by channel.
    #[inline(always)]
    pub(crate) fn fold<T: Copy>(&self, input: &[T], out: &mut [T], statistic: impl Statistic<T>) {
        let ([_, h, w, c], [_, out_h, out_w, _], window) = (self.input, self.output, &self.window);
        let [first, end] = window.interior(1, w, out_w);
        for (row, out) in out.chunks_exact_mut((out_w * c).max(1)).enumerate() {
            let (picture, y) = (row / out_h, row % out_h);
            let rows = window.taps(0, y, h);
            let input = match rows.is_empty() {
                true => input,
                false => &input[(picture * h + window.pixel(0, y, rows.start)) * w * c..],
            };
            for x in (0..first).chain(end..out_w) {
                let columns = window.taps(1, x, w);
                let counts = [rows.len(), columns.len()];
                let start = match counts.contains(&0) {
                    true => 0,
                    false => window.pixel(1, x, columns.start) * c,
                };
                let under = Under::new(self, counts);
                under.channels(&input[start..], &mut out[x * c..][..c], statistic);
            }
            if first == end {
                continue;
            }
            let input = &input[window.pixel(1, first, 0) * c..];
            let out = &mut out[first * c..end * c];
            match [rows.len(), window.kernel[1]] {
                // The most common window: the compiler unrolls what it knows.
                [2, 2] => Under::new(self, [2, 2]).along(input, out, statistic),
                counts => Under::new(self, counts).along(input, out, statistic),
            }
        }
    }
}

/// The pixels under one window.
#[derive(Debug, Clone, Copy)]
struct Under {
    /// Rows and columns of them.
    counts: [usize; 2],
    /// Elements from one to the next below, and to the right.
    steps: [usize; 2],
    /// Elements of a pixel, and from one window to the next.
    pixel: [usize; 2],
}

impl Under {
    #[inline(always)]
    fn new(shape: &Pool, counts: [usize; 2]) -> Self {
        let ([_, _, w, c], window) = (shape.input, &shape.window);
        Self {
            counts,
            steps: [window.dilation[0] * w * c, window.dilation[1] * c],
            pixel: [c, window.stride[1] * c],
        }
    }

    /// Folds all channels of as many neighbouring output pixels as `out` has; `input` begins with the first pixel under the first window.
    #[inline(always)]
    fn along<T: Copy>(self, input: &[T], out: &mut [T], statistic: impl Statistic<T>) {
        let [channels, step] = match self.counts[0] {
            0 => [self.pixel[0], 0],
            _ => self.pixel,
        };
        let mut start = 0;
        for out in out.chunks_exact_mut(channels.max(1)) {
            self.channels(&input[start..], out, statistic);
            start += step;
        }
    }

    /// Folds all channels of an output pixel; `input` begins with the first pixel under the window. Blocks of a known number
    /// of channels have their sums in registers.
    #[inline(always)]
    fn channels<T: Copy>(self, input: &[T], out: &mut [T], statistic: impl Statistic<T>) {
        let mut at = 0;
        macro_rules! blocks {
            ($($channels:literal)*) => {$(
                while let Some(out) = out[at..].first_chunk_mut::<$channels>() {
                    self.block(&input[at..], out, statistic);
                    at += $channels;
                }
            )*};
        }
        blocks!(64 16 8 1);
    }

    /// Folds the first `C` channels of every pixel.
    #[inline(always)]
    fn block<T: Copy, S: Statistic<T>, const C: usize>(
        self,
        input: &[T],
        out: &mut [T; C],
        statistic: S,
    ) {
        let (mut sums, [rows, columns]) = ([S::INITIAL; C], self.counts);
        for row in 0..rows {
            for column in 0..columns {
                let pixel = &input[row * self.steps[0] + column * self.steps[1]..][..C];
                for channel in 0..C {
                    sums[channel] = statistic.add(sums[channel], pixel[channel]);
                }
            }
        }
        for channel in 0..C {
            out[channel] = statistic.finish(sums[channel], rows * columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Depends on the order and on every pixel.
    #[derive(Clone, Copy)]
    struct Digits;

    impl Statistic<u32> for Digits {
        type Sum = u32;

        const INITIAL: u32 = 5;

        fn add(self, sum: u32, pixel: u32) -> u32 {
            sum.wrapping_mul(31).wrapping_add(pixel)
        }

        fn finish(self, sum: u32, pixels: usize) -> u32 {
            sum ^ ((pixels as u32) << 20)
        }
    }

    /// Order-dependent folds of every block of channels, against trying each pixel of the kernel.
    #[test]
    fn folds_what_lies_under_each_window() {
        let windows = [
            ([2, 2], 2, 1, 0),
            ([3, 2], 1, 1, 1),
            ([2, 3], 2, 2, 2),
            ([4, 7], 1, 1, 0),
            // The first row of windows sees nothing.
            ([1, 2], 2, 1, 2),
        ];
        let channels = if cfg!(miri) { 9..10 } else { 1..100 };
        for (c, (kernel, stride, dilation, pad)) in channels.zip(windows.into_iter().cycle()) {
            let window = Window {
                kernel,
                stride: [stride; 2],
                dilation: [dilation; 2],
                pad: [pad; 2],
            };
            let shape = Pool {
                input: [2, 5, 7, c],
                output: [2, 3, 2, c],
                window,
            };
            let input: Vec<u32> = (0..2 * 5 * 7 * c as u32)
                .map(|i| i.wrapping_mul(2_654_435) % 1009)
                .collect();
            let mut expected = Vec::new();
            for (n, y, x, channel) in
                (0..2 * 3 * 2 * c).map(|i| (i / c / 6, i / c / 2 % 3, i / c % 2, i % c))
            {
                let (mut sum, mut seen) = (Digits::INITIAL, 0);
                for (ky, kx) in (0..kernel[0]).flat_map(|ky| (0..kernel[1]).map(move |kx| (ky, kx)))
                {
                    let row = (y * stride + ky * dilation).wrapping_sub(pad);
                    let column = (x * stride + kx * dilation).wrapping_sub(pad);
                    if row < 5 && column < 7 {
                        sum = Digits.add(sum, input[((n * 5 + row) * 7 + column) * c + channel]);
                        seen += 1;
                    }
                }
                expected.push(Digits.finish(sum, seen));
            }
            let mut out = vec![0; expected.len()];
            shape.fold(&input, &mut out, Digits);
            assert_eq!(out, expected, "{shape:?}");
        }
    }
}
