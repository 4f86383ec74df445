//! Four pixels of an RGBA row at a time, cell by cell: between two cells the coefficients are the same and only weights differ.
use std::arch::wasm32::*;
use std::ops::Range;

use super::super::lerp::Taps;
use super::scalar;
use super::{Between, OFFSET_BITS, SLOPE_BITS};

/// Pixels computed at a time.
const BLOCK: usize = 4;

/// As [`scalar::apply_plain`] with four channels.
pub(super) fn apply(row: &Between, x: &Taps, picture: &[u8], out: &mut [u8]) {
    scalar::apply(row, x, out, |span, out| soft(row, x, picture, span, out));
}

/// The pixels `span`, and up to a block's end more, which are overwritten.
fn soft(row: &Between, x: &Taps, picture: &[u8], span: Range<usize>, out: &mut [u8]) {
    let mut at = span.start;
    while at < span.end {
        let cell = x.at(at).0;
        let end = x.outputs(cell, &span).end;
        let planes = std::array::from_fn(|c| Plane::new(row.plane(c), cell));
        while at < end {
            let blocks = (
                x.weights()[at..].first_chunk::<BLOCK>(),
                picture[at * 4..].first_chunk::<16>(),
                out[at..].first_chunk_mut::<BLOCK>(),
            );
            match blocks {
                (Some(weights), Some(colours), Some(out)) => {
                    *out = block(&planes, weights, colours)
                }
                _ => scalar::soft::<4>(row, x, picture, at..end, out),
            }
            at += BLOCK;
        }
        at = end;
    }
}

/// A coefficient at a cell with eight bits more, and its change up to the next cell.
struct Plane {
    start: v128,
    change: v128,
}

impl Plane {
    #[inline(always)]
    fn new(plane: &[i32], cell: usize) -> Self {
        let [a, b] = [plane[cell], plane[cell + 1]];
        Self {
            start: i32x4_splat(a << 8),
            change: i32x4_splat(b - a),
        }
    }

    #[inline(always)]
    fn at(&self, weights: v128) -> v128 {
        i32x4_shr(i32x4_add(self.start, i32x4_mul(self.change, weights)), 8)
    }
}

#[inline(always)]
fn block(planes: &[Plane; 4], weights: &[u16; BLOCK], colours: &[u8; 16]) -> [u8; BLOCK] {
    // SAFETY: the weights are eight bytes, the colours sixteen.
    let (weights, colours) = unsafe {
        (
            u32x4_load_extend_u16x4(weights.as_ptr()),
            v128_load(colours.as_ptr().cast()),
        )
    };
    // Shifts alone: a mask would be a constant.
    let red = u32x4_shr(i32x4_shl(colours, 24), 24);
    let green = u32x4_shr(i32x4_shl(colours, 16), 24);
    let blue = u32x4_shr(i32x4_shl(colours, 8), 24);
    let sum = i32x4_add(
        i32x4_add(
            i32x4_mul(planes[0].at(weights), red),
            i32x4_mul(planes[1].at(weights), green),
        ),
        i32x4_mul(planes[2].at(weights), blue),
    );
    let value = i32x4_add(
        i32x4_shr(sum, SLOPE_BITS - OFFSET_BITS),
        planes[3].at(weights),
    );
    let half = i32x4_splat(1 << (OFFSET_BITS - 1));
    let value = i32x4_shr(i32x4_add(value, half), OFFSET_BITS);
    let words = i16x8_narrow_i32x4(value, value);
    let bytes = u8x16_narrow_i16x8(words, words);
    i32x4_extract_lane::<0>(bytes).to_le_bytes()
}
