//! The oracle.
use super::Tone;

pub(super) fn add_row<const C: usize>(
    row: &[u8],
    weight: &[u8],
    tone: Tone<'_>,
    columns: &mut [[f32; 4]],
) {
    match tone {
        Tone::Plain => add::<C>(row, weight, columns, f32::from),
        Tone::Curve(curve) => add::<C>(row, weight, columns, |byte| curve[usize::from(byte)]),
    }
}

fn add<const C: usize>(
    row: &[u8],
    weight: &[u8],
    columns: &mut [[f32; 4]],
    value: impl Fn(u8) -> f32,
) {
    for ((pixel, &weight), sum) in row.as_chunks::<C>().0.iter().zip(weight).zip(columns) {
        let weight = f32::from(weight);
        let [r, g, b] = if C == 1 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        }
        .map(&value);
        sum[0] += r * weight;
        sum[1] += g * weight;
        sum[2] += b * weight;
        sum[3] += weight;
    }
}

pub(super) fn fold(columns: &[[f32; 4]], side: usize, cells: &mut [[f32; 4]]) {
    let whole = (255 * side * side) as f32;
    for (columns, cell) in columns.chunks(side).zip(cells) {
        let mut sum = [0.0; 4];
        for column in columns {
            for (sum, value) in sum.iter_mut().zip(column) {
                *sum += value;
            }
        }
        *cell = sum.map(|sum| sum / whole);
    }
}
