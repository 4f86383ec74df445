//! Products with one, two or four outputs, such as a head's: sixteen inputs of a row are a vector, where `staged` would leave
//! most of one idle.
use super::{GemmI8, Rows};
use crate::isa::Avx2;
use crate::lanes::{LANES, Lanes};
use crate::requantize::OutputI8;
use std::arch::x86_64::*;

/// Inputs of a vector.
const BLOCK: usize = 16;
/// Results of a step, rows times outputs.
const STEP: usize = 2 * LANES;

/// Weights of a product with one, two or four outputs.
#[derive(Debug)]
pub(crate) struct Narrow {
    isa: Avx2,
    inputs: usize,
    outputs: usize,
    /// `[outputs][inputs]`
    weights: Vec<[i16; BLOCK]>,
    /// Per output, over and over.
    bias: [i32; LANES],
    scales: [f32; LANES],
    output: OutputI8,
}

impl Narrow {
    /// Packs the weights when this product is narrow.
    pub(crate) fn new(isa: Avx2, c: &GemmI8<'_>) -> Option<Self> {
        let (inputs, outputs) = (c.inputs, c.filter.bias.len());
        if !matches!(outputs, 1 | 2 | 4) || c.segments != 1 || !inputs.is_multiple_of(BLOCK) {
            return None;
        }
        let blocks = (0..outputs * inputs).step_by(BLOCK);
        Some(Self {
            isa,
            inputs,
            outputs,
            weights: blocks
                .map(|at| std::array::from_fn(|i| c.filter.weight(at + i)))
                .collect(),
            bias: std::array::from_fn(|l| c.offset(l % outputs, 0)),
            scales: std::array::from_fn(|l| c.filter.scales[l % outputs]),
            output: c.filter.output,
        })
    }

    /// Whether `out` takes a step.
    pub(crate) fn fits(&self, out: &[i8]) -> bool {
        out.len() >= STEP
    }

    /// Runs, when a step [`fits`](Self::fits); the last one goes back over rows already done.
    ///
    /// # Panics
    /// When a slice is too short.
    #[target_feature(enable = "avx2")]
    pub(crate) fn run(&self, rows: Rows<'_>, out: &mut [i8]) {
        match self.outputs {
            1 => self.steps::<1>(rows, out),
            2 => self.steps::<2>(rows, out),
            _ => self.steps::<4>(rows, out),
        }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    fn steps<const O: usize>(&self, rows: Rows<'_>, out: &mut [i8]) {
        assert!(out.len().is_multiple_of(O), "length of output");
        let count = out.len() / O;
        let output = self.isa.output(self.output);
        let scales = self.isa.scales(&self.scales);
        let mut at = 0;
        while at < count {
            let start = at.min(count - STEP / O);
            let sums = [
                self.eight::<O>(&rows, start),
                self.eight::<O>(&rows, start + LANES / O),
            ];
            let bytes = self.isa.bytes(output, sums, [scales; 2]);
            out[start * O..][..STEP].copy_from_slice(bytes.as_flattened());
            at = start + STEP / O;
        }
    }

    /// The sums of the rows from `start` on, row by row.
    #[inline]
    #[target_feature(enable = "avx2")]
    fn eight<const O: usize>(&self, rows: &Rows<'_>, start: usize) -> __m256i {
        let blocks = self.inputs / BLOCK;
        let bytes = &rows.bytes[start * rows.stride..];
        assert!(bytes.len() >= (LANES / O - 1) * rows.stride + self.inputs);
        assert!(self.weights.len() >= O * blocks);
        // For each sum eight parts.
        let mut parts = [_mm256_setzero_si256(); LANES];
        for block in 0..blocks {
            for r in 0..LANES / O {
                // SAFETY: row r < LANES / O has `inputs` readable bytes (asserted), of which block < blocks is sixteen.
                let x = unsafe {
                    let at = bytes.as_ptr().add(r * rows.stride + block * BLOCK);
                    _mm256_cvtepi8_epi16(_mm_loadu_si128(at.cast()))
                };
                for o in 0..O {
                    // SAFETY: o < O and block < blocks: one of the O * blocks vectors (asserted), 32 readable bytes.
                    let w = unsafe {
                        let at = self.weights.as_ptr().add(o * blocks + block);
                        _mm256_loadu_si256(at.cast())
                    };
                    let part = &mut parts[r * O + o];
                    *part = _mm256_add_epi32(*part, _mm256_madd_epi16(x, w));
                }
            }
        }
        let [a, b, c, d, e, f, g, h] = parts;
        // Four sums each, of the first eight inputs and of the last.
        let low = _mm256_hadd_epi32(_mm256_hadd_epi32(a, b), _mm256_hadd_epi32(c, d));
        let high = _mm256_hadd_epi32(_mm256_hadd_epi32(e, f), _mm256_hadd_epi32(g, h));
        let sums = _mm256_add_epi32(
            _mm256_permute2x128_si256::<0x20>(low, high),
            _mm256_permute2x128_si256::<0x31>(low, high),
        );
        _mm256_add_epi32(sums, self.isa.sums(&self.bias))
    }
}
