//! Depthwise convolution in WebAssembly, with or without relaxed SIMD.
//!
//! An instruction sums `GROUP` neighbouring elements of a lane (two words, or four bytes with relaxed SIMD): here, the pixels of
//! one column in as many rows. The rows under a *band* of output rows are interleaved so, `[quires][columns * C][GROUP]`, a quire being
//! `GROUP` rows, and a kernel column is as many products as there are quires. Two output rows at a time share their columns where
//! neither stride nor dilation forbids it, at half the interleaving. Sixteen sums are made bytes at once: four channels of two columns
//! in two rows, or of four columns in one.
use super::{Depthwise, FilterI8};
use crate::lanes::store;
use crate::lanes::wasm::{Dots, Output};
use crate::nn::filter::in_vectors;
use std::arch::wasm32::*;

/// Channels of a vector of sums.
const CHANNELS: usize = 4;

/// A depthwise convolution with multiplier 1, ready to run.
#[derive(Debug)]
pub(crate) struct Packed<L: Dots> {
    isa: L,
    shape: Depthwise,
    /// Output rows of a band: 1 or 2.
    band: usize,
    /// `GROUP` rows each.
    quires: usize,
    /// Input columns that the outputs of a row see, padding included.
    columns: usize,
    /// `[C / CHANNELS][band][KW][quires][CHANNELS][GROUP]`, zero where there is no tap or channel.
    weights: Vec<L::Element>,
    bias: Vec<[i32; CHANNELS]>,
    scales: Vec<[f32; CHANNELS]>,
    output: Output,
    /// `[quires][columns * C][GROUP]` and a vector more, for the last channels of the last column may be less than one.
    interleaved: Vec<L::Element>,
    /// A row outside the picture.
    outside: Vec<i8>,
}

impl<L: Dots> Packed<L> {
    pub(crate) fn new(isa: L, shape: &Depthwise, c: &FilterI8<'_>) -> Self {
        assert!(L::WIDE || c.weight_zero == 0, "weights of nine bits");
        let (window, channels) = (&shape.window, shape.input[3]);
        let [kh, kw] = window.kernel;
        let [_, out_h, out_w, _] = shape.output;
        let shares = window.stride[0] == 1 && window.dilation[0] == 1 && out_h >= 2;
        let band = if shares { 2 } else { 1 };
        let quires = (kh + band - 1).div_ceil(L::GROUP);
        let columns = (out_w - 1) * window.stride[1] + (kw - 1) * window.dilation[1] + 1;
        let groups = channels.div_ceil(CHANNELS);
        let weight = |row: usize, b: usize, kx: usize, channel: usize| {
            // With a band of two, the second row's kernel begins one row later.
            match row
                .checked_sub(b)
                .filter(|&ky| ky < kh && channel < channels)
            {
                Some(ky) => L::weight(c.weight((ky * kw + kx) * channels + channel)),
                None => L::Element::default(),
            }
        };
        let mut weights = Vec::with_capacity(groups * band * kw * quires * CHANNELS * L::GROUP);
        for (first, b) in (0..groups).flat_map(|g| (0..band).map(move |b| (g * CHANNELS, b))) {
            for (kx, quire) in (0..kw).flat_map(|kx| (0..quires).map(move |q| (kx, q))) {
                for channel in first..first + CHANNELS {
                    let rows = quire * L::GROUP..(quire + 1) * L::GROUP;
                    weights.extend(rows.map(|row| weight(row, b, kx, channel)));
                }
            }
        }
        let offset = |o: usize| c.offset(o, c.weights[o..].iter().step_by(channels), isa.lift());
        Self {
            isa,
            shape: *shape,
            band,
            quires,
            columns,
            weights,
            bias: in_vectors(channels, offset),
            scales: in_vectors(channels, |o| c.scales[o]),
            output: Output::new(c.output),
            interleaved: vec![
                isa.element(c.input_zero);
                (quires * columns * channels + CHANNELS) * L::GROUP
            ],
            outside: vec![c.input_zero; shape.input[2] * channels],
        }
    }

    /// Runs; lengths as [`super::depthwise_i8`] checks them.
    pub(crate) fn run(&mut self, input: &[i8], out: &mut [i8]) {
        let ([batch, h, w, channels], [_, out_h, out_w, _]) = (self.shape.input, self.shape.output);
        let (picture, row) = (h * w * channels, out_w * channels);
        for n in 0..batch {
            let input = &input[n * picture..][..picture];
            let mut at = 0;
            while at < out_h {
                // The last band steps back over a row already done.
                let y = at.min(out_h - self.band);
                for quire in 0..self.quires {
                    self.interleave(input, y, quire);
                }
                let start = (n * out_h + y) * row;
                self.sum_band(&mut out[start..start + self.band * row]);
                at = y + self.band;
            }
        }
    }

    /// Interleaves the input rows of one quire under the band that begins with output row `y`.
    fn interleave(&mut self, input: &[i8], y: usize, quire: usize) {
        let ([_, h, w, channels], window) = (self.shape.input, &self.shape.window);
        let left = window.pad[1].min(self.columns);
        let length = w.min(self.columns - left) * channels;
        let mut rows = [self.outside.as_slice(); 4];
        for (g, row) in rows.iter_mut().enumerate().take(L::GROUP) {
            let tap = quire * L::GROUP + g;
            let at = y * window.stride[0] + tap * window.dilation[0];
            if let Some(at) = at.checked_sub(window.pad[0]).filter(|&at| at < h) {
                *row = &input[at * w * channels..];
            }
        }
        let rows = rows.map(|row| &row[..length]);
        let first = (quire * self.columns + left) * channels * L::GROUP;
        let to = &mut self.interleaved[first..][..length * L::GROUP];
        let whole = length - length % L::ZIPPED;
        for at in (0..whole).step_by(L::ZIPPED) {
            // SAFETY: `at + ZIPPED` is at most `length`, which the rows have, and `to` has `GROUP` times as many.
            unsafe {
                let from = rows.map(|row| row.as_ptr().add(at));
                self.isa.zip(from, to.as_mut_ptr().add(at * L::GROUP));
            }
        }
        for (at, to) in (whole..length).zip(to[whole * L::GROUP..].chunks_exact_mut(L::GROUP)) {
            for (to, row) in to.iter_mut().zip(rows) {
                *to = self.isa.element(row[at]);
            }
        }
    }

    /// A band of output rows from the interleaved ones.
    fn sum_band(&self, out: &mut [i8]) {
        let (window, [_, _, width, channels]) = (&self.shape.window, self.shape.output);
        let [kh, kw] = window.kernel;
        let dilation = window.dilation[1];
        let suits = channels.is_multiple_of(CHANNELS) && width >= 4 / self.band && kh == kw;
        match (kw, self.band, window.stride[1], dilation) {
            _ if !suits => self.sum_any(out),
            (3, 2, 1, 1) if L::GROUP == 4 => self.sum::<3, 1, 2, 1>(1, out),
            (3, 1, 2, 1) if L::GROUP == 4 => self.sum::<3, 1, 1, 2>(1, out),
            (3, 1, 1, _) if L::GROUP == 4 => self.sum::<3, 1, 1, 1>(dilation, out),
            (5, 2, 1, 1) if L::GROUP == 4 => self.sum::<5, 2, 2, 1>(1, out),
            (5, 1, 2, 1) if L::GROUP == 4 => self.sum::<5, 2, 1, 2>(1, out),
            (3, 2, 1, 1) => self.sum::<3, 2, 2, 1>(1, out),
            (3, 1, 2, 1) => self.sum::<3, 2, 1, 2>(1, out),
            (3, 1, 1, _) => self.sum::<3, 2, 1, 1>(dilation, out),
            (5, 2, 1, 1) => self.sum::<5, 3, 2, 1>(1, out),
            (5, 1, 2, 1) => self.sum::<5, 3, 1, 2>(1, out),
            _ => self.sum_any(out),
        }
    }

    /// A band of `B` rows of a kernel `K` columns wide, of `Q` quires, at a horizontal stride of `S`; the weights of four channels are
    /// loaded once.
    #[inline(always)]
    fn sum<const K: usize, const Q: usize, const B: usize, const S: usize>(
        &self,
        dilation: usize,
        out: &mut [i8],
    ) {
        let (isa, [_, _, width, channels]) = (self.isa, self.shape.output);
        let (unit, across) = (CHANNELS * L::GROUP, 4 / B);
        let (pitch, quire) = (channels * L::GROUP, self.columns * channels * L::GROUP);
        assert!(channels.is_multiple_of(CHANNELS) && width >= across);
        assert_eq!((self.band, self.quires), (B, Q));
        assert!(self.columns > (width - 1) * S + (K - 1) * dilation);
        assert!(self.interleaved.len() >= Q * quire);
        assert_eq!(self.bias.len() * CHANNELS, channels);
        assert_eq!(self.weights.len(), self.bias.len() * B * K * Q * unit);
        assert_eq!(out.len(), B * width * channels);
        for group in 0..channels / CHANNELS {
            // SAFETY: units of the group's own weights, of the `B * K * Q` that each group has (asserted); its bias and its scales
            // are a vector each.
            let (weights, bias, scales) = unsafe {
                let from = self.weights.as_ptr().add(group * B * K * Q * unit);
                let mut weights = [[[i32x4_splat(0); Q]; K]; B];
                for b in 0..B {
                    for kx in 0..K {
                        for q in 0..Q {
                            let at = ((b * K + kx) * Q + q) * unit;
                            weights[b][kx][q] = v128_load(from.add(at).cast());
                        }
                    }
                }
                let scales = v128_load(self.scales[group].as_ptr().cast());
                (weights, v128_load(self.bias[group].as_ptr().cast()), scales)
            };
            let mut done = 0;
            while done < width {
                // The last sums step back over columns already done.
                let x = done.min(width - across);
                let mut sums = [bias; 4];
                for i in 0..4 {
                    let (b, column) = (i / across, i % across);
                    for kx in 0..K {
                        for q in 0..Q {
                            // SAFETY: the column is at most `(width - 1) * S + (K - 1) * dilation`, so the unit lies in its quire, and that in
                            // `interleaved` (asserted).
                            let pixels = unsafe {
                                let first =
                                    self.interleaved.as_ptr().add(x * S * pitch + group * unit);
                                v128_load(
                                    first
                                        .add((column * S + kx * dilation) * pitch + q * quire)
                                        .cast(),
                                )
                            };
                            sums[i] = isa.dot(sums[i], pixels, weights[b][kx][q]);
                        }
                    }
                }
                let bytes = self
                    .output
                    .bytes([[sums[0], sums[1]], [sums[2], sums[3]]], [[scales; 2]; 2]);
                let pixels = bytes.as_flattened().as_chunks::<CHANNELS>().0;
                for i in 0..4 {
                    let (b, column) = (i / across, i % across);
                    let at = (b * width + x + column) * channels + group * CHANNELS;
                    // SAFETY: a pixel of the band, and four channels of it: within `out` (asserted).
                    unsafe {
                        out.as_mut_ptr()
                            .add(at)
                            .cast::<[i8; CHANNELS]>()
                            .write(pixels[i])
                    };
                }
                done = x + across;
            }
        }
    }

    /// A band of any kernel.
    fn sum_any(&self, out: &mut [i8]) {
        let (window, [_, _, width, channels]) = (&self.shape.window, self.shape.output);
        let (isa, unit, kw) = (self.isa, CHANNELS * L::GROUP, window.kernel[1]);
        let (columns, groups) = (self.columns * channels, self.bias.len());
        for (group, b) in (0..groups).flat_map(|g| (0..self.band).map(move |b| (g, b))) {
            let taps = kw * self.quires;
            let weights = &self.weights[(group * self.band + b) * taps * unit..][..taps * unit];
            let valid = (channels - group * CHANNELS).min(CHANNELS);
            let [bias, scales] = [
                self.bias[group],
                self.scales[group].map(|s| s.to_bits() as i32),
            ]
            .map(|[a, b, c, d]| i32x4(a, b, c, d));
            for x in 0..width {
                let mut sums = bias;
                for (tap, weights) in weights.chunks_exact(unit).enumerate() {
                    let (kx, quire) = (tap / self.quires, tap % self.quires);
                    let column = x * window.stride[1] + kx * window.dilation[1];
                    let at = quire * columns + column * channels + group * CHANNELS;
                    let pixels = &self.interleaved[at * L::GROUP..][..unit];
                    // SAFETY: both slices are a unit, a vector.
                    let (pixels, weights) = unsafe {
                        (
                            v128_load(pixels.as_ptr().cast()),
                            v128_load(weights.as_ptr().cast()),
                        )
                    };
                    sums = isa.dot(sums, pixels, weights);
                }
                let [bytes, _] = self.output.bytes([[sums; 2]; 2], [[scales; 2]; 2]);
                store(
                    &bytes,
                    valid,
                    &mut out[(b * width + x) * channels + group * CHANNELS..],
                );
            }
        }
    }
}
