//! A picture's own alpha.
use super::per_isa::per_isa;
use crate::isa::Isa;

/// Whether every pixel of `row`, `[W, 4]`, has alpha 255.
pub fn is_opaque(isa: Isa, row: &[u8]) -> bool {
    let mut common = 0;
    per_isa!(isa, common_bits, (row: &[u8] = row, common: &mut u32 = &mut common));
    common >> 24 == 255
}

/// The bits that are set in every pixel, read as a little-endian number.
#[inline(always)]
fn common_bits(row: &[u8], common: &mut u32) {
    let pixels = row.as_chunks::<4>().0.iter();
    *common = pixels.fold(u32::MAX, |bits, pixel| bits & u32::from_le_bytes(*pixel));
}

/// Holds each mask value of `alpha` `[W]` below the alpha of its pixel in `row` `[W, 4]`.
///
/// # Panics
/// When lengths differ.
pub fn bound(isa: Isa, row: &[u8], alpha: &mut [u8]) {
    assert_eq!(row.len(), alpha.len() * 4, "row length");
    per_isa!(isa, least_of_both, (row: &[u8] = row, alpha: &mut [u8] = alpha));
}

#[inline(always)]
fn least_of_both(row: &[u8], alpha: &mut [u8]) {
    for (alpha, pixel) in alpha.iter_mut().zip(row.as_chunks::<4>().0) {
        *alpha = (*alpha).min(pixel[3]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_transparent_pixel_is_found_anywhere_and_bounds_the_mask() {
        for isa in Isa::available() {
            for len in 1..80 {
                let mut row = vec![0; len * 4];
                row.iter_mut().skip(3).step_by(4).for_each(|a| *a = 255);
                assert!(is_opaque(isa, &row));
                for at in 0..len {
                    row[at * 4 + 3] = 254;
                    assert!(!is_opaque(isa, &row), "{isa} {len} {at}");
                    let mut alpha = vec![255; len];
                    bound(isa, &row, &mut alpha);
                    let low: Vec<_> = (0..len).filter(|&x| alpha[x] == 254).collect();
                    assert_eq!(low, [at], "{isa} {len}");
                    row[at * 4 + 3] = 255;
                }
            }
        }
    }
}
