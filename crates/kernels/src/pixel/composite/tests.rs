use super::super::spread::{BITS, Between, Cells};
use super::super::tile::Kind;
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

/// A plane of cells of `1 << log` pixels under a row of `width` pixels.
fn between(width: usize, log: usize, step: usize) -> Between {
    let cells = width.div_ceil(1 << log);
    let byte = |i: usize| (i * step % 256) as u16;
    let plane: Vec<[u16; 4]> = (0..cells)
        .map(|i| [byte(i), byte(i + 8), byte(i + 28), 255].map(|byte| byte << BITS))
        .collect();
    let mut between = Between::default();
    let tiles = 0..(cells << log).div_ceil(tile::WIDTH);
    let cells = Cells {
        plane: &plane,
        width: cells,
        log,
    };
    between.take(Isa::Scalar, cells, 0, tiles);
    between
}

#[test]
fn rows_of_tiles_follow_the_formula_on_every_isa() {
    let byte = |i: usize, step: usize| (i * step % 256) as u8;
    for (channels, clear) in [(1, false), (3, false), (4, false), (4, true)] {
        for (width, log) in [
            (1, 3),
            (15, 2),
            (16, 3),
            (17, 1),
            (200, 3),
            (130, 2),
            (50, 0),
        ] {
            let mut picture: Vec<u8> = (0..width * channels).map(|i| byte(i, 37)).collect();
            if channels == 4 {
                let opacity = |i: usize| if clear { byte(i, 91) } else { 255 };
                let pixels = picture.as_chunks_mut::<4>().0.iter_mut().enumerate();
                pixels.for_each(|(i, pixel)| pixel[3] = opacity(i));
            }
            let ends = |i: usize| [0, 255, byte(i, 101)][i % 3];
            let alpha: Vec<u8> = (0..width).map(ends).collect();
            let kind = if clear { Kind::Clear } else { Kind::Soft };
            let kinds = vec![kind; width.div_ceil(16)];
            let planes = [29, 53, 71].map(|step| between(width, log, step));
            let [person, background, behind] = planes.each_ref().map(|between| {
                let mut row = vec![[0; 4]; width];
                between.spread(Isa::Scalar, &kinds, &mut row);
                row
            });
            let row = TileRow {
                picture: &picture,
                channels,
                alpha: &alpha,
                kinds: &kinds,
                person: &planes[0],
                background: &planes[1],
                behind: &planes[2],
            };
            let mut expected = vec![0; picture.len()];
            draw_row(Isa::Scalar, row, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![0; picture.len()];
                draw_row(isa, row, &mut out);
                assert_eq!(out, expected, "{isa} {channels} {width} {log}");
            }
            if clear {
                continue;
            }
            for i in 0..width * channels {
                let (x, c) = (i / channels, i % channels);
                let [f, b, behind] =
                    [&person, &background, &behind].map(|side| f64::from(side[x][c]));
                let (own, a) = (f64::from(picture[i]), f64::from(alpha[x]) / 255.0);
                let colour = (f + a * (own - a * f - (1.0 - a) * b)).clamp(0.0, 255.0);
                let exact = a * colour + (1.0 - a) * behind;
                let off = (f64::from(expected[i]) - exact).abs();
                let most = if matches!(alpha[x], 0 | 255) {
                    0.0
                } else {
                    1.6
                };
                assert!(
                    off <= most,
                    "{channels} {width}, byte {i}: {} not {exact}",
                    expected[i]
                );
            }
        }
    }
}

#[test]
fn full_tiles_are_the_picture_and_empty_ones_the_background() {
    for channels in [3, 4] {
        let picture: Vec<u8> = (0..70 * channels).map(|i| i as u8).collect();
        let background = between(70, 3, 71);
        let row = TileRow {
            picture: &picture,
            channels,
            // Not looked at: the kinds say what they are.
            alpha: &[99; 70],
            kinds: &[Kind::Full, Kind::Empty, Kind::Empty, Kind::Full, Kind::Full],
            person: &Between::default(),
            background: &Between::default(),
            behind: &background,
        };
        let mut behind = [[0; 4]; 70];
        background.spread(Isa::Scalar, &[Kind::Soft; 5], &mut behind);
        let mut expected = picture.clone();
        for x in 16..48 {
            expected[x * channels..][..channels].copy_from_slice(&behind[x][..channels]);
        }
        for isa in Isa::available() {
            let mut out = vec![0; picture.len()];
            draw_row(isa, row, &mut out);
            assert_eq!(out, expected, "{isa} {channels}");
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
