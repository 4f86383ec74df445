//! Every effect on synthetic scenes whose answer is known.
use hypercut::effects::{self, Effect, OptionValue, OptionValues};
use hypercut::{ErrorKind, Frame, FrameMut, Mask, Picture, PixelFormat};

const RED: [u8; 3] = [220, 20, 30];
const BLUE: [u8; 3] = [10, 40, 210];

/// A red person before a blue wall, with an edge `softness` pixels wide on either side: `(picture, mask)`.
fn scene(width: usize, height: usize, softness: i32) -> (Vec<u8>, Mask) {
    let (mut picture, mut alphas) = (Vec::new(), Vec::new());
    for i in 0..width * height {
        let (x, y) = ((i % width) as i32, (i / width) as i32);
        let inside = (x - width as i32 / 3)
            .min(2 * width as i32 / 3 - x)
            .min(y - height as i32 / 4);
        let alpha = (128 + inside * 127 / softness.max(1)).clamp(0, 255);
        alphas.push(alpha as u8);
        for c in 0..3 {
            let mixed = i32::from(RED[c]) * alpha + i32::from(BLUE[c]) * (255 - alpha);
            picture.push(((mixed + 127) / 255) as u8);
        }
    }
    (picture, Mask::from_raw(width, height, alphas).unwrap())
}

fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// Builds by name with options as text; `image` gets a picture of noise.
fn build(name: &str, options: &[(&str, &str)]) -> Box<dyn Effect> {
    let info = effects::find(name).unwrap();
    let mut values = OptionValues::new();
    for (option, text) in options {
        values.set(*option, info.option(option).unwrap().parse(text).unwrap());
    }
    if name == "image" {
        let picture = Picture::new(noise(30 * 20 * 3, 5), 30, 20, PixelFormat::Rgb8).unwrap();
        values.set("background", OptionValue::Picture(picture));
    }
    info.build(&values).unwrap()
}

fn apply(effect: &mut dyn Effect, frame: &Frame<'_>, mask: &Mask) -> Vec<u8> {
    let format = effect.output_format(frame.format());
    let mut out = vec![0; frame.width() * frame.height() * format.bytes()];
    let mut view = FrameMut::packed(&mut out, frame.width(), frame.height(), format).unwrap();
    effect.apply(frame, mask, &mut view).unwrap();
    out
}

/// The most red within 20 pixels left of the person's soft edge.
fn reddest(picture: &[u8], width: usize, edge: usize) -> u8 {
    let near = |row: &[u8]| {
        row[(edge - 20) * 3..edge * 3]
            .chunks(3)
            .map(|pixel| pixel[0])
            .max()
            .unwrap()
    };
    picture.chunks(width * 3).skip(40).map(near).max().unwrap()
}

#[test]
fn no_red_of_the_person_bleeds_into_the_blurred_wall() {
    let (width, height, softness) = (240, 160, 4);
    let (picture, mask) = scene(width, height, softness);
    let frame = Frame::rgb8(&picture, width, height).unwrap();
    let edge = width / 3 - softness as usize - 1;
    for style in ["gaussian", "bokeh"] {
        let blurred = apply(
            &mut *build("blur", &[("strength", "100"), ("style", style)]),
            &frame,
            &mask,
        );
        let red = reddest(&blurred, width, edge);
        assert!(
            red <= BLUE[0] + 2,
            "{style}: red of {red} beside the person, {} on the wall",
            BLUE[0]
        );
        // The same blur over the whole frame, its mask empty, does bleed.
        let nobody = Mask::from_raw(width, height, vec![0; width * height]).unwrap();
        let whole = apply(
            &mut *build("blur", &[("strength", "100"), ("style", style)]),
            &frame,
            &nobody,
        );
        let red = reddest(&whole, width, edge);
        assert!(
            red > BLUE[0] + 40,
            "{style}: a blur of everything should bleed, red is {red}"
        );
    }
}

#[test]
fn the_persons_soft_edge_over_a_colour_is_a_mixture_of_person_and_colour_alone() {
    let (width, height) = (240, 160);
    let (picture, mask) = scene(width, height, 6);
    let frame = Frame::rgb8(&picture, width, height).unwrap();
    let out = apply(&mut *build("color", &[("color", "#00ff00")]), &frame, &mask);
    for (i, pixel) in out.chunks(3).enumerate() {
        let alpha = f32::from(mask.data()[i]) / 255.0;
        for c in 0..3 {
            let exact = alpha * f32::from(RED[c]) + (1.0 - alpha) * [0.0, 255.0, 0.0][c];
            assert!(
                (f32::from(pixel[c]) - exact).abs() <= 4.0,
                "pixel {i}: {pixel:?}, alpha {alpha}"
            );
        }
    }
}

#[test]
fn a_cutout_over_its_own_wall_is_the_picture_again() {
    let (width, height) = (200, 150);
    let (picture, mask) = scene(width, height, 5);
    let frame = Frame::rgb8(&picture, width, height).unwrap();
    let out = apply(&mut *build("cutout", &[]), &frame, &mask);
    let spilled = apply(
        &mut *build("cutout", &[("keep-spill", "true")]),
        &frame,
        &mask,
    );
    let mut differs = false;
    for (i, pixel) in out.chunks(4).enumerate() {
        assert_eq!(pixel[3], mask.data()[i]);
        let alpha = f32::from(pixel[3]) / 255.0;
        for c in 0..3 {
            let again = alpha * f32::from(pixel[c]) + (1.0 - alpha) * f32::from(BLUE[c]);
            assert!(
                (again - f32::from(picture[i * 3 + c])).abs() <= 3.0,
                "pixel {i}: {pixel:?}"
            );
        }
        if pixel[3] > 0 {
            assert_eq!(spilled[i * 4..][..3], picture[i * 3..][..3]);
            differs |= spilled[i * 4..][..3] != pixel[..3];
        }
    }
    assert!(differs, "keeping the spill should show at the edge");
}

#[test]
fn where_all_is_person_nothing_changes_by_one_bit() {
    let (width, height) = (37, 23);
    let person = Mask::from_raw(width, height, vec![255; width * height]).unwrap();
    for (format, seed) in [
        (PixelFormat::Gray8, 1),
        (PixelFormat::Rgb8, 2),
        (PixelFormat::Rgba8, 3),
    ] {
        let mut picture = noise(width * height * format.bytes(), seed);
        for style in [("style", "gaussian"), ("style", "bokeh")] {
            let frame =
                Frame::new(&picture, width, height, width * format.bytes(), format).unwrap();
            let out = apply(&mut *build("blur", &[style]), &frame, &person);
            assert!(out == picture, "blur {format:?}");
            let out = apply(&mut *build("pop", &[]), &frame, &person);
            assert!(out == picture, "pop {format:?}");
        }
        if format.has_alpha() {
            picture
                .iter_mut()
                .skip(3)
                .step_by(4)
                .for_each(|alpha| *alpha = 255);
        }
        let frame = Frame::new(&picture, width, height, width * format.bytes(), format).unwrap();
        for name in ["color", "image"] {
            let out = apply(&mut *build(name, &[]), &frame, &person);
            if format == PixelFormat::Gray8 {
                assert!(
                    out.chunks(3)
                        .zip(&picture)
                        .all(|(pixel, &gray)| pixel == [gray; 3]),
                    "{name}"
                );
            } else {
                assert!(out == picture, "{name} {format:?}");
            }
        }
    }
}

#[test]
fn a_plain_wall_without_anybody_stays_as_it_is() {
    let (width, height) = (123, 45);
    let nobody = Mask::from_raw(width, height, vec![0; width * height]).unwrap();
    for colour in [[0, 0, 0], [255, 255, 255], [13, 77, 201]] {
        let picture = colour.repeat(width * height);
        let frame = Frame::rgb8(&picture, width, height).unwrap();
        for style in ["gaussian", "bokeh"] {
            for strength in ["0", "3", "50", "100"] {
                let out = apply(
                    &mut *build("blur", &[("strength", strength), ("style", style)]),
                    &frame,
                    &nobody,
                );
                assert!(out == picture, "{style} {strength}");
            }
        }
    }
}

#[test]
fn every_effect_takes_every_format_awkward_sizes_and_strides_and_a_change_of_size() {
    for info in effects::EFFECTS {
        let mut reused = build(info.name, &[]);
        for (width, height) in [(1, 1), (1, 9), (9, 1), (7, 5), (33, 17), (1, 1)] {
            for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
                let what = format!("{} {width} x {height} {format:?}", info.name);
                let row = width * format.bytes();
                let packed = noise(row * height, 11);
                let mut padded = vec![99; (row + 5) * height - 5];
                for (to, from) in padded.chunks_mut(row + 5).zip(packed.chunks(row)) {
                    to[..row].copy_from_slice(from);
                }
                let mask = Mask::from_raw(width, height, noise(width * height, 12)).unwrap();
                let frame = Frame::new(&packed, width, height, row, format).unwrap();
                let expected = apply(&mut *build(info.name, &[]), &frame, &mask);

                let frame = Frame::new(&padded, width, height, row + 5, format).unwrap();
                let wanted = reused.output_format(format);
                let out_row = width * wanted.bytes();
                let mut out = vec![77; (out_row + 3) * height];
                let mut view = FrameMut::new(&mut out, width, height, out_row + 3, wanted).unwrap();
                reused.apply(&frame, &mask, &mut view).unwrap();
                for (found, expected) in out.chunks(out_row + 3).zip(expected.chunks(out_row)) {
                    assert!(found[..out_row] == *expected, "{what}");
                    assert_eq!(found[out_row..], [77; 3], "{what}: padding was written");
                }
            }
        }
    }
}

#[test]
fn the_mask_effect_writes_the_mask() {
    let mask = Mask::from_raw(7, 5, noise(35, 21)).unwrap();
    let picture = noise(105, 22);
    assert_eq!(
        apply(
            &mut *build("mask", &[]),
            &Frame::rgb8(&picture, 7, 5).unwrap(),
            &mask
        ),
        mask.data()
    );
}

#[test]
fn pop_grays_the_background_by_the_amount() {
    let nobody = Mask::from_raw(1, 1, vec![0]).unwrap();
    let frame = Frame::rgb8(&[200, 100, 0], 1, 1).unwrap();
    // Luma: 0.299 * 200 + 0.587 * 100 = 118.5.
    assert_eq!(apply(&mut *build("pop", &[]), &frame, &nobody), [119; 3]);
    assert_eq!(
        apply(&mut *build("pop", &[("amount", "0")]), &frame, &nobody),
        [200, 100, 0]
    );
    assert_eq!(
        apply(&mut *build("pop", &[("amount", "50")]), &frame, &nobody),
        [160, 110, 60]
    );
}

#[test]
fn a_background_picture_covers_the_frame_from_its_middle() {
    // 6 x 2, columns of 10, 20 .. 60; a square frame sees the middle 2 x 2.
    let columns: Vec<u8> = [10, 20, 30, 40, 50, 60].repeat(2);
    let picture = Picture::new(columns, 6, 2, PixelFormat::Gray8).unwrap();
    let mut values = OptionValues::new();
    values.set("background", OptionValue::Picture(picture));
    let mut effect = effects::find("image").unwrap().build(&values).unwrap();
    let nobody = Mask::from_raw(2, 2, vec![0; 4]).unwrap();
    let out = apply(&mut *effect, &Frame::rgb8(&[0; 12], 2, 2).unwrap(), &nobody);
    assert_eq!(out, [30, 30, 30, 40, 40, 40, 30, 30, 30, 40, 40, 40]);
}

#[test]
fn a_preview_and_the_photo_are_blurred_alike() {
    // A wall half black, half white: where the blurred edge reaches 1/4, as a share of the width.
    let reach = |width: usize| {
        let picture: Vec<u8> = (0..width * width)
            .flat_map(|i| [if i % width < width / 2 { 0 } else { 255 }; 3])
            .collect();
        let nobody = Mask::from_raw(width, width, vec![0; width * width]).unwrap();
        let out = apply(
            &mut *build("blur", &[]),
            &Frame::rgb8(&picture, width, width).unwrap(),
            &nobody,
        );
        let row = &out[width / 2 * width * 3..][..width * 3];
        let first = row.chunks(3).position(|pixel| pixel[0] >= 64).unwrap();
        (width / 2 - first) as f32 / width as f32
    };
    let (preview, photo) = (reach(200), reach(1000));
    assert!(
        (preview - photo).abs() < 0.004 && photo > 0.005,
        "{preview} {photo}"
    );
}

#[test]
fn mismatches_are_errors_that_say_what() {
    let picture = [0; 12];
    let frame = Frame::rgb8(&picture, 2, 2).unwrap();
    let mask = Mask::from_raw(1, 2, vec![0; 2]).unwrap();
    let mut out = [0; 12];
    let mut blur = build("blur", &[]);
    let error = blur
        .apply(&frame, &mask, &mut FrameMut::rgb8(&mut out, 2, 2).unwrap())
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (
            ErrorKind::Size,
            "a mask of 1 x 2 doesn't fit a frame of 2 x 2"
        )
    );
    let mask = Mask::from_raw(2, 2, vec![0; 4]).unwrap();
    let error = blur
        .apply(&frame, &mask, &mut FrameMut::gray8(&mut out, 2, 2).unwrap())
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the output has Gray8 pixels; this effect writes Rgb8"
    );
    assert_eq!(error.kind(), ErrorKind::Format);
}

#[test]
fn options_are_checked_by_name_kind_and_range() {
    let text = |name: &str, option: &str, value: OptionValue| {
        let mut values = OptionValues::new();
        values.set(option, value);
        effects::find(name)
            .unwrap()
            .build(&values)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        effects::find("sepia").unwrap_err().to_string(),
        "no effect `sepia` (there are: blur, cutout, color, image, pop, mask)"
    );
    assert_eq!(
        text("blur", "size", OptionValue::Number(1.0)),
        "effect `blur` has no option `size` (it has: strength, style)"
    );
    assert_eq!(
        text("mask", "size", OptionValue::Number(1.0)),
        "effect `mask` has no option `size` (it has: none)"
    );
    assert_eq!(
        text("blur", "strength", OptionValue::Number(101.0)),
        "option `strength`: 101 is not a number from 0 to 100"
    );
    assert_eq!(
        text("blur", "strength", OptionValue::Number(f32::NAN)),
        "option `strength`: NaN is not a number from 0 to 100"
    );
    assert_eq!(
        text("blur", "style", OptionValue::Flag(true)),
        "option `style`: true is not one of gaussian, bokeh"
    );
    let missing = effects::find("image")
        .unwrap()
        .build(&OptionValues::new())
        .unwrap_err();
    assert_eq!(
        missing.to_string(),
        "effect `image` needs option `background`: a picture"
    );
}

#[test]
fn options_are_read_from_text() {
    let color = |text| {
        effects::find("color")
            .unwrap()
            .option("color")
            .unwrap()
            .parse(text)
    };
    assert_eq!(color("#0aF").unwrap(), OptionValue::Color([0, 170, 255]));
    assert_eq!(color("#102030").unwrap(), OptionValue::Color([16, 32, 48]));
    assert_eq!(color("White").unwrap(), OptionValue::Color([255; 3]));
    for bad in ["#12", "#+12", "#1234567", "102030", "", "#ééé"] {
        assert_eq!(color(bad).unwrap_err().kind(), ErrorKind::Option, "{bad}");
    }
    let strength = effects::find("blur").unwrap().option("strength").unwrap();
    assert_eq!(strength.parse("12.5").unwrap(), OptionValue::Number(12.5));
    assert!(strength.parse("-1").is_err() && strength.parse("much").is_err());
}
