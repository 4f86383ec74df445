//! A row of tiles drawn: the person as it is, the background blurred, and mixtures where both are.
use super::super::spread::Between;
use super::super::spread::scalar as spread;
use super::super::tile::{Kind, WIDTH};
use super::{Row, Sides, scalar};

/// A row of pixels and what lies under it.
#[derive(Debug, Clone, Copy)]
pub struct TileRow<'a> {
    /// The picture, `[W, channels]`.
    pub picture: &'a [u8],
    /// Bytes per pixel: 1 (gray), 3 or 4 (straight alpha).
    pub channels: usize,
    /// The person's share, `[W]`.
    pub alpha: &'a [u8],
    /// The kinds of the tiles that the row goes through.
    pub kinds: &'a [Kind],
    /// Smooth colours of the person; read in soft tiles alone.
    pub person: &'a Between,
    /// Smooth colours of the background; read in soft tiles alone.
    pub background: &'a Between,
    /// What is drawn in place of the background.
    pub behind: &'a Between,
}

/// The colours under the pixels of tile `i`.
#[inline(always)]
fn under(between: &Between, i: usize) -> [[u8; 4]; WIDTH] {
    let cells = between.under_tile(i);
    match between.log() {
        0 => spread::tile::<0>(cells),
        1 => spread::tile::<1>(cells),
        2 => spread::tile::<2>(cells),
        _ => spread::tile::<3>(cells),
    }
}

#[inline(always)]
pub(super) fn draw<const C: usize>(row: TileRow<'_>, out: &mut [u8]) {
    let pixels = row.picture.as_chunks::<C>().0.chunks(WIDTH);
    let outs = out.as_chunks_mut::<C>().0.chunks_mut(WIDTH);
    let tiles = pixels.zip(row.alpha.chunks(WIDTH)).zip(outs);
    for (i, ((picture, out), kind)) in tiles.zip(row.kinds).enumerate() {
        draw_tile(&row, (i, *kind), picture, out);
    }
}

/// As [`draw`]: tiles of background alone by `empty`, soft ones by `soft`, both given the tile's number, where there are such; the others
/// and what is no whole tile by [`draw_tile`].
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn draw_by<const C: usize>(
    row: TileRow<'_>,
    out: &mut [u8],
    mut empty: Option<impl FnMut(usize, &mut [[u8; C]; WIDTH])>,
    mut soft: Option<impl FnMut(usize, &[[u8; C]; WIDTH], &[u8; WIDTH], &mut [[u8; C]; WIDTH])>,
) {
    let (pixels, last) = row.picture.as_chunks::<C>().0.as_chunks();
    let (alphas, last_alphas) = row.alpha.as_chunks();
    let (outs, last_out) = out.as_chunks_mut::<C>().0.as_chunks_mut();
    let mut at = 0;
    for run in row.kinds[..outs.len()].chunk_by(PartialEq::eq) {
        let tiles = at..at + run.len();
        at = tiles.end;
        let (pixels, alphas) = (&pixels[tiles.clone()], &alphas[tiles.clone()]);
        let outs = &mut outs[tiles.clone()];
        match (run[0], &mut empty, &mut soft) {
            (Kind::Full, ..) => outs.copy_from_slice(pixels),
            (Kind::Empty, Some(empty), _) => {
                for (i, out) in tiles.zip(outs) {
                    empty(i, out);
                }
            }
            (Kind::Soft, _, Some(soft)) => {
                let each = tiles.zip(pixels).zip(alphas.iter().zip(outs));
                for ((i, pixels), (alphas, out)) in each {
                    soft(i, pixels, alphas, out);
                }
            }
            (kind, ..) => {
                let each = tiles.zip(pixels).zip(alphas.iter().zip(outs));
                for ((i, pixels), (alphas, out)) in each {
                    draw_tile(&row, (i, kind), (pixels, alphas), out);
                }
            }
        }
    }
    if let Some(&kind) = row.kinds.get(at) {
        draw_tile(&row, (at, kind), (last, last_alphas), last_out);
    }
}

/// Tile `i` of the row, given its kind, its pixels and their alphas.
#[inline(always)]
pub(super) fn draw_tile<const C: usize>(
    row: &TileRow<'_>,
    (i, kind): (usize, Kind),
    (pixels, alpha): (&[[u8; C]], &[u8]),
    out: &mut [[u8; C]],
) {
    if kind == Kind::Full {
        out.copy_from_slice(pixels);
        return;
    }
    let behind = under(row.behind, i);
    if kind == Kind::Empty {
        store(&behind, out);
        return;
    }
    let person = under(row.person, i);
    let background = under(row.background, i);
    if kind == Kind::Clear {
        let sides = Sides {
            person: &person,
            background: &background,
        };
        clear::<C>(pixels, alpha, sides, behind, out);
        return;
    }
    let drawn = match (pixels.first_chunk(), alpha.first_chunk()) {
        (Some(pixels), Some(alpha)) => soft(pixels, alpha, [&person, &background, &behind]),
        _ => {
            let mut last = ([[0; C]; WIDTH], [0; WIDTH]);
            last.0[..pixels.len()].copy_from_slice(pixels);
            last.1[..alpha.len()].copy_from_slice(alpha);
            soft(&last.0, &last.1, [&person, &background, &behind])
        }
    };
    store(&drawn, out);
}

#[inline(always)]
fn store<const C: usize>(colours: &[[u8; 4]; WIDTH], out: &mut [[u8; C]]) {
    if C == 4 && out.len() == WIDTH {
        out.as_flattened_mut()
            .copy_from_slice(colours.as_flattened());
        return;
    }
    for (out, colour) in out.iter_mut().zip(colours) {
        out.copy_from_slice(&colour[..C]);
    }
}

/// Draws pixels of any opacity, which stays as it is.
#[inline(always)]
fn clear<const C: usize>(
    pixels: &[[u8; C]],
    alpha: &[u8],
    sides: Sides<'_>,
    mut behind: [[u8; 4]; WIDTH],
    out: &mut [[u8; C]],
) {
    for (behind, pixel) in behind.iter_mut().zip(pixels) {
        behind[3] = if C == 4 { pixel[C - 1] } else { 255 };
    }
    let row = Row {
        picture: pixels.as_flattened(),
        channels: C,
        alpha,
        sides: Some(sides),
    };
    scalar::over_row::<C, C>(row, &behind, out.as_flattened_mut());
}

/// `value / 255`, rounded to nearest, for any product of two bytes.
#[inline(always)]
fn div255(value: u16) -> u16 {
    let t = value + 128;
    (t + (t >> 8)) >> 8
}

/// Draws opaque pixels of any alpha: with `M = (alpha F' + (255 - alpha) B') / 255` the person's own colour is
/// `F = F' + alpha (I - M) / 255`, held to a byte, and what is drawn `(alpha F + (255 - alpha) behind) / 255`; each division is
/// rounded to nearest, halves away from zero. `F` is within one step of [`person_row`](super::person_row)'s; alphas of 0 and 255
/// give `behind` and the picture bit for bit.
#[inline(always)]
pub(super) fn soft<const C: usize>(
    pixels: &[[u8; C]; WIDTH],
    alpha: &[u8; WIDTH],
    [person, background, behind]: [&[[u8; 4]; WIDTH]; 3],
) -> [[u8; 4]; WIDTH] {
    // Four channels each, the fourth being 255 throughout, so that all bytes take the same way.
    let mut own = [[255; 4]; WIDTH];
    let mut share = [[0; 4]; WIDTH];
    for i in 0..WIDTH {
        share[i] = [alpha[i]; 4];
        own[i] = match C {
            1 => [pixels[i][0], pixels[i][0], pixels[i][0], 255],
            3 => [pixels[i][0], pixels[i][1], pixels[i][2], 255],
            _ => [pixels[i][0], pixels[i][1], pixels[i][2], pixels[i][3]],
        };
    }
    let (own, share) = (own.as_flattened(), share.as_flattened());
    let (person, background) = (person.as_flattened(), background.as_flattened());
    let behind = behind.as_flattened();
    let mut out = [[0; 4]; WIDTH];
    for (i, out) in out.as_flattened_mut().iter_mut().enumerate() {
        let [own, share, person, background, behind] =
            [own[i], share[i], person[i], background[i], behind[i]].map(u16::from);
        let rest = 255 - share;
        let mixture = div255(share * person + rest * background);
        let (above, below) = (own.max(mixture) - mixture, mixture.max(own) - own);
        let correction = div255(share * (above + below));
        let raised = (person + correction).min(255);
        let lowered = person.max(correction) - correction;
        let colour = if above > 0 { raised } else { lowered };
        *out = div255(share * colour + rest * behind) as u8;
    }
    out
}
