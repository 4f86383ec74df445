//! Plain Rust for any ISA.
use std::ops::Range;

use super::Taps;

#[inline(always)]
fn mix(a: u16, b: u16, weight: u16) -> u32 {
    u32::from(a) * (256 - u32::from(weight)) + u32::from(b) * u32::from(weight)
}

/// The row between two rows of cells, `weight / 256` of the way down.
#[inline(always)]
pub(super) fn between(above: &[[u16; 4]], below: &[[u16; 4]], weight: u16, out: &mut [[u16; 4]]) {
    for ((out, a), b) in out.iter_mut().zip(above).zip(below) {
        *out = std::array::from_fn(|c| ((mix(a[c], b[c], weight) + 128) >> 8) as u16);
    }
}

/// Pixels written at a time.
const STEP: usize = 4;

/// The row's cells spread over the pixels `span`; `row` has one cell beyond the last index.
#[inline(always)]
pub(super) fn spread(row: &[[u16; 4]], x: &Taps, span: Range<usize>, out: &mut [[u8; 4]]) {
    let weights = &x.weights()[..span.end];
    let out = &mut out[..span.end];
    let (mut cell, mut at) = (x.at(span.start).0, span.start);
    while at < span.end {
        let end = x.outputs(cell, &span).end;
        // `a * (256 - weight) + b * weight`, and the half that rounds.
        let (a, b) = (row[cell].map(i32::from), row[cell + 1].map(i32::from));
        let base: [i32; 4] = std::array::from_fn(|c| (a[c] << 8) + (1 << 15));
        let slope: [i32; 4] = std::array::from_fn(|c| b[c] - a[c]);
        while at < end {
            // A whole step may run into the next cell's pixels, which are written after these.
            if let (Some(weights), Some(out)) = (
                weights[at..].first_chunk::<STEP>(),
                out[at..].first_chunk_mut::<STEP>(),
            ) {
                let mut values = [[0; 4]; STEP];
                for i in 0..STEP {
                    for c in 0..4 {
                        values[i][c] = ((base[c] + slope[c] * i32::from(weights[i])) >> 16) as u8;
                    }
                }
                *out = values;
                at += STEP;
            } else {
                let weight = i32::from(weights[at]);
                out[at] = std::array::from_fn(|c| ((base[c] + slope[c] * weight) >> 16) as u8);
                at += 1;
            }
        }
        at = end;
        cell += 1;
    }
}
