use crate::nn::activation::Grid;
use crate::requantize::{OutputI8, dequantize};

#[inline(always)]
pub(super) fn quantize_i8(output: OutputI8, scale: f32, input: &[f32], out: &mut [i8]) {
    out.iter_mut()
        .zip(input)
        .for_each(|(out, &real)| *out = output.quantize(real, scale));
}

#[inline(always)]
pub(super) fn dequantize_i8(grid: Grid, input: &[i8], out: &mut [f32]) {
    out.iter_mut()
        .zip(input)
        .for_each(|(out, &q)| *out = dequantize(q, grid.scale, grid.zero_point));
}
