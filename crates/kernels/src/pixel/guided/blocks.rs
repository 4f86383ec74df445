//! A row in blocks of pixels, whatever vectors compute one.
use std::ops::Range;

use super::super::lerp::Taps;
use super::{Between, scalar};

/// As [`scalar::apply_plain`]: `N` pixels at a time by `block`, and by plain Rust what it can't do (`false`) and what is cut off.
///
/// `block` gets cells, weights, the picture from its first pixel on, and where the alphas go; it may write beyond the pixels that
/// need it, which are as good.
#[inline(always)]
pub(super) fn apply<const C: usize, const N: usize>(
    row: &Between,
    x: &Taps,
    picture: &[u8],
    out: &mut [u8],
    mut block: impl FnMut(&[u32; N], &[u16; N], &[[u8; C]], &mut [u8; N]) -> bool,
) {
    let pixels = picture.as_chunks::<C>().0;
    scalar::apply(row, x, out, |span: Range<usize>, out| {
        for at in span.clone().step_by(N) {
            let blocks = (
                x.cells_of(at..).first_chunk(),
                x.weights()[at..].first_chunk(),
                out[at..].first_chunk_mut(),
            );
            let done = match blocks {
                (Some(cells), Some(weights), Some(out)) => {
                    block(cells, weights, &pixels[at..], out)
                }
                _ => false,
            };
            if !done {
                scalar::soft::<C>(row, x, picture, at..(at + N).min(span.end), out);
            }
        }
    });
}
