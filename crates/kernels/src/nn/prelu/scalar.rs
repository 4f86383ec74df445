use super::PreluI8;
use crate::nn::Broadcast;

pub(super) fn prelu_i8(shape: &Broadcast, c: &PreluI8, input: &[i8], alpha: &[i8], out: &mut [i8]) {
    let (input_zero, alpha_zero) = (i32::from(c.input_zero), i32::from(c.alpha_zero));
    shape.zip(input, alpha, out, |x, alpha| {
        let x = i32::from(x) - input_zero;
        if x >= 0 {
            c.output.requantize(x, c.positive_scale)
        } else {
            c.output
                .requantize(x * (i32::from(alpha) - alpha_zero), c.negative_scale)
        }
    });
}

pub(super) fn prelu_f32(shape: &Broadcast, input: &[f32], alpha: &[f32], out: &mut [f32]) {
    shape.zip(
        input,
        alpha,
        out,
        |x, alpha| if x >= 0.0 { x } else { x * alpha },
    );
}
