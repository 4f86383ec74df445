//! Vectors of 32-bit floats: the little that the loops over float networks need from an ISA.
//!
//! As [`lanes`](crate::lanes) is for bytes: loops are written once over [`Floats`], an ISA's token implements it, and all of
//! it is inlined into an entry that enables the ISA's features.
//!
//! Sums of products run in the order of the terms, every element on its own, and [`Floats::multiply_add`] rounds once where
//! the ISA has such an instruction (all but WebAssembly, which rounds twice). So a float result depends on the ISA in its
//! last bits, but not on a tensor's place, on the tiling or on the run.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dispatch;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

pub(crate) use dispatch::with_floats;

use crate::nn::activation::Activation;
use crate::requantize::OutputF32;

/// Arithmetic on vectors of [`Floats::LEN`] numbers.
pub(crate) trait Floats: Copy {
    /// The numbers.
    type Vector: Copy;
    /// Vectors of half the length, where the ISA has them; else the same.
    type Half: Floats;

    /// Numbers in a vector.
    const LEN: usize;

    fn half(self) -> Self::Half;

    fn splat(self, value: f32) -> Self::Vector;

    /// # Safety
    /// `LEN` numbers must be readable.
    unsafe fn load(self, from: *const f32) -> Self::Vector;

    /// # Safety
    /// `LEN` numbers must be writable.
    unsafe fn store(self, to: *mut f32, vector: Self::Vector);

    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    fn sub(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    fn mul(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;

    /// `value` where that is 0 or more, else `value * slope`.
    fn rectify(self, value: Self::Vector, slope: Self::Vector) -> Self::Vector;

    /// `a * b + sum`, rounded once where the ISA can.
    fn multiply_add(self, a: Self::Vector, b: Self::Vector, sum: Self::Vector) -> Self::Vector;

    /// The larger; `bound` where `value` is NaN.
    fn at_least(self, value: Self::Vector, bound: Self::Vector) -> Self::Vector;

    /// The smaller; `bound` where `value` is NaN.
    fn at_most(self, value: Self::Vector, bound: Self::Vector) -> Self::Vector;
}

/// What happens to a sum before it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Finish {
    /// Held to a range.
    Clamp(OutputF32),
    /// `x * min(max(x + 3, 0), 6) * (1/6)`.
    HardSwish,
}

impl Finish {
    /// What of `range` and then `function` is cheap in registers, and what is left to do on the stored numbers.
    pub(crate) fn split(
        range: OutputF32,
        function: Option<Activation>,
    ) -> (Self, Option<Activation>) {
        match function {
            Some(Activation::HardSwish) if range == OutputF32::FULL => (Self::HardSwish, None),
            _ => (Self::Clamp(range), function),
        }
    }

    #[inline(always)]
    pub(crate) fn apply<L: Floats>(self, lanes: L, sum: L::Vector) -> L::Vector {
        match self {
            Self::Clamp(range) => lanes.at_most(
                lanes.at_least(sum, lanes.splat(range.min)),
                lanes.splat(range.max),
            ),
            Self::HardSwish => {
                let shifted = lanes.add(sum, lanes.splat(3.0));
                let gate =
                    lanes.at_most(lanes.at_least(shifted, lanes.splat(0.0)), lanes.splat(6.0));
                lanes.mul(lanes.mul(sum, gate), lanes.splat(1.0 / 6.0))
            }
        }
    }
}

/// Numbers that start at a cache line.
#[derive(Debug)]
pub(crate) struct Aligned(Vec<Line>);

/// A cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; Aligned::LINE]);

impl Aligned {
    /// Numbers in a line.
    const LINE: usize = 16;

    /// At least `len` zeros.
    pub(crate) fn zeros(len: usize) -> Self {
        Self(vec![Line([0.0; Self::LINE]); len.div_ceil(Self::LINE)])
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len() * Self::LINE
    }

    pub(crate) fn as_slice(&self) -> &[f32] {
        // SAFETY: a line is `LINE` numbers without padding, and lines follow one another.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), self.len()) }
    }

    pub(crate) fn as_mut_slice(&mut self) -> &mut [f32] {
        // SAFETY: as in `as_slice`; borrowed through `self` alone.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), self.len()) }
    }
}
