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
