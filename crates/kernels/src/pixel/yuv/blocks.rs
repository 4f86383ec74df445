//! Blocks of sixteen in plain Rust: inlined into a function with an ISA's features, the compiler makes vectors of it.
use super::{BITS, Chroma, Coding, HALF, Pixels, Row};

/// Pixels, or chroma samples, at a time.
const N: usize = 16;

/// The first `M` of `values`, or as many as there are and the last again and again.
#[inline(always)]
fn block<T: Copy + Default, const M: usize>(values: &[T]) -> [T; M] {
    if let Some(block) = values.first_chunk() {
        return *block;
    }
    let mut block = [values.last().copied().unwrap_or_default(); M];
    block[..values.len()].copy_from_slice(values);
    block
}

/// Cb and Cr of `M` samples from `first` on.
#[inline(always)]
fn samples<const M: usize>(chroma: Chroma<'_>, first: usize) -> [[u8; M]; 2] {
    match chroma {
        Chroma::Apart(cb, cr) => [block(&cb[first..]), block(&cr[first..])],
        Chroma::Paired(both) => {
            let pairs: [_; M] = block(&both.as_chunks::<2>().0[first..]);
            [pairs.map(|[cb, _]| cb), pairs.map(|[_, cr]| cr)]
        }
    }
}

#[inline(always)]
pub(super) fn decode_row<const STEP: usize>(c: &Coding, row: Row<'_>, rgb: &mut [u8]) {
    let width = row.luma.len();
    let c = *c;
    for x in (0..width).step_by(N) {
        let luma: [u8; N] = block(&row.luma[x..]);
        let chroma: [[u8; N]; 2] = match STEP {
            1 => samples(row.chroma, x),
            _ => samples::<{ N / 2 }>(row.chroma, x / 2)
                .map(|plane| std::array::from_fn(|i| plane[i / 2])),
        };
        let mut packed = [0u32; N];
        for i in 0..N {
            let (cb, cr) = (i32::from(chroma[0][i]) - 128, i32::from(chroma[1][i]) - 128);
            let luma = (i32::from(luma[i]) - c.black) * c.luma + HALF;
            let red = luma + cr * c.red_of_cr;
            let green = luma + (cb * c.green_of_cb + cr * c.green_of_cr);
            let blue = luma + cb * c.blue_of_cb;
            let [red, green, blue] =
                [red, green, blue].map(|value| (value >> BITS).clamp(0, 255) as u32);
            packed[i] = red | green << 8 | blue << 16;
        }
        let out = &mut rgb[x * 3..];
        if let Some(out) = out.first_chunk_mut::<{ 3 * N }>() {
            // Four bytes each: the fourth is overwritten by the next pixel.
            for i in 0..N - 1 {
                out[3 * i..3 * i + 4].copy_from_slice(&packed[i].to_le_bytes());
            }
            out[3 * N - 3..].copy_from_slice(&packed[N - 1].to_le_bytes()[..3]);
        } else {
            for (out, packed) in out.as_chunks_mut::<3>().0.iter_mut().zip(&packed) {
                out.copy_from_slice(&packed.to_le_bytes()[..3]);
            }
        }
    }
}

/// Red, green and blue apart.
#[inline(always)]
fn apart(pixels: &[[u8; 3]; N]) -> [[i32; N]; 3] {
    std::array::from_fn(|c| std::array::from_fn(|i| i32::from(pixels[i][c])))
}

#[inline(always)]
pub(super) fn luma_row(c: &Coding, rgb: &[u8], luma: &mut [u8]) {
    let ([r, g, b], black) = (c.of_luma, c.black);
    let pixels = rgb.as_chunks::<3>().0;
    for (pixels, luma) in pixels.chunks(N).zip(luma.chunks_mut(N)) {
        let [red, green, blue] = apart(&block(pixels));
        let mut values = [0; N];
        for i in 0..N {
            let sum = red[i] * r + green[i] * g + blue[i] * b;
            values[i] = (black + ((sum + HALF) >> BITS)) as u8;
        }
        match luma.first_chunk_mut() {
            Some(luma) => *luma = values,
            None => luma.copy_from_slice(&values[..luma.len()]),
        }
    }
}

#[inline(always)]
pub(super) fn chroma_row(c: &Coding, pixels: Pixels<'_>, cb: &mut [u8], cr: &mut [u8]) {
    let c = *c;
    let (step, first) = (pixels.step, pixels.first.as_chunks::<3>().0);
    let second = pixels.second.map(|second| second.as_chunks::<3>().0);
    let shift = BITS + u32::from(step == 2) + u32::from(second.is_some());
    let half = 1 << (shift - 1);
    for (i, (cb, cr)) in cb.chunks_mut(N).zip(cr.chunks_mut(N)).enumerate() {
        let start = i * N * step;
        let mut total = [[0; N]; 3];
        for row in [Some(first), second].into_iter().flatten() {
            let row = &row[start..];
            let low = apart(&block(row));
            if step == 1 {
                for c in 0..3 {
                    for i in 0..N {
                        total[c][i] += low[c][i];
                    }
                }
                continue;
            }
            // What lies beyond the row's end is its last pixel again.
            let rest = row.get(N..).filter(|rest| !rest.is_empty());
            let high = apart(&block(rest.unwrap_or(&row[row.len() - 1..])));
            for c in 0..3 {
                for i in 0..N / 2 {
                    total[c][i] += low[c][2 * i] + low[c][2 * i + 1];
                    total[c][N / 2 + i] += high[c][2 * i] + high[c][2 * i + 1];
                }
            }
        }
        let [red, green, blue] = total;
        let mut values = [[0; N]; 2];
        for (values, [r, g, b]) in values.iter_mut().zip([c.of_cb, c.of_cr]) {
            for i in 0..N {
                let sum = red[i] * r + green[i] * g + blue[i] * b;
                values[i] = (128 + ((sum + half) >> shift)).clamp(0, 255) as u8;
            }
        }
        cb.copy_from_slice(&values[0][..cb.len()]);
        cr.copy_from_slice(&values[1][..cr.len()]);
    }
}
