//! The product in WebAssembly, with or without relaxed SIMD: four rows meet eight outputs.
//!
//! Rows are staged in steps, `[steps][ROWS][GROUP]`: a step is 32 bits (two words, or four bytes with relaxed SIMD), so inside a
//! loop of nothing but loads at fixed distances, products and sums, eight of those stay in registers. A single output takes the staged
//! rows the other way round: they are a vector, its weights the 32 bits that every lane gets.
use super::{GemmI8, Rows};
use crate::lanes::wasm::{Dots, Output, load_two};
use crate::lanes::{LANES, store};
use crate::nn::filter::in_vectors;
use std::arch::wasm32::*;

/// Rows of a tile.
const ROWS: usize = 4;
/// Steps that are staged at a time, of each row.
const BLOCK: usize = 4;

/// Weights of a product in the order in which the tiles read them, and room for a staged tile.
#[derive(Debug)]
pub(crate) struct Packed<L: Dots> {
    isa: L,
    segments: usize,
    inputs: usize,
    outputs: usize,
    /// Steps of a segment.
    segment: usize,
    /// `[vectors][segments][segment][LANES][GROUP]`, zero beyond the real inputs and outputs; of a single output `[segments][segment][GROUP]`.
    weights: Vec<L::Element>,
    bias: Vec<[i32; LANES]>,
    scales: Vec<[f32; LANES]>,
    output: Output,
    /// `[segments][segment][ROWS][GROUP]`, and a block more, for the last one may overshoot.
    staged: Vec<L::Element>,
}

impl<L: Dots> Packed<L> {
    pub(crate) fn new(isa: L, c: &GemmI8<'_>) -> Self {
        assert!(L::WIDE || c.filter.weight_zero == 0, "weights of nine bits");
        let (segments, inputs, outputs) = (c.segments, c.inputs, c.filter.bias.len());
        let (segment, vectors) = (inputs.div_ceil(L::GROUP), outputs.div_ceil(LANES));
        let row = |o: usize| o * segments * inputs;
        let weight = |o: usize, s: usize, i: usize| {
            if o >= outputs || i >= inputs {
                return L::Element::default();
            }
            L::weight(c.filter.weight(row(o) + s * inputs + i))
        };
        let mut weights = Vec::new();
        for v in 0..vectors {
            let lanes = if outputs == 1 {
                0..1
            } else {
                v * LANES..(v + 1) * LANES
            };
            for (s, step) in (0..segments).flat_map(|s| (0..segment).map(move |step| (s, step))) {
                for o in lanes.clone() {
                    weights.extend((0..L::GROUP).map(|i| weight(o, s, step * L::GROUP + i)));
                }
            }
        }
        let offset = |o: usize| c.offset(o, isa.lift());
        // The lanes of a single output all hold it.
        let lanes = if outputs == 1 { LANES } else { outputs };
        let output_of = |lane: usize| lane.min(outputs - 1);
        Self {
            isa,
            segments,
            inputs,
            outputs,
            segment,
            weights,
            bias: in_vectors(lanes, |lane| offset(output_of(lane))),
            scales: in_vectors(lanes, |lane| c.filter.scales[output_of(lane)]),
            output: Output::new(c.filter.output),
            staged: vec![L::Element::default(); (segments * segment + BLOCK) * ROWS * L::GROUP],
        }
    }

    /// Runs, four rows at a time; the last tile steps back over rows already done, or holds its last row more than once.
    pub(crate) fn run(&mut self, rows: Rows<'_>, out: &mut [i8]) {
        let pixels = out.len() / self.outputs;
        assert_eq!(out.len(), pixels * self.outputs, "length of output");
        let mut at = 0;
        while at < pixels {
            let start = at.min(pixels.saturating_sub(ROWS));
            let count = (pixels - start).min(ROWS);
            self.stage(rows, start, count);
            let out = &mut out[start * self.outputs..][..count * self.outputs];
            match (self.outputs, count) {
                (1, _) => self.single(out),
                (_, ROWS) => self.tile(out),
                _ => self.rest(0, count, out),
            }
            at = start + count;
        }
    }

    /// Stages `count` rows from row `start` on. Whole blocks are read where the source reaches that far: what a block writes beyond
    /// its segment meets zero weights or is overwritten by the next segment.
    #[inline(always)]
    fn stage(&mut self, rows: Rows<'_>, start: usize, count: usize) {
        let block = BLOCK * L::GROUP;
        let blocks = self.inputs.div_ceil(block);
        let last = (start + count - 1) * rows.stride + (self.segments - 1) * rows.segment_stride;
        if rows.bytes.len() < last + blocks * block {
            self.stage_singly(rows, start, count);
            return;
        }
        assert!(blocks * BLOCK < self.segment + BLOCK);
        assert!(self.staged.len() >= (self.segments * self.segment + BLOCK) * ROWS * L::GROUP);
        let source = |row: usize| (start + row.min(count - 1)) * rows.stride;
        let sources = [source(0), source(1), source(2), source(3)];
        for s in 0..self.segments {
            // SAFETY: the offsets are at most `last` (a row is below `count`, `s` below `segments`), and `blocks * block` bytes
            // follow each (checked above). A segment's blocks reach less than a block beyond it, within `staged` (asserted).
            unsafe {
                let from = rows.bytes.as_ptr().add(s * rows.segment_stride);
                let [mut a, mut b, mut c, mut d] = sources.map(|at| from.add(at));
                let mut to = self
                    .staged
                    .as_mut_ptr()
                    .add(s * self.segment * ROWS * L::GROUP)
                    .cast();
                for _ in 0..blocks {
                    let isa = self.isa;
                    transpose([isa.widen(a), isa.widen(b), isa.widen(c), isa.widen(d)], to);
                    (a, b, c, d) = (a.add(block), b.add(block), c.add(block), d.add(block));
                    to = to.add(BLOCK);
                }
            }
        }
    }

    /// As [`Packed::stage`], near the end of the input.
    #[cold]
    fn stage_singly(&mut self, rows: Rows<'_>, start: usize, count: usize) {
        for (row, s) in (0..ROWS).flat_map(|row| (0..self.segments).map(move |s| (row, s))) {
            let at = (start + row.min(count - 1)) * rows.stride + s * rows.segment_stride;
            for (i, &byte) in rows.bytes[at..][..self.inputs].iter().enumerate() {
                let step = s * self.segment + i / L::GROUP;
                self.staged[(step * ROWS + row) * L::GROUP + i % L::GROUP] = self.isa.element(byte);
            }
        }
    }

    /// All outputs of `ROWS` staged rows.
    #[inline(always)]
    fn tile(&self, out: &mut [i8]) {
        let outputs = self.outputs;
        let whole = outputs / LANES;
        assert_eq!(out.len(), ROWS * outputs);
        for v in 0..whole {
            let [[a, b], [c, d]] = self.vector(v);
            let at = v * LANES;
            // SAFETY: eight outputs from `at` on are there, in each of the `ROWS` rows (asserted).
            unsafe {
                let to = out.as_mut_ptr().add(at);
                to.cast::<[i8; LANES]>().write(a);
                to.add(outputs).cast::<[i8; LANES]>().write(b);
                to.add(2 * outputs).cast::<[i8; LANES]>().write(c);
                to.add(3 * outputs).cast::<[i8; LANES]>().write(d);
            }
        }
        if !outputs.is_multiple_of(LANES) {
            self.rest(whole, ROWS, out);
        }
    }

    /// The outputs from vector `first` on, of `count` staged rows.
    #[inline(never)]
    fn rest(&self, first: usize, count: usize, out: &mut [i8]) {
        for v in first..self.bias.len() {
            let (start, bytes) = (v * LANES, self.vector(v));
            let valid = (self.outputs - start).min(LANES);
            for (row, bytes) in bytes.as_flattened().iter().enumerate().take(count) {
                store(bytes, valid, &mut out[row * self.outputs + start..]);
            }
        }
    }

    /// Eight outputs of `ROWS` staged rows.
    #[inline(always)]
    fn vector(&self, v: usize) -> [[[i8; LANES]; 2]; 2] {
        let (isa, steps) = (self.isa, self.segments * self.segment);
        assert!((v + 1) * steps * LANES * L::GROUP <= self.weights.len());
        assert!(steps * ROWS * L::GROUP <= self.staged.len());
        let bias = two(&self.bias[v]);
        let [mut a, mut b, mut c, mut d] = [bias; ROWS];
        // SAFETY: a turn of the loop reads `LANES * GROUP` weights of the vector's `steps` times as many, and `ROWS * GROUP` staged
        // elements of `steps` times as many (asserted).
        unsafe {
            let mut weights = self.weights.as_ptr().add(v * steps * LANES * L::GROUP);
            let mut inputs = self.staged.as_ptr();
            for _ in 0..steps {
                let these = load_two(weights.cast());
                let input = |row| v128_load32_splat(inputs.add(row * L::GROUP).cast());
                a = products(isa, a, input(0), these);
                b = products(isa, b, input(1), these);
                c = products(isa, c, input(2), these);
                d = products(isa, d, input(3), these);
                weights = weights.add(LANES * L::GROUP);
                inputs = inputs.add(ROWS * L::GROUP);
            }
        }
        let scales = [two(&self.scales[v]); 2];
        [
            self.output.bytes([a, b], scales),
            self.output.bytes([c, d], scales),
        ]
    }

    /// The only output of the staged rows, a byte each.
    #[inline(always)]
    fn single(&self, out: &mut [i8]) {
        let (isa, steps) = (self.isa, self.segments * self.segment);
        assert!(steps * L::GROUP <= self.weights.len());
        assert!(steps * ROWS * L::GROUP <= self.staged.len());
        let mut sums = two(&self.bias[0])[0];
        for step in 0..steps {
            // SAFETY: `step` is below `steps`, so its weights and its four rows' elements are there (asserted).
            let (weights, inputs) = unsafe {
                (
                    v128_load32_splat(self.weights.as_ptr().add(step * L::GROUP).cast()),
                    v128_load(self.staged.as_ptr().add(step * ROWS * L::GROUP).cast()),
                )
            };
            sums = isa.dot(sums, inputs, weights);
        }
        let scales = [two(&self.scales[0]); 2];
        let [bytes, _] = self.output.bytes([[sums; 2]; 2], scales);
        out.copy_from_slice(&bytes[..out.len()]);
    }
}

/// Eight sums, and a step of a row times their weights.
#[inline(always)]
fn products<L: Dots>(isa: L, sums: [v128; 2], input: v128, weights: [v128; 2]) -> [v128; 2] {
    [
        isa.dot(sums[0], input, weights[0]),
        isa.dot(sums[1], input, weights[1]),
    ]
}

/// Eight numbers of 32 bits.
#[inline(always)]
fn two<T: Copy>(from: &[T; LANES]) -> [v128; 2] {
    const { assert!(size_of::<T>() == 4) };
    // SAFETY: eight times four bytes, two vectors.
    unsafe { load_two(from.as_ptr().cast()) }
}

/// Four rows of four steps become four steps of four rows.
///
/// # Safety
/// Four vectors must be writable.
#[inline(always)]
unsafe fn transpose([a, b, c, d]: [v128; ROWS], to: *mut v128) {
    let (ac, bd) = (
        i32x4_shuffle::<0, 4, 1, 5>(a, c),
        i32x4_shuffle::<0, 4, 1, 5>(b, d),
    );
    let (ac_high, bd_high) = (
        i32x4_shuffle::<2, 6, 3, 7>(a, c),
        i32x4_shuffle::<2, 6, 3, 7>(b, d),
    );
    // SAFETY: the caller grants four vectors.
    unsafe {
        v128_store(to, i32x4_shuffle::<0, 4, 1, 5>(ac, bd));
        v128_store(to.add(1), i32x4_shuffle::<2, 6, 3, 7>(ac, bd));
        v128_store(to.add(2), i32x4_shuffle::<0, 4, 1, 5>(ac_high, bd_high));
        v128_store(to.add(3), i32x4_shuffle::<2, 6, 3, 7>(ac_high, bd_high));
    }
}
