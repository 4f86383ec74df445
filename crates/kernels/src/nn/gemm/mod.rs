//! Rows of bytes times packed weights, requantized: what pointwise and general convolutions come down to.
//!
//! ```text
//! out[p, o] = requantize( sum over i of (in[p, i] - input_zero) * w[o, i] + bias[o] )
//! ```
//!
//! A row may come in segments: a convolution's window is one per kernel row, so that windows need not be copied.
//!
//! The scalar oracle is the convolution's own ([`conv2d`](super::conv2d)); an ISA without a file here uses that.
#[cfg(target_arch = "x86_64")]
mod avx2_narrow;
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "x86_64")]
mod avx512vnni_narrow;
#[cfg(target_arch = "x86_64")]
mod avx512vnni_thin;
#[cfg(target_arch = "aarch64")]
mod neon_i8mm;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(not(target_arch = "wasm32"))]
mod staged;

use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;
use crate::nn::FilterI8;

/// Constants of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GemmI8<'a> {
    /// Segments of a row.
    pub(crate) segments: usize,
    /// Inputs of a segment.
    pub(crate) inputs: usize,
    /// Weights `[O, segments, inputs]`, and the rest per output.
    pub(crate) filter: FilterI8<'a>,
}

impl GemmI8<'_> {
    /// [`FilterI8::offset`] of output `o`.
    fn offset(&self, o: usize, lift: i32) -> i32 {
        let row = self.segments * self.inputs;
        let weights = &self.filter.weights[o * row..][..row];
        self.filter.offset(o, weights.iter(), lift)
    }
}

/// Where the rows of a product lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    /// The first row's first segment comes first. Each segment must be readable up to its inputs rounded up to four; what
    /// lies in the padding does not matter.
    pub(crate) bytes: &'a [i8],
    /// Bytes from a row to the next.
    pub(crate) stride: usize,
    /// Bytes from a segment to the next.
    pub(crate) segment_stride: usize,
}

/// Weights packed for one ISA.
#[derive(Debug)]
pub(crate) enum Gemm {
    /// `vpmaddwd`.
    #[cfg(target_arch = "x86_64")]
    Avx2(staged::Packed<crate::isa::Avx2, 6>),
    /// The same for few outputs; the second where there are few rows too.
    #[cfg(target_arch = "x86_64")]
    Avx2Narrow(avx2_narrow::Narrow, staged::Packed<crate::isa::Avx2, 6>),
    /// `vpdpbusd` on 256 bits.
    #[cfg(target_arch = "x86_64")]
    AvxVnni(staged::Packed<crate::isa::AvxVnni, 6>),
    /// `vpdpbusd` on 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(crate::isa::Avx512Vnni, avx512vnni::Packed),
    /// `smlal`.
    #[cfg(target_arch = "aarch64")]
    Neon(staged::Packed<crate::isa::Neon, 4>),
    /// `sdot`.
    #[cfg(target_arch = "aarch64")]
    NeonDot(staged::Packed<crate::isa::NeonDot, 6>),
    /// `smmla`.
    #[cfg(target_arch = "aarch64")]
    NeonI8mm(neon_i8mm::Packed),
    /// `i32x4.dot_i16x8_s`.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(simd128::Packed<crate::isa::Simd128>),
    /// `i32x4.relaxed_dot_i8x16_i7x16_add_s`, where it is exact on bytes.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    RelaxedDot(simd128::Packed<crate::isa::RelaxedDot>),
}

impl Gemm {
    /// Packs the weights; `None` where the ISA has no product of its own, or sums could leave the range in which its
    /// requantization is exact.
    pub(crate) fn new(isa: Isa, c: &GemmI8<'_>) -> Option<Self> {
        if !c.filter.is_tame(c.segments * c.inputs) {
            return None;
        }
        #[cfg(target_arch = "x86_64")]
        if let Vectors::Avx2(token) = isa.vectors()
            && let Some(narrow) = avx2_narrow::Narrow::new(token, c)
        {
            return Some(Self::Avx2Narrow(narrow, staged::Packed::new(token, c)));
        }
        match isa {
            Isa::Scalar => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(token) => Some(Self::Avx2(staged::Packed::new(token, c))),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni(token) if c.filter.weight_zero != 0 => {
                Some(Self::Avx2(staged::Packed::new(token.avx2(), c)))
            }
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni(token) => Some(Self::AvxVnni(staged::Packed::new(token, c))),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(_) if !c.filter.splits() => {
                // Products of 16 bits hold every weight.
                crate::isa::Avx2::new().map(|token| Self::Avx2(staged::Packed::new(token, c)))
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(token) => Some(Self::Avx512Vnni(token, avx512vnni::Packed::new(c))),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(token) => Some(Self::Neon(staged::Packed::new(token, c))),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot(_) | Isa::NeonI8mm(_) if c.filter.weight_zero != 0 => {
                crate::isa::Neon::new().map(|token| Self::Neon(staged::Packed::new(token, c)))
            }
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot(token) => Some(Self::NeonDot(staged::Packed::new(token, c))),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonI8mm(token) => Some(Self::NeonI8mm(neon_i8mm::Packed::new(token, c))),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128(token) => Some(Self::Simd128(simd128::Packed::new(token, c))),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::RelaxedDot(token) if c.filter.weight_zero != 0 => {
                Some(Self::Simd128(simd128::Packed::new(token.simd128(), c)))
            }
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::RelaxedDot(token) => Some(Self::RelaxedDot(simd128::Packed::new(token, c))),
        }
    }

    /// Runs over as many rows as `out`, `[rows, O]`, has.
    ///
    /// # Panics
    /// When a slice is too short.
    pub(crate) fn run(&mut self, rows: Rows<'_>, out: &mut [i8]) {
        // By place: a target whose only set is `Scalar` has no variant at all.
        match *self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(ref mut packed) => {
                // SAFETY: the token that `packed` was made with proves that this CPU has the feature.
                unsafe { avx2(packed, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Narrow(ref narrow, _) if narrow.fits(out) => {
                // SAFETY: as above, with the token of `narrow`.
                unsafe { narrow.run(rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx2Narrow(_, ref mut packed) => {
                // SAFETY: as above.
                unsafe { avx2(packed, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(ref mut packed) => {
                // SAFETY: as above.
                unsafe { avx_vnni(packed, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni(_token, ref mut packed) => {
                // SAFETY: `_token` proves that this CPU has the features that `run` enables.
                unsafe { packed.run(rows, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon(ref mut packed) => packed.run(rows, out),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot(ref mut packed) => packed.run(rows, out),
            #[cfg(target_arch = "aarch64")]
            Self::NeonI8mm(ref mut packed) => {
                // SAFETY: the token that `packed` was made with proves that this CPU has the feature.
                unsafe { packed.run(rows, out) }
            }
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128(ref mut packed) => packed.run(rows, out),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::RelaxedDot(ref mut packed) => packed.run(rows, out),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(packed: &mut staged::Packed<crate::isa::Avx2, 6>, rows: Rows<'_>, out: &mut [i8]) {
    packed.run(rows, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avxvnni")]
fn avx_vnni(packed: &mut staged::Packed<crate::isa::AvxVnni, 6>, rows: Rows<'_>, out: &mut [i8]) {
    packed.run(rows, out);
}
