use super::{AverageI8, Pool};
use crate::requantize::OutputF32;

pub(super) fn average_pool_i8(shape: &Pool, c: &AverageI8, input: &[i8], out: &mut [i8]) {
    let zero = i32::from(c.input_zero);
    let add = |sum: i32, x| sum.wrapping_add(i32::from(x) - zero);
    shape.fold(input, out, 0, add, |sum, count| {
        c.output.requantize(sum, c.scale / count.max(1) as f32)
    });
}

#[inline(always)]
pub(super) fn average_pool_f32(shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.fold(
        input,
        out,
        0.0,
        |sum, x| sum + x,
        |sum, count| range.clamp(sum / count.max(1) as f32),
    );
}
