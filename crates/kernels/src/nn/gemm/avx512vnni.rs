//! `vpdpbusd` on 16 outputs at a time: unsigned inputs, signed weights, sums of four products, no saturation.
//!
//! The instruction wants the inputs unsigned, so their top bit is flipped (that adds 128), and the bias takes
//! `(128 + input_zero) * sum(weights)` away again. Sums are exact modulo 2^32, so the bytes are the oracle's.
//!
//! Flipping every four inputs as they are broadcast would cost as many instructions again as the broadcasts, for each group of
//! outputs anew. So the inputs of a block of rows are copied, flipped, once, and loads that broadcast do the rest.
//!
//! Weights with a zero point may leave the signed byte. What they have beyond it is a few more weights for the same inputs:
//! those groups of four that hold such a weight come twice.
use super::avx512vnni_narrow::Narrow;
use super::avx512vnni_thin::Thin;
use super::{GemmI8, Rows};
use crate::nn::excess::split;
use crate::nn::lines::{Line, bytes_mut};
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Outputs of one vector.
const LANES: usize = 16;
/// Rows of a block: a multiple of every tile's.
const BLOCK: usize = 48;

/// Lines of weights from which on fetching them ahead gains (128 KB): with 49 KB a network of 580 KB lost a hundredth.
const FAR: usize = 2048;

/// Weights of a product in the order in which the tiles read them.
#[derive(Debug)]
pub(crate) struct Packed {
    segments: usize,
    inputs: usize,
    outputs: usize,
    groups: Vec<Group>,
    /// A block of rows and half of another, or as many as come here, top bits flipped; [`Packed::pitch`] bytes each.
    flipped: Vec<Line>,
    bias: Vec<i32>,
    scales: Vec<f32>,
    output: crate::requantize::OutputI8,
    narrow: Option<Narrow>,
    thin: Option<Thin>,
}

impl GemmI8<'_> {
    /// One of the two parts ([`split`]) of the weights of the four inputs from `at` on of a segment for output `o`, less their zero
    /// point; zeros beyond the real ones.
    #[inline]
    pub(super) fn quad(&self, part: usize, o: usize, segment: usize, at: usize) -> [i8; 4] {
        if o >= self.filter.bias.len() || at >= self.inputs {
            return [0; 4];
        }
        let first = (o * self.segments + segment) * self.inputs + at;
        let count = (self.inputs - at).min(4);
        match self.filter.weights[first..][..count].first_chunk() {
            // Networks are packed where a process starts: these are nearly all weights.
            Some(four) if part == 0 && self.filter.weight_zero == 0 => *four,
            _ => std::array::from_fn(|i| {
                if i < count {
                    split(self.filter.weight(first + i))[part]
                } else {
                    0
                }
            }),
        }
    }

    /// Whether the four inputs from `at` on have a weight beyond the signed byte for one of `outputs`.
    pub(super) fn exceeds(
        &self,
        mut outputs: std::ops::Range<usize>,
        segment: usize,
        at: usize,
    ) -> bool {
        self.filter.weight_zero != 0 && outputs.any(|o| self.quad(1, o, segment, at) != [0; 4])
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
    /// Where in a copied row the four inputs lie that the weights meet.
    quads: Vec<usize>,
    /// `[quads of this group][vectors][16][4]`, zero beyond the real inputs and outputs.
    weights: Vec<Line>,
}

impl Group {
    fn new(c: &GemmI8<'_>, first: usize, vectors: usize) -> Self {
        let outputs = first * LANES..(first + vectors) * LANES;
        let quads = (0..c.segments)
            .flat_map(|segment| (0..c.inputs).step_by(4).map(move |at| (segment, at)));
        let count = c.segments * c.inputs.div_ceil(4);
        let mut offsets = Vec::with_capacity(count);
        let mut weights = Vec::with_capacity(count * vectors);
        for part in [0, 1] {
            for (offset, (segment, at)) in quads.clone().enumerate() {
                if part == 1 && !c.exceeds(outputs.clone(), segment, at) {
                    continue;
                }
                offsets.push(offset * 4);
                for o in outputs.clone().step_by(LANES) {
                    let mut line = Line::of(0);
                    for (lane, four) in line.0.as_chunks_mut().0.iter_mut().enumerate() {
                        *four = c.quad(part, o + lane, segment, at);
                    }
                    weights.push(line);
                }
            }
        }
        Self {
            first,
            vectors,
            quads: offsets,
            weights,
        }
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
        let vectors = outputs.div_ceil(LANES);
        let (mut groups, mut first) = (Vec::new(), 0);
        while first < vectors {
            let count = group(vectors - first);
            groups.push(Group::new(c, first, count));
            first += count;
        }
        let mut bias: Vec<i32> = (0..outputs).map(|o| c.offset(o, 128)).collect();
        bias.resize(vectors * LANES, 0);
        let mut scales = c.filter.scales.to_vec();
        scales.resize(vectors * LANES, 0.0);
        let narrow = Narrow::new(c, &bias);
        let thin = Thin::suits(c).then(|| Thin::new(c, &bias));
        let pitch = segments * inputs.next_multiple_of(4);
        // Fewer rows than it takes are all that `thin` leaves.
        let rows = if thin.is_some() {
            Thin::LEAST
        } else {
            BLOCK + BLOCK / 2
        };
        Self {
            segments,
            inputs,
            outputs,
            groups,
            flipped: vec![Line::of(0); (rows * pitch).div_ceil(64)],
            bias,
            scales,
            output: c.filter.output,
            narrow,
            thin,
        }
    }

    /// Runs; see [`super::Gemm::run`].
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&mut self, rows: Rows<'_>, out: &mut [i8]) {
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
        let mut at = 0;
        while at < pixels {
            // A rest of less than half a block goes with the last one.
            let left = pixels - at;
            let count = if left <= BLOCK + BLOCK / 2 {
                left
            } else {
                BLOCK
            };
            self.copy(rows.from(at), count);
            // Many weights that meet all rows in one block come from afar: other steps have driven them out of the second cache.
            let fetch = count == pixels && self.weight_lines() >= FAR;
            self.block(&mut out[at * self.outputs..][..count * self.outputs], fetch);
            at += count;
        }
    }

    /// Lines of weights of all groups.
    fn weight_lines(&self) -> usize {
        self.groups.iter().map(|group| group.weights.len()).sum()
    }

    /// Bytes from a copied row to the next: its segments, each filled up to whole quads.
    fn pitch(&self) -> usize {
        self.segments * self.inputs.next_multiple_of(4)
    }

    /// Copies the first `count` rows, flipping top bits. What lies between a segment's inputs and its last quad's end does not
    /// matter: its weights are zero.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn copy(&mut self, rows: Rows<'_>, count: usize) {
        let flip = |target: &mut [i8], source: &[i8]| {
            for (target, source) in target.iter_mut().zip(source) {
                *target = source ^ i8::MIN;
            }
        };
        let (segments, inputs, pitch) = (self.segments, self.inputs, self.pitch());
        let flipped = bytes_mut(&mut self.flipped);
        if segments == 1 && rows.stride == inputs && inputs == pitch {
            let dense = count * pitch;
            flip(&mut flipped[..dense], &rows.bytes[..dense]);
            return;
        }
        for (row, target) in flipped[..count * pitch].chunks_exact_mut(pitch).enumerate() {
            for (segment, target) in target.chunks_exact_mut(pitch / segments).enumerate() {
                let start = row * rows.stride + segment * rows.segment_stride;
                flip(target, &rows.bytes[start..][..inputs]);
            }
        }
    }

    /// Products of the rows that have been copied, as many as `out` has.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn block(&self, out: &mut [i8], fetch: bool) {
        let pixels = out.len() / self.outputs;
        for (index, group) in self.groups.iter().enumerate() {
            let next = self.groups.get(index + 1).filter(|_| fetch);
            let (first, count) = (group.first * LANES, group.vectors * LANES);
            let block = Block {
                weights: &group.weights,
                next: next.map_or(&[], |next| &next.weights),
                quads: &group.quads,
                bias: &self.bias[first..][..count],
                scales: &self.scales[first..][..count],
                output: Output::new(self.output),
                rows: &self.flipped,
                pitch: self.pitch(),
                outputs: self.outputs,
                valid: (self.outputs - first).min(count),
            };
            let out = &mut out[first..];
            match (group.vectors, fetch) {
                (1, _) => block.pixels::<1, 16, 8, false>(out, pixels),
                (2, _) => block.pixels::<2, 12, 6, false>(out, pixels),
                (3, false) => block.pixels::<3, 8, 4, false>(out, pixels),
                (3, true) => block.pixels::<3, 8, 4, true>(out, pixels),
                (_, false) => block.pixels::<4, 6, 3, false>(out, pixels),
                (_, true) => block.pixels::<4, 6, 3, true>(out, pixels),
            }
        }
    }
}

/// One group of output vectors.
struct Block<'a> {
    weights: &'a [Line],
    /// The next group's weights, to be fetched meanwhile.
    next: &'a [Line],
    bias: &'a [i32],
    scales: &'a [f32],
    output: Output,
    quads: &'a [usize],
    rows: &'a [Line],
    /// Bytes from a row to the next; quads end there or before.
    pitch: usize,
    outputs: usize,
    valid: usize,
}

impl Block<'_> {
    /// All pixels, `M` at a time or half as many, `HALF`, where no more are left; the last tile steps back over pixels already done,
    /// or single pixels remain. `FETCH`: the first tiles bring the next group's weights into the second cache, a line a quad.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn pixels<const V: usize, const M: usize, const HALF: usize, const FETCH: bool>(
        &self,
        out: &mut [i8],
        pixels: usize,
    ) {
        let mut at = 0;
        let mut next = self.next;
        while at < pixels {
            if pixels >= M && pixels - at > HALF {
                let start = at.min(pixels - M);
                self.tile::<V, M, FETCH>(start, next, &mut out[start * self.outputs..]);
                at = start + M;
                if FETCH {
                    next = &next[self.quads.len().min(next.len())..];
                }
            } else if pixels >= HALF {
                let start = at.min(pixels - HALF);
                self.tile::<V, HALF, FETCH>(start, &[], &mut out[start * self.outputs..]);
                at = start + HALF;
            } else {
                self.tile::<V, 1, FETCH>(at, &[], &mut out[at * self.outputs..]);
                at += 1;
            }
        }
    }

    /// Rows from `first` on; fetches the first lines of `next`, if `FETCH`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn tile<const V: usize, const M: usize, const FETCH: bool>(
        &self,
        first: usize,
        next: &[Line],
        out: &mut [i8],
    ) {
        assert!(self.rows.len() * 64 >= (first + M) * self.pitch);
        assert!(out.len() >= (M - 1) * self.outputs + self.valid);
        assert!(self.weights.len() == self.quads.len() * V);
        assert!(self.valid <= V * LANES);
        assert!(self.bias.len() == V * LANES && self.scales.len() == V * LANES);
        let mut sums = [[_mm512_setzero_si512(); V]; M];
        for v in 0..V {
            // SAFETY: `bias` holds V vectors of 16 (asserted above).
            let bias = unsafe { _mm512_loadu_si512(self.bias.as_ptr().add(v * LANES).cast()) };
            for row in &mut sums {
                row[v] = bias;
            }
        }
        let rows = self
            .rows
            .as_ptr()
            .cast::<u8>()
            .wrapping_add(first * self.pitch);
        let mut weights = self.weights.as_ptr();
        let mut lines = next.iter();
        for quad in self.quads {
            if FETCH && let Some(line) = lines.next() {
                _mm_prefetch::<_MM_HINT_T1>(std::ptr::from_ref(line).cast());
            }
            let mut w = [_mm512_setzero_si512(); V];
            for (v, w) in w.iter_mut().enumerate() {
                // SAFETY: `weights` has gone over V lines per quad before this one, of as many as there are quads (asserted above).
                *w = unsafe { _mm512_load_si512(weights.add(v).cast()) };
            }
            for (m, row) in sums.iter_mut().enumerate() {
                // SAFETY: the quad ends within the `pitch` bytes of row `first + m`, all of which are there (asserted above).
                let four = unsafe {
                    rows.add(m * self.pitch + quad)
                        .cast::<i32>()
                        .read_unaligned()
                };
                let x = _mm512_set1_epi32(four);
                for (sum, w) in row.iter_mut().zip(w) {
                    *sum = _mm512_dpbusd_epi32(*sum, x, w);
                }
            }
            weights = weights.wrapping_add(V);
        }
        self.store::<V, M, FETCH>(sums, out);
    }

    /// Requantizes a tile, four vectors at a time, and stores the valid bytes of each pixel.
    ///
    /// `FETCH` gives each kind of tile a copy of its own, which the compiler inlines. One for both it calls, with the sums in memory:
    /// MobileNetV2 then takes 1.07 times as long, our network 1.04.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn store<const V: usize, const M: usize, const FETCH: bool>(
        &self,
        sums: [[__m512i; V]; M],
        out: &mut [i8],
    ) {
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
