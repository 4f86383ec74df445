//! `vpdpbusd` on 16 outputs at a time: unsigned inputs, signed weights, sums of four products, no saturation.
//!
//! The instruction wants the inputs unsigned, so their top bit is flipped (that adds 128) as each group of four is broadcast,
//! and the bias takes `(128 + input_zero) * sum(weights)` away again. Sums are exact modulo 2^32, so the bytes are the oracle's.
//!
//! Weights with a zero point may leave the signed byte. What they have beyond it is a few more weights for the same inputs:
//! those groups of four that hold such a weight come twice.
use super::avx512vnni_narrow::Narrow;
use super::avx512vnni_thin::Thin;
use super::{GemmI8, Rows};
use crate::nn::excess::split;
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Outputs of one vector.
const LANES: usize = 16;

/// Weights of a product in the order in which the tiles read them.
#[derive(Debug)]
pub(crate) struct Packed {
    segments: usize,
    /// Groups of four inputs in a segment.
    quads: usize,
    outputs: usize,
    groups: Vec<Group>,
    bias: Vec<i32>,
    scales: Vec<f32>,
    output: crate::requantize::OutputI8,
    narrow: Option<Narrow>,
    thin: Option<Thin>,
}

impl GemmI8<'_> {
    /// Weight of input `i` of a segment for output `o`, less its zero point, as two of eight bits
    /// ([`split`]); zeros beyond the real ones.
    pub(super) fn weight(&self, o: usize, segment: usize, i: usize) -> [i8; 2] {
        let exists = o < self.filter.bias.len() && i < self.inputs;
        if !exists {
            return [0; 2];
        }
        let index = (o * self.segments + segment) * self.inputs + i;
        split(self.filter.weight(index))
    }

    /// Whether the four inputs from `at` on have a weight beyond the signed byte for one of `outputs`.
    pub(super) fn exceeds(
        &self,
        mut outputs: std::ops::Range<usize>,
        segment: usize,
        at: usize,
    ) -> bool {
        outputs.any(|o| (at..at + 4).any(|i| self.weight(o, segment, i)[1] != 0))
    }
}

impl Rows<'_> {
    /// From row `first` on.
    pub(super) fn from(self, first: usize) -> Self {
        Self {
            bytes: &self.bytes[first * self.stride..],
            ..self
        }
    }
}

/// Vectors of outputs that a tile takes together.
#[derive(Debug)]
struct Group {
    first: usize,
    vectors: usize,
    /// The inputs that the weights meet. Each lies in one of the product's segments, below its `quads * 4`.
    quads: Vec<Quad>,
    /// `[quads of this group][vectors][16][4]`, zero beyond the real inputs and outputs.
    weights: Vec<i8>,
}

/// Four neighbouring inputs of a segment.
#[derive(Debug, Clone, Copy)]
struct Quad {
    segment: usize,
    at: usize,
}

impl Group {
    fn new(c: &GemmI8<'_>, first: usize, vectors: usize) -> Self {
        let outputs = first * LANES..(first + vectors) * LANES;
        let mut group = Self {
            first,
            vectors,
            quads: Vec::new(),
            weights: Vec::new(),
        };
        let quads = (0..c.segments)
            .flat_map(|segment| (0..c.inputs).step_by(4).map(move |at| Quad { segment, at }));
        for part in [0, 1] {
            for quad in quads.clone() {
                let Quad { segment, at } = quad;
                if part == 1 && !c.exceeds(outputs.clone(), segment, at) {
                    continue;
                }
                group.quads.push(quad);
                for o in outputs.clone() {
                    let four = at..at + 4;
                    group
                        .weights
                        .extend(four.map(|i| c.weight(o, segment, i)[part]));
                }
            }
        }
        group
    }
}

/// Vectors of outputs that the next tile takes when `left` are left.
fn group(left: usize) -> usize {
    match left {
        0..=4 => left,
        5 => 3,
        6 => 3,
        _ => 4,
    }
}

impl Packed {
    pub(crate) fn new(c: &GemmI8<'_>) -> Self {
        let (segments, inputs, outputs) = (c.segments, c.inputs, c.filter.bias.len());
        let (quads, vectors) = (inputs.div_ceil(4), outputs.div_ceil(LANES));
        let (mut groups, mut first) = (Vec::new(), 0);
        while first < vectors {
            let count = group(vectors - first);
            groups.push(Group::new(c, first, count));
            first += count;
        }
        let mut bias: Vec<i32> = (0..outputs)
            .map(|o| {
                let row = o * segments * inputs..(o + 1) * segments * inputs;
                let sum: i32 = row.map(|w| i32::from(c.filter.weight(w))).sum();
                c.filter.bias[o]
                    .wrapping_sub(sum.wrapping_mul(128 + i32::from(c.filter.input_zero)))
            })
            .collect();
        bias.resize(vectors * LANES, 0);
        let mut scales = c.filter.scales.to_vec();
        scales.resize(vectors * LANES, 0.0);
        let narrow = Narrow::new(c, &bias);
        let thin = Thin::suits(c).then(|| Thin::new(c, &bias));
        Self {
            segments,
            quads,
            outputs,
            groups,
            bias,
            scales,
            output: c.filter.output,
            narrow,
            thin,
        }
    }

    /// Runs; see [`super::Gemm::run`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&self, rows: Rows<'_>, out: &mut [i8]) {
        let pixels = out.len() / self.outputs;
        assert_eq!(out.len(), pixels * self.outputs, "length of output");
        if let Some(narrow) = &self.narrow
            && narrow.fits(&rows, pixels)
        {
            narrow.run(rows, out);
            return;
        }
        if let Some(thin) = &self.thin
            && thin.fits(pixels)
        {
            thin.run(rows, out);
            return;
        }
        for group in &self.groups {
            let (first, count) = (group.first * LANES, group.vectors * LANES);
            let block = Block {
                weights: &group.weights,
                quads: &group.quads,
                bias: &self.bias[first..][..count],
                scales: &self.scales[first..][..count],
                output: Output::new(self.output),
                reach: (self.segments - 1) * rows.segment_stride + self.quads * 4,
                outputs: self.outputs,
                valid: (self.outputs - first).min(count),
            };
            let out = &mut out[first..];
            match group.vectors {
                1 => block.pixels::<1, 16>(rows, out, pixels),
                2 => block.pixels::<2, 12>(rows, out, pixels),
                3 => block.pixels::<3, 8>(rows, out, pixels),
                _ => block.pixels::<4, 6>(rows, out, pixels),
            }
        }
    }
}

/// One group of output vectors.
struct Block<'a> {
    weights: &'a [i8],
    bias: &'a [i32],
    scales: &'a [f32],
    output: Output,
    quads: &'a [Quad],
    /// Bytes of a row from its start to the end of its last segment.
    reach: usize,
    outputs: usize,
    valid: usize,
}

impl Block<'_> {
    /// All pixels, `M` at a time; the last tile steps back over pixels already done, or single pixels remain.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn pixels<const V: usize, const M: usize>(
        &self,
        rows: Rows<'_>,
        out: &mut [i8],
        pixels: usize,
    ) {
        let mut at = 0;
        while at < pixels {
            if pixels >= M {
                let start = at.min(pixels - M);
                self.tile::<V, M>(rows.from(start), &mut out[start * self.outputs..]);
                at = start + M;
            } else {
                self.tile::<V, 1>(rows.from(at), &mut out[at * self.outputs..]);
                at += 1;
            }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn tile<const V: usize, const M: usize>(&self, rows: Rows<'_>, out: &mut [i8]) {
        let last = (M - 1) * rows.stride;
        assert!(rows.bytes.len() >= last + self.reach, "length of input");
        assert!(out.len() >= (M - 1) * self.outputs + self.valid);
        assert!(self.weights.len() == self.quads.len() * V * 64);
        assert!(self.valid <= V * LANES);
        assert!(self.bias.len() == V * LANES && self.scales.len() == V * LANES);
        let flip = _mm512_set1_epi8(i8::MIN);
        let mut sums = [[_mm512_setzero_si512(); V]; M];
        for v in 0..V {
            // SAFETY: `bias` holds V vectors of 16 (asserted above).
            let bias = unsafe { _mm512_loadu_si512(self.bias.as_ptr().add(v * LANES).cast()) };
            for row in &mut sums {
                row[v] = bias;
            }
        }
        let mut weights = self.weights.as_ptr();
        for quad in self.quads {
            let mut w = [flip; V];
            for (v, w) in w.iter_mut().enumerate() {
                // SAFETY: `weights` has gone over V vectors of 64 bytes per quad before this one, of as many as there are quads
                // (asserted above).
                *w = unsafe { _mm512_loadu_si512(weights.add(v * 64).cast()) };
            }
            let start = quad.segment * rows.segment_stride + quad.at;
            for (m, row) in sums.iter_mut().enumerate() {
                // SAFETY: the quad ends at `reach` or before, and row m has that many bytes (asserted above).
                let four = unsafe {
                    let at = m * rows.stride + start;
                    rows.bytes.as_ptr().add(at).cast::<i32>().read_unaligned()
                };
                let x = _mm512_xor_si512(_mm512_set1_epi32(four), flip);
                for (sum, w) in row.iter_mut().zip(w) {
                    *sum = _mm512_dpbusd_epi32(*sum, x, w);
                }
            }
            weights = weights.wrapping_add(V * 64);
        }
        self.store::<V, M>(sums, out);
    }

    /// Requantizes a tile, four vectors at a time, and stores the valid bytes of each pixel.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn store<const V: usize, const M: usize>(&self, sums: [[__m512i; V]; M], out: &mut [i8]) {
        let mut scales = [_mm512_setzero_ps(); V];
        for (v, scale) in scales.iter_mut().enumerate() {
            // SAFETY: `scales` holds V vectors of 16 (asserted by `tile`).
            *scale = unsafe { _mm512_loadu_ps(self.scales.as_ptr().add(v * LANES)) };
        }
        // Pixels whose vectors fill one register of bytes. Plain counting loops: they unroll, so `sums` stays in registers.
        let together = if M == 1 { 1 } else { 4 / V };
        let mut first = 0;
        while first < M {
            let at = |i: usize| (first + if together == 1 { 0 } else { i / V }, i % V);
            let sum = |i: usize| sums[at(i).0][at(i).1];
            let scale = |i: usize| scales[i % V];
            let packed = self.output.bytes(
                [sum(0), sum(1), sum(2), sum(3)],
                [scale(0), scale(1), scale(2), scale(3)],
            );
            self.store_bytes(
                packed,
                V * LANES,
                together,
                &mut out[first * self.outputs..],
            );
            first += together;
        }
    }

    /// Stores `count` pixels of `bytes` bytes each, the valid ones alone.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn store_bytes(&self, packed: __m512i, bytes: usize, count: usize, out: &mut [i8]) {
        assert!(out.len() >= (count - 1) * self.outputs + self.valid);
        let target = out.as_mut_ptr();
        if self.outputs == bytes && count * bytes == 64 {
            // SAFETY: pixels are adjacent and full, so the 64 bytes are those of `count` pixels, within `out`.
            unsafe { _mm512_storeu_si512(target.cast(), packed) };
            return;
        }
        let valid = u64::MAX >> (64 - self.valid);
        for i in 0..count {
            // SAFETY: the mask selects the `valid` bytes of pixel `i`, within `out` (asserted); the address is moved back
            // by as many bytes as the mask skips, and bytes that are masked off are not touched.
            unsafe {
                let start = target
                    .wrapping_add(i * self.outputs)
                    .wrapping_sub(i * bytes);
                _mm512_mask_storeu_epi8(start, valid << (i * bytes), packed);
            }
        }
    }
}
