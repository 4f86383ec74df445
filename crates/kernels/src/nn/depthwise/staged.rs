//! Depthwise convolution on any ISA that has [`Lanes`].
//!
//! An instruction sums `GROUP` neighbouring elements of a lane, so each input row is stored once more with the pixels under
//! neighbouring taps interleaved: `[lanes][positions][LANES][GROUP]`, where position `q` holds pixels `q, q + dilation, ..`.
//! An output's taps in one row are then `ceil(KW / GROUP)` positions, the weights of taps that don't exist being zero. Only
//! every `spacing`-th position begins a group of some output; the others are left out. A row is interleaved once for all the
//! output rows that see it; a ring holds as many as the kernel spans.
mod sums;

use super::ring::Ring;
use super::{Depthwise, FilterI8};
use crate::lanes::{LANES, Lanes};
use crate::nn::filter::in_vectors;
use crate::requantize::OutputI8;

/// A depthwise convolution with multiplier 1, ready to run.
#[derive(Debug)]
pub(crate) struct Packed<L: Lanes> {
    isa: L,
    shape: Depthwise,
    /// Groups of taps in a kernel row.
    groups: usize,
    /// Pixels from one stored position to the next, positions from one output to the next, from one group to the next.
    spacing: usize,
    output_step: usize,
    group_step: usize,
    /// Positions of a row.
    positions: usize,
    /// `[lanes][KH][groups][LANES][GROUP]`
    weights: Vec<L::Element>,
    bias: Vec<[i32; LANES]>,
    scales: Vec<[f32; LANES]>,
    output: OutputI8,
    /// `slots` rows of `[lanes][positions][LANES][GROUP]`, then one that is all padding.
    ring: Vec<L::Element>,
    /// One input row with its padding: `[pixels, lanes * LANES]`.
    padded: Vec<i8>,
}

fn greatest_common_divisor(a: usize, b: usize) -> usize {
    if b == 0 {
        a
    } else {
        greatest_common_divisor(b, a % b)
    }
}

impl<L: Lanes> Packed<L> {
    pub(crate) fn new(isa: L, shape: &Depthwise, c: &FilterI8<'_>) -> Self {
        assert!(L::WIDE || c.weight_zero == 0, "weights of nine bits");
        let channels = shape.input[3];
        let lanes = channels.div_ceil(LANES);
        let window = &shape.window;
        let ([kh, kw], [stride, dilation]) =
            (window.kernel, [window.stride[1], window.dilation[1]]);
        let groups = kw.div_ceil(L::GROUP);
        // With one group the outputs alone decide where positions are needed.
        let advance = if groups == 1 { 0 } else { L::GROUP * dilation };
        let spacing = greatest_common_divisor(stride, advance);
        let (output_step, group_step) = (stride / spacing, advance / spacing);
        let positions = (shape.output[2] - 1) * output_step + (groups - 1) * group_step + 1;
        let pixels = (positions - 1) * spacing + (L::GROUP - 1) * dilation + 1;
        let mut weights = Vec::with_capacity(lanes * kh * groups * LANES * L::GROUP);
        for (lane, ky) in (0..lanes).flat_map(|lane| (0..kh).map(move |ky| (lane, ky))) {
            for (group, channel) in
                (0..groups).flat_map(|g| (lane * LANES..(lane + 1) * LANES).map(move |c| (g, c)))
            {
                weights.extend((group * L::GROUP..(group + 1) * L::GROUP).map(|kx| {
                    let exists = kx < kw && channel < channels;
                    if !exists {
                        return L::Element::default();
                    }
                    L::weight(c.weight((ky * kw + kx) * channels + channel))
                }));
            }
        }
        let offset = |o: usize| c.offset(o, c.weights[o..].iter().step_by(channels), L::LIFT);
        let slots = Ring::new(shape).slots;
        Self {
            isa,
            shape: *shape,
            groups,
            spacing,
            output_step,
            group_step,
            positions,
            weights,
            bias: in_vectors(channels, offset),
            scales: in_vectors(channels, |o| c.scales[o]),
            output: c.output,
            ring: vec![
                L::element(c.input_zero);
                (slots + 1) * lanes * positions * LANES * L::GROUP
            ],
            padded: vec![c.input_zero; pixels * lanes * LANES],
        }
    }

    /// Runs; lengths as [`super::depthwise_i8`] checks them.
    ///
    /// To be called from a function that enables the features of `L`, or nothing is inlined.
    #[inline(always)]
    pub(crate) fn run(&mut self, input: &[i8], out: &mut [i8]) {
        let ([batch, h, w, channels], [_, out_h, out_w, _]) = (self.shape.input, self.shape.output);
        let ring = Ring::new(&self.shape);
        for n in 0..batch {
            for y in 0..out_h {
                for row in ring.entering(y) {
                    if let Some(input_row) = ring.input_row(row) {
                        let start = (n * h + input_row) * w * channels;
                        self.interleave(&input[start..start + w * channels], ring.slot(row));
                    }
                }
                let slot = |ky: usize| ring.under(y, ky);
                let start = (n * out_h + y) * out_w * channels;
                self.sum_row(slot, &mut out[start..start + out_w * channels]);
            }
        }
    }

    /// Interleaves an input row `[W, C]` into a slot of the ring.
    #[inline(always)]
    fn interleave(&mut self, input: &[i8], slot: usize) {
        let (channels, lanes) = (self.shape.input[3], self.bias.len());
        let pitch = lanes * LANES;
        let before = (self.shape.window.pad[1] * pitch).min(self.padded.len());
        let inside = &mut self.padded[before..];
        if channels == pitch {
            let bytes = input.len().min(inside.len());
            inside[..bytes].copy_from_slice(&input[..bytes]);
        } else {
            let pixels = inside
                .chunks_exact_mut(pitch)
                .zip(input.chunks_exact(channels));
            pixels.for_each(|(target, source)| target[..channels].copy_from_slice(source));
        }
        let dilation = self.shape.window.dilation[1];
        let row = lanes * self.positions * LANES * L::GROUP;
        let target = &mut self.ring[slot * row..][..row];
        let last = (self.positions - 1) * self.spacing + (L::GROUP - 1) * dilation;
        assert!(self.padded.len() >= (last + 1) * pitch);
        for lane in 0..lanes {
            for position in 0..self.positions {
                // SAFETY: `lane` and `position` are below the row's own; the pixels up to `last` lie in `padded` (asserted),
                // `pitch` bytes each, of which those from `lane * LANES` on are at least LANES.
                unsafe {
                    let source = self
                        .padded
                        .as_ptr()
                        .add(position * self.spacing * pitch + lane * LANES);
                    let target = target
                        .as_mut_ptr()
                        .add((lane * self.positions + position) * LANES * L::GROUP);
                    self.isa.interleave(source, dilation * pitch, target);
                }
            }
        }
    }
}
