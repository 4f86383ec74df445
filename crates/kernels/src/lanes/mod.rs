//! Eight 32-bit sums side by side: the little that the loops over 8-bit networks need from an ISA.
//!
//! The loops of [`gemm`](crate::nn) and depthwise convolution are written once over [`Lanes`]; an ISA's token implements
//! it, so whoever holds a value may call its methods. They are always inlined into an entry that enables the ISA's
//! features (`#[target_feature]`); loops around them index register arrays by plain counters, for closures may stay calls,
//! and then every instruction in them does. WebAssembly has loops of its own, over a trait of its own (`wasm`).
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "aarch64")]
mod neon_dot;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(crate) mod wasm;

#[cfg(not(target_arch = "wasm32"))]
use crate::requantize::OutputI8;

/// Sums in a register (or in the registers that stand for one).
pub(crate) const LANES: usize = 8;

/// Multiplies and sums on [`LANES`] lanes. Sums are exact modulo 2^32.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) trait Lanes: Copy {
    /// What an input byte or a weight becomes before it is multiplied.
    type Element: Copy + Default + std::fmt::Debug;
    /// Eight sums.
    type Sums: Copy;
    /// Eight factors.
    type Scales: Copy;
    /// `[LANES][GROUP]` elements.
    type Group: Copy;
    /// `[STEP / GROUP][LANES][GROUP]` weights.
    type Weights: Copy;
    /// `STEP` inputs, ready to meet every lane's weights.
    type Inputs: Copy;
    /// Zero point and range of the output.
    type Output: Copy;

    /// Neighbouring elements of a lane whose products one instruction sums.
    const GROUP: usize;
    /// Inputs read at once in a matrix product; a multiple of `GROUP`.
    const STEP: usize;

    /// Whether an element holds nine bits: what a weight needs whose zero point is not 0.
    const WIDE: bool;

    /// What [`Lanes::element`] raises an input by: sums hold as much more, times the weights.
    const LIFT: i32 = 0;

    /// The element for an input byte; its value is the byte's and [`Lanes::LIFT`] more.
    fn element(byte: i8) -> Self::Element;

    /// The element for a weight less its zero point; beyond a byte only where [`Lanes::WIDE`].
    fn weight(value: i16) -> Self::Element;

    fn sums(self, from: &[i32; LANES]) -> Self::Sums;

    fn scales(self, from: &[f32; LANES]) -> Self::Scales;

    fn output(self, output: OutputI8) -> Self::Output;

    /// # Safety
    /// `LANES * GROUP` elements must be readable.
    unsafe fn group(self, from: *const Self::Element) -> Self::Group;

    /// # Safety
    /// `LANES * STEP` elements must be readable.
    unsafe fn weights(self, from: *const Self::Element) -> Self::Weights;

    /// # Safety
    /// `STEP` elements must be readable.
    unsafe fn inputs(self, from: *const Self::Element) -> Self::Inputs;

    /// `sums[l] += sum over g of inputs[l][g] * weights[l][g]`
    fn add_groups(self, sums: Self::Sums, inputs: Self::Group, weights: Self::Group) -> Self::Sums;

    /// `sums[l] += sum over the step's inputs i of weights[l, i] * inputs[i]`
    fn add_products(
        self,
        sums: Self::Sums,
        weights: Self::Weights,
        inputs: Self::Inputs,
    ) -> Self::Sums;

    /// Interleaves bytes: `to[l][g] = element(from[g * pitch + l])`.
    ///
    /// # Safety
    /// [`LANES`] bytes must be readable at `from + g * pitch` for each `g` below `GROUP`, and `LANES * GROUP` elements
    /// writable.
    unsafe fn interleave(self, from: *const i8, pitch: usize, to: *mut Self::Element);

    /// [`OutputI8::requantize`] of sixteen sums, which must be tame ([`OutputI8::is_tame`]).
    ///
    /// The 16-bit steps in between saturate. That changes no byte: a value beyond 16 bits lies beyond any byte's range on
    /// the same side before and after the zero point is added.
    fn bytes(
        self,
        output: Self::Output,
        sums: [Self::Sums; 2],
        scales: [Self::Scales; 2],
    ) -> [[i8; LANES]; 2];
}

/// Stores the first `count` bytes, at most 16, by whole powers of two: a copy of unknown length would be a call.
#[inline(always)]
pub(crate) fn store(bytes: &[i8], count: usize, out: &mut [i8]) {
    #[inline(always)]
    fn part<const N: usize>(bytes: &[i8], at: &mut usize, count: usize, out: &mut [i8]) {
        if count & N != 0 {
            out[*at..][..N].copy_from_slice(&bytes[*at..][..N]);
            *at += N;
        }
    }
    let mut at = 0;
    part::<16>(bytes, &mut at, count, out);
    part::<8>(bytes, &mut at, count, out);
    part::<4>(bytes, &mut at, count, out);
    part::<2>(bytes, &mut at, count, out);
    part::<1>(bytes, &mut at, count, out);
}
