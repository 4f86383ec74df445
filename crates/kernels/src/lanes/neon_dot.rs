//! `sdot`: four signed bytes times four, summed without saturation.
use super::neon::{Output, load_scales, load_sums};
use super::{LANES, Lanes};
use crate::isa::NeonDot;
use crate::requantize::OutputI8;
use std::arch::aarch64::*;
use std::arch::asm;

impl Lanes for NeonDot {
    type Element = i8;
    type Sums = [int32x4_t; 2];
    type Scales = [float32x4_t; 2];
    type Group = [int8x16_t; 2];
    type Weights = [int8x16_t; 2];
    type Inputs = int8x16_t;
    type Output = Output;

    const GROUP: usize = 4;
    const STEP: usize = 4;

    const WIDE: bool = false;

    #[inline(always)]
    fn weight(value: i16) -> i8 {
        value as i8
    }

    #[inline(always)]
    fn element(byte: i8) -> i8 {
        byte
    }

    #[inline(always)]
    fn sums(self, from: &[i32; LANES]) -> [int32x4_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { load_sums(from) }
    }

    #[inline(always)]
    fn scales(self, from: &[f32; LANES]) -> [float32x4_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { load_scales(from) }
    }

    #[inline(always)]
    fn output(self, output: OutputI8) -> Output {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { Output::new(output) }
    }

    #[inline(always)]
    unsafe fn group(self, from: *const i8) -> [int8x16_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 32 elements.
        unsafe { [vld1q_s8(from), vld1q_s8(from.add(16))] }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i8) -> [int8x16_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 32 elements.
        unsafe { self.group(from) }
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i8) -> int8x16_t {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 4 elements, the 4 bytes read here.
        unsafe { vreinterpretq_s8_s32(vdupq_n_s32(from.cast::<i32>().read_unaligned())) }
    }

    #[inline(always)]
    fn add_groups(
        self,
        sums: [int32x4_t; 2],
        a: [int8x16_t; 2],
        b: [int8x16_t; 2],
    ) -> [int32x4_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe {
            [
                dot(self, sums[0], a[0], b[0]),
                dot(self, sums[1], a[1], b[1]),
            ]
        }
    }

    #[inline(always)]
    fn add_products(
        self,
        sums: [int32x4_t; 2],
        weights: [int8x16_t; 2],
        inputs: int8x16_t,
    ) -> [int32x4_t; 2] {
        self.add_groups(sums, weights, [inputs; 2])
    }

    #[inline(always)]
    unsafe fn interleave(self, from: *const i8, pitch: usize, to: *mut i8) {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 8 bytes at the four places, and 32 elements.
        unsafe {
            let (a, b) = (vld1_s8(from), vld1_s8(from.add(pitch)));
            let (c, d) = (vld1_s8(from.add(2 * pitch)), vld1_s8(from.add(3 * pitch)));
            let ab = vreinterpretq_s16_s8(vcombine_s8(vzip1_s8(a, b), vzip2_s8(a, b)));
            let cd = vreinterpretq_s16_s8(vcombine_s8(vzip1_s8(c, d), vzip2_s8(c, d)));
            vst1q_s8(to, vreinterpretq_s8_s16(vzip1q_s16(ab, cd)));
            vst1q_s8(to.add(16), vreinterpretq_s8_s16(vzip2q_s16(ab, cd)));
        }
    }

    #[inline(always)]
    fn bytes(
        self,
        output: Output,
        sums: [[int32x4_t; 2]; 2],
        scales: [[float32x4_t; 2]; 2],
    ) -> [[i8; LANES]; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe { output.bytes(sums, scales) }
    }
}

/// `sums[l] += sum over g of a[l][g] * b[l][g]` by `sdot`, whose intrinsic is not in stable Rust yet.
#[inline]
#[target_feature(enable = "neon")]
fn dot(_isa: NeonDot, mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
    // SAFETY: the CPU has the instruction, as the token proves; it reads and writes nothing but the three registers.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b",
            sums = inout(vreg) sums,
            a = in(vreg) a,
            b = in(vreg) b,
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}
