use super::{Depthwise, DepthwiseF32, FilterI8};

/// Channels summed at once, so that the sums stay in registers or the nearest cache.
const BLOCK: usize = 64;

pub(super) fn depthwise_i8(shape: &Depthwise, c: &FilterI8<'_>, input: &[i8], out: &mut [i8]) {
    let (x_zero, w_zero) = (i16::from(c.input_zero), i16::from(c.weight_zero));
    let add = |sum: &mut i32, x: i8, w: i8| {
        *sum =
            sum.wrapping_add(i32::from(i16::from(x) - x_zero) * i32::from(i16::from(w) - w_zero));
    };
    for_each_block(shape, input, c.weights, out, add, |sum, channel| {
        c.output
            .requantize(sum.wrapping_add(c.bias[channel]), c.scales[channel])
    });
}

pub(super) fn depthwise_f32(
    shape: &Depthwise,
    c: &DepthwiseF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    for_each_block(
        shape,
        input,
        c.weights,
        out,
        |sum: &mut f32, x, w| *sum += x * w,
        |sum, channel| c.output.clamp(sum + c.bias[channel]),
    );
}

/// Sums the taps of every output with `add` and stores `finish(sum, channel)`, a block of channels at a time.
#[inline(always)]
fn for_each_block<T: Copy, Sum: Copy + Default>(
    shape: &Depthwise,
    input: &[T],
    weights: &[T],
    out: &mut [T],
    add: impl Fn(&mut Sum, T, T),
    finish: impl Fn(Sum, usize) -> T,
) {
    let ([_, h, w, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
    let multiplier = shape.multiplier();
    for (pixel, out) in out.chunks_exact_mut(outputs.max(1)).enumerate() {
        let (n, y, x) = (
            pixel / (out_h * out_w),
            pixel / out_w % out_h,
            pixel % out_w,
        );
        for (block, out) in out.chunks_mut(BLOCK).enumerate() {
            let first = block * BLOCK;
            let mut sums = [Sum::default(); BLOCK];
            let sums = &mut sums[..out.len()];
            shape
                .window
                .taps_at([y, x], [h, w])
                .fold((), |(), tap, pixel| {
                    let weights = &weights[tap * outputs + first..][..sums.len()];
                    let input = &input[(n * h * w + pixel) * channels..][..channels];
                    if multiplier == 1 {
                        // Without a division per element, which would keep the loop from being vectorised.
                        let terms = input[first..].iter().zip(weights);
                        sums.iter_mut()
                            .zip(terms)
                            .for_each(|(sum, (&x, &w))| add(sum, x, w));
                    } else {
                        let terms = weights.iter().enumerate();
                        sums.iter_mut().zip(terms).for_each(|(sum, (i, &w))| {
                            add(sum, input[(first + i) / multiplier], w)
                        });
                    }
                });
            out.iter_mut()
                .zip(sums)
                .enumerate()
                .for_each(|(i, (out, sum))| *out = finish(*sum, first + i));
        }
    }
}
