//! A picture's own alpha.
use super::per_isa::per_isa;
use crate::isa::Isa;

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
    fn one_transparent_pixel_bounds_the_mask_there_alone() {
        for isa in Isa::available() {
            for len in 1..80 {
                let mut row = vec![0; len * 4];
                row.iter_mut().skip(3).step_by(4).for_each(|a| *a = 255);
                for at in 0..len {
                    row[at * 4 + 3] = 254;
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
