//! A contact sheet: picture, mask, and where the mask is wrong.
use anyhow::{Context, Result};
use hypercut::{Frame, Mask, PixelFormat};
use image::imageops::{self, FilterType};
use image::{GrayImage, Rgb, RgbImage};

use super::metric::THRESHOLD;

/// Side of the square that a picture is fitted into, in pixels.
const SIDE: u32 = 128;

/// Space between pictures of different kinds.
const GAP: u32 = 6;

/// Pictures beside each other.
const ACROSS: usize = 4;

const BACKGROUND: Rgb<u8> = Rgb([48, 48, 48]);

/// Where something is taken for a person.
const RED: [u16; 3] = [255, 40, 40];

/// Where a person is missed.
const BLUE: [u16; 3] = [40, 110, 255];

/// Squares for `count` pictures, four beside each other, filled one after another.
#[derive(Debug)]
pub(super) struct Sheet {
    canvas: RgbImage,
    filled: usize,
}

impl Sheet {
    /// A sheet for `count` pictures, as wide as it needs to be.
    pub(super) fn new(count: usize) -> Self {
        let (across, down) = (count.clamp(1, ACROSS), count.div_ceil(ACROSS).max(1));
        let (width, height) = (across as u32 * (3 * SIDE + GAP), down as u32 * (SIDE + GAP));
        Self {
            canvas: RgbImage::from_pixel(width, height, BACKGROUND),
            filled: 0,
        }
    }

    /// Adds a picture with the mask found and the true one, all of one size.
    ///
    /// # Errors
    /// Sizes beyond 32 bits.
    pub(super) fn add(&mut self, frame: &Frame<'_>, found: &Mask, truth: &Mask) -> Result<()> {
        let (width, height) = (
            u32::try_from(frame.width())?,
            u32::try_from(frame.height())?,
        );
        let picture = RgbImage::from_raw(width, height, rgb(frame)).context("pixels")?;
        let gray = GrayImage::from_raw(width, height, found.data().to_vec()).context("mask")?;
        let mask = image::DynamicImage::from(gray).into_rgb8();
        let overlay = overlay(&picture, found, truth);
        let (column, row) = (self.filled % ACROSS, self.filled / ACROSS);
        let left = i64::from(3 * SIDE + GAP) * column as i64;
        let top = i64::from(SIDE + GAP) * row as i64;
        for (left, tile) in (left..)
            .step_by(SIDE as usize)
            .zip([picture, mask, overlay])
        {
            let tile = fitted(&tile);
            let (x, y) = ((SIDE - tile.width()) / 2, (SIDE - tile.height()) / 2);
            imageops::replace(
                &mut self.canvas,
                &tile,
                left + i64::from(x),
                top + i64::from(y),
            );
        }
        self.filled += 1;
        Ok(())
    }

    /// The sheet's pixels.
    pub(super) fn frame(&self) -> Result<Frame<'_>> {
        let (width, height) = (self.canvas.width() as usize, self.canvas.height() as usize);
        Ok(Frame::rgb8(self.canvas.as_raw(), width, height)?)
    }
}

/// The colours of a frame, packed.
fn rgb(frame: &Frame<'_>) -> Vec<u8> {
    let pixels = frame
        .rows()
        .flat_map(|row| row.chunks_exact(frame.format().bytes()));
    let colours = pixels.flat_map(|pixel| match frame.format() {
        PixelFormat::Gray8 => [pixel[0]; 3],
        _ => [pixel[0], pixel[1], pixel[2]],
    });
    colours.collect()
}

/// The picture in gray, red where a person is found that isn't there, blue where one is missed, lighter on the person.
fn overlay(picture: &RgbImage, found: &Mask, truth: &Mask) -> RgbImage {
    let mut out = picture.clone();
    let alphas = found.data().iter().zip(truth.data());
    for (Rgb(pixel), (&found, &truth)) in out.pixels_mut().zip(alphas) {
        let gray = pixel.iter().map(|&c| u16::from(c)).sum::<u16>() / 3;
        let (tint, strength) = match (found >= THRESHOLD, truth >= THRESHOLD) {
            (true, false) => (RED, 3),
            (false, true) => (BLUE, 3),
            (true, true) => ([255; 3], 1),
            (false, false) => ([0; 3], 2),
        };
        *pixel = tint.map(|tint| ((tint * strength + gray * (4 - strength)) / 4) as u8);
    }
    out
}

/// Shrunk or grown until the longer side is [`SIDE`].
fn fitted(picture: &RgbImage) -> RgbImage {
    let longest = picture.width().max(picture.height()).max(1);
    let side = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longest)).max(1) as u32;
    let (width, height) = (side(picture.width()), side(picture.height()));
    imageops::resize(picture, width, height, FilterType::Triangle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_people_are_red_and_missed_ones_blue() {
        let gray = [100; 4 * 3];
        let frame = Frame::rgb8(&gray, 4, 1).unwrap();
        let found = Mask::from_raw(4, 1, vec![255, 0, 200, 3]).unwrap();
        let truth = Mask::from_raw(4, 1, vec![0, 255, 255, 0]).unwrap();
        let picture = RgbImage::from_raw(4, 1, rgb(&frame)).unwrap();
        let out = overlay(&picture, &found, &truth);
        let colours: Vec<_> = out.pixels().map(|pixel| pixel.0).collect();
        assert_eq!(colours, [[216, 55, 55], [55, 107, 216], [138; 3], [50; 3]]);
    }

    #[test]
    fn sixteen_pictures_make_four_rows() {
        let mut sheet = Sheet::new(16);
        let pixels = [255; 20 * 10];
        let frame = Frame::gray8(&pixels, 20, 10).unwrap();
        let mask = Mask::from_raw(20, 10, vec![255; 200]).unwrap();
        sheet.add(&frame, &mask, &mask).unwrap();
        let frame = sheet.frame().unwrap();
        assert_eq!((frame.width(), frame.height()), (4 * 390, 4 * 134));
        // The picture is 128 x 64 and stands in the middle of its square.
        assert_eq!(
            (frame.row(31)[0], frame.row(32)[0], frame.row(96)[0]),
            (48, 255, 48)
        );
    }
}
