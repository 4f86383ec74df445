use super::MulI8;
use crate::nn::Broadcast;
use crate::requantize::OutputF32;

pub(super) fn mul_i8(shape: &Broadcast, c: &MulI8, a: &[i8], b: &[i8], out: &mut [i8]) {
    let [a_zero, b_zero] = c.zeros.map(i32::from);
    shape.zip(a, b, out, |a, b| {
        c.output
            .requantize((i32::from(a) - a_zero) * (i32::from(b) - b_zero), c.scale)
    });
}

pub(super) fn mul_f32(shape: &Broadcast, range: OutputF32, a: &[f32], b: &[f32], out: &mut [f32]) {
    shape.zip(a, b, out, |a, b| range.clamp(a * b));
}
