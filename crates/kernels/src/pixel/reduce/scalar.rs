//! The oracle.
use super::Tone;

pub(super) fn add_row<const C: usize>(
    row: &[u8],
    weight: &[u8],
    side: usize,
    tone: Tone<'_>,
    cells: &mut [[f32; 4]],
) {
    let spans = row.chunks(side * C).zip(weight.chunks(side)).zip(cells);
    match tone {
        Tone::Plain => {
            spans.for_each(|((pixels, weights), cell)| plain::<C>(pixels, weights, cell))
        }
        Tone::Curve(curve) => {
            spans.for_each(|((pixels, weights), cell)| curved::<C>(pixels, weights, curve, cell))
        }
    }
}

/// Red, green, blue of a pixel of `C` bytes.
fn colour<const C: usize>(pixel: &[u8; C]) -> [u8; 3] {
    if C == 1 {
        [pixel[0]; 3]
    } else {
        [pixel[0], pixel[1], pixel[2]]
    }
}

fn plain<const C: usize>(pixels: &[u8], weights: &[u8], cell: &mut [f32; 4]) {
    let mut sums = [0u32; 4];
    for (pixel, &weight) in pixels.as_chunks::<C>().0.iter().zip(weights) {
        let [r, g, b] = colour(pixel);
        for (sum, value) in sums.iter_mut().zip([r, g, b, 1]) {
            *sum += u32::from(value) * u32::from(weight);
        }
    }
    for (total, sum) in cell.iter_mut().zip(sums) {
        *total += sum as f32;
    }
}

fn curved<const C: usize>(pixels: &[u8], weights: &[u8], curve: &[f32; 256], cell: &mut [f32; 4]) {
    let mut sums = [0.0f32; 4];
    for (pixel, &weight) in pixels.as_chunks::<C>().0.iter().zip(weights) {
        let [r, g, b] = colour(pixel).map(|byte| curve[usize::from(byte)]);
        for (sum, value) in sums.iter_mut().zip([r, g, b, 1.0]) {
            *sum += value * f32::from(weight);
        }
    }
    for (total, sum) in cell.iter_mut().zip(sums) {
        *total += sum;
    }
}
