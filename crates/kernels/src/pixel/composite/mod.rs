//! Drawing a person over something else, a row at a time.
//!
//! Soft pixels hold a mixture `I = alpha F + (1 - alpha) B`. Given smooth estimates of both sides the person's own colour is
//! `F = F' + alpha (I - alpha F' - (1 - alpha) B')` (Forte, "Approximate Fast Foreground Colour Estimation", 2021, from low
//! resolution estimates): the estimate where the person is thin, the pixel itself where it is solid.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;
mod tiles;

use super::per_isa::per_isa;
use super::tile;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;

pub use tiles::TileRow;

/// Smooth colours of both sides under a row, `[W, 4]` each, the fourth byte unused. Read where alpha is neither 0 nor 255.
#[derive(Debug, Clone, Copy)]
pub struct Sides<'a> {
    /// The person's.
    pub person: &'a [[u8; 4]],
    /// The background's.
    pub background: &'a [[u8; 4]],
}

/// A row to be drawn.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The picture, `[W, channels]`.
    pub picture: &'a [u8],
    /// Bytes per pixel: 1 (gray), 3 or 4 (straight alpha).
    pub channels: usize,
    /// The person's share, `[W]`.
    pub alpha: &'a [u8],
    /// For taking the background's colour out of soft pixels; without it they keep theirs.
    pub sides: Option<Sides<'a>>,
}

impl Row<'_> {
    fn check(&self) {
        let width = self.alpha.len();
        assert_eq!(self.picture.len(), width * self.channels, "picture length");
        let fits = self
            .sides
            .is_none_or(|sides| (sides.person.len(), sides.background.len()) == (width, width));
        assert!(fits, "length of the sides");
    }
}

/// The person's own colours as `[W, 4]`: red, green, blue, alpha (never above the picture's own).
///
/// Pixels with alpha 0 or 255 are copied bit for bit. So are those that the picture itself makes transparent: straight colours
/// are the person's already.
///
/// # Panics
/// When lengths contradict each other or `channels` is none of 1, 3 and 4.
pub fn person_row(isa: Isa, row: Row<'_>, out: &mut [[u8; 4]]) {
    row.check();
    assert_eq!(out.len(), row.alpha.len(), "output length");
    macro_rules! draw {
        ($body:path) => {
            per_isa!(isa, $body, (row: Row<'_> = row, out: &mut [[u8; 4]] = out))
        };
    }
    match row.channels {
        1 => draw!(scalar::person_row::<1>),
        3 => draw!(scalar::person_row::<3>),
        4 => draw!(scalar::person_row::<4>),
        other => panic!("{other} channels"),
    }
}

/// `alpha F + (1 - alpha) background`, rounded to nearest, with `F` as in [`person_row`].
///
/// `background` is `[W, 4]`; its fourth byte becomes the alpha of an output that has one, and where it is below 255 the
/// person's share of the colour is alpha as a part of it (alpha itself where it is 0 and nothing shows). `out` is `[W, out_channels]`: as many
/// channels as the picture, or 3 for a gray picture.
///
/// # Panics
/// When lengths contradict each other, or for other numbers of channels.
pub fn over_row(
    isa: Isa,
    row: Row<'_>,
    background: &[[u8; 4]],
    out: &mut [u8],
    out_channels: usize,
) {
    row.check();
    let width = row.alpha.len();
    assert_eq!(
        (background.len(), out.len()),
        (width, width * out_channels),
        "background and output length"
    );
    macro_rules! draw {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (row: Row<'_> = row, behind: &[[u8; 4]] = background, out: &mut [u8] = out)
            )
        };
    }
    match (row.channels, out_channels) {
        (1, 1) => draw!(scalar::over_row::<1, 1>),
        (1, 3) => draw!(scalar::over_row::<1, 3>),
        (3, 3) => draw!(scalar::over_row::<3, 3>),
        (4, 4) => draw!(scalar::over_row::<4, 4>),
        (from, to) => panic!("{from} to {to} channels"),
    }
}

/// Draws a row of tiles with another background: full tiles are copied, empty ones are `behind`, soft ones mixtures of it and the
/// person's own colours. `out` is `[W, row.channels]`; transparent pixels keep their opacity.
///
/// In opaque tiles, with `M = (alpha F' + (255 - alpha) B') / 255`, the person's colour is `F = F' + alpha (I - M) / 255`, held to
/// a byte, and what is drawn `(alpha F + (255 - alpha) behind) / 255`; each division is rounded to nearest, halves away from zero.
/// So `F` is within one step of [`person_row`]'s, and alphas of 0 and 255 give `behind` and the picture bit for bit. Tiles with
/// transparent pixels are drawn as [`over_row`] draws.
///
/// # Panics
/// When lengths contradict each other or there are other than 1, 3 or 4 channels.
pub fn draw_row(isa: Isa, row: TileRow<'_>, out: &mut [u8]) {
    let width = row.alpha.len();
    assert_eq!(
        (row.picture.len(), out.len()),
        (width * row.channels, width * row.channels),
        "picture and output length"
    );
    assert_eq!(row.kinds.len(), width.div_ceil(tile::WIDTH), "tiles");
    #[cfg(target_arch = "x86_64")]
    {
        type Draw = unsafe fn(TileRow<'_>, &mut [u8]);
        let vectors: Option<Draw> = match (isa.vectors(), row.channels) {
            (Vectors::Avx2(_token), 3) => Some(avx2::draw::<3>),
            (Vectors::Avx2(_token), 4) => Some(avx2::draw::<4>),
            (Vectors::Avx512(_token), 3) => Some(avx512::draw::<3>),
            (Vectors::Avx512(_token), 4) => Some(avx512::draw::<4>),
            _ => None,
        };
        if let Some(draw) = vectors {
            // SAFETY: `_token` proved that this CPU has the features that `draw` enables.
            return unsafe { draw(row, out) };
        }
    }
    macro_rules! draw {
        ($body:path) => {
            per_isa!(isa, $body, (row: TileRow<'_> = row, out: &mut [u8] = out))
        };
    }
    match row.channels {
        1 => draw!(tiles::draw::<1>),
        3 => draw!(tiles::draw::<3>),
        4 => draw!(tiles::draw::<4>),
        other => panic!("{other} channels"),
    }
}

/// Rec. 601 luma of red, green, blue: `(77 r + 150 g + 29 b + 128) / 256`.
pub fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

#[cfg(test)]
mod tests;
