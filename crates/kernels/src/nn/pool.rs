//! What average and maximum pooling share.
use super::{Nhwc, Window, count};

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

    /// Folds the pixels under each window, channel by channel, and stores `finish(sum, pixels under the window)`.
    #[inline(always)]
    pub(crate) fn fold<T: Copy, Sum: Copy>(
        &self,
        input: &[T],
        out: &mut [T],
        initial: Sum,
        add: impl Fn(Sum, T) -> Sum,
        finish: impl Fn(Sum, usize) -> T,
    ) {
        const BLOCK: usize = 64;
        let ([_, h, w, c], [_, out_h, out_w, _]) = (self.input, self.output);
        for (pixel, out) in out.chunks_exact_mut(c.max(1)).enumerate() {
            let (n, y, x) = (
                pixel / (out_h * out_w),
                pixel / out_w % out_h,
                pixel % out_w,
            );
            let taps = self.window.taps_at([y, x], [h, w]);
            let seen = taps.count();
            for (block, out) in out.chunks_mut(BLOCK).enumerate() {
                let mut sums = [initial; BLOCK];
                taps.fold((), |(), _, pixel| {
                    let input = &input[(n * h * w + pixel) * c + block * BLOCK..][..out.len()];
                    sums.iter_mut()
                        .zip(input)
                        .for_each(|(sum, &x)| *sum = add(*sum, x));
                });
                out.iter_mut()
                    .zip(sums)
                    .for_each(|(out, sum)| *out = finish(sum, seen));
            }
        }
    }
}
