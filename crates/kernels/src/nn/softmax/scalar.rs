use super::SoftmaxI8;
use crate::nn::exp::exp;

pub(super) fn softmax_i8(columns: usize, c: &SoftmaxI8, input: &[i8], out: &mut [i8]) {
    for (row, out) in input
        .chunks(columns.max(1))
        .zip(out.chunks_mut(columns.max(1)))
    {
        let largest = row.iter().copied().fold(i8::MIN, i8::max);
        let exponential = |x: i8| c.exponentials[usize::from(largest.abs_diff(x))];
        let sum: u64 = row.iter().map(|&x| u64::from(exponential(x))).sum();
        for (out, &x) in out.iter_mut().zip(row) {
            *out = c
                .output
                .quantize(exponential(x) as f32 / sum as f32, c.output_scale);
        }
    }
}

pub(super) fn softmax_f32(columns: usize, beta: f32, input: &[f32], out: &mut [f32]) {
    for (row, out) in input
        .chunks(columns.max(1))
        .zip(out.chunks_mut(columns.max(1)))
    {
        let largest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0.0;
        for (out, &x) in out.iter_mut().zip(row) {
            *out = exp(f64::from((x - largest) * beta)) as f32;
            sum += *out;
        }
        out.iter_mut().for_each(|out| *out /= sum);
    }
}
