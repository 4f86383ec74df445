use super::Pool;
use crate::requantize::OutputF32;

pub(super) fn max_pool_i8(shape: &Pool, [min, max]: [i8; 2], input: &[i8], out: &mut [i8]) {
    shape.fold(input, out, i8::MIN, i8::max, |largest, _| {
        largest.min(max).max(min)
    });
}

#[inline(always)]
pub(super) fn max_pool_f32(shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.fold(input, out, f32::NEG_INFINITY, f32::max, |largest, _| {
        range.clamp(largest)
    });
}
