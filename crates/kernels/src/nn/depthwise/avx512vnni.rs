//! Depthwise convolution by `vpdpbusd`: four neighbouring pixels of sixteen channels at a time.
//!
//! The instruction sums four adjacent bytes, so each input row is stored once more with every four neighbouring pixels (a
//! quad) transposed: `[quads][lanes of 16 channels][16 channels][4 pixels]`. An output pixel's taps in one row then lie in
//! one to three quads, and its weights are spread to match: zero where a quad's pixel is no tap. Four neighbouring outputs
//! differ in where their taps fall, which the weights of each tell apart; the next four see the same pattern again.
//! Stride, dilation and padding thus cost nothing in the inner loop, and an input row is transposed once for all the
//! output rows that see it. A ring holds as many rows as the kernel spans.
//!
//! The inputs' top bit is flipped (which adds 128) to make them unsigned; the bias makes up for it. Weights with a zero point
//! may leave the signed byte; what they have beyond it is a second pass over the lanes that hold such a weight.
use super::ring::Ring;
use super::{Depthwise, FilterI8};
use crate::nn::excess::split;
use crate::nn::lines::Line;
use crate::requantize::OutputI8;
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Channels of a lane, and pixels of a quad: together a line.
const LANE: usize = 16;
const QUAD: usize = 4;

/// A depthwise convolution with multiplier 1, ready to run.
#[derive(Debug)]
pub(crate) struct Packed {
    shape: Depthwise,
    /// Lanes that hold a pixel's channels.
    lanes: usize,
    /// Quads of a transposed row.
    quads: usize,
    /// For each of four neighbouring outputs, the quads that its taps touch, counted from the first output's first tap.
    spans: [Vec<usize>; QUAD],
    /// `[lanes][KH][spans, one after the other][16 channels][4 pixels]`.
    weights: Vec<Line>,
    /// As `weights`: what they have beyond the signed byte. Empty when that is nothing.
    excess: Vec<Line>,
    /// By lane: whether `excess` has anything.
    exceeds: Vec<bool>,
    /// `[lanes][16]`.
    bias: Vec<i32>,
    /// As `bias`.
    scales: Vec<f32>,
    output: OutputI8,
    /// `slots` transposed rows of `[quads][lanes][line]`, then one that is all padding.
    ring: Vec<Line>,
    /// A quad of pixels in whole lanes, for those that padding or the end of the row cuts: `[4, lanes * 16]`.
    edge: Vec<i8>,
    /// What padding holds: the input's zero point.
    outside: i8,
}

impl Packed {
    pub(crate) fn new(shape: &Depthwise, c: &FilterI8<'_>) -> Self {
        let channels = shape.input[3];
        let lanes = channels.div_ceil(LANE);
        let window = &shape.window;
        let ([kh, kw], [stride, dilation]) =
            (window.kernel, [window.stride[1], window.dilation[1]]);
        let pixel = |i: usize, k: usize| i * stride + k * dilation;
        let spans: [Vec<usize>; QUAD] = std::array::from_fn(|i| {
            let mut quads: Vec<usize> = (0..kw).map(|k| pixel(i, k) / QUAD).collect();
            quads.dedup();
            quads
        });
        let count = lanes * kh * spans.iter().map(Vec::len).sum::<usize>();
        let mut weights = Vec::with_capacity(count);
        let (mut excess, mut exceeds) = (Vec::new(), vec![false; lanes]);
        let taps = |i: usize, quad: usize| {
            let taps = (0..kw).map(move |kx| (kx, pixel(i, kx)));
            taps.filter(move |(_, at)| at / QUAD == quad)
        };
        for (lane, ky) in (0..lanes).flat_map(|lane| (0..kh).map(move |ky| (lane, ky))) {
            for (i, quad) in spans
                .iter()
                .enumerate()
                .flat_map(|(i, s)| s.iter().map(move |q| (i, q)))
            {
                let [mut near, mut beyond] = [Line::of(0); 2];
                for (kx, at) in taps(i, *quad) {
                    for channel in lane * LANE..channels.min((lane + 1) * LANE) {
                        let place = channel % LANE * QUAD + at % QUAD;
                        let weight = c.weight((ky * kw + kx) * channels + channel);
                        [near.0[place], beyond.0[place]] = split(weight);
                    }
                }
                exceeds[lane] |= beyond.0 != [0; 64];
                weights.push(near);
                if c.weight_zero != 0 {
                    excess.push(beyond);
                }
            }
        }
        if !exceeds.contains(&true) {
            excess.clear();
        }
        let mut bias: Vec<i32> = (0..channels)
            .map(|o| c.offset(o, c.weights[o..].iter().step_by(channels), 128))
            .collect();
        bias.resize(lanes * LANE, 0);
        let mut scales = c.scales.to_vec();
        scales.resize(lanes * LANE, 0.0);
        let last_output = shape.output[2].next_multiple_of(QUAD) - 1;
        let quads = pixel(last_output, kw - 1) / QUAD + 1;
        let slots = Ring::new(shape).slots;
        Self {
            shape: *shape,
            lanes,
            quads,
            spans,
            weights,
            excess,
            exceeds,
            bias,
            scales,
            output: c.output,
            edge: vec![c.input_zero; QUAD * lanes * LANE],
            outside: c.input_zero,
            ring: vec![Line::of(c.input_zero ^ i8::MIN); (slots + 1) * quads * lanes],
        }
    }

    /// Runs; lengths as [`super::depthwise_i8`] checks them.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&mut self, input: &[i8], out: &mut [i8]) {
        let ([batch, h, w, channels], [_, out_h, out_w, _]) = (self.shape.input, self.shape.output);
        let ring = Ring::new(&self.shape);
        for n in 0..batch {
            for y in 0..out_h {
                for row in ring.entering(y) {
                    if let Some(input_row) = ring.input_row(row) {
                        let start = (n * h + input_row) * w * channels;
                        self.transpose(&input[start..start + w * channels], ring.slot(row));
                    }
                }
                let slot = |ky: usize| ring.under(y, ky);
                let start = (n * out_h + y) * out_w * channels;
                self.sum_row(slot, &mut out[start..start + out_w * channels]);
            }
        }
    }

    /// Transposes the quads of an input row `[W, C]` into a slot of the ring. Those that are all padding never change.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn transpose(&mut self, input: &[i8], slot: usize) {
        let (channels, lanes) = (self.shape.input[3], self.lanes);
        let (width, pad) = (self.shape.input[2], self.shape.window.pad[1]);
        let row = self.quads * lanes;
        let target = &mut self.ring[slot * row..][..row];
        // The last lane of a pixel is read whole, into the next pixel where channels end before it.
        let beyond = lanes * LANE - channels;
        let readable = input.len().saturating_sub(beyond) / channels;
        let inside = pad.div_ceil(QUAD)..self.quads.min((pad + readable) / QUAD);
        if !inside.is_empty() {
            let source = &input[(inside.start * QUAD - pad) * channels..];
            let target = &mut target[inside.start * lanes..inside.end * lanes];
            transpose_quads(source, channels, lanes, target);
        }
        // What padding or the end of the row cuts; quads that are all padding never change.
        let touched = pad / QUAD..self.quads.min((pad + width).div_ceil(QUAD));
        for quad in touched.filter(|quad| !inside.contains(quad)) {
            self.edge.fill(self.outside);
            for (i, pixel) in self.edge.chunks_exact_mut(lanes * LANE).enumerate() {
                let x = (quad * QUAD + i).checked_sub(pad).filter(|&x| x < width);
                if let Some(x) = x {
                    pixel[..channels].copy_from_slice(&input[x * channels..][..channels]);
                }
            }
            let target = &mut target[quad * lanes..][..lanes];
            transpose_quads(&self.edge, lanes * LANE, lanes, target);
        }
    }

    /// One output row, from the ring's slots `slot(0..KH)`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sum_row(&self, slot: impl Fn(usize) -> usize, out: &mut [i8]) {
        let window = &self.shape.window;
        match (window.kernel, window.stride[1], window.dilation[1]) {
            ([3, 3], 1, 1) => self.sum_fixed::<3, 3, 1, 1, 2, 6>(slot, out),
            ([3, 3], 2, 1) => self.sum_fixed::<3, 3, 2, 1, 3, 6>(slot, out),
            ([3, 3], 1, 2) => self.sum_fixed::<3, 3, 1, 2, 2, 8>(slot, out),
            ([3, 3], 1, 4) => self.sum_fixed::<3, 3, 1, 4, 3, 12>(slot, out),
            ([3, 3], 1, 8) => self.sum_fixed::<3, 3, 1, 8, 5, 12>(slot, out),
            ([5, 5], 1, 1) => self.sum_fixed::<5, 5, 1, 1, 2, 8>(slot, out),
            ([5, 5], 2, 1) => self.sum_fixed::<5, 5, 2, 1, 3, 8>(slot, out),
            ([1, 9], 1, 1) => self.sum_fixed::<1, 9, 1, 1, 3, 12>(slot, out),
            ([1, 9], 2, 1) => self.sum_fixed::<1, 9, 2, 1, 4, 12>(slot, out),
            _ => self.sum_any(slot, out),
        }
    }

    /// One output row of an `H`x`K` kernel with stride `S` and dilation `D`, whose four outputs touch `QUADS` quads in `TERMS`
    /// pairs of output and quad. Everything counts at compile time, so the loops over taps unroll.
    ///
    /// Four outputs at a time: eight would load their weights once for both, but are too many instructions for their
    /// requantization to run beside the next ones' products (measured: half again the time at 16 channels).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sum_fixed<
        const H: usize,
        const K: usize,
        const S: usize,
        const D: usize,
        const QUADS: usize,
        const TERMS: usize,
    >(
        &self,
        slot: impl Fn(usize) -> usize,
        out: &mut [i8],
    ) {
        let output = Output::new(self.output);
        let row = self.quads * self.lanes;
        let starts: [usize; H] = std::array::from_fn(|ky| slot(ky) * row);
        let fours = self.shape.output[2].div_ceil(QUAD);
        assert!(starts.iter().all(|start| start + row <= self.ring.len()));
        assert!((fours - 1) * S + QUADS <= self.quads);
        assert_eq!(self.weights.len(), self.lanes * H * TERMS);
        for lane in 0..self.lanes {
            if self.exceeds[lane] {
                self.sum_lane(&slot, lane, out);
                continue;
            }
            let (bias, scales) = self.constants(lane);
            let mut weights = [[bias; TERMS]; H];
            for ky in 0..H {
                for term in 0..TERMS {
                    // SAFETY: lanes * H * TERMS units are there (asserted).
                    weights[ky][term] = unsafe {
                        let at = (lane * H + ky) * TERMS + term;
                        _mm512_load_si512(self.weights.as_ptr().add(at).cast())
                    };
                }
            }
            for four in 0..fours {
                let mut sums = [bias; QUAD];
                for ky in 0..H {
                    let mut x = [bias; QUADS];
                    for q in 0..QUADS {
                        // SAFETY: four * S + q < quads (asserted), so the line lies in the row, within the ring (asserted).
                        x[q] = unsafe {
                            let at = starts[ky] + (four * S + q) * self.lanes + lane;
                            _mm512_load_si512(self.ring.as_ptr().add(at).cast())
                        };
                    }
                    let mut term = 0;
                    for i in 0..QUAD {
                        for q in 0..QUADS {
                            let touches = (0..K).any(|k| (i * S + k * D) / QUAD == q);
                            if touches {
                                sums[i] = _mm512_dpbusd_epi32(sums[i], x[q], weights[ky][term]);
                                term += 1;
                            }
                        }
                    }
                }
                self.store(output.bytes(sums, [scales; QUAD]), four, lane, out);
            }
        }
    }

    /// One output row, any kernel.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sum_any(&self, slot: impl Fn(usize) -> usize, out: &mut [i8]) {
        for lane in 0..self.lanes {
            self.sum_lane(&slot, lane, out);
        }
    }

    /// A lane of an output row, any kernel and weights.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sum_lane(&self, slot: &impl Fn(usize) -> usize, lane: usize, out: &mut [i8]) {
        let ([kh, _], stride) = (self.shape.window.kernel, self.shape.window.stride[1]);
        let terms: usize = self.spans.iter().map(Vec::len).sum();
        let output = Output::new(self.output);
        let (bias, scales) = self.constants(lane);
        let passes = [&self.weights, &self.excess];
        let passes = &passes[..1 + usize::from(self.exceeds[lane])];
        for four in 0..self.shape.output[2].div_ceil(QUAD) {
            let mut sums = [bias; QUAD];
            for (weights, ky) in passes.iter().flat_map(|w| (0..kh).map(move |ky| (w, ky))) {
                let row = slot(ky) * self.quads + four * stride;
                let mut weights = weights[(lane * kh + ky) * terms..].iter();
                for (sum, span) in sums.iter_mut().zip(&self.spans) {
                    for (quad, w) in span.iter().zip(&mut weights) {
                        let x = &self.ring[(row + quad) * self.lanes + lane];
                        // SAFETY: a line is 64 bytes at a multiple of 64.
                        let (x, w) = unsafe {
                            (
                                _mm512_load_si512(x.0.as_ptr().cast()),
                                _mm512_load_si512(w.0.as_ptr().cast()),
                            )
                        };
                        *sum = _mm512_dpbusd_epi32(*sum, x, w);
                    }
                }
            }
            self.store(output.bytes(sums, [scales; QUAD]), four, lane, out);
        }
    }

    /// Bias and scales of a lane.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn constants(&self, lane: usize) -> (__m512i, __m512) {
        let (bias, scales) = (
            &self.bias[lane * LANE..][..LANE],
            &self.scales[lane * LANE..][..LANE],
        );
        // SAFETY: both slices hold 16 numbers of four bytes.
        unsafe {
            (
                _mm512_loadu_si512(bias.as_ptr().cast()),
                _mm512_loadu_ps(scales.as_ptr()),
            )
        }
    }

    /// Stores a lane of the output pixels `4 * four ..`, as far as the row and the channels go.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn store(&self, bytes: __m512i, four: usize, lane: usize, out: &mut [i8]) {
        let channels = self.shape.input[3];
        let pixels = (self.shape.output[2] - four * QUAD).min(QUAD);
        let target = &mut out[four * QUAD * channels + lane * LANE..];
        let valid = (channels - lane * LANE).min(LANE);
        assert!(target.len() >= (pixels - 1) * channels + valid);
        let pixel = [
            _mm512_castsi512_si128(bytes),
            _mm512_extracti32x4_epi32::<1>(bytes),
            _mm512_extracti32x4_epi32::<2>(bytes),
            _mm512_extracti32x4_epi32::<3>(bytes),
        ];
        let target = target.as_mut_ptr();
        if channels == LANE && pixels == QUAD {
            // SAFETY: four pixels of 16 channels follow each other (length asserted).
            unsafe { _mm512_storeu_si512(target.cast(), bytes) };
        } else if valid == LANE && pixels == QUAD {
            for (i, pixel) in pixel.into_iter().enumerate() {
                // SAFETY: pixel `i` has 16 bytes left in `target` (length asserted).
                unsafe { _mm_storeu_si128(target.add(i * channels).cast(), pixel) };
            }
        } else {
            for (i, pixel) in pixel.into_iter().enumerate().take(pixels) {
                // SAFETY: the mask selects the bytes that pixel `i` has left in `target` (length asserted).
                unsafe {
                    _mm_mask_storeu_epi8(
                        target.add(i * channels),
                        u16::MAX >> (LANE - valid),
                        pixel,
                    )
                };
            }
        }
    }
}

/// Transposes as many quads as `target`, `[quads][lanes][line]`, holds, of pixels that lie `channels` bytes apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transpose_quads(input: &[i8], channels: usize, lanes: usize, target: &mut [Line]) {
    let quads = target.len() / lanes;
    let last = (quads * QUAD).saturating_sub(1) * channels;
    assert!(input.len() >= last + lanes * LANE);
    for quad in 0..quads {
        for lane in 0..lanes {
            // SAFETY: the last of the quads' pixels begins at `last` and has all lanes (asserted), and so has the target.
            unsafe {
                let source = input.as_ptr().add(quad * QUAD * channels + lane * LANE);
                let unit = target.as_mut_ptr().add(quad * lanes + lane);
                let pixels = load_pixels(source, channels);
                _mm512_store_si512(unit.cast(), transpose_quad(pixels));
            }
        }
    }
}

/// A lane of four pixels that lie `channels` bytes apart: `[4 pixels][16 channels]`.
///
/// # Safety
/// Each pixel must have 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn load_pixels(start: *const i8, channels: usize) -> __m512i {
    if channels == LANE {
        // SAFETY: the four pixels follow each other: 64 bytes.
        return unsafe { _mm512_loadu_si512(start.cast()) };
    }
    // SAFETY: the caller grants 16 bytes of pixel `i`.
    let pixel = |i: usize| unsafe { _mm_loadu_si128(start.add(i * channels).cast()) };
    let pair = |a, b| _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
    let (low, high) = (pair(pixel(0), pixel(1)), pair(pixel(2), pixel(3)));
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high)
}

/// `[4 pixels][16 channels]` to `[16 channels][4 pixels]`, top bits flipped.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transpose_quad(pixels: __m512i) -> __m512i {
    // Four channels of each pixel into each 128-bit lane, then the 4x4 bytes of the lane.
    let by_channels = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    let within_lane = _mm512_broadcast_i32x4(_mm_setr_epi8(
        0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
    ));
    let lanes = _mm512_permutexvar_epi32(by_channels, pixels);
    _mm512_xor_si512(
        _mm512_shuffle_epi8(lanes, within_lane),
        _mm512_set1_epi8(i8::MIN),
    )
}
