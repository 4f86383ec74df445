//! Pixels in other formats.
use hypercut::{Frame, PixelFormat};

/// Rewrites packed pixels in another format: gray is repeated, colour loses alpha or gets 255, gray takes BT.601's luma.
pub(crate) fn convert(pixels: &[u8], from: PixelFormat, to: PixelFormat, out: &mut Vec<u8>) {
    out.clear();
    for pixel in pixels.chunks_exact(from.bytes()) {
        let (r, g, b, a) = match *pixel {
            [gray] => (gray, gray, gray, 255),
            [r, g, b] => (r, g, b, 255),
            _ => (pixel[0], pixel[1], pixel[2], pixel[3]),
        };
        match to {
            PixelFormat::Rgb8 => out.extend([r, g, b]),
            PixelFormat::Rgba8 => out.extend([r, g, b, a]),
            _ => {
                let [r, g, b] = [r, g, b].map(u32::from);
                out.push(((r * 19595 + g * 38470 + b * 7471 + 32768) >> 16) as u8);
            }
        }
    }
}

/// RGBA laid on white, `[height, width, 3]`: `(c * a + 255 * (255 - a)) / 255`, to the nearest. `rgb` is overwritten.
pub(crate) fn lay_on_white(frame: &Frame<'_>, rgb: &mut Vec<u8>) {
    rgb.clear();
    rgb.reserve(frame.width() * frame.height() * 3);
    for row in frame.rows() {
        for pixel in row.as_chunks::<4>().0 {
            let alpha = u32::from(pixel[3]);
            rgb.extend(pixel[..3].iter().map(|&c| {
                let sum = u32::from(c) * alpha + 255 * (255 - alpha);
                ((sum + 127) / 255) as u8
            }));
        }
    }
}

/// Whether anything shows through.
pub(crate) fn is_transparent(frame: &Frame<'_>) -> bool {
    frame.format().has_alpha()
        && frame
            .rows()
            .any(|row| row.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 255))
}

/// Whether anything that shows is more than a gray.
pub(crate) fn has_colour(frame: &Frame<'_>) -> bool {
    let bytes = frame.format().bytes();
    let shows = |pixel: &[u8]| bytes < 4 || pixel[3] > 0;
    let is_gray = |pixel: &[u8]| bytes < 3 || pixel[0] == pixel[1] && pixel[1] == pixel[2];
    frame.rows().any(|row| {
        row.chunks_exact(bytes)
            .any(|pixel| shows(pixel) && !is_gray(pixel))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_are_converted() {
        let mut out = Vec::new();
        convert(
            &[1, 2, 3, 9],
            PixelFormat::Rgba8,
            PixelFormat::Rgb8,
            &mut out,
        );
        assert_eq!(out, [1, 2, 3]);
        convert(&[7, 8], PixelFormat::Gray8, PixelFormat::Rgba8, &mut out);
        assert_eq!(out, [7, 7, 7, 255, 8, 8, 8, 255]);
        convert(
            &[255, 255, 255, 0, 0, 255],
            PixelFormat::Rgb8,
            PixelFormat::Gray8,
            &mut out,
        );
        assert_eq!(out, [255, 29]);
    }

    #[test]
    fn white_shows_through() {
        let pixels = [9, 9, 9, 255, 200, 0, 100, 0, 0, 100, 255, 51];
        let frame = Frame::new(&pixels, 3, 1, 12, PixelFormat::Rgba8).unwrap();
        let mut rgb = vec![1; 40];
        lay_on_white(&frame, &mut rgb);
        // A fifth of the last one is its own, four are white.
        assert_eq!(rgb, [9, 9, 9, 255, 255, 255, 204, 224, 255]);
        assert!(is_transparent(&frame) && has_colour(&frame));
    }
}
