//! The product by `smmla`: two rows of eight bytes times two, four sums at once.
//!
//! ```text
//! sums[r][o] += sum over i of rows[r][i] * weights[o][i]        r, o < 2, i < 8
//! ```
//!
//! Rows and outputs therefore come in pairs, inputs in steps of eight; both operands are stored as `[2][8]` bytes:
//!
//! ```text
//! weights  [blocks of 8 outputs][segments][steps][4 pairs of outputs][2][8]     zero beyond the real inputs and outputs
//! staged   [segments][steps][4 pairs of rows][2][8]                             a tile of 8 rows
//! ```
//!
//! Beyond its inputs a staged segment holds what was there before, which meets zero weights. A tile of 8 rows by 8 outputs is 16
//! vectors of 2 x 2 sums, of which 8 instructions at the end make rows of eight. Rows that are left over go through tiles of 4 and 2;
//! the last row stands in for those that don't exist.
use super::{GemmI8, Rows};
use crate::isa::NeonI8mm;
use crate::lanes::{LANES, Lanes, store};
use crate::nn::filter::in_vectors;
use crate::requantize::OutputI8;
use std::arch::aarch64::*;
use std::arch::asm;

/// Inputs of a step.
const STEP: usize = 8;
/// Pairs of rows in the largest tile, and of outputs in a block.
const PAIRS: usize = 4;

/// Two rows, or two outputs, of eight inputs.
type Pair = [[i8; STEP]; 2];

/// Weights of a product in the order in which the tiles read them, and room for a tile of staged rows.
#[derive(Debug)]
pub(crate) struct Packed {
    isa: NeonI8mm,
    segments: usize,
    inputs: usize,
    outputs: usize,
    /// `[blocks][segments * steps]`
    weights: Vec<[Pair; PAIRS]>,
    bias: Vec<[i32; LANES]>,
    scales: Vec<[f32; LANES]>,
    output: OutputI8,
    /// `[segments * steps]`
    staged: Vec<[Pair; PAIRS]>,
}

impl Packed {
    pub(crate) fn new(isa: NeonI8mm, c: &GemmI8<'_>) -> Self {
        assert_eq!(c.filter.weight_zero, 0, "weights of nine bits");
        let (segments, inputs, outputs) = (c.segments, c.inputs, c.filter.bias.len());
        let row = |o: usize| o * segments * inputs;
        let weight = |o: usize, s: usize, i: usize| {
            let exists = o < outputs && i < inputs;
            if exists {
                c.filter.weights[row(o) + s * inputs + i]
            } else {
                0
            }
        };
        let steps = inputs.div_ceil(STEP).max(1);
        let mut weights = Vec::with_capacity(outputs.div_ceil(LANES) * segments * steps);
        for block in 0..outputs.div_ceil(LANES) {
            for (s, step) in (0..segments).flat_map(|s| (0..steps).map(move |step| (s, step))) {
                let bytes = |o: usize| std::array::from_fn(|i| weight(o, s, step * STEP + i));
                weights.push(std::array::from_fn(|pair| {
                    let first = block * LANES + pair * 2;
                    [bytes(first), bytes(first + 1)]
                }));
            }
        }
        Self {
            isa,
            segments,
            inputs,
            outputs,
            weights,
            bias: in_vectors(outputs, |o| c.offset(o, 0)),
            scales: in_vectors(outputs, |o| c.filter.scales[o]),
            output: c.filter.output,
            staged: vec![[[[0; STEP]; 2]; PAIRS]; segments * steps],
        }
    }

    /// Runs over as many rows as `out` has.
    #[target_feature(enable = "neon")]
    pub(crate) fn run(&mut self, rows: Rows<'_>, out: &mut [i8]) {
        let count = out.len() / self.outputs;
        assert_eq!(out.len(), count * self.outputs, "length of output");
        let mut at = 0;
        while at < count {
            let left = count - at;
            at += match left {
                0..=2 => self.tile::<1>(rows, at, out),
                3..=4 => self.tile::<2>(rows, at, out),
                _ => self.tile::<PAIRS>(rows, at, out),
            };
        }
    }

    /// All outputs of `P` pairs of rows from `start` on, or of as many as there are; says how many rows that would be.
    #[target_feature(enable = "neon")]
    fn tile<const P: usize>(&mut self, rows: Rows<'_>, start: usize, out: &mut [i8]) -> usize {
        let last = out.len() / self.outputs - 1;
        for m in 0..2 * P {
            self.stage(rows, (start + m).min(last), m);
        }
        let weights = self.weights.chunks_exact(self.staged.len());
        for (block, weights) in weights.enumerate() {
            let sums = self.sums::<P>(weights, &self.bias[block]);
            let dot = self.isa.dot();
            let (output, scales) = (dot.output(self.output), dot.scales(&self.scales[block]));
            let first = block * LANES;
            let valid = (self.outputs - first).min(LANES);
            for p in 0..P {
                let bytes = dot.bytes(output, in_rows(sums[p]), [scales; 2]);
                for half in 0..2 {
                    let row = (start + 2 * p + half).min(last);
                    let to = &mut out[row * self.outputs + first..][..valid];
                    if valid == LANES {
                        to.copy_from_slice(&bytes[half]);
                    } else {
                        store(&bytes[half], valid, to);
                    }
                }
            }
        }
        2 * P
    }

    /// Stages `row` as row `m` of the tile.
    fn stage(&mut self, rows: Rows<'_>, row: usize, m: usize) {
        let steps = self.staged.len() / self.segments;
        for (s, target) in self.staged.chunks_exact_mut(steps).enumerate() {
            let source = &rows.bytes[row * rows.stride + s * rows.segment_stride..][..self.inputs];
            let (whole, rest) = source.as_chunks::<STEP>();
            for (target, bytes) in target.iter_mut().zip(whole) {
                target[m / 2][m % 2] = *bytes;
            }
            if let Some(target) = target.get_mut(whole.len()) {
                store(rest, rest.len(), &mut target[m / 2][m % 2]);
            }
        }
    }

    /// The sums of a block of outputs: by pair of rows and pair of outputs, `[row][output]`.
    #[inline]
    #[target_feature(enable = "neon")]
    fn sums<const P: usize>(
        &self,
        weights: &[[Pair; PAIRS]],
        bias: &[i32; LANES],
    ) -> [[int32x4_t; PAIRS]; P] {
        let mut sums = [[both_rows([0; 2]); PAIRS]; P];
        for o in 0..PAIRS {
            let bias = both_rows([bias[2 * o], bias[2 * o + 1]]);
            for p in 0..P {
                sums[p][o] = bias;
            }
        }
        for (weights, rows) in weights.iter().zip(&self.staged) {
            let mut these = [load(&weights[0]); PAIRS];
            for o in 1..PAIRS {
                these[o] = load(&weights[o]);
            }
            for p in 0..P {
                let rows = load(&rows[p]);
                for o in 0..PAIRS {
                    sums[p][o] = multiply(self.isa, sums[p][o], rows, these[o]);
                }
            }
        }
        sums
    }
}

#[inline]
#[target_feature(enable = "neon")]
fn load(pair: &Pair) -> int8x16_t {
    // SAFETY: a pair is 16 bytes.
    unsafe { vld1q_s8(pair.as_ptr().cast()) }
}

/// The biases of two outputs, for either row.
#[inline]
#[target_feature(enable = "neon")]
fn both_rows(bias: [i32; 2]) -> int32x4_t {
    // SAFETY: two numbers of 32 bits.
    let two = unsafe { vld1_s32(bias.as_ptr()) };
    vcombine_s32(two, two)
}

/// The eight sums of either row, from `[row][output]` by pair of outputs.
#[inline]
#[target_feature(enable = "neon")]
fn in_rows(sums: [int32x4_t; PAIRS]) -> [[int32x4_t; 2]; 2] {
    let halves = |first: usize| {
        let a = vreinterpretq_s64_s32(sums[first]);
        let b = vreinterpretq_s64_s32(sums[first + 1]);
        [vzip1q_s64(a, b), vzip2q_s64(a, b)].map(|row| vreinterpretq_s32_s64(row))
    };
    let ([a, c], [b, d]) = (halves(0), halves(2));
    [[a, b], [c, d]]
}

/// `sums[r][o] += sum over i of rows[r][i] * weights[o][i]` by `smmla`, whose intrinsic is not in stable Rust yet.
#[inline]
#[target_feature(enable = "neon")]
fn multiply(_isa: NeonI8mm, mut sums: int32x4_t, rows: int8x16_t, weights: int8x16_t) -> int32x4_t {
    // SAFETY: the CPU has the instruction, as the token proves; it reads and writes nothing but the three registers.
    unsafe {
        asm!(
            ".arch_extension i8mm",
            "smmla {sums:v}.4s, {rows:v}.16b, {weights:v}.16b",
            sums = inout(vreg) sums,
            rows = in(vreg) rows,
            weights = in(vreg) weights,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}
