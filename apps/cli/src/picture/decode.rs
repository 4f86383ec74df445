//! Picture file to upright 8-bit pixels.
use anyhow::{Context, Result};
use hypercut::{Frame, Picture, PixelFormat};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, Limits};
use std::io::Cursor;

use super::format::{Format, HEAD_BYTES, sniff};
use super::jpeg;
use super::metadata::Metadata;
use crate::fault::{Fault, Kind};

/// The most pixels that a picture may have, checked from its header before anything is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PixelLimit(pub(crate) u64);

impl PixelLimit {
    /// `100M` or `100000000`.
    ///
    /// # Errors
    /// Says what is wanted.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (digits, unit) = match text.strip_suffix(['M', 'm']) {
            Some(digits) => (digits, 1_000_000),
            None => (text, 1),
        };
        let limit = digits.parse().ok().and_then(|n: u64| n.checked_mul(unit));
        limit
            .filter(|&limit| limit > 0)
            .map(Self)
            .ok_or_else(|| "a number of pixels, such as 100M for 100 megapixels".into())
    }

    /// Errors when `width * height` is more.
    pub(crate) fn check(self, width: usize, height: usize) -> Result<()> {
        let pixels = width as u64 * height as u64;
        if pixels <= self.0 {
            return Ok(());
        }
        let megapixels = |n: u64| match n {
            0..1_000_000 => (n as f64 / 1e6).to_string(),
            _ => format!("{:.0}", n as f64 / 1e6),
        };
        let message = format!(
            "the picture has {width} x {height} pixels ({} megapixels); the limit is {} megapixels",
            megapixels(pixels),
            self.0 as f64 / 1e6
        );
        let needed = pixels.div_ceil(1_000_000);
        let hint = format!("`--max-pixels {needed}M` lets it through, if there is memory for it");
        Err(Fault::new(message).hint(hint).kind(Kind::TooLarge).into())
    }

    /// Bytes that a file within the limit can reasonably have: 8 per pixel (16-bit RGBA), and metadata.
    pub(crate) fn file_bytes(self) -> u64 {
        self.0.saturating_mul(8).saturating_add(64 << 20)
    }
}

/// A picture as it is meant to be seen: the orientation of its EXIF applied, 8 bits per channel.
#[derive(Debug, Clone)]
pub(crate) struct Decoded {
    /// Packed `[height, width, format.bytes()]`.
    pub(crate) pixels: Vec<u8>,
    /// Pixels per row.
    pub(crate) width: usize,
    /// Rows.
    pub(crate) height: usize,
    /// Format of the file.
    pub(crate) format: Format,
    /// Gray, RGB, or RGBA when the file has an alpha channel.
    pub(crate) pixel_format: PixelFormat,
    /// What the file says besides.
    pub(crate) metadata: Metadata,
    /// Whether only the first picture of an animation was read.
    pub(crate) animated: bool,
}

impl Decoded {
    /// The pixels as the library takes them.
    pub(crate) fn frame(&self) -> Result<Frame<'_>> {
        let stride = self.width * self.pixel_format.bytes();
        Ok(Frame::new(
            &self.pixels,
            self.width,
            self.height,
            stride,
            self.pixel_format,
        )?)
    }

    /// The pixels alone, for options that take a picture.
    pub(crate) fn into_picture(self) -> Result<Picture> {
        Ok(Picture::new(
            self.pixels,
            self.width,
            self.height,
            self.pixel_format,
        )?)
    }
}

/// Reads a picture, whose format is told from its bytes.
///
/// # Errors
/// Not a picture, more pixels than `limit`, or damaged; messages don't name the file.
pub(crate) fn decode(bytes: &[u8], limit: PixelLimit) -> Result<Decoded> {
    let format = sniff(&bytes[..bytes.len().min(HEAD_BYTES)])
        .map_err(|fault| Fault::new(fault.message()).kind(Kind::Foreign))?;
    let (mut picture, metadata, animated) = match format {
        Format::Jpeg => {
            let (picture, metadata) = jpeg::decode(bytes, limit)?;
            (picture, metadata, false)
        }
        Format::Png => {
            // A few bytes can claim to be a profile of gigabytes: what is inflated is bounded by what the header promises.
            let (width, height) = png_size(bytes);
            limit.check(width, height)?;
            let mut limits = Limits::no_limits();
            limits.max_alloc = Some(PixelLimit((width * height) as u64).file_bytes());
            let decoder =
                PngDecoder::with_limits(Cursor::new(bytes), limits).context("damaged PNG")?;
            let animated = decoder.is_apng().unwrap_or(false);
            let (picture, metadata) = pixels(decoder, limit, "damaged or cut-short PNG")?;
            (picture, metadata, animated)
        }
        Format::Webp => {
            let decoder = WebPDecoder::new(Cursor::new(bytes)).context("damaged WebP")?;
            let animated = decoder.has_animation();
            let (picture, metadata) = pixels(decoder, limit, "damaged or cut-short WebP")?;
            (picture, metadata, animated)
        }
    };
    let orientation = metadata
        .exif
        .as_deref()
        .and_then(Orientation::from_exif_chunk);
    picture.apply_orientation(orientation.unwrap_or(Orientation::NoTransforms));
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let (pixel_format, pixels) = eight_bits(picture);
    Ok(Decoded {
        pixels,
        width,
        height,
        format,
        pixel_format,
        metadata,
        animated,
    })
}

/// Width and height in the header of a PNG, which comes first (PNG specification, 5.6 and 11.2.1); 0 where there is none.
fn png_size(bytes: &[u8]) -> (usize, usize) {
    let number = |at: usize| {
        let four = bytes
            .get(at..at + 4)
            .and_then(|slice| slice.try_into().ok());
        four.map_or(0, u32::from_be_bytes) as usize
    };
    (number(16), number(20))
}

fn pixels(
    mut decoder: impl ImageDecoder,
    limit: PixelLimit,
    fault: &'static str,
) -> Result<(DynamicImage, Metadata)> {
    let (width, height) = decoder.dimensions();
    limit.check(width as usize, height as usize)?;
    let metadata = Metadata {
        icc: decoder.icc_profile().unwrap_or(None),
        exif: decoder.exif_metadata().unwrap_or(None),
    };
    let picture = DynamicImage::from_decoder(decoder).context(fault)?;
    Ok((picture, metadata))
}

/// Rounds 16 bits to 8; keeps gray without alpha gray.
fn eight_bits(picture: DynamicImage) -> (PixelFormat, Vec<u8>) {
    let color = picture.color();
    if color.has_alpha() {
        (PixelFormat::Rgba8, picture.into_rgba8().into_raw())
    } else if color.has_color() {
        (PixelFormat::Rgb8, picture.into_rgb8().into_raw())
    } else {
        (PixelFormat::Gray8, picture.into_luma8().into_raw())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::ImageEncoder;
    use image::codecs::jpeg::JpegEncoder;
    use image::codecs::png::PngEncoder;
    use image::codecs::webp::WebPEncoder;

    /// A picture in every format, with a profile and EXIF.
    fn files() -> [Vec<u8>; 3] {
        let pixels: Vec<u8> = (0..24 * 17 * 3).map(|i| (i * 7 % 256) as u8).collect();
        let [mut jpeg, mut png, mut webp] = [const { Vec::new() }; 3];
        write(JpegEncoder::new(&mut jpeg), &pixels);
        write(PngEncoder::new(&mut png), &pixels);
        write(WebPEncoder::new_lossless(&mut webp), &pixels);
        [jpeg, png, webp]
    }

    fn write(mut encoder: impl ImageEncoder, pixels: &[u8]) {
        encoder.set_icc_profile(vec![1; 200]).unwrap();
        encoder
            .set_exif_metadata(b"II*\0\x08\0\0\0\0\0\0\0\0\0".to_vec())
            .unwrap();
        encoder
            .write_image(pixels, 24, 17, image::ExtendedColorType::Rgb8)
            .unwrap();
    }

    #[test]
    fn damage_anywhere_is_an_error_or_a_picture() {
        let limit = PixelLimit(1_000_000);
        for whole in files() {
            assert!(decode(&whole, limit).is_ok());
            for at in 0..whole.len() {
                let _ = decode(&whole[..at], limit);
                for byte in [0, 0xff, whole[at] ^ 0x10, !whole[at]] {
                    let mut damaged = whole.clone();
                    damaged[at] = byte;
                    if let Ok(picture) = decode(&damaged, limit) {
                        assert!(picture.width * picture.height <= 1_000_000);
                    }
                }
            }
        }
    }

    #[test]
    fn a_profile_that_inflates_without_end_is_left_out() {
        let mut deflated = Vec::new();
        let mut png = PngEncoder::new(&mut deflated);
        png.set_icc_profile(vec![0; 100 << 20]).unwrap();
        png.write_image(&[9; 3], 1, 1, image::ExtendedColorType::Rgb8)
            .unwrap();
        assert!(deflated.len() < 1 << 20);
        match decode(&deflated, PixelLimit(100_000_000)) {
            Ok(picture) => assert_eq!(picture.metadata.icc, None),
            Err(fault) => panic!("{fault}"),
        }
    }

    #[test]
    fn files_cut_short_are_errors_up_to_the_last_pixel() {
        let limit = PixelLimit(1_000_000);
        let [jpeg, png, webp] = files();
        // After the last pixel come a checksum and the end chunk in PNG, the EXIF chunk in WebP.
        for (whole, after) in [(jpeg, 0), (png, 4 + 12), (webp, 8 + 14)] {
            for length in 0..whole.len() - after {
                assert!(
                    decode(&whole[..length], limit).is_err(),
                    "{length} of {}",
                    whole.len()
                );
            }
        }
    }

    #[test]
    fn pixel_limits() {
        assert_eq!(PixelLimit::parse("100M"), Ok(PixelLimit(100_000_000)));
        assert_eq!(PixelLimit::parse("12"), Ok(PixelLimit(12)));
        for bad in [
            "",
            "0",
            "M",
            "-1",
            "1.5M",
            "99999999999999999999",
            "18446744073709551615M",
        ] {
            assert!(PixelLimit::parse(bad).is_err(), "{bad}");
        }
    }
}
