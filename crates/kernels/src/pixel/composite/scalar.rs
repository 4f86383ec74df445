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
