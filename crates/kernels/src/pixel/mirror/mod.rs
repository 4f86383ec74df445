//! A picture as a network takes it that also takes a mask, perhaps as in a mirror, and what comes of looking both ways.
mod scalar;
#[cfg(target_arch = "x86_64")]
mod sse;

use super::per_isa::per_isa;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;

/// A picture and what is known of its mask.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// `[height, width, 3]`
    pub rgb: &'a [u8],
    /// `[height, width]`; zeros where there is none.
    pub mask: Option<&'a [u8]>,
    /// Pixels per row.
    pub width: usize,
    /// Whether left and right change places.
    pub mirrored: bool,
}

/// Writes `seen` as pixels of four bytes, each less 128: `[height, width, 4]`.
///
/// # Panics
/// When lengths contradict each other or the width is zero.
pub fn fill(isa: Isa, seen: Seen<'_>, out: &mut [i8]) {
    let (pixels, width) = (out.len() / 4, seen.width);
    assert!(
        out.len() == pixels * 4 && pixels.is_multiple_of(width),
        "whole rows"
    );
    assert_eq!(seen.rgb.len(), pixels * 3, "length of the picture");
    assert!(
        seen.mask.is_none_or(|mask| mask.len() == pixels),
        "length of the mask"
    );
    #[cfg(target_arch = "x86_64")]
    if let Vectors::Avx2(_) | Vectors::Avx512(_) = isa.vectors() {
        // SAFETY: both tokens prove that this CPU has AVX2, which includes SSE4.1.
        return unsafe { sse::fill(seen, out) };
    }
    let _ = isa;
    scalar::fill(seen, 0, out);
}

/// `a` becomes the mean of itself and the mirror image of `b`, both `[height, width]`; halves are rounded up.
///
/// # Panics
/// When lengths differ or the width is zero.
pub fn mean(isa: Isa, width: usize, a: &mut [u8], b: &[u8]) {
    assert_eq!(a.len(), b.len(), "lengths");
    per_isa!(
        isa,
        scalar::mean,
        (width: usize = width, a: &mut [u8] = a, b: &[u8] = b)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pixels_and_what_is_known_of_them() {
        let seen = Seen {
            rgb: &[128, 129, 130, 127, 0, 255],
            mask: Some(&[1, 2]),
            width: 2,
            mirrored: false,
        };
        let filled = |seen| {
            let mut out = [9; 8];
            fill(Isa::Scalar, seen, &mut out);
            out
        };
        assert_eq!(filled(seen), [0, 1, 2, -127, -1, -128, 127, -126]);
        let mirrored = Seen {
            mirrored: true,
            ..seen
        };
        assert_eq!(filled(mirrored), [-1, -128, 127, -126, 0, 1, 2, -127]);
        let mask = None;
        assert_eq!(filled(Seen { mask, ..seen })[3], -128);
    }

    #[test]
    fn every_isa_gives_the_oracles_bytes() {
        for width in [1, 3, 4, 5, 8, 23, 64] {
            let bytes: Vec<u8> = (0..width * 3 * 5).map(|i| (i * 7919 % 251) as u8).collect();
            let mask = &bytes[..width * 5];
            for (mask, mirrored) in [
                (None, false),
                (None, true),
                (Some(mask), false),
                (Some(mask), true),
            ] {
                let seen = Seen {
                    rgb: &bytes,
                    mask,
                    width,
                    mirrored,
                };
                let mut oracle = vec![0; width * 4 * 5];
                fill(Isa::Scalar, seen, &mut oracle);
                for isa in Isa::available() {
                    let mut out = vec![0; oracle.len()];
                    fill(isa, seen, &mut out);
                    assert_eq!(out, oracle, "{isa}, {width} wide, mirrored: {mirrored}");
                }
            }
        }
    }

    #[test]
    fn the_mean_is_of_a_pixel_and_its_mirror_image() {
        for isa in Isa::available() {
            let mut a = [0, 10, 20, 255, 1, 0];
            mean(isa, 3, &mut a, &[1, 2, 3, 0, 0, 255]);
            assert_eq!(a, [2, 6, 11, 255, 1, 0], "{isa}");
        }
    }
}
