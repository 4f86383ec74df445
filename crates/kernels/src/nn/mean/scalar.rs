use super::{AverageI8, Mean};
use crate::nn::count;
use crate::nn::odometer::{for_each_index, offset};

pub(super) fn mean_i8(shape: &Mean, c: &AverageI8, input: &[i8], out: &mut [i8]) {
    let scale = c.scale / count(&shape.averaged).max(1) as f32;
    let zero = i32::from(c.input_zero);
    fold(
        shape,
        input,
        out,
        0,
        |sum: i32, x| sum.wrapping_add(i32::from(x) - zero),
        |sum| c.output.requantize(sum, scale),
    );
}

pub(super) fn mean_f32(shape: &Mean, input: &[f32], out: &mut [f32]) {
    let count = count(&shape.averaged).max(1) as f32;
    fold(shape, input, out, 0.0, |sum, x| sum + x, |sum| sum / count);
}

fn fold<T: Copy, Sum: Copy>(
    shape: &Mean,
    input: &[T],
    out: &mut [T],
    initial: Sum,
    add: impl Fn(Sum, T) -> Sum,
    finish: impl Fn(Sum) -> T,
) {
    let mut out = out.iter_mut();
    for_each_index(&shape.kept, |kept| {
        let (start, mut sum) = (offset(kept, &shape.strides), initial);
        for_each_index(&shape.averaged, |index| {
            sum = add(sum, input[start + offset(index, &shape.strides)])
        });
        if let Some(out) = out.next() {
            *out = finish(sum);
        }
    });
}
