//! Products of 21-bit factors and bytes by dot products of words, 16 sums at a time.
//!
//! Bytes of both inputs become pairs of words `(a, b)`. With factors split into `256 * high + low`, two `i32x4.dot_i16x8_s` give
//! `a * high_a + b * high_b` and `a * low_a + b * low_b`; and as `256 * x + y >> s` is `x + (y >> 8) >> s - 8`, nothing else is as wide as
//! the whole sum. V8 takes four instructions for a shift whose distance is no constant, so the distances that occur are compiled each.
use super::{Fixed, elementwise};
use crate::lanes::wasm::zip_bytes;
use std::arch::wasm32::*;

/// Sums element by element; see [`super::add_i8`] for the rule.
///
/// # Panics
/// When lengths differ.
pub(super) fn add_i8(c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    match c.shift {
        // The larger scale is from a quarter of the output's to twice that.
        20 => shifted::<12>(c, a, b, out),
        21 => shifted::<13>(c, a, b, out),
        22 => shifted::<14>(c, a, b, out),
        _ => elementwise::add_i8(c, a, b, out),
    }
}

/// A shift by `8 + MORE`.
fn shifted<const MORE: u32>(c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    assert!(
        a.len() == b.len() && a.len() == out.len(),
        "lengths of a sum"
    );
    let pair = |[a, b]: [i32; 2]| i32x4_splat((a & 0xffff) | b << 16);
    let high = pair(c.factors.map(|factor| factor >> 8));
    let low = pair(c.factors.map(|factor| factor & 0xff));
    let offset = i32x4_splat(c.offset);
    let zero_point = i16x8_splat(i16::from(c.zero_point));
    let (min, max) = (i8x16_splat(c.min), i8x16_splat(c.max));
    let four = |words: v128| {
        let rest = i32x4_shr(i32x4_add(i32x4_dot_i16x8(words, low), offset), 8);
        i32x4_shr(i32x4_add(i32x4_dot_i16x8(words, high), rest), MORE)
    };
    let eight = |bytes: v128| {
        let words = i16x8_narrow_i32x4(
            four(i16x8_extend_low_i8x16(bytes)),
            four(i16x8_extend_high_i8x16(bytes)),
        );
        // Saturating at 16 bits, before and after the zero point, changes no byte.
        i16x8_add_sat(words, zero_point)
    };
    let sixteen = |a: v128, b: v128| {
        let [low, high] = zip_bytes(a, b);
        let bytes = i8x16_narrow_i16x8(eight(low), eight(high));
        i8x16_min(i8x16_max(bytes, min), max)
    };
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<16>();
    for ((a, b), out) in a_blocks.iter().zip(b_blocks).zip(out_blocks) {
        // SAFETY: each block is 16 bytes.
        unsafe {
            let sums = sixteen(v128_load(a.as_ptr().cast()), v128_load(b.as_ptr().cast()));
            v128_store(out.as_mut_ptr().cast(), sums);
        }
    }
    elementwise::add_i8(c, a_rest, b_rest, out_rest);
}
