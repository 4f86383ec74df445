//! JPEG reading. The `image` crate reads it leniently: a file cut short comes out half gray without an error.
use anyhow::{Context, Result};
use image::{DynamicImage, GrayImage, RgbImage};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;
use zune_jpeg::errors::DecodeErrors;

use super::decode::PixelLimit;
use super::metadata::Metadata;
use crate::fault::Fault;

/// Reads a JPEG: gray stays gray, CMYK and YCCK become RGB.
///
/// # Errors
/// More pixels than `limit`, a kind of JPEG that isn't supported, or a file that is damaged or cut short.
pub(super) fn decode(bytes: &[u8], limit: PixelLimit) -> Result<(DynamicImage, Metadata)> {
    let options = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().context("a JPEG without a size")?;
    limit.check(width, height)?;
    let gray = decoder.input_colorspace() == Some(ColorSpace::Luma);
    let wanted = if gray {
        ColorSpace::Luma
    } else {
        ColorSpace::RGB
    };
    // Strict from here on: headers are often sloppy and harmless, damaged pixels are not.
    decoder.set_options(
        options
            .jpeg_set_out_colorspace(wanted)
            .set_strict_mode(true),
    );
    let pixels = decoder.decode().map_err(damaged)?;
    if !has_end_marker(bytes) {
        return Err(Fault::new("damaged or cut-short JPEG: it ends too early").into());
    }
    let metadata = Metadata {
        icc: decoder.icc_profile(),
        exif: decoder.exif().cloned(),
    };
    let (width, height) = (u32::try_from(width)?, u32::try_from(height)?);
    let picture = if gray {
        GrayImage::from_raw(width, height, pixels).map(DynamicImage::ImageLuma8)
    } else {
        RgbImage::from_raw(width, height, pixels).map(DynamicImage::ImageRgb8)
    };
    let picture = picture.context("unsupported kind of JPEG")?;
    Ok((picture, metadata))
}

fn damaged(error: DecodeErrors) -> Fault {
    let reason = match error {
        DecodeErrors::Unsupported(scheme) => {
            return Fault::new(format!("a kind of JPEG that is not read: {scheme:?}"));
        }
        DecodeErrors::ExhaustedData | DecodeErrors::IoErrors(_) => "it ends too early".into(),
        other => format!("{other:?}").trim().replace('"', ""),
    };
    Fault::new(format!("damaged or cut-short JPEG: {reason}"))
}

/// Whether the picture's own end marker is there (a thumbnail inside a segment has one too, which doesn't count).
fn has_end_marker(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    let mut at = 2;
    while let Some(&byte) = bytes.get(at) {
        let Some(&code) = bytes.get(at + 1) else {
            return false;
        };
        match (byte, code) {
            (0xff, END) => return true,
            // Markers alone, stuffed bytes and fill bytes have no length.
            (0xff, 0x00 | 0x01 | 0xd0..=0xd8) => at += 2,
            (0xff, 0xff) => at += 1,
            (0xff, _) => {
                let Some(length) = bytes.get(at + 2..at + 4) else {
                    return false;
                };
                at += 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
            }
            // Coded pixels.
            _ => at += 1,
        }
    }
    false
}
