//! The product on any ISA that has [`Lanes`]: a tile of rows is staged (widened to the ISA's elements, segments side by
//! side), then meets all outputs.
use super::{GemmI8, Rows};
use crate::lanes::{LANES, Lanes, store};
use crate::nn::filter::in_vectors;
use crate::requantize::OutputI8;

/// Bytes staged at a time; as many elements of `staged` lie behind the last row, for the last block may overshoot.
const BLOCK: usize = 16;

/// Weights of a product in the order in which the tiles read them, and room for `M` staged rows.
#[derive(Debug)]
pub(crate) struct Packed<L: Lanes, const M: usize> {
    isa: L,
    segments: usize,
    inputs: usize,
    outputs: usize,
    /// Elements of a staged segment: `inputs` in whole steps.
    segment: usize,
    /// Per pair of vectors (or the last one alone): `[segments][steps][vectors][STEP / GROUP][LANES][GROUP]`, zero beyond
    /// the real inputs and outputs.
    weights: Vec<L::Element>,
    bias: Vec<[i32; LANES]>,
    scales: Vec<[f32; LANES]>,
    output: OutputI8,
    /// `[M][segments][segment]`
    staged: Vec<L::Element>,
}

impl<L: Lanes, const M: usize> Packed<L, M> {
    pub(crate) fn new(isa: L, c: &GemmI8<'_>) -> Self {
        assert!(L::WIDE || c.filter.weight_zero == 0, "weights of nine bits");
        let (segments, inputs, outputs) = (c.segments, c.inputs, c.filter.bias.len());
        let (segment, vectors) = (inputs.next_multiple_of(L::STEP), outputs.div_ceil(LANES));
        let row = |o: usize| o * segments * inputs;
        let weight = |o: usize, s: usize, i: usize| {
            let exists = o < outputs && i < inputs;
            if !exists {
                return L::Element::default();
            }
            L::weight(c.filter.weight(row(o) + s * inputs + i))
        };
        let mut weights = Vec::with_capacity(segments * segment * vectors * LANES);
        for first in (0..vectors).step_by(2) {
            for (s, step) in
                (0..segments).flat_map(|s| (0..segment).step_by(L::STEP).map(move |i| (s, i)))
            {
                for v in first..vectors.min(first + 2) {
                    for group in (step..step + L::STEP).step_by(L::GROUP) {
                        for o in v * LANES..(v + 1) * LANES {
                            weights.extend((group..group + L::GROUP).map(|i| weight(o, s, i)));
                        }
                    }
                }
            }
        }
        let offset = |o: usize| c.offset(o, L::LIFT);
        Self {
            isa,
            segments,
            inputs,
            outputs,
            segment,
            weights,
            bias: in_vectors(outputs, offset),
            scales: in_vectors(outputs, |o| c.filter.scales[o]),
            output: c.filter.output,
            staged: vec![L::Element::default(); M * segments * segment + BLOCK],
        }
    }

    /// Runs, `M` rows at a time; the last tile steps back over rows already done, or single rows remain.
    ///
    /// To be called from a function that enables the features of `L`, or nothing is inlined.
    #[inline(always)]
    pub(crate) fn run(&mut self, rows: Rows<'_>, out: &mut [i8]) {
        let pixels = out.len() / self.outputs;
        assert_eq!(out.len(), pixels * self.outputs, "length of output");
        let mut at = 0;
        while at < pixels {
            if pixels >= M {
                let start = at.min(pixels - M);
                self.tile::<M>(rows, start, out);
                at = start + M;
            } else {
                self.tile::<1>(rows, at, out);
                at += 1;
            }
        }
    }

    #[inline(always)]
    fn tile<const N: usize>(&mut self, rows: Rows<'_>, start: usize, out: &mut [i8]) {
        self.stage::<N>(Rows {
            bytes: &rows.bytes[start * rows.stride..],
            ..rows
        });
        let out = &mut out[start * self.outputs..];
        let vectors = self.bias.len();
        let mut first = 0;
        while first + 2 <= vectors {
            self.outputs::<2, N>(first, out);
            first += 2;
        }
        if first < vectors {
            self.outputs::<1, N>(first, out);
        }
    }

    /// Stages the first `N` rows. Bytes are widened in whole blocks where the source reaches that far: what a block writes
    /// beyond its segment meets zero weights or is overwritten by the next segment.
    #[inline(always)]
    fn stage<const N: usize>(&mut self, rows: Rows<'_>) {
        let blocks = self.inputs.div_ceil(BLOCK);
        let last = (N - 1) * rows.stride + (self.segments - 1) * rows.segment_stride;
        if rows.bytes.len() < last + blocks * BLOCK {
            self.stage_singly(N, rows);
            return;
        }
        assert!(self.staged.len() >= (N * self.segments - 1) * self.segment + blocks * BLOCK);
        for m in 0..N {
            for s in 0..self.segments {
                let source = m * rows.stride + s * rows.segment_stride;
                let target = (m * self.segments + s) * self.segment;
                for at in (0..blocks * BLOCK).step_by(BLOCK) {
                    // SAFETY: m < N, s < segments and at + BLOCK <= blocks * BLOCK: within the source (checked above).
                    let bytes = unsafe {
                        rows.bytes
                            .as_ptr()
                            .add(source + at)
                            .cast::<[i8; BLOCK]>()
                            .read()
                    };
                    let mut elements = [L::Element::default(); BLOCK];
                    for i in 0..BLOCK {
                        elements[i] = L::element(bytes[i]);
                    }
                    // SAFETY: for the same reasons within `staged` (asserted).
                    unsafe {
                        self.staged
                            .as_mut_ptr()
                            .add(target + at)
                            .cast::<[L::Element; BLOCK]>()
                            .write(elements)
                    };
                }
            }
        }
    }

    /// As [`Packed::stage`], near the end of the input.
    fn stage_singly(&mut self, count: usize, rows: Rows<'_>) {
        for (m, s) in (0..count).flat_map(|m| (0..self.segments).map(move |s| (m, s))) {
            let source = &rows.bytes[m * rows.stride + s * rows.segment_stride..][..self.inputs];
            let target = &mut self.staged[(m * self.segments + s) * self.segment..][..self.inputs];
            for (target, &source) in target.iter_mut().zip(source) {
                *target = L::element(source);
            }
        }
    }

    /// `V` vectors of outputs of the first `N` staged rows.
    #[inline(always)]
    fn outputs<const V: usize, const N: usize>(&self, first: usize, out: &mut [i8]) {
        let (isa, pitch) = (self.isa, self.segments * self.segment);
        let weights = &self.weights[first * LANES * pitch..][..V * LANES * pitch];
        assert!(self.staged.len() >= N * pitch && pitch.is_multiple_of(L::STEP));
        let mut sums = [[isa.sums(&[0; LANES]); V]; N];
        for v in 0..V {
            let bias = isa.sums(&self.bias[first + v]);
            for m in 0..N {
                sums[m][v] = bias;
            }
        }
        for step in 0..pitch / L::STEP {
            let mut these = [None; V];
            for v in 0..V {
                // SAFETY: step < pitch / STEP and v < V, so LANES * STEP of the V * LANES * pitch weights are left.
                these[v] = Some(unsafe {
                    isa.weights(weights.as_ptr().add((step * V + v) * LANES * L::STEP))
                });
            }
            for m in 0..N {
                // SAFETY: m < N and step < pitch / STEP, so STEP of the N * pitch staged elements (asserted) are left.
                let inputs =
                    unsafe { isa.inputs(self.staged.as_ptr().add(m * pitch + step * L::STEP)) };
                for v in 0..V {
                    if let Some(weights) = these[v] {
                        sums[m][v] = isa.add_products(sums[m][v], weights, inputs);
                    }
                }
            }
        }
        self.store::<V, N>(first, sums, out);
    }

    /// Requantizes sixteen sums at a time: both vectors of a row, or the only one of two rows.
    #[inline(always)]
    fn store<const V: usize, const N: usize>(
        &self,
        first: usize,
        sums: [[L::Sums; V]; N],
        out: &mut [i8],
    ) {
        let isa = self.isa;
        let output = isa.output(self.output);
        let scales = [
            isa.scales(&self.scales[first]),
            isa.scales(&self.scales[first + V - 1]),
        ];
        let valid = (self.outputs - first * LANES).min(V * LANES);
        let start = first * LANES;
        assert!(out.len() >= (N - 1) * self.outputs + start + valid);
        if V == 2 && valid == 2 * LANES {
            for m in 0..N {
                let bytes = isa.bytes(output, [sums[m][0], sums[m][V - 1]], scales);
                // SAFETY: m < N, so the row's 16 bytes from `start` on lie within `out` (asserted).
                unsafe {
                    out.as_mut_ptr()
                        .add(m * self.outputs + start)
                        .cast::<[[i8; LANES]; 2]>()
                        .write(bytes)
                };
            }
            return;
        }
        for pair in 0..N.div_ceil(3 - V) {
            let m = pair * (3 - V);
            let other = if m + 2 - V < N { m + 2 - V } else { m };
            let bytes = isa.bytes(output, [sums[m][0], sums[other][V - 1]], scales);
            store(
                bytes.as_flattened(),
                valid,
                &mut out[m * self.outputs + start..],
            );
            if other > m {
                store(&bytes[1], valid, &mut out[other * self.outputs + start..]);
            }
        }
    }
}
