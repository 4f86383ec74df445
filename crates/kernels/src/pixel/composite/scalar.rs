//! Plain Rust for any ISA.
use super::super::div255;
use super::{Row, Sides};

/// Red, green, blue and opacity of a pixel of `C` bytes.
#[inline(always)]
fn load<const C: usize>(pixel: &[u8; C]) -> ([u8; 3], u8) {
    match C {
        1 => ([pixel[0]; 3], 255),
        3 => ([pixel[0], pixel[1], pixel[2]], 255),
        _ => ([pixel[0], pixel[1], pixel[2]], pixel[3]),
    }
}

/// `F = F' + alpha (I - alpha F' - (1 - alpha) B')`, rounded to nearest, held to a byte.
#[inline(always)]
fn unmix(picture: u8, alpha: u8, person: u8, background: u8) -> u8 {
    const ONE: i32 = 255 * 255;
    let [i, a, f, b] = [picture, alpha, person, background].map(i32::from);
    let value = f * ONE + a * (i * 255 - a * f - (255 - a) * b);
    // Held before it is divided: unsigned division by a constant is what vectors can do.
    ((value.clamp(0, 255 * ONE) + ONE / 2) as u32 / ONE as u32) as u8
}

/// The person's colour at place `x` of a row, and how much of it there is.
#[inline(always)]
fn person<const C: usize>(
    pixel: &[u8; C],
    alpha: u8,
    sides: Option<Sides<'_>>,
    x: usize,
) -> ([u8; 3], u8) {
    let (colour, opacity) = load(pixel);
    let alpha = alpha.min(opacity);
    match sides {
        Some(sides) if opacity == 255 && !matches!(alpha, 0 | 255) => {
            let (f, b) = (sides.person[x], sides.background[x]);
            (
                std::array::from_fn(|c| unmix(colour[c], alpha, f[c], b[c])),
                alpha,
            )
        }
        _ => (colour, alpha),
    }
}

/// The person's part, of 255, in a pixel whose whole opacity is `total` (not 0); rounded to nearest.
#[inline(always)]
fn share(alpha: u8, total: u8) -> u32 {
    let (alpha, total) = (u32::from(alpha.min(total)), u32::from(total));
    (alpha * 255 + total / 2) / total
}

#[inline(always)]
pub(super) fn person_row<const C: usize>(row: Row<'_>, out: &mut [[u8; 4]]) {
    let pixels = row.picture.as_chunks::<C>().0;
    for (x, ((pixel, &alpha), out)) in pixels.iter().zip(row.alpha).zip(out).enumerate() {
        let ([r, g, b], alpha) = person(pixel, alpha, row.sides, x);
        *out = [r, g, b, alpha];
    }
}

#[inline(always)]
pub(super) fn over_row<const C: usize, const O: usize>(
    row: Row<'_>,
    background: &[[u8; 4]],
    out: &mut [u8],
) {
    let pixels = row.picture.as_chunks::<C>().0.iter();
    let out = out.as_chunks_mut::<O>().0;
    for (x, (((pixel, &alpha), behind), out)) in
        pixels.zip(row.alpha).zip(background).zip(out).enumerate()
    {
        let (colour, covered) = match alpha {
            0 => ([0; 3], 0),
            _ => person(pixel, alpha, row.sides, x),
        };
        let share = match behind[3] {
            0 if O == 4 => u32::from(alpha),
            total if O == 4 && total < 255 => share(covered, total),
            _ => u32::from(covered),
        };
        let colour: [u8; 3] = std::array::from_fn(|c| {
            div255(u32::from(colour[c]) * share + u32::from(behind[c]) * (255 - share)) as u8
        });
        out[..O.min(3)].copy_from_slice(&colour[..O.min(3)]);
        if O == 4 {
            out[3] = behind[3];
        }
    }
}

#[inline(always)]
pub(super) fn colours<const C: usize>(colours: &[[u8; 4]], out: &mut [u8]) {
    for (out, colour) in out.as_chunks_mut::<C>().0.iter_mut().zip(colours) {
        out.copy_from_slice(&colour[..C]);
    }
}

/// Pixels of a soft row drawn at a time.
const BLOCK: usize = 16;

/// `over_row` where every pixel is soft and opaque, as is what lies behind.
#[inline(always)]
pub(super) fn soft_row<const C: usize>(
    (picture, alpha): (&[u8], &[u8]),
    sides: Sides<'_>,
    behind: &[[u8; 4]],
    out: &mut [u8],
) {
    let (pixels, out) = (picture.as_chunks::<C>().0, out.as_chunks_mut::<C>().0);
    for at in (0..alpha.len()).step_by(BLOCK) {
        let blocks = (
            (pixels[at..].first_chunk(), alpha[at..].first_chunk()),
            sides.person[at..].first_chunk(),
            sides.background[at..].first_chunk(),
            behind[at..].first_chunk(),
        );
        if let ((Some(pixels), Some(alpha)), Some(person), Some(background), Some(behind)) = blocks
        {
            let drawn = soft_block(pixels, alpha, [person, background, behind]);
            store(&drawn, &mut out[at..at + BLOCK]);
            continue;
        }
        let len = alpha.len() - at;
        let mut last = ([[0; C]; BLOCK], [0; BLOCK], [[[0; 4]; BLOCK]; 3]);
        last.0[..len].copy_from_slice(&pixels[at..]);
        last.1[..len].copy_from_slice(&alpha[at..]);
        for (last, all) in last
            .2
            .iter_mut()
            .zip([sides.person, sides.background, behind])
        {
            last[..len].copy_from_slice(&all[at..]);
        }
        let drawn = soft_block(&last.0, &last.1, last.2.each_ref());
        store(&drawn, &mut out[at..]);
    }
}

#[inline(always)]
fn store<const C: usize>(drawn: &[[u8; 4]; BLOCK], out: &mut [[u8; C]]) {
    for (out, drawn) in out.iter_mut().zip(drawn) {
        out.copy_from_slice(&drawn[..C]);
    }
}

#[inline(always)]
fn soft_block<const C: usize>(
    pixels: &[[u8; C]; BLOCK],
    alpha: &[u8; BLOCK],
    [person, background, behind]: [&[[u8; 4]; BLOCK]; 3],
) -> [[u8; 4]; BLOCK] {
    // Four channels each, the fourth being 255 throughout, so that all bytes take the same way.
    let mut own = [[255; 4]; BLOCK];
    let mut share = [[0; 4]; BLOCK];
    for i in 0..BLOCK {
        share[i] = (u32::from(alpha[i]) * 0x0101_0101).to_le_bytes();
        own[i] = match C {
            1 => [pixels[i][0], pixels[i][0], pixels[i][0], 255],
            3 => [pixels[i][0], pixels[i][1], pixels[i][2], 255],
            _ => [pixels[i][0], pixels[i][1], pixels[i][2], pixels[i][3]],
        };
    }
    let (own, share) = (own.as_flattened(), share.as_flattened());
    let (person, background, behind) = (
        person.as_flattened(),
        background.as_flattened(),
        behind.as_flattened(),
    );
    let mut out = [[0; 4]; BLOCK];
    for (i, out) in out.as_flattened_mut().iter_mut().enumerate() {
        let colour = u32::from(unmix(own[i], share[i], person[i], background[i]));
        let share = u32::from(share[i]);
        *out = div255(colour * share + u32::from(behind[i]) * (255 - share)) as u8;
    }
    out
}
