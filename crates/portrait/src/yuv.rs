//! Frames of luma and chroma, as cameras and decoders give them, to red, green, blue and back.
//!
//! Chroma is repeated on the way in and averaged on the way out, so that a colour which RGB can hold and nobody touched comes back
//! bit for bit: RGB's steps are the finer ones (255 to luma's 219). Every CPU gives the same bytes.
//!
//! ```
//! use hypercut::Frame;
//! use hypercut::yuv::{Chroma, Coding, Layout};
//! let (width, height) = (64, 48);
//! let layout = Layout::new(width, height, Chroma::C420).paired(); // NV12
//! let planes = vec![128; layout.bytes()];
//! let mut rgb = vec![0; width * height * 3];
//! Coding::for_height(height, false).decode(&layout, &planes, &mut rgb)?;
//! let frame = Frame::rgb8(&rgb, width, height)?;
//! # assert!(frame.data().iter().all(|&value| value == 130)); // (128 - 16) / 219 of 255
//! # Ok::<(), hypercut::Error>(())
//! ```
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::yuv;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::PixelFormat;

/// How often chroma is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chroma {
    /// Once for 2 x 2 pixels.
    C420,
    /// Once for two pixels of a row.
    C422,
    /// For every pixel.
    C444,
    /// Never: luma alone.
    Mono,
}

impl Chroma {
    /// The frame's format that holds it.
    pub const fn pixel_format(self) -> PixelFormat {
        match self {
            Self::Mono => PixelFormat::Gray8,
            _ => PixelFormat::Rgb8,
        }
    }

    /// Pixels per sample along x and y, as shifts.
    const fn shifts(self) -> (u32, u32) {
        match self {
            Self::C420 => (1, 1),
            Self::C422 => (1, 0),
            Self::C444 | Self::Mono => (0, 0),
        }
    }
}

/// Where the planes of a frame lie: luma `[height, width]`, then Cb, then Cr, each `[ceil(height / 2^y), ceil(width / 2^x)]`,
/// without gaps (I420 with [`Chroma::C420`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    width: usize,
    height: usize,
    chroma: Chroma,
    chroma_width: usize,
    chroma_bytes: usize,
    paired: bool,
}

impl Layout {
    /// Planes one after the other.
    pub fn new(width: usize, height: usize, chroma: Chroma) -> Self {
        let (x, y) = chroma.shifts();
        let chroma_width = width.div_ceil(1 << x);
        let chroma_height = height.div_ceil(1 << y);
        let chroma_bytes = match chroma {
            Chroma::Mono => 0,
            _ => chroma_width * chroma_height,
        };
        Self {
            width,
            height,
            chroma,
            chroma_width,
            chroma_bytes,
            paired: false,
        }
    }

    /// The same with Cb and Cr in turn in one plane: NV12, where chroma is 4:2:0. Frames of it are read, not written.
    #[must_use]
    pub fn paired(self) -> Self {
        Self {
            paired: true,
            ..self
        }
    }

    /// Bytes of all planes.
    pub fn bytes(&self) -> usize {
        self.width * self.height + 2 * self.chroma_bytes
    }

    /// Checks what is to be converted against the layout.
    fn check(&self, planes: usize, pixels: usize) -> Result<()> {
        let format = self.chroma.pixel_format();
        let expected = [
            ("planes", planes, self.bytes()),
            ("pixels", pixels, self.width * self.height * format.bytes()),
        ];
        for (what, found, expected) in expected {
            if found != expected {
                let (width, height) = (self.width, self.height);
                let message = format!(
                    "{what} of {found} bytes; {width} x {height} pixels of {:?} have {expected}",
                    self.chroma
                );
                return Err(Error::new(ErrorKind::Frame, message));
            }
        }
        Ok(())
    }

    /// Chroma samples of row `y`.
    fn chroma_row<'a>(&self, chroma: &'a [u8], y: usize) -> yuv::Chroma<'a> {
        let row = (y >> self.chroma.shifts().1) * self.chroma_width;
        if self.paired {
            return yuv::Chroma::Paired(&chroma[2 * row..][..2 * self.chroma_width]);
        }
        let (cb, cr) = chroma.split_at(self.chroma_bytes);
        let samples = row..row + self.chroma_width;
        yuv::Chroma::Apart(&cb[samples.clone()], &cr[samples])
    }
}

/// The numbers of one kind of luma and chroma.
#[derive(Debug, Clone)]
pub struct Coding {
    isa: Isa,
    colour: yuv::Coding,
    /// For luma alone, by value: to gray, and back.
    gray: [[u8; 256]; 2],
}

/// Rows from which video counts as high definition, which has BT.709's colours where nothing says otherwise.
const HD_HEIGHT: usize = 720;

impl Coding {
    /// ITU-R BT.601, of standard definition and of JPEG (which has full range).
    pub fn bt601(full_range: bool) -> Self {
        Self::new(0.299, 0.114, full_range)
    }

    /// ITU-R BT.709, of high definition.
    pub fn bt709(full_range: bool) -> Self {
        Self::new(0.2126, 0.0722, full_range)
    }

    /// What players assume for a video of that height that doesn't say: BT.601 below 720 rows, BT.709 from there on.
    pub fn for_height(height: usize, full_range: bool) -> Self {
        if height < HD_HEIGHT {
            Self::bt601(full_range)
        } else {
            Self::bt709(full_range)
        }
    }

    fn new(red: f64, blue: f64, full_range: bool) -> Self {
        let isa = Isa::detect();
        let colour = yuv::Coding::new(red, blue, full_range);
        // Gray is colour without chroma.
        let values: [u8; 256] = std::array::from_fn(|value| value as u8);
        let mut rgb = [0; 256 * 3];
        let row = yuv::Row {
            luma: &values,
            chroma: yuv::Chroma::Apart(&[128; 256], &[128; 256]),
            step: 1,
        };
        yuv::decode_row(isa, &colour, row, &mut rgb);
        let mut gray = [[0; 256]; 2];
        gray[0] = std::array::from_fn(|value| rgb[3 * value]);
        let grays: [u8; 256 * 3] = std::array::from_fn(|i| (i / 3) as u8);
        yuv::luma_row(isa, &colour, &grays, &mut gray[1]);
        Self { isa, colour, gray }
    }

    /// `planes` to `rgb` `[height, width, 3]`; mono to gray `[height, width]`. Rounded to nearest and clamped.
    ///
    /// # Errors
    /// [`ErrorKind::Frame`] for lengths that are not the layout's.
    pub fn decode(&self, layout: &Layout, planes: &[u8], rgb: &mut [u8]) -> Result<()> {
        layout.check(planes.len(), rgb.len())?;
        let (luma, chroma) = planes.split_at(layout.width * layout.height);
        if layout.chroma == Chroma::Mono {
            for (gray, &luma) in rgb.iter_mut().zip(luma) {
                *gray = self.gray[0][usize::from(luma)];
            }
            return Ok(());
        }
        let rows = luma
            .chunks_exact(layout.width)
            .zip(rgb.chunks_exact_mut(layout.width * 3));
        for (y, (luma, rgb)) in rows.enumerate() {
            let row = yuv::Row {
                luma,
                chroma: layout.chroma_row(chroma, y),
                step: 1 << layout.chroma.shifts().0,
            };
            yuv::decode_row(self.isa, &self.colour, row, rgb);
        }
        Ok(())
    }

    /// The way back of [`decode`](Self::decode); chroma is the mean over its pixels, beyond the border the border repeats.
    ///
    /// # Errors
    /// As [`decode`](Self::decode), and [`ErrorKind::Format`] for a [paired](Layout::paired) layout.
    pub fn encode(&self, layout: &Layout, rgb: &[u8], planes: &mut [u8]) -> Result<()> {
        layout.check(planes.len(), rgb.len())?;
        if layout.paired {
            let message = "chroma in pairs is read, not written";
            return Err(Error::new(ErrorKind::Format, message));
        }
        let (luma, chroma) = planes.split_at_mut(layout.width * layout.height);
        if layout.chroma == Chroma::Mono {
            for (luma, &gray) in luma.iter_mut().zip(rgb) {
                *luma = self.gray[1][usize::from(gray)];
            }
            return Ok(());
        }
        yuv::luma_row(self.isa, &self.colour, rgb, luma);
        let (cb, cr) = chroma.split_at_mut(layout.chroma_bytes);
        let (shift_x, shift_y) = layout.chroma.shifts();
        let samples = cb
            .chunks_exact_mut(layout.chroma_width)
            .zip(cr.chunks_exact_mut(layout.chroma_width));
        let row =
            |y: usize| &rgb[y.min(layout.height - 1) * layout.width * 3..][..layout.width * 3];
        for (y, (cb, cr)) in samples.enumerate() {
            let pixels = yuv::Pixels {
                first: row(y << shift_y),
                second: (shift_y > 0).then(|| row((y << shift_y) + 1)),
                step: 1 << shift_x,
            };
            yuv::chroma_row(self.isa, &self.colour, pixels, cb, cr);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(coding: &Coding, yuv: [u8; 3]) -> [u8; 3] {
        let mut rgb = [0; 3];
        coding
            .decode(&Layout::new(1, 1, Chroma::C444), &yuv, &mut rgb)
            .unwrap();
        rgb
    }

    fn planes(coding: &Coding, rgb: [u8; 3]) -> [u8; 3] {
        let mut yuv = [0; 3];
        coding
            .encode(&Layout::new(1, 1, Chroma::C444), &rgb, &mut yuv)
            .unwrap();
        yuv
    }

    /// The colour bars of BT.601 and BT.709 at full amplitude, from the standards' formulas, rounded.
    #[test]
    fn the_standards_colours() {
        let sd = Coding::for_height(576, false);
        assert_eq!(planes(&sd, [255; 3]), [235, 128, 128]);
        assert_eq!(planes(&sd, [0; 3]), [16, 128, 128]);
        assert_eq!(planes(&sd, [255, 0, 0]), [81, 90, 240]);
        assert_eq!(planes(&sd, [0, 255, 0]), [145, 54, 34]);
        assert_eq!(planes(&sd, [0, 0, 255]), [41, 240, 110]);
        let hd = Coding::for_height(720, false);
        assert_eq!(planes(&hd, [255, 0, 0]), [63, 102, 240]);
        assert_eq!(planes(&hd, [0, 255, 0]), [173, 42, 26]);
        assert_eq!(planes(&hd, [0, 0, 255]), [32, 240, 118]);
        let jpeg = Coding::for_height(576, true);
        assert_eq!(planes(&jpeg, [255, 0, 0]), [76, 85, 255]); // JFIF's Cr of red is 255.5
        assert_eq!(pixel(&jpeg, [76, 85, 255]), [254, 0, 0]);
        assert_eq!(pixel(&sd, [235, 128, 128]), [255; 3]);
        assert_eq!(pixel(&sd, [0, 128, 128]), [0; 3], "below black is black");
    }

    /// Every colour of limited range that lies inside RGB.
    #[test]
    fn untouched_colours_come_back() {
        for (coding, red, blue) in [
            (Coding::for_height(480, false), 0.299, 0.114),
            (Coding::for_height(1080, false), 0.2126, 0.0722),
        ] {
            let mut inside = 0;
            let layout = Layout::new(220, 1, Chroma::C444);
            for cb in (16..=240).step_by(3) {
                for cr in 16..=240 {
                    let mut planes = [cb; 660];
                    planes[..220]
                        .copy_from_slice(&std::array::from_fn::<u8, 220, _>(|i| 16 + i as u8));
                    planes[440..].fill(cr);
                    let (mut rgb, mut back) = ([0; 660], [0; 660]);
                    coding.decode(&layout, &planes, &mut rgb).unwrap();
                    coding.encode(&layout, &rgb, &mut back).unwrap();
                    let chroma = |value: u8| (f64::from(value) - 128.0) / 224.0 * 255.0;
                    let (r, b) = (
                        2.0 * (1.0 - red) * chroma(cr),
                        2.0 * (1.0 - blue) * chroma(cb),
                    );
                    let g = -(red * r + blue * b) / (1.0 - red - blue);
                    for i in 0..220 {
                        let luma = i as f64 / 219.0 * 255.0;
                        if [r, g, b]
                            .iter()
                            .all(|shift| (0.0..=255.0).contains(&(luma + shift)))
                        {
                            inside += 1;
                            let of =
                                |planes: &[u8; 660]| [planes[i], planes[220 + i], planes[440 + i]];
                            assert_eq!(of(&back), of(&planes));
                        }
                    }
                }
            }
            assert!(inside > 500_000, "{inside}");
        }
    }

    #[test]
    fn chroma_in_pairs_is_the_same_picture() {
        let layout = Layout::new(7, 5, Chroma::C420);
        let planes: Vec<u8> = (0..layout.bytes()).map(|i| (i * 53 % 256) as u8).collect();
        let (luma, chroma) = planes.split_at(35);
        let (cb, cr) = chroma.split_at(chroma.len() / 2);
        let pairs = cb.iter().zip(cr).flat_map(|(&cb, &cr)| [cb, cr]);
        let nv12: Vec<u8> = luma.iter().copied().chain(pairs).collect();
        let coding = Coding::bt709(true);
        let (mut one, mut other) = ([0; 105], [0; 105]);
        coding.decode(&layout, &planes, &mut one).unwrap();
        coding.decode(&layout.paired(), &nv12, &mut other).unwrap();
        assert_eq!(one, other);
    }

    #[test]
    fn other_lengths_are_refused() {
        let layout = Layout::new(4, 2, Chroma::C420);
        let coding = Coding::bt601(false);
        let says = |planes: &[u8], rgb: &mut [u8]| {
            let error = coding.decode(&layout, planes, rgb).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Frame);
            error.to_string()
        };
        assert_eq!(
            says(&[0; 11], &mut [0; 24]),
            "planes of 11 bytes; 4 x 2 pixels of C420 have 12"
        );
        assert_eq!(
            says(&[0; 12], &mut [0; 23]),
            "pixels of 23 bytes; 4 x 2 pixels of C420 have 24"
        );
        let paired = layout.paired();
        let error = coding.encode(&paired, &[0; 24], &mut [0; 12]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
    }

    #[test]
    fn every_layout_comes_back_at_odd_sizes() {
        for chroma in [Chroma::C420, Chroma::C422, Chroma::C444, Chroma::Mono] {
            for (width, height) in [(1, 1), (2, 3), (5, 4), (7, 7)] {
                let layout = Layout::new(width, height, chroma);
                // Luma in the middle and little chroma: all inside RGB.
                let planes: Vec<u8> = (0..layout.bytes())
                    .map(|i| match i < width * height {
                        true => 100 + (i * 37 % 40) as u8,
                        false => 115 + (i * 11 % 26) as u8,
                    })
                    .collect();
                let coding = Coding::for_height(height, false);
                let mut pixels = vec![0; width * height * chroma.pixel_format().bytes()];
                coding.decode(&layout, &planes, &mut pixels).unwrap();
                let mut back = vec![0; planes.len()];
                coding.encode(&layout, &pixels, &mut back).unwrap();
                assert_eq!(back, planes, "{chroma:?} {width} x {height}");
            }
        }
    }
}
