//! What a pixel of a row tells about either side of a mask.
use super::super::per_isa::per_isa;
use crate::isa::Isa;

/// Writes each pixel's colour times its weight, and the weight: `row` is `[W, channels]` with 1 (counted thrice), 3 or 4 channels
/// (the fourth ignored), `weights` `[W]`, `out` `[W, 4]`.
///
/// # Panics
/// When lengths contradict each other or `channels` is none of the above.
pub fn products(isa: Isa, row: &[u8], channels: usize, weights: &[u8], out: &mut [[u16; 4]]) {
    assert_eq!(row.len(), weights.len() * channels, "row length");
    assert_eq!(out.len(), weights.len(), "output length");
    macro_rules! multiply {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (row: &[u8] = row, weights: &[u8] = weights, out: &mut [[u16; 4]] = out)
            )
        };
    }
    match channels {
        1 => multiply!(multiply::<1>),
        3 => multiply!(multiply::<3>),
        4 => multiply!(multiply::<4>),
        other => panic!("{other} channels"),
    }
}

#[inline(always)]
fn multiply<const C: usize>(row: &[u8], weights: &[u8], out: &mut [[u16; 4]]) {
    for ((pixel, &weight), out) in row.as_chunks::<C>().0.iter().zip(weights).zip(out) {
        let weight = u16::from(weight);
        let [r, g, b] = match C {
            1 => [pixel[0]; 3],
            _ => [pixel[0], pixel[1], pixel[2]],
        };
        *out = [r, g, b, 1].map(|value| u16::from(value) * weight);
    }
}

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

    #[test]
    fn products_are_exact() {
        let row: Vec<u8> = (0..68).map(|i| (255 - i * 3) as u8).collect();
        let weights: Vec<u8> = (0..17).map(|i| (255 - i * 15) as u8).collect();
        for isa in Isa::available() {
            let mut out = [[0; 4]; 17];
            products(isa, &row, 4, &weights, &mut out);
            for (i, out) in out.iter().enumerate() {
                let expected = [0, 1, 2].map(|c| u16::from(row[i * 4 + c]) * u16::from(weights[i]));
                assert_eq!(out[..3], expected, "{isa}");
                assert_eq!(out[3], u16::from(weights[i]), "{isa}");
            }
        }
    }
}
