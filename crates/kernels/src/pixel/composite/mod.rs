//! Drawing a person over something else, a row at a time.
//!
//! Soft pixels hold a mixture `I = alpha F + (1 - alpha) B`. Given smooth estimates of both sides the person's own colour is
//! `F = F' + alpha (I - alpha F' - (1 - alpha) B')` (Forte, "Approximate Fast Foreground Colour Estimation", 2021, from low
//! resolution estimates): the estimate where the person is thin, the pixel itself where it is solid.
mod scalar;

use super::per_isa::per_isa;
use crate::isa::Isa;

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

/// [`over_row`] where every alpha is above 0 and below 255, and the picture, both sides and `background` are opaque: their
/// fourth bytes, where there are any, are 255. `out` is `[W, row.channels]`.
///
/// # Panics
/// When lengths contradict each other or there are other than 1, 3 or 4 channels.
pub fn soft_row(isa: Isa, row: Row<'_>, sides: Sides<'_>, background: &[[u8; 4]], out: &mut [u8]) {
    let row = Row {
        sides: Some(sides),
        ..row
    };
    row.check();
    assert_eq!(
        (background.len(), out.len()),
        (row.alpha.len(), row.picture.len()),
        "background and output length"
    );
    macro_rules! draw {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (
                    own: (&[u8], &[u8]) = (row.picture, row.alpha),
                    sides: Sides<'_> = sides,
                    behind: &[[u8; 4]] = background,
                    out: &mut [u8] = out,
                )
            )
        };
    }
    match row.channels {
        1 => draw!(scalar::soft_row::<1>),
        3 => draw!(scalar::soft_row::<3>),
        4 => draw!(scalar::soft_row::<4>),
        other => panic!("{other} channels"),
    }
}

/// The colours alone, `[W, 4]` to `[W, channels]`: all four bytes, red green blue, or the red of a gray picture.
///
/// # Panics
/// When lengths contradict each other or `channels` is none of 1, 3 and 4.
pub fn colours(isa: Isa, colours: &[[u8; 4]], out: &mut [u8], channels: usize) {
    assert_eq!(out.len(), colours.len() * channels, "output length");
    macro_rules! pick {
        ($body:path) => {
            per_isa!(isa, $body, (colours: &[[u8; 4]] = colours, out: &mut [u8] = out))
        };
    }
    match channels {
        1 => pick!(scalar::colours::<1>),
        3 => pick!(scalar::colours::<3>),
        4 => out.copy_from_slice(colours.as_flattened()),
        other => panic!("{other} channels"),
    }
}

/// Rec. 601 luma of red, green, blue: `(77 r + 150 g + 29 b + 128) / 256`.
pub fn luma([r, g, b]: [u8; 3]) -> u8 {
    ((77 * u32::from(r) + 150 * u32::from(g) + 29 * u32::from(b) + 128) >> 8) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mixture_of_two_known_colours_gives_the_person_back() {
        // F = (200, 100, 50), B = (0, 100, 250), alpha = 0.6 (153): I = (120, 100, 130).
        let sides = Sides {
            person: &[[200, 100, 50, 0]],
            background: &[[0, 100, 250, 0]],
        };
        let row = Row {
            picture: &[120, 100, 130],
            channels: 3,
            alpha: &[153],
            sides: Some(sides),
        };
        let mut person = [[0; 4]];
        person_row(Isa::Scalar, row, &mut person);
        assert_eq!(person, [[200, 100, 50, 153]]);
        let mut out = [0; 3];
        over_row(Isa::Scalar, row, &[[255, 255, 255, 255]], &mut out, 3);
        assert_eq!(out, [222, 162, 132]);
    }

    #[test]
    fn unmixing_is_the_formula_rounded_to_nearest() {
        for case in 0..40_000u32 {
            let [i, a, f, b] = [7, 13, 29, 31].map(|step| (case * step / 3 % 256) as u8);
            let a = a.clamp(1, 254);
            let sides = Sides {
                person: &[[f; 4]],
                background: &[[b; 4]],
            };
            let row = Row {
                picture: &[i],
                channels: 1,
                alpha: &[a],
                sides: Some(sides),
            };
            let mut person = [[0; 4]];
            person_row(Isa::Scalar, row, &mut person);
            let [i, alpha, f, b] = [i, a, f, b].map(f64::from);
            let alpha = alpha / 255.0;
            let exact = f + alpha * (i - alpha * f - (1.0 - alpha) * b);
            let found = f64::from(person[0][0]);
            assert!(
                (found - exact.clamp(0.0, 255.0)).abs() <= 0.5 + 1e-9,
                "{case}"
            );
        }
    }

    #[test]
    fn solid_pixels_are_copied_whatever_the_estimates() {
        for byte in 0..=255u8 {
            let sides = Sides {
                person: &[[255 - byte, 0, 255, 0]],
                background: &[[0, 255, byte, 0]],
            };
            let picture = [byte, byte ^ 85, 255 - byte];
            let row = Row {
                picture: &picture,
                channels: 3,
                alpha: &[255],
                sides: Some(sides),
            };
            let mut out = [0; 3];
            over_row(Isa::Scalar, row, &[[9; 4]], &mut out, 3);
            assert_eq!(out, picture);
        }
    }

    #[test]
    fn alpha_zero_is_the_background_and_its_alpha() {
        let row = Row {
            picture: &[1, 2, 3, 4],
            channels: 4,
            alpha: &[0],
            sides: None,
        };
        let mut out = [0; 4];
        over_row(Isa::Scalar, row, &[[10, 20, 30, 40]], &mut out, 4);
        assert_eq!(out, [10, 20, 30, 40]);
    }

    #[test]
    fn transparent_pixels_keep_their_colour_and_bound_alpha() {
        let sides = Sides {
            person: &[[200; 4]],
            background: &[[0; 4]],
        };
        let row = Row {
            picture: &[50, 60, 70, 100],
            channels: 4,
            alpha: &[180],
            sides: Some(sides),
        };
        let mut out = [[0; 4]];
        person_row(Isa::Scalar, row, &mut out);
        assert_eq!(out, [[50, 60, 70, 100]]);
    }

    #[test]
    fn a_half_transparent_pixel_of_the_person_is_unchanged_over_a_background_as_transparent() {
        let row = Row {
            picture: &[50, 60, 70, 128, 8, 9, 10, 0],
            channels: 4,
            alpha: &[128, 0],
            sides: None,
        };
        let mut out = [0; 8];
        over_row(
            Isa::Scalar,
            row,
            &[[200, 200, 200, 128], [1, 2, 3, 0]],
            &mut out,
            4,
        );
        assert_eq!(out, [50, 60, 70, 128, 1, 2, 3, 0]);
    }

    #[test]
    fn a_soft_row_is_the_general_row_on_every_isa() {
        let byte = |i: usize, step: usize| (i * step % 256) as u8;
        for channels in [1, 3, 4] {
            for width in [1, 15, 16, 17, 200] {
                let mut picture: Vec<u8> = (0..width * channels).map(|i| byte(i, 37)).collect();
                if channels == 4 {
                    picture.iter_mut().skip(3).step_by(4).for_each(|a| *a = 255);
                }
                let alpha: Vec<u8> = (0..width).map(|i| byte(i, 101).clamp(1, 254)).collect();
                let plane = |step: usize| -> Vec<[u8; 4]> {
                    let colour = |i| [byte(i, step), byte(i, step + 8), byte(i, step + 28), 255];
                    (0..width).map(colour).collect()
                };
                let (person, background, behind) = (plane(29), plane(53), plane(71));
                let sides = Sides {
                    person: &person,
                    background: &background,
                };
                let row = Row {
                    picture: &picture,
                    channels,
                    alpha: &alpha,
                    sides: Some(sides),
                };
                let mut expected = vec![0; picture.len()];
                over_row(Isa::Scalar, row, &behind, &mut expected, channels);
                for isa in Isa::available() {
                    let mut out = vec![0; picture.len()];
                    soft_row(isa, row, sides, &behind, &mut out);
                    assert_eq!(out, expected, "{isa} {width} {channels}");
                }
            }
        }
    }

    #[test]
    fn gray_goes_to_gray_and_to_colour() {
        let row = Row {
            picture: &[100],
            channels: 1,
            alpha: &[51],
            sides: None,
        };
        let (mut gray, mut colour) = ([0], [0; 3]);
        over_row(Isa::Scalar, row, &[[200, 200, 200, 255]], &mut gray, 1);
        over_row(Isa::Scalar, row, &[[200, 0, 100, 255]], &mut colour, 3);
        assert_eq!((gray, colour), ([180], [180, 20, 100]));
    }
}
