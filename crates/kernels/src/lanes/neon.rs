//! `smlal` on bytes widened to 16 bits: the baseline of AArch64, and all that cores before Cortex-A75 have.
//!
//! `smull` and `smlal` on bytes would do twice as many products at once, but two of them can overflow 16 bits
//! (-128 * -128 twice is 32,768), and a third instruction must widen their sum: little is gained.
use super::{LANES, Lanes};
use crate::isa::Neon;
use crate::requantize::OutputI8;
use std::arch::aarch64::*;

/// Zero point and range of the output, spread over registers.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    zero_point: int16x8_t,
    min: int8x16_t,
    max: int8x16_t,
}

impl Lanes for Neon {
    type Element = i16;
    type Sums = [int32x4_t; 2];
    type Scales = [float32x4_t; 2];
    type Group = int16x8_t;
    type Weights = [int16x8_t; 4];
    type Inputs = int16x4_t;
    type Output = Output;

    const GROUP: usize = 1;
    const STEP: usize = 4;

    const WIDE: bool = true;

    #[inline(always)]
    fn weight(value: i16) -> i16 {
        value
    }

    #[inline(always)]
    fn element(byte: i8) -> i16 {
        i16::from(byte)
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
    unsafe fn group(self, from: *const i16) -> int16x8_t {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 8 elements.
        unsafe { vld1q_s16(from) }
    }

    #[inline(always)]
    unsafe fn weights(self, from: *const i16) -> [int16x8_t; 4] {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 32 elements.
        unsafe {
            [
                vld1q_s16(from),
                vld1q_s16(from.add(8)),
                vld1q_s16(from.add(16)),
                vld1q_s16(from.add(24)),
            ]
        }
    }

    #[inline(always)]
    unsafe fn inputs(self, from: *const i16) -> int16x4_t {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 4 elements.
        unsafe { vld1_s16(from) }
    }

    #[inline(always)]
    fn add_groups(self, sums: [int32x4_t; 2], a: int16x8_t, b: int16x8_t) -> [int32x4_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe {
            [
                vmlal_s16(sums[0], vget_low_s16(a), vget_low_s16(b)),
                vmlal_high_s16(sums[1], a, b),
            ]
        }
    }

    #[inline(always)]
    fn add_products(
        self,
        sums: [int32x4_t; 2],
        w: [int16x8_t; 4],
        inputs: int16x4_t,
    ) -> [int32x4_t; 2] {
        // SAFETY: Advanced SIMD as `self` proves.
        unsafe {
            let [low, high] = sums;
            let low = vmlal_lane_s16::<0>(low, vget_low_s16(w[0]), inputs);
            let high = vmlal_high_lane_s16::<0>(high, w[0], inputs);
            let low = vmlal_lane_s16::<1>(low, vget_low_s16(w[1]), inputs);
            let high = vmlal_high_lane_s16::<1>(high, w[1], inputs);
            let low = vmlal_lane_s16::<2>(low, vget_low_s16(w[2]), inputs);
            let high = vmlal_high_lane_s16::<2>(high, w[2], inputs);
            let low = vmlal_lane_s16::<3>(low, vget_low_s16(w[3]), inputs);
            let high = vmlal_high_lane_s16::<3>(high, w[3], inputs);
            [low, high]
        }
    }

    #[inline(always)]
    unsafe fn interleave(self, from: *const i8, _pitch: usize, to: *mut i16) {
        // SAFETY: Advanced SIMD as `self` proves; the caller grants 8 bytes and 8 elements.
        unsafe { vst1q_s16(to, vmovl_s8(vld1_s8(from))) }
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

/// Eight sums.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_sums(from: &[i32; LANES]) -> [int32x4_t; 2] {
    // SAFETY: `from` is two vectors of four.
    unsafe { [vld1q_s32(from.as_ptr()), vld1q_s32(from.as_ptr().add(4))] }
}

/// Eight factors.
#[inline]
#[target_feature(enable = "neon")]
pub(super) fn load_scales(from: &[f32; LANES]) -> [float32x4_t; 2] {
    // SAFETY: `from` is two vectors of four.
    unsafe { [vld1q_f32(from.as_ptr()), vld1q_f32(from.as_ptr().add(4))] }
}

impl Output {
    #[inline]
    #[target_feature(enable = "neon")]
    pub(super) fn new(output: OutputI8) -> Self {
        Self {
            zero_point: vdupq_n_s16(i16::from(output.zero_point)),
            min: vdupq_n_s8(output.min),
            max: vdupq_n_s8(output.max),
        }
    }

    /// See [`Lanes::bytes`].
    #[inline]
    #[target_feature(enable = "neon")]
    pub(super) fn bytes(
        self,
        sums: [[int32x4_t; 2]; 2],
        scales: [[float32x4_t; 2]; 2],
    ) -> [[i8; LANES]; 2] {
        let low = self.words(sums[0], scales[0]);
        let high = self.words(sums[1], scales[1]);
        let bytes = vqmovn_high_s16(vqmovn_s16(low), high);
        let bytes = vminq_s8(vmaxq_s8(bytes, self.min), self.max);
        let mut to = [[0; LANES]; 2];
        // SAFETY: `to` is 16 bytes.
        unsafe { vst1q_s8(to.as_mut_ptr().cast(), bytes) };
        to
    }

    /// Sums times scales, rounded half to even (`fcvtns`), with the zero point added.
    #[inline]
    #[target_feature(enable = "neon")]
    fn words(self, sums: [int32x4_t; 2], scales: [float32x4_t; 2]) -> int16x8_t {
        let low = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums[0]), scales[0]));
        let high = vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(sums[1]), scales[1]));
        vqaddq_s16(vqmovn_high_s32(vqmovn_s32(low), high), self.zero_point)
    }
}
