use super::Fixed;
use crate::nn::Broadcast;
use crate::requantize::OutputF32;

pub(super) fn add_i8(shape: &Broadcast, c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    let zero_point = i32::from(c.zero_point);
    let (min, max) = (i32::from(c.min), i32::from(c.max));
    shape.zip(a, b, out, |a, b| {
        let sum = i32::from(a) * c.factors[0] + i32::from(b) * c.factors[1] + c.offset;
        ((sum >> c.shift) + zero_point).clamp(min, max) as i8
    });
}

pub(super) fn add_f32(shape: &Broadcast, range: OutputF32, a: &[f32], b: &[f32], out: &mut [f32]) {
    shape.zip(a, b, out, |a, b| range.clamp(a + b));
}

pub(super) fn sub_f32(shape: &Broadcast, range: OutputF32, a: &[f32], b: &[f32], out: &mut [f32]) {
    shape.zip(a, b, out, |a, b| range.clamp(a - b));
}
