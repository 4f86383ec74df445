use super::{AverageI8, BytePool, Pool};
use crate::requantize::OutputF32;

pub(super) fn average_pool_i8(shape: &Pool, c: &AverageI8, input: &[i8], out: &mut [i8]) {
    let zero = i32::from(c.input_zero);
    let add = |sum: i32, x| sum.wrapping_add(i32::from(x) - zero);
    shape.fold(input, out, 0, add, |sum, count| {
        c.output.requantize(sum, c.scale / count.max(1) as f32)
    });
}

pub(super) fn average_pool_bytes(shape: &Pool, grid: BytePool, input: &[i8], out: &mut [i8]) {
    let [least, greatest] = grid.range;
    let add = |sum: i64, x| sum + i64::from(x);
    shape.fold(input, out, 0, add, |sum, count| {
        let count = count as i64;
        if count == 0 {
            return grid.zero_point;
        }
        let mean = match (grid.unsigned, sum >= 0) {
            (true, _) => (sum + count / 2).div_euclid(count),
            (false, true) => (sum + count / 2) / count,
            (false, false) => (sum - count / 2) / count,
        };
        mean.clamp(least.into(), greatest.into()) as i8
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
