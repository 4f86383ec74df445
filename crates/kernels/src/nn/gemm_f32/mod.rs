//! Rows of floats times packed weights: what pointwise, general and transposed convolutions and full connections come down to.
//!
//! ```text
//! out[p, o] = finish( bias[o] + sum over s, i of in[p, s, i] * w[o, s, i] )
//! ```
//!
//! A row may come in segments: a convolution's window is one per kernel row, so that windows need not be copied. Terms are
//! added in order, from the bias on, each output on its own; so a result depends on nothing but its row and the ISA.
mod packed;

use crate::floats::Finish;
use crate::isa::{Isa, Vectors};
use packed::Packed;

/// Constants of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProductF32<'a> {
    /// Segments of a row.
    pub(crate) segments: usize,
    /// Inputs of a segment.
    pub(crate) inputs: usize,
    /// `[O, segments, inputs]`.
    pub(crate) weights: &'a [f32],
    /// `[O]`.
    pub(crate) bias: &'a [f32],
    /// What happens to each sum.
    pub(crate) finish: Finish,
    /// `[O]`, what a finished sum below 0 is multiplied by; or nothing.
    pub(crate) slopes: &'a [f32],
}

/// Where the rows of a product lie.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowsF32<'a> {
    /// The first row's first segment comes first.
    pub(crate) numbers: &'a [f32],
    /// How many rows.
    pub(crate) count: usize,
    /// Numbers from a row to the next.
    pub(crate) stride: usize,
    /// Numbers from a segment to the next.
    pub(crate) segment_stride: usize,
}

/// Where the sums go.
#[derive(Debug)]
pub(crate) struct SumsF32<'a> {
    /// The first row's sums come first.
    pub(crate) numbers: &'a mut [f32],
    /// Numbers from the first sum of a row to the next row's; at least `O`.
    pub(crate) stride: usize,
}

/// Weights packed for one ISA. The number is how many rows are summed at once.
#[derive(Debug)]
pub(crate) enum GemmF32 {
    #[cfg(target_arch = "x86_64")]
    Avx2(Packed<crate::isa::Avx2, 6>),
    #[cfg(target_arch = "x86_64")]
    Avx512(Packed<crate::isa::Avx512Vnni, 12>),
    #[cfg(target_arch = "aarch64")]
    Neon(Packed<crate::isa::Neon, 8>),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(Packed<crate::isa::Simd128, 4>),
}

impl GemmF32 {
    /// Packs the weights; `None` where the ISA has no product of its own.
    pub(crate) fn new(isa: Isa, c: &ProductF32<'_>) -> Option<Self> {
        match isa.vectors() {
            Vectors::Scalar => None,
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2(token) => Some(Self::Avx2(Packed::new(token, c))),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512(token) => Some(Self::Avx512(Packed::new(token, c))),
            #[cfg(target_arch = "aarch64")]
            Vectors::Neon(token) => Some(Self::Neon(Packed::new(token, c))),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Vectors::Simd128(token) => Some(Self::Simd128(Packed::new(token, c))),
        }
    }

    /// Runs over all rows.
    ///
    /// # Panics
    /// When a slice is too short.
    pub(crate) fn run(&self, rows: RowsF32<'_>, out: SumsF32<'_>) {
        // By place: a target whose only set is `Scalar` has no variant at all.
        match *self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(ref packed) => {
                // SAFETY: the token that `packed` was made with proves that this CPU has the features.
                unsafe { avx2(packed, rows, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(ref packed) => {
                // SAFETY: as above.
                unsafe { avx512(packed, rows, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Self::Neon(ref packed) => packed.run(rows, out),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128(ref packed) => packed.run(rows, out),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(packed: &Packed<crate::isa::Avx2, 6>, rows: RowsF32<'_>, out: SumsF32<'_>) {
    packed.run(rows, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
fn avx512(packed: &Packed<crate::isa::Avx512Vnni, 12>, rows: RowsF32<'_>, out: SumsF32<'_>) {
    packed.run(rows, out);
}
