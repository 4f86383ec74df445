//! Planes of luma and chroma to RGB and back.
//!
//! Chroma is repeated on the way in and averaged on the way out, so that a colour which RGB can hold and nobody touched comes back
//! bit for bit: RGB's steps are the finer ones (255 to luma's 219).
//! Source of the formulas: ITU-R BT.601-7 2.5, BT.709-6 3.
use hypercut::PixelFormat;

/// How often chroma is sampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
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
    pub(crate) fn pixel_format(self) -> PixelFormat {
        match self {
            Self::Mono => PixelFormat::Gray8,
            _ => PixelFormat::Rgb8,
        }
    }

    /// Pixels per sample along x and y, as shifts.
    fn shifts(self) -> (u32, u32) {
        match self {
            Self::C420 => (1, 1),
            Self::C422 => (1, 0),
            Self::C444 | Self::Mono => (0, 0),
        }
    }
}

/// Where the planes of a frame lie: luma `[height, width]`, then Cb, then Cr, each `[ceil(height / 2^y), ceil(width / 2^x)]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    width: usize,
    height: usize,
    chroma: Chroma,
    chroma_width: usize,
    chroma_bytes: usize,
}

impl Layout {
    pub(crate) fn new(width: usize, height: usize, chroma: Chroma) -> Self {
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
        }
    }

    /// Bytes of all planes.
    pub(crate) fn bytes(&self) -> usize {
        self.width * self.height + 2 * self.chroma_bytes
    }
}

/// Fractional bits of the coefficients.
const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The numbers of one kind of luma and chroma.
#[derive(Debug, Clone)]
pub(crate) struct Coding {
    /// Luma's value of black.
    black: i32,
    luma: i32,
    red_of_cr: i32,
    green_of_cb: i32,
    green_of_cr: i32,
    blue_of_cb: i32,
    /// Luma of red, green, blue.
    of_luma: [i32; 3],
    of_cb: [i32; 3],
    of_cr: [i32; 3],
    whole: bool,
}

/// Rows from which video counts as high definition, which has BT.709's colours where nothing says otherwise.
const HD_HEIGHT: usize = 720;

impl Coding {
    /// What players assume for a video of that height that doesn't say: BT.601 below 720 rows, BT.709 from there on.
    pub(crate) fn for_height(height: usize, full_range: bool) -> Self {
        if height < HD_HEIGHT {
            Self::new(0.299, 0.114, full_range)
        } else {
            Self::new(0.2126, 0.0722, full_range)
        }
    }

    /// From the shares of red and blue in luma.
    fn new(red: f64, blue: f64, full_range: bool) -> Self {
        let green = 1.0 - red - blue;
        let (black, luma, chroma) = if full_range {
            (0, 1.0, 1.0)
        } else {
            (16, 219.0 / 255.0, 224.0 / 255.0)
        };
        let fixed = |value: f64| (value * f64::from(1 << BITS)).round() as i32;
        // The green share is what remains, so that white has exactly full luma and gray exactly no chroma.
        let rest = |total: f64, [r, b]: [i32; 2]| [r, fixed(total) - r - b, b];
        let (cb, cr) = (2.0 * (1.0 - blue), 2.0 * (1.0 - red));
        Self {
            black,
            luma: fixed(1.0 / luma),
            red_of_cr: fixed(cr / chroma),
            green_of_cb: fixed(-blue * cb / green / chroma),
            green_of_cr: fixed(-red * cr / green / chroma),
            blue_of_cb: fixed(cb / chroma),
            of_luma: rest(luma, [fixed(red * luma), fixed(blue * luma)]),
            of_cb: rest(0.0, [fixed(-red / cb * chroma), fixed(chroma / 2.0)]),
            of_cr: rest(0.0, [fixed(chroma / 2.0), fixed(-blue / cr * chroma)]),
            whole: full_range,
        }
    }

    /// `planes` to `rgb` `[height, width, 3]`; mono to gray `[height, width]`. Rounded to nearest and clamped.
    pub(crate) fn decode(&self, layout: &Layout, planes: &[u8], rgb: &mut [u8]) {
        let (luma, chroma) = planes.split_at(layout.width * layout.height);
        if layout.chroma == Chroma::Mono {
            return self.decode_gray(luma, rgb);
        }
        let (cb, cr) = chroma.split_at(layout.chroma_bytes);
        let (shift_x, shift_y) = layout.chroma.shifts();
        let rows = luma
            .chunks_exact(layout.width)
            .zip(rgb.chunks_exact_mut(layout.width * 3));
        for (y, (luma, rgb)) in rows.enumerate() {
            let start = (y >> shift_y) * layout.chroma_width;
            let samples = cb[start..]
                .iter()
                .zip(&cr[start..])
                .take(layout.chroma_width);
            let step = 1 << shift_x;
            for ((&cb, &cr), (luma, rgb)) in
                samples.zip(luma.chunks(step).zip(rgb.chunks_mut(3 * step)))
            {
                let shifts = self.shifts(cb, cr);
                for (&luma, rgb) in luma.iter().zip(rgb.as_chunks_mut::<3>().0) {
                    let luma = (i32::from(luma) - self.black) * self.luma + HALF;
                    *rgb = shifts.map(|shift| clamp((luma + shift) >> BITS));
                }
            }
        }
    }

    /// What a pair of chroma samples adds to red, green and blue.
    fn shifts(&self, cb: u8, cr: u8) -> [i32; 3] {
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        [
            cr * self.red_of_cr,
            cb * self.green_of_cb + cr * self.green_of_cr,
            cb * self.blue_of_cb,
        ]
    }

    fn decode_gray(&self, luma: &[u8], gray: &mut [u8]) {
        if self.whole {
            return gray.copy_from_slice(luma);
        }
        for (gray, &luma) in gray.iter_mut().zip(luma) {
            *gray = clamp(((i32::from(luma) - self.black) * self.luma + HALF) >> BITS);
        }
    }

    /// The way back of [`decode`](Self::decode); chroma is the mean over its pixels, beyond the border the border repeats.
    pub(crate) fn encode(&self, layout: &Layout, rgb: &[u8], planes: &mut [u8]) {
        let (luma, chroma) = planes.split_at_mut(layout.width * layout.height);
        if layout.chroma == Chroma::Mono {
            return self.encode_gray(rgb, luma);
        }
        for (luma, pixel) in luma.iter_mut().zip(rgb.as_chunks::<3>().0) {
            *luma =
                (self.black + ((product(self.of_luma, pixel.map(i32::from)) + HALF) >> BITS)) as u8;
        }
        let (cb, cr) = chroma.split_at_mut(layout.chroma_bytes);
        let (shift_x, shift_y) = layout.chroma.shifts();
        let shift = BITS + shift_x + shift_y;
        let row = |y: usize| &rgb.as_chunks::<3>().0[y * layout.width..][..layout.width];
        let samples = cb
            .chunks_exact_mut(layout.chroma_width)
            .zip(cr.chunks_exact_mut(layout.chroma_width));
        for (y, (cb, cr)) in samples.enumerate() {
            let first = row(y << shift_y);
            let second = (shift_y > 0).then(|| row(((y << 1) + 1).min(layout.height - 1)));
            for (x, (cb, cr)) in cb.iter_mut().zip(cr).enumerate() {
                let left = x << shift_x;
                let right = (left + 1).min(layout.width - 1);
                let across = |row: &[[u8; 3]]| match shift_x {
                    0 => row[left].map(i32::from),
                    _ => sum(row[left].map(i32::from), row[right].map(i32::from)),
                };
                let mut total = across(first);
                if let Some(second) = second {
                    total = sum(total, across(second));
                }
                let half = 1 << (shift - 1);
                *cb = clamp(128 + ((product(self.of_cb, total) + half) >> shift));
                *cr = clamp(128 + ((product(self.of_cr, total) + half) >> shift));
            }
        }
    }

    fn encode_gray(&self, gray: &[u8], luma: &mut [u8]) {
        if self.whole {
            return luma.copy_from_slice(gray);
        }
        let scale = self.of_luma.iter().sum::<i32>();
        for (luma, &gray) in luma.iter_mut().zip(gray) {
            *luma = (self.black + ((i32::from(gray) * scale + HALF) >> BITS)) as u8;
        }
    }
}

fn clamp(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

fn sum(a: [i32; 3], b: [i32; 3]) -> [i32; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

fn product(a: [i32; 3], b: [i32; 3]) -> i32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(coding: &Coding, yuv: [u8; 3]) -> [u8; 3] {
        let mut rgb = [0; 3];
        coding.decode(&Layout::new(1, 1, Chroma::C444), &yuv, &mut rgb);
        rgb
    }

    fn planes(coding: &Coding, rgb: [u8; 3]) -> [u8; 3] {
        let mut yuv = [0; 3];
        coding.encode(&Layout::new(1, 1, Chroma::C444), &rgb, &mut yuv);
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
        for height in [480, 1080] {
            let coding = Coding::for_height(height, false);
            let mut inside = 0;
            for y in 16..=235 {
                for cb in (16..=240).step_by(3) {
                    for cr in 16..=240 {
                        let shifts = coding.shifts(cb, cr);
                        let luma = (i32::from(y) - 16) * coding.luma;
                        if shifts
                            .iter()
                            .all(|shift| (0..=255 << BITS).contains(&(luma + shift)))
                        {
                            inside += 1;
                            let rgb = pixel(&coding, [y, cb, cr]);
                            assert_eq!(planes(&coding, rgb), [y, cb, cr]);
                        }
                    }
                }
            }
            assert!(inside > 500_000, "{inside}");
        }
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
                coding.decode(&layout, &planes, &mut pixels);
                let mut back = vec![0; planes.len()];
                coding.encode(&layout, &pixels, &mut back);
                assert_eq!(back, planes, "{chroma:?} {width} x {height}");
            }
        }
    }
}
