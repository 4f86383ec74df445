//! Pixel by pixel: the specification.
use super::{BITS, Chroma, Coding, HALF, Pixels, Row};

fn clamp(value: i32) -> u8 {
    value.clamp(0, 255) as u8
}

fn product(a: [i32; 3], b: [i32; 3]) -> i32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

pub(super) fn decode_row(c: &Coding, row: Row<'_>, rgb: &mut [u8]) {
    for (x, (&luma, rgb)) in row.luma.iter().zip(rgb.as_chunks_mut::<3>().0).enumerate() {
        let i = x / row.step;
        let (cb, cr) = match row.chroma {
            Chroma::Apart(cb, cr) => (cb[i], cr[i]),
            Chroma::Paired(both) => (both[2 * i], both[2 * i + 1]),
        };
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        let luma = (i32::from(luma) - c.black) * c.luma + HALF;
        *rgb = [
            cr * c.red_of_cr,
            cb * c.green_of_cb + cr * c.green_of_cr,
            cb * c.blue_of_cb,
        ]
        .map(|shift| clamp((luma + shift) >> BITS));
    }
}

pub(super) fn luma_row(c: &Coding, rgb: &[u8], luma: &mut [u8]) {
    for (luma, pixel) in luma.iter_mut().zip(rgb.as_chunks::<3>().0) {
        *luma = (c.black + ((product(c.of_luma, pixel.map(i32::from)) + HALF) >> BITS)) as u8;
    }
}

pub(super) fn chroma_row(c: &Coding, pixels: Pixels<'_>, cb: &mut [u8], cr: &mut [u8]) {
    let rows = [Some(pixels.first), pixels.second];
    let shared = pixels.step * rows.iter().flatten().count();
    let shift = BITS + shared.ilog2();
    let last = pixels.first.len() / 3 - 1;
    for (i, (cb, cr)) in cb.iter_mut().zip(cr).enumerate() {
        let mut total = [0; 3];
        for row in rows.into_iter().flatten() {
            for x in i * pixels.step..(i + 1) * pixels.step {
                let pixel = &row[x.min(last) * 3..][..3];
                for (total, &value) in total.iter_mut().zip(pixel) {
                    *total += i32::from(value);
                }
            }
        }
        let half = 1 << (shift - 1);
        *cb = clamp(128 + ((product(c.of_cb, total) + half) >> shift));
        *cr = clamp(128 + ((product(c.of_cr, total) + half) >> shift));
    }
}
