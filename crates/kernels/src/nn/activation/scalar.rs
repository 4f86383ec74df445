use super::Activation;

pub(super) fn activation_f32(function: Activation, input: &[f32], out: &mut [f32]) {
    out.iter_mut()
        .zip(input)
        .for_each(|(out, &x)| *out = function.apply(x));
}
