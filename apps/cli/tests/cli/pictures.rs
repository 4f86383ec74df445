//! Small pictures made in the tests.
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ExtendedColorType, ImageEncoder, Rgb, RgbImage, Rgba, RgbaImage};

/// Width and height of the pictures here: no symmetry, and no multiple of 8.
pub(crate) const SIZE: (u32, u32) = (44, 27);

/// Formats as file endings.
pub(crate) const ENDINGS: [&str; 3] = ["jpg", "png", "webp"];

/// Smooth, and different under every turn and mirror.
pub(crate) fn asymmetric() -> RgbImage {
    RgbImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        Rgb([
            (x * 5) as u8,
            (y * 9) as u8,
            if x < 10 && y < 6 { 250 } else { 30 },
        ])
    })
}

/// A PNG like no other number's, in grey too: a white pixel stands at another place. There are 1188.
pub(crate) fn numbered(number: u32) -> Vec<u8> {
    let mut picture = asymmetric();
    picture.put_pixel(number % SIZE.0, number / SIZE.0, Rgb([255; 3]));
    encode(&picture.into(), "png", None, None)
}

/// [`asymmetric`] with alpha running from left to right.
pub(crate) fn with_alpha() -> RgbaImage {
    let opaque = asymmetric();
    RgbaImage::from_fn(SIZE.0, SIZE.1, |x, y| {
        let Rgb([r, g, b]) = *opaque.get_pixel(x, y);
        Rgba([r, g, b, (x * 5) as u8])
    })
}

/// EXIF with nothing but an orientation, big-endian.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut bytes = b"MM\0*\0\0\0\x08\0\x01".to_vec();
    bytes.extend([1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
    bytes.extend([0; 4]);
    bytes
}

/// Bytes with the header of an RGB profile, longer than one JPEG segment.
pub(crate) fn icc() -> Vec<u8> {
    let mut icc: Vec<u8> = (0..70_000u64).map(|i| ((i * i) >> 7) as u8).collect();
    icc[16..20].copy_from_slice(b"RGB ");
    icc
}

/// `picture` as a file with the given ending.
pub(crate) fn encode(
    picture: &DynamicImage,
    ending: &str,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    match ending {
        "jpg" => write(
            JpegEncoder::new_with_quality(&mut bytes, 95),
            picture,
            icc,
            exif,
        ),
        "png" => write(PngEncoder::new(&mut bytes), picture, icc, exif),
        _ => write(WebPEncoder::new_lossless(&mut bytes), picture, icc, exif),
    }
    bytes
}

fn write(
    mut encoder: impl ImageEncoder,
    picture: &DynamicImage,
    icc: Option<Vec<u8>>,
    exif: Option<Vec<u8>>,
) {
    if let Some(icc) = icc {
        encoder.set_icc_profile(icc).unwrap();
    }
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).unwrap();
    }
    let color = ExtendedColorType::from(picture.color());
    encoder
        .write_image(picture.as_bytes(), picture.width(), picture.height(), color)
        .unwrap();
}

/// A plain file of [`asymmetric`].
pub(crate) fn plain(ending: &str) -> Vec<u8> {
    encode(&asymmetric().into(), ending, None, None)
}

/// The largest difference of any channel.
pub(crate) fn difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter()
        .zip(b.iter())
        .map(|(a, b)| a.abs_diff(*b))
        .max()
        .unwrap()
}
