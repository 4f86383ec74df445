//! Full-size rows in plain Rust for any ISA.
use std::ops::Range;

use super::super::lerp::Taps;
use super::{Between, OFFSET_BITS, SLOPE_BITS};

/// The row of coefficients between two rows, `weight / 256` of the way down.
#[inline(always)]
pub(super) fn between(above: &[i32], below: &[i32], weight: u16, out: &mut [i32]) {
    for ((out, &a), &b) in out.iter_mut().zip(above).zip(below) {
        *out = mix(a, b, weight);
    }
}

#[inline(always)]
fn mix(a: i32, b: i32, weight: u16) -> i32 {
    ((a << 8) + (b - a) * i32::from(weight)) >> 8
}

/// Whether each cell and its right neighbour have the same offset and no slopes; `planes` have a cell more.
#[inline(always)]
pub(super) fn flat(planes: [&[i32]; 4], out: &mut [u8]) {
    let [reds, greens, blues, offsets] = planes;
    let slopes = reds.iter().zip(greens).zip(blues);
    for (((i, out), ((a, b), c)), offset) in out.iter_mut().enumerate().zip(slopes).zip(offsets) {
        let next = reds[i + 1] | greens[i + 1] | blues[i + 1];
        *out = u8::from(a | b | c | next | (offset ^ offsets[i + 1]) == 0);
    }
}

/// One row; `soft` writes the pixels of a range, and may write what comes after them.
#[inline(always)]
pub(super) fn apply(
    row: &Between,
    x: &Taps,
    out: &mut [u8],
    mut soft: impl FnMut(Range<usize>, &mut [u8]),
) {
    let flats = &row.flats[..row.cells];
    let whole = 0..out.len();
    let mut cell = 0;
    while let Some(&flat) = flats.get(cell) {
        let run = flats[cell..]
            .iter()
            .take_while(|&&other| other == flat)
            .count();
        let span = x.outputs(cell, &whole).start..x.outputs(cell + run - 1, &whole).end;
        if flat == 1 {
            out[span].fill(alpha(row.plane(3)[cell]));
        } else {
            soft(span, out);
        }
        cell += run;
    }
}

/// The pixels `span` in plain Rust.
#[inline(always)]
pub(super) fn soft<const C: usize>(
    row: &Between,
    x: &Taps,
    picture: &[u8],
    span: Range<usize>,
    out: &mut [u8],
) {
    let pixels = picture.as_chunks::<C>().0;
    for i in span {
        let (cell, weight) = x.at(i);
        let at = |c: usize| mix(row.plane(c)[cell], row.plane(c)[cell + 1], weight);
        let [r, g, b] = match C {
            1 => [pixels[i][0]; 3],
            _ => [pixels[i][0], pixels[i][1], pixels[i][2]],
        }
        .map(i32::from);
        let sum = at(0) * r + at(1) * g + at(2) * b;
        out[i] = alpha((sum >> (SLOPE_BITS - OFFSET_BITS)) + at(3));
    }
}

/// [`apply`] with [`soft`].
#[inline(always)]
pub(super) fn apply_plain<const C: usize>(row: &Between, x: &Taps, picture: &[u8], out: &mut [u8]) {
    apply(row, x, out, |span, out| {
        soft::<C>(row, x, picture, span, out)
    });
}

/// A fixed-point sum rounded half up and held to a byte.
#[inline(always)]
fn alpha(value: i32) -> u8 {
    ((value + (1 << (OFFSET_BITS - 1))) >> OFFSET_BITS).clamp(0, 255) as u8
}
