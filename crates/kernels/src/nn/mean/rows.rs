//! Means over neighbouring axes, a block of channels at a time.

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
