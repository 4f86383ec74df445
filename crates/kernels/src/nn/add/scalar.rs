use super::AddI8;
use crate::nn::Broadcast;
use crate::requantize::OutputF32;

pub(super) fn add_i8(shape: &Broadcast, c: &AddI8, a: &[i8], b: &[i8], out: &mut [i8]) {
    let [a_zero, b_zero] = c.zeros.map(i32::from);
    shape.zip(a, b, out, |a, b| {
        let a = (i32::from(a) - a_zero) as f32 * c.scales[0];
        let b = (i32::from(b) - b_zero) as f32 * c.scales[1];
        c.output.round(a + b)
    });
}

pub(super) fn add_f32(shape: &Broadcast, range: OutputF32, a: &[f32], b: &[f32], out: &mut [f32]) {
    shape.zip(a, b, out, |a, b| range.clamp(a + b));
}

pub(super) fn sub_f32(shape: &Broadcast, range: OutputF32, a: &[f32], b: &[f32], out: &mut [f32]) {
    shape.zip(a, b, out, |a, b| range.clamp(a - b));
}
