//! 8-bit pixels to picture file.
use anyhow::{Context, Result};
use hypercut::{Frame, PixelFormat};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};

use super::format::Format;
use super::metadata::KeptExif;
use super::pixels::lay_on_white;

/// The most bytes of EXIF that fit a JPEG segment beside its length and `Exif\0\0`.
const JPEG_EXIF_BYTES: usize = 65_535 - 2 - 6;

/// How a picture is to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoding<'a> {
    /// File format.
    pub(crate) format: Format,
    /// Whether the pixels are a mask, not colours.
    pub(crate) is_mask: bool,
    /// JPEG quality, 1 to 100.
    pub(crate) quality: u8,
    /// ICC profile that belongs to the pixels.
    pub(crate) icc: Option<&'a [u8]>,
    /// EXIF to add.
    pub(crate) exif: Option<&'a KeptExif>,
}

/// Writes `frame` as a file.
///
/// JPEG has colour at full resolution (4:4:4): edges between person and a coloured background stay clean. It can't
/// hold alpha; transparent pixels are laid on white.
///
/// # Errors
/// Sizes beyond the format's (JPEG 65,535, WebP 16,383 pixels per side), or metadata too large for it.
pub(crate) fn encode(frame: &Frame<'_>, encoding: &Encoding<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match encoding.format {
        Format::Jpeg => {
            let encoder = JpegEncoder::new_with_quality(&mut bytes, encoding.quality);
            if frame.format() == PixelFormat::Rgba8 {
                let mut pixels = Vec::new();
                lay_on_white(frame, &mut pixels);
                let opaque = Frame::rgb8(&pixels, frame.width(), frame.height())?;
                write(encoder, &opaque, encoding)
            } else {
                write(encoder, frame, encoding)
            }
        }
        Format::Png => {
            // The masks of the eight samples are 4 parts in a hundred larger so, and written in a sixtieth of the time.
            let (level, filter) = if encoding.is_mask {
                (CompressionType::Fast, FilterType::Up)
            } else {
                (CompressionType::Default, FilterType::Adaptive)
            };
            let encoder = PngEncoder::new_with_quality(&mut bytes, level, filter);
            write(encoder, frame, encoding)
        }
        Format::Webp => write(WebPEncoder::new_lossless(&mut bytes), frame, encoding),
    }
    .with_context(|| format!("could not be written as {}", encoding.format.name()))?;
    Ok(bytes)
}

fn write(mut encoder: impl ImageEncoder, frame: &Frame<'_>, encoding: &Encoding<'_>) -> Result<()> {
    if let Some(icc) = encoding.icc {
        encoder.set_icc_profile(icc.to_vec())?;
    }
    if let Some(exif) = encoding.exif {
        let bytes = exif.as_bytes();
        anyhow::ensure!(
            encoding.format != Format::Jpeg || bytes.len() <= JPEG_EXIF_BYTES,
            "{} bytes of EXIF are more than a JPEG holds; leave out --keep-metadata",
            bytes.len()
        );
        encoder.set_exif_metadata(bytes.to_vec())?;
    }
    let color = match frame.format() {
        PixelFormat::Gray8 => ExtendedColorType::L8,
        PixelFormat::Rgb8 => ExtendedColorType::Rgb8,
        PixelFormat::Rgba8 => ExtendedColorType::Rgba8,
        other => anyhow::bail!("{other:?} pixels are not written"),
    };
    let (width, height) = (
        u32::try_from(frame.width())?,
        u32::try_from(frame.height())?,
    );
    let row = frame.width() * frame.format().bytes();
    if frame.stride() == row {
        encoder.write_image(&frame.data()[..row * frame.height()], width, height, color)?;
    } else {
        let packed: Vec<u8> = frame.rows().flatten().copied().collect();
        encoder.write_image(&packed, width, height, color)?;
    }
    Ok(())
}
