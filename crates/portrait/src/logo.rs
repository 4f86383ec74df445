//! A logo in the corner.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::Source;
use hypercut_kernels::pixel::composite::luma;
use hypercut_kernels::pixel::resize::Resize;

use crate::error::Result;
use crate::frame::{Frame, FrameMut};

/// A logo is at most this part of the picture's shorter side high.
const HEIGHT: usize = 6;
/// And at most this part of it wide.
const WIDTH: usize = 3;
/// The margin to the right and below, as a part of the shorter side.
const MARGIN: usize = 40;

/// Where a logo goes: left, top, width, height in pixels of the picture.
///
/// It keeps its aspect (each side rounded down to whole pixels, at least one) and fits a box of 1/3 x 1/6 of the picture's
/// shorter side, 1/40 of it away from the corner.
fn place(picture: (usize, usize), logo: (usize, usize)) -> (usize, usize, usize, usize) {
    let shorter = picture.0.min(picture.1);
    let (most_width, most_height) = ((shorter / WIDTH).max(1), (shorter / HEIGHT).max(1));
    // Compare aspects without dividing: is the logo wider than the box?
    let (width, height) = if logo.0 * most_height > most_width * logo.1 {
        (most_width, (most_width * logo.1 / logo.0).max(1))
    } else {
        ((most_height * logo.0 / logo.1).max(1), most_height)
    };
    let margin = shorter / MARGIN;
    (
        picture.0 - margin - width,
        picture.1 - margin - height,
        width,
        height,
    )
}

/// Draws `logo` over the bottom right corner of `picture`, scaled to it by area average, its alpha respected.
///
/// The logo fits a box of 1/3 x 1/6 of the picture's shorter side, 1/40 of it away from the corner. A gray picture takes
/// the logo's luma; in a picture with alpha the logo is opaque where it is drawn.
///
/// # Errors
/// None for the formats there are now.
pub fn draw(picture: &mut FrameMut<'_>, logo: &Frame<'_>) -> Result<()> {
    let size = (picture.width(), picture.height());
    let (left, top, width, height) = place(size, (logo.width(), logo.height()));
    let premultiplied: Vec<u8> = logo
        .rows()
        .flat_map(|row| row.chunks_exact(logo.format().bytes()))
        .flat_map(premultiply)
        .collect();
    let source = Source {
        data: &premultiplied,
        width: logo.width(),
        height: logo.height(),
        stride: logo.width() * 4,
        channels: 4,
    };
    let mut scaled = vec![0; width * height * 4];
    Resize::default().run(Isa::detect(), source, (width, height), &mut scaled);
    let channels = picture.format().bytes();
    for (y, row) in scaled.chunks_exact(width * 4).enumerate() {
        let out = &mut picture.row_mut(top + y)[left * channels..][..width * channels];
        for (pixel, logo) in out.chunks_exact_mut(channels).zip(row.as_chunks::<4>().0) {
            blend(pixel, *logo);
        }
    }
    Ok(())
}

fn divide(value: u32, by: u32) -> u8 {
    ((value + by / 2) / by) as u8
}

/// A pixel of any format as premultiplied red, green, blue, alpha.
fn premultiply(pixel: &[u8]) -> [u8; 4] {
    match *pixel {
        [r, g, b, a] => [r, g, b, 255].map(|v| divide(u32::from(v) * u32::from(a), 255)),
        [r, g, b] => [r, g, b, 255],
        _ => [pixel[0], pixel[0], pixel[0], 255],
    }
}

/// A premultiplied logo pixel over a straight one.
fn blend(pixel: &mut [u8], [r, g, b, alpha]: [u8; 4]) {
    let rest = 255 - u32::from(alpha);
    match pixel {
        [gray] => *gray = luma([r, g, b]).saturating_add(divide(u32::from(*gray) * rest, 255)),
        [colours @ .., opacity] if colours.len() == 3 => {
            // What is left of the pixel below the logo, of 255 * 255.
            let below = u32::from(*opacity) * rest;
            let total = u32::from(alpha) * 255 + below;
            for (colour, logo) in colours.iter_mut().zip([r, g, b]) {
                let sum = u32::from(logo) * 255 * 255 + u32::from(*colour) * below;
                *colour = divide(sum, total.max(1));
            }
            *opacity = divide(total, 255);
        }
        colours => {
            for (colour, logo) in colours.iter_mut().zip([r, g, b]) {
                *colour = logo.saturating_add(divide(u32::from(*colour) * rest, 255));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::PixelFormat;

    #[test]
    fn placement_worked_by_hand() {
        // Shorter side 240: the box is 80 x 40, the margin 6.
        assert_eq!(
            place((320, 240), (100, 100)),
            (320 - 6 - 40, 240 - 6 - 40, 40, 40)
        );
        assert_eq!(
            place((320, 240), (400, 100)),
            (320 - 6 - 80, 240 - 6 - 20, 80, 20)
        );
        assert_eq!(
            place((240, 320), (10, 40)),
            (240 - 6 - 10, 320 - 6 - 40, 10, 40)
        );
        assert_eq!(place((1, 1), (30, 500)), (0, 0, 1, 1));
    }

    #[test]
    fn only_the_box_is_drawn_and_alpha_mixes() {
        let (width, height) = (80, 60); // the box is 20 x 10, the margin 1
        let mut picture = vec![100; width * height * 3];
        let logo = [200, 0, 50, 128].repeat(7 * 7);
        let mut frame = FrameMut::rgb8(&mut picture, width, height).unwrap();
        draw(&mut frame, &Frame::rgba8(&logo, 7, 7).unwrap()).unwrap();
        for (i, pixel) in picture.chunks_exact(3).enumerate() {
            let inside = (69..79).contains(&(i % width)) && (49..59).contains(&(i / width));
            // 100 * 127 / 255 = 49.8; 200, 0, 50 at 128 / 255 = 100.4, 0, 25.1.
            assert_eq!(
                pixel,
                if inside { [150, 50, 75] } else { [100; 3] },
                "pixel {i}"
            );
        }
    }

    #[test]
    fn a_transparent_picture_shows_the_logo_in_its_own_colour() {
        let mut picture = vec![0; 60 * 60 * 4];
        let logo = [200, 10, 50, 128];
        let mut frame = FrameMut::new(&mut picture, 60, 60, 240, PixelFormat::Rgba8).unwrap();
        draw(&mut frame, &Frame::rgba8(&logo, 1, 1).unwrap()).unwrap();
        let pixel = &picture[(55 * 60 + 55) * 4..][..4];
        assert!(
            pixel[0].abs_diff(200) <= 1 && pixel[1].abs_diff(10) <= 1 && pixel[2].abs_diff(50) <= 1,
            "{pixel:?}"
        );
        assert_eq!((pixel[3], picture[3]), (128, 0));
    }

    #[test]
    fn gray_and_tiny_pictures() {
        let mut picture = [10];
        draw(
            &mut FrameMut::gray8(&mut picture, 1, 1).unwrap(),
            &Frame::rgb8(&[255; 3], 1, 1).unwrap(),
        )
        .unwrap();
        assert_eq!(picture, [255]);
    }
}
