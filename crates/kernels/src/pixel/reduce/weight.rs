//! What a pixel of a row tells about either side of a mask.
use super::super::per_isa::per_isa;
use crate::isa::Isa;

/// Writes the eighth power of each share, 255 being 1: each squaring rounded to nearest.
///
/// # Panics
/// When lengths differ.
pub fn eighth_power(isa: Isa, shares: &[u8], out: &mut [u8]) {
    assert_eq!(shares.len(), out.len(), "output length");
    per_isa!(isa, power, (shares: &[u8] = shares, out: &mut [u8] = out));
}

#[inline(always)]
fn power(shares: &[u8], out: &mut [u8]) {
    // `div255` in 16 bits: no square of a byte carries out of them.
    let square = |share: u16| {
        let t = share * share + 128;
        (t + (t >> 8)) >> 8
    };
    for (&share, out) in shares.iter().zip(out) {
        *out = square(square(square(u16::from(share)))) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::div255;
    use super::*;

    #[test]
    fn the_eighth_power_is_three_rounded_squares_of_every_byte() {
        let shares: Vec<u8> = (0..=255).collect();
        let square = |share: u32| div255(share * share);
        let expected: Vec<u8> = (0..=255).map(|i| square(square(square(i))) as u8).collect();
        for isa in Isa::available() {
            let mut out = vec![0; 256];
            eighth_power(isa, &shares, &mut out);
            assert_eq!(out, expected, "{isa}");
        }
        assert_eq!((expected[255], expected[0]), (255, 0));
    }
}
