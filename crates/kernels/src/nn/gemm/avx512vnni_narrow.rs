//! Products with one or two outputs, such as a head's: sixteen rows share a vector, where `avx512vnni` would leave most of one idle.
use super::{GemmI8, Rows};
use crate::requantize::OutputI8;
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Rows of a step.
const ROWS: usize = 16;
/// Inputs that are transposed together.
const BLOCK: usize = 16;

/// Weights of a product with one or two outputs.
#[derive(Debug)]
pub(crate) struct Narrow {
    inputs: usize,
    outputs: usize,
    /// `[outputs][inputs / 4]`, four bytes each.
    weights: Vec<i32>,
    bias: Vec<i32>,
    scales: Vec<f32>,
    output: OutputI8,
}

impl Narrow {
    /// Packs the weights when this product is narrow; `bias` already makes up for the flipped inputs.
    pub(crate) fn new(c: &GemmI8<'_>, bias: &[i32]) -> Option<Self> {
        let outputs = c.filter.bias.len();
        if outputs > 2 || c.segments != 1 || !c.inputs.is_multiple_of(BLOCK) {
            return None;
        }
        let mut exceeding = (0..c.inputs)
            .step_by(4)
            .filter(|&at| c.exceeds(0..outputs, 0, at));
        if exceeding.next().is_some() {
            return None;
        }
        let quads = (0..outputs).flat_map(|o| (0..c.inputs).step_by(4).map(move |at| (o, at)));
        Some(Self {
            inputs: c.inputs,
            outputs,
            weights: quads
                .map(|(o, at)| {
                    let four = c.quad(0, o, 0, at);
                    i32::from_le_bytes(four.map(|weight| weight as u8))
                })
                .collect(),
            bias: bias[..outputs].to_vec(),
            scales: c.filter.scales.to_vec(),
            output: c.filter.output,
        })
    }

    /// Whether the rows are dense and fill a step.
    pub(crate) fn fits(&self, rows: &Rows<'_>, count: usize) -> bool {
        rows.stride == self.inputs && count >= ROWS
    }

    /// Runs, when the rows fit.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&self, rows: Rows<'_>, out: &mut [i8]) {
        let count = out.len() / self.outputs;
        let mut at = 0;
        while at < count {
            // The last step goes back over rows already done.
            let start = at.min(count - ROWS);
            let bytes = &rows.bytes[start * self.inputs..][..ROWS * self.inputs];
            let out = &mut out[start * self.outputs..][..ROWS * self.outputs];
            if self.outputs == 1 {
                self.step::<1>(bytes, out);
            } else {
                self.step::<2>(bytes, out);
            }
            at = start + ROWS;
        }
    }

    /// Sixteen rows, `[16, inputs]` to `[16, O]`.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn step<const O: usize>(&self, bytes: &[i8], out: &mut [i8]) {
        let quads = self.inputs / 4;
        let mut sums = [_mm512_setzero_si512(); O];
        for (o, sum) in sums.iter_mut().enumerate() {
            *sum = _mm512_set1_epi32(self.bias[o]);
        }
        for block in 0..self.inputs / BLOCK {
            let transposed = transpose(&bytes[block * BLOCK..], self.inputs);
            for (q, x) in transposed.into_iter().enumerate() {
                for (o, sum) in sums.iter_mut().enumerate() {
                    let w = _mm512_set1_epi32(self.weights[o * quads + block * BLOCK / 4 + q]);
                    *sum = _mm512_dpbusd_epi32(*sum, x, w);
                }
            }
        }
        let output = Output::new(self.output);
        let scales: [__m512; 4] =
            std::array::from_fn(|o| _mm512_set1_ps(self.scales[o.min(O - 1)]));
        let packed = output.bytes_by_lane(std::array::from_fn(|o| sums[o.min(O - 1)]), scales);
        // Lane l holds rows l, 4 + l, 8 + l, 12 + l of output 0, then of output 1: row-major is [row / 4][row % 4].
        let order = _mm512_broadcast_i32x4(_mm_setr_epi8(
            0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15,
        ));
        let by_lane = _mm512_permutexvar_epi32(
            _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 0, 0, 0, 0, 0, 0, 0, 0),
            packed,
        );
        let rows = _mm512_shuffle_epi8(by_lane, order);
        let (first, second) = (
            _mm512_castsi512_si128(rows),
            _mm512_extracti32x4_epi32::<1>(rows),
        );
        assert_eq!(out.len(), ROWS * O);
        let target = out.as_mut_ptr();
        // SAFETY: `out` is 16 bytes per output (asserted).
        unsafe {
            if O == 1 {
                _mm_storeu_si128(target.cast(), first);
            } else {
                _mm_storeu_si128(target.cast(), _mm_unpacklo_epi8(first, second));
                _mm_storeu_si128(target.add(16).cast(), _mm_unpackhi_epi8(first, second));
            }
        }
    }
}

/// Sixteen inputs of sixteen rows `stride` bytes apart: four vectors, each holding the same four inputs of every row, top bits
/// flipped. Lane `l` of a vector holds rows `l`, `4 + l`, `8 + l` and `12 + l`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn transpose(bytes: &[i8], stride: usize) -> [__m512i; 4] {
    assert!(bytes.len() >= 15 * stride + BLOCK);
    let row = |r: usize| {
        // SAFETY: row r < 16 has 16 readable bytes (asserted).
        unsafe { _mm_loadu_si128(bytes.as_ptr().add(r * stride).cast()) }
    };
    let pair = |a, b| _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
    let four = |r: usize| {
        let (low, high) = (pair(row(r), row(r + 1)), pair(row(r + 2), row(r + 3)));
        let rows = _mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high);
        _mm512_xor_si512(rows, _mm512_set1_epi8(i8::MIN))
    };
    let [a, b, c, d] = [four(0), four(4), four(8), four(12)];
    let (ab_low, ab_high) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
    let (cd_low, cd_high) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
    [
        _mm512_unpacklo_epi64(ab_low, cd_low),
        _mm512_unpackhi_epi64(ab_low, cd_low),
        _mm512_unpacklo_epi64(ab_high, cd_high),
        _mm512_unpackhi_epi64(ab_high, cd_high),
    ]
}
