//! Pairs of bytes times pairs of multipliers: `i32x4.dot_i16x8_s` sums both products at once.
use super::Fixed;
use std::arch::wasm32::*;

/// Sums element by element; see [`super::add_i8`] for the rule.
///
/// # Panics
/// When lengths differ.
pub(super) fn add_i8(c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    assert!(
        a.len() == b.len() && a.len() == out.len(),
        "lengths of a sum"
    );
    let [a_factor, b_factor] = c.factors;
    let factors = i16x8(
        a_factor, b_factor, a_factor, b_factor, a_factor, b_factor, a_factor, b_factor,
    );
    let offset = i32x4_splat(c.offset);
    let (min, max) = (i8x16_splat(c.min), i8x16_splat(c.max));
    let scaled = |pairs| i32x4_shr(i32x4_add(i32x4_dot_i16x8(pairs, factors), offset), c.shift);
    let eight = |a: v128, b: v128| {
        let low = i16x8_shuffle::<0, 8, 1, 9, 2, 10, 3, 11>(a, b);
        let high = i16x8_shuffle::<4, 12, 5, 13, 6, 14, 7, 15>(a, b);
        i16x8_narrow_i32x4(scaled(low), scaled(high))
    };
    let sixteen = |a: &[i8; 16], b: &[i8; 16], out: &mut [i8; 16]| {
        // SAFETY: all three are 16 bytes.
        unsafe {
            let (a, b) = (v128_load(a.as_ptr().cast()), v128_load(b.as_ptr().cast()));
            let low = eight(i16x8_extend_low_i8x16(a), i16x8_extend_low_i8x16(b));
            let high = eight(i16x8_extend_high_i8x16(a), i16x8_extend_high_i8x16(b));
            let bytes = i8x16_min(i8x16_max(i8x16_narrow_i16x8(low, high), min), max);
            v128_store(out.as_mut_ptr().cast(), bytes);
        }
    };
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    let (out_blocks, out_rest) = out.as_chunks_mut::<16>();
    for ((a, b), out) in a_blocks.iter().zip(b_blocks).zip(out_blocks) {
        sixteen(a, b, out);
    }
    super::elementwise::add_i8(c, a_rest, b_rest, out_rest);
}
