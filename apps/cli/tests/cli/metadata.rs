//! Orientation, colour profile, alpha, EXIF: what a picture says besides its pixels.
use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageReader, Rgb, RgbImage};
use moxcms::ColorProfile;
use std::io::Cursor;

use crate::command::Place;
use crate::pictures::{
    ENDINGS, SIZE, asymmetric, difference, encode, exif, icc, plain, with_alpha,
};

/// An effect that leaves every pixel as it is.
const IDENTITY: &str = "--effect pop --amount 0";

fn decoder(bytes: &[u8]) -> impl ImageDecoder {
    ImageReader::new(Cursor::new(bytes))
        .with_guessed_format()
        .unwrap()
        .into_decoder()
        .unwrap()
}

fn load(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

/// The picture that a viewer shows for `stored` with an EXIF orientation (EXIF 2.32, table of tag 0112).
fn upright(stored: &RgbImage, orientation: u8) -> RgbImage {
    let (w, h) = stored.dimensions();
    let (width, height) = if orientation < 5 { (w, h) } else { (h, w) };
    RgbImage::from_fn(width, height, |x, y| {
        let (column, row) = match orientation {
            1 => (x, y),
            2 => (w - 1 - x, y),
            3 => (w - 1 - x, h - 1 - y),
            4 => (x, h - 1 - y),
            5 => (y, x),
            6 => (y, h - 1 - x),
            7 => (w - 1 - y, h - 1 - x),
            _ => (w - 1 - y, x),
        };
        *stored.get_pixel(column, row)
    })
}

#[test]
fn results_stand_upright_and_claim_nothing_else() {
    let place = Place::new();
    for ending in ENDINGS {
        for orientation in 1..=8 {
            let file = encode(&asymmetric().into(), ending, None, Some(exif(orientation)));
            place.write(&format!("{ending}/{orientation}.{ending}"), &file);
        }
        let stored = load(&encode(&asymmetric().into(), ending, None, None)).into_rgb8();
        let line = format!("photo {ending} -r -o out {IDENTITY} --quality 100 --keep-metadata");
        place.run(&line).fine();
        for orientation in 1..=8 {
            let result = place.read(&format!("out/{orientation}.{ending}"));
            let off = difference(&load(&result).into_rgb8(), &upright(&stored, orientation));
            // A JPEG is rounded once more.
            let most = if ending == "jpg" { 6 } else { 0 };
            assert!(off <= most, "{ending} {orientation}: off by {off}");
            let claimed = decoder(&result).orientation().unwrap();
            assert_eq!(claimed, Orientation::NoTransforms, "{ending} {orientation}");
        }
    }
}

#[test]
fn profiles_are_kept_byte_for_byte_and_exif_only_when_asked() {
    let place = Place::new();
    for from in ENDINGS {
        let file = encode(&asymmetric().into(), from, Some(icc()), Some(exif(1)));
        place.write(&format!("in.{from}"), &file);
        for to in ENDINGS {
            place
                .run(&format!("photo in.{from} -o out.{to} {IDENTITY}"))
                .fine();
            let result = place.read(&format!("out.{to}"));
            let mut result = decoder(&result);
            assert!(
                result.icc_profile().unwrap() == Some(icc()),
                "{from} to {to}"
            );
            assert_eq!(result.exif_metadata().unwrap(), None, "{from} to {to}");
            place
                .run(&format!(
                    "photo in.{from} -o out.{to} {IDENTITY} --keep-metadata"
                ))
                .fine();
            let result = place.read(&format!("out.{to}"));
            assert_eq!(
                decoder(&result).exif_metadata().unwrap(),
                Some(exif(1)),
                "{from} to {to}"
            );
        }
    }
    // A mask's values aren't colours.
    place.run("photo in.png -o mask.png --effect mask").fine();
    assert_eq!(
        decoder(&place.read("mask.png")).icc_profile().unwrap(),
        None
    );
}

/// CSS Color 4: sRGB's lime is `color(display-p3 .4584 .9853 .2983)`.
#[test]
fn colours_and_backgrounds_are_drawn_in_the_photos_colour_space() {
    let place = Place::new();
    let p3 = ColorProfile::new_display_p3().encode().unwrap();
    place.write(
        "p3.png",
        &encode(&asymmetric().into(), "png", Some(p3.clone()), None),
    );
    place.write("srgb.png", &plain("png"));
    // The same green twice: in sRGB's numbers without a profile, in Display P3's with it.
    let all = |colour, icc| {
        let picture = RgbImage::from_pixel(SIZE.0, SIZE.1, Rgb(colour));
        encode(&picture.into(), "png", icc, None)
    };
    place.write("lime.png", &all([0, 255, 0], None));
    place.write("lime-p3.png", &all([117, 251, 76], Some(p3.clone())));
    for (photo, expected) in [("p3.png", [117, 251, 76]), ("srgb.png", [0, 255, 0])] {
        for effect in [
            "color --color lime",
            "image --background lime.png",
            "image --background lime-p3.png",
            "blur --logo lime-p3.png",
        ] {
            place
                .run(&format!("photo {photo} -o out.png --effect {effect}"))
                .fine();
            let bytes = place.read("out.png");
            let icc = decoder(&bytes).icc_profile().unwrap();
            assert_eq!(icc, (photo == "p3.png").then(|| p3.clone()));
            let drawn = image::load_from_memory(&bytes).unwrap().into_rgb8();
            // Within the logo, where there is one.
            let Rgb(found) = *drawn.get_pixel(SIZE.0 - 4, SIZE.1 - 4);
            let near = found
                .iter()
                .zip(expected)
                .all(|(a, b): (&u8, u8)| a.abs_diff(b) <= 3);
            assert!(near, "{photo}, {effect}: {found:?}");
        }
    }
}

#[test]
fn alpha_is_kept_and_laid_on_white_in_jpeg() {
    let place = Place::new();
    place.write("in.png", &encode(&with_alpha().into(), "png", None, None));
    for ending in ["png", "webp"] {
        place
            .run(&format!("photo in.png -o out.{ending} {IDENTITY}"))
            .fine();
        let result = load(&place.read(&format!("out.{ending}"))).into_rgba8();
        assert!(result == with_alpha(), "{ending}");
    }
    let said = place
        .run(&format!("photo in.png -o out.jpg {IDENTITY} -q"))
        .fine();
    assert_eq!(said.stderr, "");
    let result = load(&place.read("out.jpg")).into_rgb8();
    assert!(
        result.get_pixel(0, 13).0.iter().all(|&c| c > 245),
        "transparent is white"
    );
}

#[test]
fn gray_palette_and_sixteen_bits_are_read() {
    let place = Place::new();
    let gray = DynamicImage::from(asymmetric()).into_luma8();
    for ending in ["jpg", "png"] {
        place.write(
            &format!("gray.{ending}"),
            &encode(&gray.clone().into(), ending, None, None),
        );
        place
            .run(&format!("photo gray.{ending} -o out.png {IDENTITY}"))
            .fine();
        let result = load(&place.read("out.png"));
        assert_eq!(result.color(), image::ColorType::L8, "{ending} stays gray");
    }
    let deep = DynamicImage::from(asymmetric()).into_rgb16();
    place.write("deep.png", &encode(&deep.into(), "png", None, None));
    place
        .run(&format!("photo deep.png -o out.png {IDENTITY}"))
        .fine();
    assert_eq!(
        difference(&load(&place.read("out.png")).into_rgb8(), &asymmetric()),
        0
    );
    place.write("palette.png", &two_colours());
    place
        .run(&format!("photo palette.png -o out.png {IDENTITY}"))
        .fine();
    let result = load(&place.read("out.png")).into_rgb8();
    assert_eq!(result.get_pixel(0, 0).0, [255, 0, 0]);
    assert_eq!(result.get_pixel(7, 0).0, [0, 0, 255]);
}

/// An 8 x 1 PNG with a palette of red and blue, 1 bit per pixel: 4 red, 4 blue.
fn two_colours() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8; 4], data: &[u8]| {
        bytes.extend((data.len() as u32).to_be_bytes());
        let start = bytes.len();
        bytes.extend(kind);
        bytes.extend(data);
        let sum = crc32(&bytes[start..]);
        bytes.extend(sum.to_be_bytes());
    };
    chunk(b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 1, 1, 3, 0, 0, 0]);
    chunk(b"PLTE", &[255, 0, 0, 0, 0, 255]);
    // One stored deflate block of two bytes: filter 0, pixels 00001111.
    chunk(
        b"IDAT",
        &[0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 0x0f, 0, 17, 0, 16],
    );
    chunk(b"IEND", &[]);
    bytes
}

/// The checksum of PNG chunks, bit by bit (PNG, annex D).
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |sum, &byte| {
        (0..8).fold(sum ^ u32::from(byte), |sum, _| {
            (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 }
        })
    })
}

#[test]
fn the_content_counts_not_the_name() {
    let place = Place::new();
    place.write("really-png.jpg", &plain("png"));
    place
        .run(&format!("photo really-png.jpg {IDENTITY}"))
        .fine();
    assert!(place.read("really-png-pop.png").starts_with(b"\x89PNG"));
}

#[test]
fn cut_outs_are_png_with_alpha_and_trimmed_ones_hold_the_person_alone() {
    let place = Place::new();
    let person = image::open(crate::command::sample(6))
        .unwrap()
        .thumbnail(160, 160);
    // A cut-out is never more opaque than its picture, so nothing can be left outside the person's place.
    let (left, top) = (100, 40);
    let mut canvas = image::RgbaImage::new(300, 200);
    image::imageops::overlay(&mut canvas, &person.to_rgba8(), left.into(), top.into());
    place.write("me.png", &encode(&canvas.into(), "png", None, None));
    place.run("photo me.png --effect cutout").fine();
    let whole = load(&place.read("me-cutout.png")).into_rgba8();
    assert_eq!(whole.dimensions(), (300, 200));
    place
        .run("photo me.png --effect cutout --trim -o trimmed.webp")
        .fine();
    let trimmed = load(&place.read("trimmed.webp")).into_rgba8();
    assert!(trimmed.width() <= person.width() && trimmed.height() <= person.height());
    let seen = |picture: &image::RgbaImage| {
        let pixels = picture.pixels().filter(|pixel| pixel.0[3] > 12);
        pixels.count()
    };
    assert!(seen(&whole) > 1000, "somebody is there");
    assert_eq!(seen(&trimmed), seen(&whole), "and whole");
}

#[test]
fn a_logo_lies_in_the_bottom_right_corner() {
    let place = Place::new();
    place.write("me.png", &plain("png"));
    let red = RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 0]));
    place.write("logo.png", &encode(&red.into(), "png", None, None));
    place
        .run(&format!(
            "photo me.png -o out.png {IDENTITY} --logo logo.png"
        ))
        .fine();
    let (result, before) = (load(&place.read("out.png")).into_rgb8(), asymmetric());
    let changed: Vec<_> = result
        .enumerate_pixels()
        .filter(|(x, y, pixel)| before.get_pixel(*x, *y) != *pixel)
        .map(|(x, y, _)| (x, y))
        .collect();
    assert!(!changed.is_empty());
    assert!(
        changed
            .iter()
            .all(|&(x, y)| x >= SIZE.0 / 2 && y >= SIZE.1 / 2)
    );
}

#[test]
fn a_gray_picture_takes_colour_for_a_coloured_logo_alone() {
    let place = Place::new();
    let gray = DynamicImage::from(asymmetric()).into_luma8();
    place.write("me.png", &encode(&gray.clone().into(), "png", None, None));
    for (colour, kept) in [([255, 0, 0], false), ([90; 3], true)] {
        let logo = RgbImage::from_pixel(8, 8, image::Rgb(colour));
        place.write("logo.png", &encode(&logo.into(), "png", None, None));
        let line = format!("photo me.png -o out.png --overwrite {IDENTITY} --logo logo.png");
        place.run(&line).fine();
        let result = load(&place.read("out.png"));
        assert_eq!(result.color() == ColorType::L8, kept);
        let result = result.into_rgb8();
        assert!(result.pixels().any(|pixel| pixel.0 == colour));
        assert_eq!(result.get_pixel(0, 0).0, [gray.get_pixel(0, 0).0[0]; 3]);
    }
}
