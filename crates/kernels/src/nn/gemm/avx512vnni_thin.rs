//! Products with few outputs: four rows share a vector, one per 128-bit lane.
//!
//! `avx512vnni` broadcasts every four inputs of every row and flips them there, which costs as much as the products when
//! only one or two vectors of outputs meet them. Here sixteen inputs of four rows are loaded and flipped at once, and a
//! shuffle within the lanes spreads each four of them over four outputs, whose weights are the same in every lane:
//!
//! ```text
//! sums[g][lane l][j] += sum over i of x[row l][q * 4 + i] * w[4 g + j][q * 4 + i]
//! ```
//!
//! Four such vectors (`g` to `g + 3`) pack to the sixteen bytes of each row, in order, without a permutation.
use super::{GemmI8, Rows};
use crate::nn::lines::Line;
use crate::requantize::OutputI8;
use crate::requantize::avx512::Output;
use std::arch::x86_64::*;

/// Rows that share a vector.
const FOUR: usize = 4;
/// Inputs that are loaded together, and bytes of a lane.
const CHUNK: usize = 16;
/// Most groups of four outputs that a tile takes.
const GROUPS: usize = 8;

/// Weights of a product in the order in which the tiles read them.
#[derive(Debug)]
pub(crate) struct Thin {
    outputs: usize,
    chunks: Vec<Chunk>,
    /// Quads of all chunks together.
    quads: usize,
    blocks: Vec<Block>,
    output: OutputI8,
}

/// Up to sixteen neighbouring inputs of a segment.
#[derive(Debug, Clone, Copy)]
struct Chunk {
    segment: usize,
    /// The first one's place in the segment.
    at: usize,
    /// Groups of four inputs, the last filled up by zero weights.
    quads: usize,
    /// Whether its weights are what the inputs' own have beyond the signed byte ([`split`](crate::nn::excess::split)).
    excess: bool,
}

/// The outputs of one kind of tile.
#[derive(Debug)]
struct Block {
    first: usize,
    /// `[chunks][quads][groups][4 lanes][4 outputs][4 inputs]`, zero beyond the real ones. All lanes are the same: a load that
    /// broadcasts to them would take the ports that the products need.
    weights: Vec<Line>,
    /// `[groups][4 lanes][4 outputs]`
    bias: Vec<[i32; 16]>,
    /// As `bias`.
    scales: Vec<[f32; 16]>,
}

impl Thin {
    /// The fewest rows that it takes.
    pub(crate) const LEAST: usize = FOUR;

    /// Packs the weights; `bias` already makes up for the flipped inputs.
    pub(crate) fn new(c: &GemmI8<'_>, bias: &[i32]) -> Self {
        let outputs = c.filter.bias.len();
        let mut chunks = Vec::new();
        for segment in 0..c.segments {
            for at in (0..c.inputs).step_by(CHUNK) {
                chunks.push(Chunk {
                    segment,
                    at,
                    quads: (c.inputs - at).min(CHUNK).div_ceil(4),
                    excess: false,
                });
            }
            let quads = (0..c.inputs).step_by(4);
            chunks.extend(
                quads
                    .filter(|&at| c.exceeds(0..outputs, segment, at))
                    .map(|at| Chunk {
                        segment,
                        at,
                        quads: 1,
                        excess: true,
                    }),
            );
        }
        let groups = outputs.div_ceil(4);
        let blocks = (0..groups)
            .step_by(GROUPS)
            .map(|first| Block::new(c, bias, &chunks, first..groups.min(first + GROUPS)));
        Self {
            outputs,
            blocks: blocks.collect(),
            quads: chunks.iter().map(|chunk| chunk.quads).sum(),
            chunks,
            output: c.filter.output,
        }
    }

    /// Whether a product of this shape is faster here.
    pub(crate) fn suits(c: &GemmI8<'_>) -> bool {
        c.filter.bias.len() <= 4 * GROUPS
    }

    /// Whether there are rows enough to fill a vector.
    pub(crate) fn fits(&self, count: usize) -> bool {
        count >= Self::LEAST
    }

    /// Runs, when the rows fit.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    pub(crate) fn run(&self, rows: Rows<'_>, out: &mut [i8]) {
        for block in &self.blocks {
            match block.bias.len() {
                1 => self.pixels::<1, 4>(block, rows, out),
                2 => self.pixels::<2, 4>(block, rows, out),
                3 => self.pixels::<3, 4>(block, rows, out),
                4 => self.pixels::<4, 2>(block, rows, out),
                5 => self.pixels::<5, 3>(block, rows, out),
                6 => self.pixels::<6, 3>(block, rows, out),
                7 => self.pixels::<7, 2>(block, rows, out),
                _ => self.pixels::<8, 2>(block, rows, out),
            }
        }
    }

    /// All rows, `4 * P` at a time, or four where no more are left; the last tile steps back over rows already done.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn pixels<const G: usize, const P: usize>(
        &self,
        block: &Block,
        rows: Rows<'_>,
        out: &mut [i8],
    ) {
        let count = out.len() / self.outputs;
        let output = Output::new(self.output);
        // Bytes from a row's start that loads of whole chunks touch.
        let starts = self
            .chunks
            .iter()
            .map(|c| c.segment * rows.segment_stride + c.at);
        let reach = starts.max().unwrap_or(0) + CHUNK;
        let mut at = 0;
        while at < count {
            let tile = if count >= FOUR * P && count - at > FOUR {
                FOUR * P
            } else {
                FOUR
            };
            let start = at.min(count - tile);
            let (rows, out) = (rows.from(start), &mut out[start * self.outputs..]);
            let whole = rows.bytes.len() >= (tile - 1) * rows.stride + reach;
            match (tile == FOUR * P, whole) {
                (true, true) => self.tile::<G, P, true>(block, &output, rows, reach, out),
                (true, false) => self.tile::<G, P, false>(block, &output, rows, reach, out),
                (false, _) => self.tile::<G, 1, false>(block, &output, rows, reach, out),
            }
            at = start + tile;
        }
    }

    /// `4 * P` rows. `WHOLE`: every chunk may be read to its end, which is `reach` bytes at most from the start of its row.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn tile<const G: usize, const P: usize, const WHOLE: bool>(
        &self,
        block: &Block,
        output: &Output,
        rows: Rows<'_>,
        reach: usize,
        out: &mut [i8],
    ) {
        let last = (FOUR * P - 1) * rows.stride;
        assert!(!WHOLE || rows.bytes.len() >= last + reach);
        assert!(block.bias.len() == G && block.scales.len() == G);
        assert!(block.weights.len() == self.quads * G);
        let mut sums = [[_mm512_setzero_si512(); P]; G];
        for g in 0..G {
            // SAFETY: an array of sixteen numbers.
            let bias = unsafe { _mm512_loadu_si512(block.bias[g].as_ptr().cast()) };
            for p in 0..P {
                sums[g][p] = bias;
            }
        }
        let mut weights = block.weights.as_ptr();
        for chunk in &self.chunks {
            let start = chunk.segment * rows.segment_stride + chunk.at;
            assert!(WHOLE || rows.bytes.len() >= last + start + chunk.quads * 4);
            let mut x = [_mm512_setzero_si512(); P];
            for p in 0..P {
                // SAFETY: a chunk that starts at `start` ends at `reach` or before, or after `quads * 4` bytes, which the last
                // of the rows still has (both asserted).
                x[p] = unsafe {
                    let bytes = rows.bytes.as_ptr().add(start + p * FOUR * rows.stride);
                    if WHOLE {
                        load(bytes, rows.stride)
                    } else {
                        load_part(bytes, rows.stride, chunk.quads)
                    }
                };
            }
            // SAFETY: the quads of all chunks have `G` weights each, as many as there are (asserted).
            unsafe {
                add(&mut sums, spread::<P, 0x00>(x), &mut weights);
                if chunk.quads > 1 {
                    add(&mut sums, spread::<P, 0x55>(x), &mut weights);
                }
                if chunk.quads > 2 {
                    add(&mut sums, spread::<P, 0xaa>(x), &mut weights);
                }
                if chunk.quads > 3 {
                    add(&mut sums, spread::<P, 0xff>(x), &mut weights);
                }
            }
        }
        // Not a function of its own: it might not be inlined, and the sums would go through memory.
        let valid = (self.outputs - block.first).min(4 * G);
        assert!(out.len() >= (FOUR * P - 1) * self.outputs + block.first + valid);
        let mut scales = [_mm512_setzero_ps(); GROUPS];
        for g in 0..G {
            // SAFETY: an array of sixteen numbers.
            scales[g] = unsafe { _mm512_loadu_ps(block.scales[g].as_ptr()) };
        }
        for p in 0..P {
            let mut sixteens = [_mm512_setzero_si512(); GROUPS / 4];
            for s in 0..G.div_ceil(4) {
                let mut four = [_mm512_setzero_si512(); 4];
                for g in 0..4 {
                    if s * 4 + g < G {
                        four[g] = sums[s * 4 + g][p];
                    }
                }
                let scales = [
                    scales[s * 4],
                    scales[s * 4 + 1],
                    scales[s * 4 + 2],
                    scales[s * 4 + 3],
                ];
                sixteens[s] = output.bytes_by_lane(four, scales);
            }
            let out = &mut out[p * FOUR * self.outputs + block.first..];
            if self.outputs == valid && valid == CHUNK {
                // SAFETY: four adjacent rows of 16 bytes (length asserted above).
                unsafe { _mm512_storeu_si512(out.as_mut_ptr().cast(), sixteens[0]) };
            } else if self.outputs == valid && valid == 2 * CHUNK {
                let [a, b] = sixteens;
                let first =
                    _mm512_permutex2var_epi64(a, _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11), b);
                let second =
                    _mm512_permutex2var_epi64(a, _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15), b);
                // SAFETY: four adjacent rows of 32 bytes (length asserted above).
                unsafe {
                    _mm512_storeu_si512(out.as_mut_ptr().cast(), first);
                    _mm512_storeu_si512(out.as_mut_ptr().add(64).cast(), second);
                }
            } else {
                for s in 0..G.div_ceil(4) {
                    let bytes = (valid - s * CHUNK).min(CHUNK);
                    store_rows(sixteens[s], bytes, self.outputs, &mut out[s * CHUNK..]);
                }
            }
        }
    }
}

impl Block {
    fn new(c: &GemmI8<'_>, bias: &[i32], chunks: &[Chunk], groups: std::ops::Range<usize>) -> Self {
        let outputs = c.filter.bias.len();
        let mut weights = Vec::new();
        for chunk in chunks {
            for quad in 0..chunk.quads {
                let first = chunk.at + quad * 4;
                weights.extend(groups.clone().map(|g| {
                    let four: [[i8; 4]; 4] = std::array::from_fn(|j| {
                        c.quad(usize::from(chunk.excess), g * 4 + j, chunk.segment, first)
                    });
                    let mut line = Line::of(0);
                    for lane in line.0.chunks_exact_mut(CHUNK) {
                        lane.copy_from_slice(four.as_flattened());
                    }
                    line
                }));
            }
        }
        let of = |o: usize| (o < outputs).then_some(o);
        let lanes = |g: usize| -> [usize; 16] { std::array::from_fn(|i| g * 4 + i % 4) };
        Self {
            first: groups.start * 4,
            weights,
            bias: groups
                .clone()
                .map(|g| lanes(g).map(|o| of(o).map_or(0, |o| bias[o])))
                .collect(),
            scales: groups
                .map(|g| lanes(g).map(|o| of(o).map_or(0.0, |o| c.filter.scales[o])))
                .collect(),
        }
    }
}

/// Adds the products of one quad, and goes on to the next one's weights.
///
/// # Safety
/// `G` weights must be left.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn add<const G: usize, const P: usize>(
    sums: &mut [[__m512i; P]; G],
    x: [__m512i; P],
    weights: &mut *const Line,
) {
    for g in 0..G {
        // SAFETY: the caller grants `G` vectors.
        let w = unsafe { _mm512_load_si512(weights.add(g).cast()) };
        for p in 0..P {
            sums[g][p] = _mm512_dpbusd_epi32(sums[g][p], x[p], w);
        }
    }
    *weights = weights.wrapping_add(G);
}

/// Sixteen inputs of four rows that lie `stride` bytes apart, a row per lane, top bits flipped.
///
/// # Safety
/// Each row must have 16 readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn load(start: *const i8, stride: usize) -> __m512i {
    let flip = _mm512_set1_epi8(i8::MIN);
    if stride == CHUNK {
        // SAFETY: the four rows follow each other: 64 bytes.
        return unsafe { _mm512_xor_si512(_mm512_loadu_si512(start.cast()), flip) };
    }
    // SAFETY: the caller grants 16 bytes of row `r`.
    let row = |r: usize| unsafe { _mm_loadu_si128(start.add(r * stride).cast()) };
    _mm512_xor_si512(lanes([row(0), row(1), row(2), row(3)]), flip)
}

/// As [`load`], reading `quads * 4` bytes of each row.
///
/// # Safety
/// Each row must have as many readable bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn load_part(start: *const i8, stride: usize, quads: usize) -> __m512i {
    let mask = (1 << quads) - 1;
    // SAFETY: the mask selects bytes that the caller grants.
    let row = |r: usize| unsafe { _mm_maskz_loadu_epi32(mask, start.add(r * stride).cast()) };
    _mm512_xor_si512(
        lanes([row(0), row(1), row(2), row(3)]),
        _mm512_set1_epi8(i8::MIN),
    )
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn lanes([a, b, c, d]: [__m128i; 4]) -> __m512i {
    let ab = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(a), b);
    let cd = _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(c), d);
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(ab), cd)
}

/// Four inputs of each lane, which of them said by `QUAD`, four times over.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn spread<const P: usize, const QUAD: i32>(mut x: [__m512i; P]) -> [__m512i; P] {
    for p in 0..P {
        x[p] = _mm512_shuffle_epi32::<QUAD>(x[p]);
    }
    x
}

/// The first `count` bytes of each lane to rows that lie `stride` bytes apart.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn store_rows(bytes: __m512i, count: usize, stride: usize, out: &mut [i8]) {
    assert!(count <= CHUNK && out.len() >= (FOUR - 1) * stride + count);
    let rows = [
        _mm512_castsi512_si128(bytes),
        _mm512_extracti32x4_epi32::<1>(bytes),
        _mm512_extracti32x4_epi32::<2>(bytes),
        _mm512_extracti32x4_epi32::<3>(bytes),
    ];
    let target = out.as_mut_ptr();
    for r in 0..FOUR {
        // SAFETY: row `r` has `count` bytes left in `out` (asserted), and the mask selects no more.
        unsafe {
            if count == CHUNK {
                _mm_storeu_si128(target.add(r * stride).cast(), rows[r]);
            } else {
                _mm_mask_storeu_epi8(target.add(r * stride), (1 << count) - 1, rows[r]);
            }
        }
    }
}
