//! Pixels to PNG and back, alpha straight.
use hypercut::{Frame, Picture, PixelFormat};
use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Limits, Transformations};
use std::io::Cursor;

/// The most memory that reading a file may take: a picture of 128 megapixels.
const MAX_BYTES: usize = 512 << 20;

/// Writes `frame`, which must be packed, as a PNG file marked as sRGB.
///
/// # Errors
/// Sides that a PNG cannot have.
pub(crate) fn encode(frame: &Frame<'_>) -> Result<Vec<u8>, String> {
    let side = |n: usize| u32::try_from(n).map_err(|_| format!("a side of {n} pixels"));
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, side(frame.width())?, side(frame.height())?);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_color(match frame.format() {
        PixelFormat::Gray8 => ColorType::Grayscale,
        PixelFormat::Rgb8 => ColorType::Rgb,
        _ => ColorType::Rgba,
    });
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    encoder.set_compression(Compression::Fast);
    encoder.set_filter(Filter::Adaptive);
    let wrong = |error: png::EncodingError| error.to_string();
    let mut writer = encoder.write_header().map_err(wrong)?;
    writer.write_image_data(frame.data()).map_err(wrong)?;
    writer.finish().map_err(wrong)?;
    Ok(file)
}

/// Reads a PNG file as RGBA, 16 bits per channel cut to 8, alpha straight.
///
/// # Errors
/// Bytes that are no PNG, a broken or cut one, one above 128 megapixels.
pub(crate) fn decode(file: &[u8]) -> Result<Picture, String> {
    let wrong = |error: png::DecodingError| format!("not a readable PNG: {error}");
    let mut decoder = Decoder::new_with_limits(Cursor::new(file), Limits { bytes: MAX_BYTES });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().map_err(wrong)?;
    let size = reader
        .output_buffer_size()
        .filter(|&size| size <= MAX_BYTES)
        .ok_or("the picture is larger than 128 megapixels")?;
    let mut pixels = vec![0; size];
    let info = reader.next_frame(&mut pixels).map_err(wrong)?;
    pixels.truncate(info.buffer_size());
    if info.color_type == ColorType::GrayscaleAlpha {
        pixels = pixels
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|&[luma, alpha]| [luma, luma, luma, alpha])
            .collect();
    }
    let (width, height) = (info.width as usize, info.height as usize);
    Picture::new(pixels, width, height, PixelFormat::Rgba8).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_under_alpha_come_back_exactly() {
        let pixels: Vec<u8> = (0..64 * 4).map(|i| (i * 37 % 256) as u8).collect();
        let file = encode(&Frame::rgba8(&pixels, 8, 8).unwrap()).unwrap();
        assert_eq!(decode(&file).unwrap().as_frame().data(), pixels);
    }

    #[test]
    fn gray_becomes_opaque_rgba() {
        let file = encode(&Frame::gray8(&[0, 128, 255], 3, 1).unwrap()).unwrap();
        let expected = [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255];
        assert_eq!(decode(&file).unwrap().as_frame().data(), expected);
    }

    #[test]
    fn a_cut_file_and_no_file_are_errors() {
        let file = encode(&Frame::gray8(&[7; 100], 10, 10).unwrap()).unwrap();
        assert!(decode(&file[..file.len() - 30]).is_err());
        assert!(
            decode(b"GIF89a")
                .unwrap_err()
                .starts_with("not a readable PNG")
        );
    }
}
