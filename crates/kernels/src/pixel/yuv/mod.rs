//! Luma and chroma to red, green, blue and back, a row at a time.
//!
//! In fixed point with 16 fractional bits, rounded to nearest (halves up) and held to a byte:
//!
//! ```text
//! R = (Y - black) * luma + (Cr - 128) * red_of_cr           Y  = black + of_luma . (R, G, B)
//! G = (Y - black) * luma + (Cb - 128) * green_of_cb         Cb = 128 + of_cb . (R, G, B)
//!                        + (Cr - 128) * green_of_cr         Cr = 128 + of_cr . (R, G, B)
//! B = (Y - black) * luma + (Cb - 128) * blue_of_cb
//! ```
//!
//! Chroma is repeated over its pixels on the way in, and of their mean colour on the way out. Every ISA gives the same bytes.
//! Source of the formulas: ITU-R BT.601-7 2.5, BT.709-6 3.
mod blocks;
mod scalar;

use super::per_isa::per_isa;
use crate::isa::Isa;

/// Fractional bits of the coefficients.
const BITS: u32 = 16;
const HALF: i32 = 1 << (BITS - 1);

/// The numbers of one kind of luma and chroma.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Coding {
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
}

impl Coding {
    /// From the shares of red and blue in luma; limited range is 16 to 235 for luma and 16 to 240 for chroma.
    pub fn new(red: f64, blue: f64, full_range: bool) -> Self {
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
        }
    }
}

/// The chroma samples under a row of pixels.
#[derive(Debug, Clone, Copy)]
pub enum Chroma<'a> {
    /// Cb and Cr apart, as in I420.
    Apart(&'a [u8], &'a [u8]),
    /// Cb and Cr in turn, as in NV12.
    Paired(&'a [u8]),
}

impl Chroma<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Apart(cb, cr) => cb.len().min(cr.len()),
            Self::Paired(both) => both.len() / 2,
        }
    }
}

/// A row of pixels as luma and chroma.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// `[W]`
    pub luma: &'a [u8],
    /// One sample for every `step` pixels, the last for those that are left.
    pub chroma: Chroma<'a>,
    /// 1 or 2.
    pub step: usize,
}

/// `row` to `rgb` `[W, 3]`.
///
/// # Panics
/// When lengths contradict each other, or for other steps.
pub fn decode_row(isa: Isa, coding: &Coding, row: Row<'_>, rgb: &mut [u8]) {
    assert_eq!(rgb.len(), row.luma.len() * 3, "length of the row");
    assert!(
        row.chroma.len() >= row.luma.len().div_ceil(row.step),
        "number of chroma samples"
    );
    macro_rules! decode {
        ($body:path) => {
            per_isa!(isa, $body, (coding: &Coding = coding, row: Row<'_> = row, rgb: &mut [u8] = rgb))
        };
    }
    match row.step {
        1 | 2 if isa == Isa::Scalar => scalar::decode_row(coding, row, rgb),
        1 => decode!(blocks::decode_row::<1>),
        2 => decode!(blocks::decode_row::<2>),
        step => panic!("a chroma sample for {step} pixels"),
    }
}

/// Luma `[W]` of `rgb` `[W, 3]`.
///
/// # Panics
/// When lengths contradict each other.
pub fn luma_row(isa: Isa, coding: &Coding, rgb: &[u8], luma: &mut [u8]) {
    assert_eq!(rgb.len(), luma.len() * 3, "length of the row");
    if matches!(isa, Isa::Scalar) {
        return scalar::luma_row(coding, rgb, luma);
    }
    per_isa!(
        isa,
        blocks::luma_row,
        (coding: &Coding = coding, rgb: &[u8] = rgb, luma: &mut [u8] = luma)
    );
}

/// Rows of pixels that share chroma samples.
#[derive(Debug, Clone, Copy)]
pub struct Pixels<'a> {
    /// `[W, 3]`
    pub first: &'a [u8],
    /// The row below, where two rows share; the first again at the picture's lower edge.
    pub second: Option<&'a [u8]>,
    /// Pixels of a row that share a sample: 1 or 2. At the right edge the last pixel counts twice.
    pub step: usize,
}

/// Cb and Cr, `[ceil(W / step)]` each, of the mean colours of `pixels`.
///
/// # Panics
/// When lengths contradict each other, or for other steps.
pub fn chroma_row(isa: Isa, coding: &Coding, pixels: Pixels<'_>, cb: &mut [u8], cr: &mut [u8]) {
    let width = pixels.first.len() / 3;
    let equal = pixels
        .second
        .is_none_or(|second| second.len() == pixels.first.len());
    assert!(
        equal && pixels.first.len() == width * 3,
        "length of the rows"
    );
    assert!(matches!(pixels.step, 1 | 2), "step {}", pixels.step);
    let samples = width.div_ceil(pixels.step);
    assert_eq!((cb.len(), cr.len()), (samples, samples), "chroma samples");
    if matches!(isa, Isa::Scalar) {
        return scalar::chroma_row(coding, pixels, cb, cr);
    }
    per_isa!(
        isa,
        blocks::chroma_row,
        (coding: &Coding = coding, pixels: Pixels<'_> = pixels, cb: &mut [u8] = cb, cr: &mut [u8] = cr)
    );
}

#[cfg(test)]
mod tests;
