//! Means over neighbouring axes, a block of channels at a time.
use super::AverageI8;

/// Channels of a block: their sums stay in registers.
const BLOCK: usize = 16;

/// Sums that don't wait for one another.
const WAYS: usize = 4;

/// The mean over the middle one of `[outer, averaged, inner]` elements.
#[inline(always)]
pub(super) fn mean_f32([_, averaged, inner]: [usize; 3], input: &[f32], out: &mut [f32]) {
    let pictures = input.chunks_exact((averaged * inner).max(1));
    for (input, out) in pictures.zip(out.chunks_exact_mut(inner.max(1))) {
        let (blocks, rest) = out.as_chunks_mut::<BLOCK>();
        let rest_start = blocks.len() * BLOCK;
        for (index, out) in blocks.iter_mut().enumerate() {
            *out = block(&input[index * BLOCK..], averaged, inner);
        }
        for (index, out) in rest.iter_mut().enumerate() {
            [*out] = block(&input[rest_start + index..], averaged, inner);
        }
    }
}

/// Means of `C` neighbouring channels; elements of one are `inner` apart.
#[inline(always)]
fn block<const C: usize>(input: &[f32], averaged: usize, inner: usize) -> [f32; C] {
    let mut sums = [[0.0f32; C]; WAYS];
    let whole = averaged / WAYS * WAYS;
    for first in (0..whole).step_by(WAYS) {
        for way in 0..WAYS {
            let row = &input[(first + way) * inner..][..C];
            for channel in 0..C {
                sums[way][channel] += row[channel];
            }
        }
    }
    for index in whole..averaged {
        let row = &input[index * inner..][..C];
        for channel in 0..C {
            sums[0][channel] += row[channel];
        }
    }
    let mut means = [0.0; C];
    for channel in 0..C {
        let sum = (sums[0][channel] + sums[1][channel]) + (sums[2][channel] + sums[3][channel]);
        means[channel] = sum / averaged as f32;
    }
    means
}

/// As [`mean_f32`], of bytes: sums are exact modulo 2^32 in any order.
#[inline(always)]
pub(super) fn mean_i8(
    [_, averaged, inner]: [usize; 3],
    c: &AverageI8,
    input: &[i8],
    out: &mut [i8],
) {
    let scale = c.scale / averaged.max(1) as f32;
    let zeros = i32::from(c.input_zero).wrapping_mul(averaged as i32);
    let pictures = input.chunks_exact((averaged * inner).max(1));
    for (input, out) in pictures.zip(out.chunks_exact_mut(inner.max(1))) {
        for (index, out) in out.chunks_mut(BLOCK).enumerate() {
            let mut sums = [0i32; BLOCK];
            let rows = input.chunks_exact(inner).map(|row| &row[index * BLOCK..]);
            if out.len() == BLOCK {
                rows.for_each(|row| add(&mut sums, &row[..BLOCK]));
            } else {
                rows.for_each(|row| add(&mut sums[..out.len()], row));
            }
            for (out, sum) in out.iter_mut().zip(sums) {
                *out = c.output.requantize(sum.wrapping_sub(zeros), scale);
            }
        }
    }
}

/// Adds a row to as many sums as there are.
#[inline(always)]
fn add(sums: &mut [i32], row: &[i8]) {
    for (sum, &x) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(i32::from(x));
    }
}
