//! A 3x3 kernel that moves by one, two output rows at a time, channels in whole lanes of 16.
//!
//! `vpdpbusd` sums four adjacent bytes. Here they are one column of the four input rows that two output rows see between them:
//! the upper row weighs them `w0 w1 w2 0`, the lower one `0 w0 w1 w2`. So three instructions make sixteen outputs, where
//! [`avx512vnni`](super::avx512vnni), whose four bytes are neighbours of one row, needs four and a half; and every vector of
//! inputs serves six of them.
//!
//! A row of pixels is one run of `W * C` bytes: from a column of the kernel to the next are `C` bytes, whatever the pixel.
//! Interleaving the four rows' bytes by unpacking within lanes of 128 bits leaves four planes, the `q`-th holding channels
//! `4q..4q + 4` of every lane of 16, and packing the sums of all four planes puts them in order again.
//!
//! Top bits are flipped as in [`avx512vnni`](super::avx512vnni).
use super::{Depthwise, FilterI8};
use crate::nn::Window;
use crate::nn::lines::Line;
use crate::requantize::OutputI8;
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Channels of a lane.
const LANE: usize = 16;
/// Bytes of a vector.
const BLOCK: usize = 64;
/// Planes, and channels of a lane that each holds.
const PLANES: usize = 4;
/// Rows that two output rows see, and bytes of a column.
const ROWS: usize = 4;
/// Columns of the kernel.
const COLUMNS: usize = 3;

/// A depthwise convolution with multiplier 1, ready to run.
#[derive(Debug)]
pub(crate) struct Pairs {
    shape: Depthwise,
    /// Of blocks of outputs, one after the other and then again: `C` bytes and blocks of 64 meet anew after so many.
    phases: Vec<Phase>,
    output: OutputI8,
    /// The planes, `plane` lines each. What padding fills never changes.
    planes: Vec<Line>,
    plane: usize,
    /// Where in a plane the padded row begins: the row's own pixels then begin with a line.
    origin: usize,
    /// An input row that is all padding.
    outside: Vec<i8>,
}

/// Constants of a block of 64 outputs of a row.
#[derive(Debug)]
struct Phase {
    /// `[columns][upper and lower row][planes][16 channels][4 rows]`
    weights: [[[Line; PLANES]; 2]; COLUMNS],
    bias: [[i32; 16]; PLANES],
    scales: [[f32; 16]; PLANES],
}

impl Pairs {
    /// Whether this is such a convolution, of weights that fit a signed byte.
    pub(crate) fn suits(shape: &Depthwise, c: &FilterI8<'_>) -> bool {
        let window = Window {
            pad: shape.window.pad,
            kernel: [3, 3],
            ..Window::UNIT
        };
        let fits = |index| i8::try_from(c.weight(index)).is_ok();
        shape.window == window
            && shape.input.iter().all(|&extent| extent > 0)
            && shape.input[3].is_multiple_of(LANE)
            && (c.weight_zero == 0 || (0..c.weights.len()).all(fits))
    }

    /// Packs the weights of a convolution that [`Pairs::suits`].
    pub(crate) fn new(shape: &Depthwise, c: &FilterI8<'_>) -> Self {
        let channels = shape.input[3];
        let phases = (1..).find(|n| (n * BLOCK).is_multiple_of(channels));
        let phases = (0..phases.unwrap_or(1)).map(|phase| Phase::new(c, channels, phase * BLOCK));
        // The last block may reach beyond the row's end, and its last column by two pixels more.
        let reach = (shape.output[2] * channels).next_multiple_of(BLOCK) + 2 * channels;
        let before = shape.window.pad[1] * channels;
        let origin = before.next_multiple_of(BLOCK) - before;
        let plane = (origin + reach).div_ceil(BLOCK);
        Self {
            shape: *shape,
            phases: phases.collect(),
            output: c.output,
            planes: vec![Line::of(c.input_zero ^ i8::MIN); PLANES * plane],
            plane,
            origin,
            outside: vec![c.input_zero; shape.input[2] * channels],
        }
    }

    /// Runs; lengths as [`super::depthwise_i8`] checks them.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&mut self, input: &[i8], out: &mut [i8]) {
        let ([_, h, w, channels], [_, out_h, out_w, _]) = (self.shape.input, self.shape.output);
        let (row, out_row) = (w * channels, out_w * channels);
        let pictures = input.chunks_exact(h * row);
        for (input, out) in pictures.zip(out.chunks_exact_mut(out_h * out_row)) {
            for (pair, out) in out.chunks_mut(2 * out_row).enumerate() {
                self.interleave(input, pair * 2);
                let (upper, lower) = out.split_at_mut(out_row);
                self.sum(upper, lower);
            }
        }
    }

    /// Fills the planes with the input rows under output rows `y` and `y + 1`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn interleave(&mut self, input: &[i8], y: usize) {
        let ([_, h, w, channels], pad) = (self.shape.input, self.shape.window.pad);
        let row = w * channels;
        let rows: [&[i8]; ROWS] =
            std::array::from_fn(
                |i| match (y + i).checked_sub(pad[0]).filter(|&row| row < h) {
                    Some(at) => &input[at * row..][..row],
                    None => &self.outside,
                },
            );
        let first = self.origin + pad[1] * channels;
        let plane = self.plane * BLOCK;
        // Padding wider than the outputs see leaves less than the row to fill in.
        let len = row.min(plane.saturating_sub(first));
        assert!(self.planes.len() == PLANES * self.plane);
        let planes = self.planes.as_mut_ptr().cast::<i8>();
        let flip = _mm512_set1_epi8(i8::MIN);
        for at in (0..len).step_by(BLOCK) {
            let mask = u64::MAX >> (BLOCK - (len - at).min(BLOCK));
            let mut x = [flip; ROWS];
            for i in 0..ROWS {
                // SAFETY: the mask selects bytes below `len` of a row of at least that many.
                let bytes = unsafe { _mm512_maskz_loadu_epi8(mask, rows[i].as_ptr().add(at)) };
                x[i] = _mm512_xor_si512(bytes, flip);
            }
            let [low, high] = [
                [
                    _mm512_unpacklo_epi8(x[0], x[1]),
                    _mm512_unpacklo_epi8(x[2], x[3]),
                ],
                [
                    _mm512_unpackhi_epi8(x[0], x[1]),
                    _mm512_unpackhi_epi8(x[2], x[3]),
                ],
            ];
            let columns = [
                _mm512_unpacklo_epi16(low[0], low[1]),
                _mm512_unpackhi_epi16(low[0], low[1]),
                _mm512_unpacklo_epi16(high[0], high[1]),
                _mm512_unpackhi_epi16(high[0], high[1]),
            ];
            for q in 0..PLANES {
                // SAFETY: the mask selects bytes below `first + len`, within a plane of `plane` bytes, of which there are
                // `PLANES` (asserted).
                unsafe {
                    let target = planes.add(q * plane + first + at);
                    _mm512_mask_storeu_epi8(target, mask, columns[q]);
                }
            }
        }
    }

    /// Two output rows from the planes; the lower one is empty below the picture.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn sum(&self, upper: &mut [i8], lower: &mut [i8]) {
        let (channels, output) = (self.shape.input[3], Output::new(self.output));
        let plane = self.plane * BLOCK;
        let len = upper.len();
        assert!(lower.is_empty() || lower.len() == len, "length of a row");
        assert!(self.planes.len() == PLANES * self.plane);
        assert!(self.origin + len.next_multiple_of(BLOCK) + 2 * channels <= plane);
        let planes = self.planes.as_ptr().cast::<i8>().wrapping_add(self.origin);
        for (at, phase) in (0..len).step_by(BLOCK).zip(self.phases.iter().cycle()) {
            let mut sums = [[_mm512_setzero_si512(); PLANES]; 2];
            let mut scales = [_mm512_setzero_ps(); PLANES];
            for q in 0..PLANES {
                // SAFETY: arrays of sixteen numbers of four bytes.
                unsafe {
                    let bias = _mm512_loadu_si512(phase.bias[q].as_ptr().cast());
                    (sums[0][q], sums[1][q]) = (bias, bias);
                    scales[q] = _mm512_loadu_ps(phase.scales[q].as_ptr());
                }
            }
            for column in 0..COLUMNS {
                for q in 0..PLANES {
                    // SAFETY: a block before `len` and two pixels more end within the plane (asserted).
                    let x = unsafe {
                        _mm512_loadu_si512(planes.add(q * plane + at + column * channels).cast())
                    };
                    for i in 0..2 {
                        let weights = phase.weights[column][i][q].0.as_ptr();
                        // SAFETY: a line is 64 bytes at a multiple of 64.
                        let w = unsafe { _mm512_load_si512(weights.cast()) };
                        sums[i][q] = _mm512_dpbusd_epi32(sums[i][q], x, w);
                    }
                }
            }
            let mask = u64::MAX >> (BLOCK - (len - at).min(BLOCK));
            let below = if lower.is_empty() { 0 } else { mask };
            // SAFETY: the masks select bytes below `len` of rows of `len`, or none; what is not selected is not touched.
            unsafe {
                let bytes = output.bytes_by_lane(sums[0], scales);
                _mm512_mask_storeu_epi8(upper.as_mut_ptr().wrapping_add(at), mask, bytes);
                let bytes = output.bytes_by_lane(sums[1], scales);
                _mm512_mask_storeu_epi8(lower.as_mut_ptr().wrapping_add(at), below, bytes);
            }
        }
    }
}

impl Phase {
    /// Constants of the 64 outputs from byte `start` of a row on.
    fn new(c: &FilterI8<'_>, channels: usize, start: usize) -> Self {
        // The channel of place `i` of plane `q`: four of every lane.
        let channel = |q: usize, i: usize| (start + i / 4 * LANE + q * 4 + i % 4) % channels;
        let mut weights = [[[Line::of(0); PLANES]; 2]; COLUMNS];
        for (q, i) in (0..PLANES).flat_map(|q| (0..LANE).map(move |i| (q, i))) {
            let channel = channel(q, i);
            for (ky, column) in (0..3).flat_map(|ky| (0..COLUMNS).map(move |column| (ky, column))) {
                // A signed byte, as `suits` has seen.
                let weight = c.weight((ky * COLUMNS + column) * channels + channel) as i8;
                for (row, planes) in weights[column].iter_mut().enumerate() {
                    planes[q].0[i * ROWS + ky + row] = weight;
                }
            }
        }
        let bias = |o: usize| c.offset(o, c.weights[o..].iter().step_by(channels), 128);
        let each = |q: usize| -> [usize; 16] { std::array::from_fn(|i| channel(q, i)) };
        Self {
            weights,
            bias: std::array::from_fn(|q| each(q).map(bias)),
            scales: std::array::from_fn(|q| each(q).map(|o| c.scales[o])),
        }
    }
}
