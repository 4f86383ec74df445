//! Float resizing a vector of channels at a time.
use super::ResizeBilinear;
use crate::floats::Floats;

#[inline(always)]
pub(super) fn resize_bilinear_f32<L: Floats>(
    lanes: L,
    shape: &ResizeBilinear<'_, f32>,
    input: &[f32],
    out: &mut [f32],
) {
    let [_, h, w, c] = shape.input;
    let (rows, columns) = (shape.rows.len(), shape.columns.len());
    for (index, out) in out.chunks_exact_mut((columns * c).max(1)).enumerate() {
        let (n, y) = (index / rows, shape.rows[index % rows]);
        let above = &input[(n * h + y.lower) * w * c..][..w * c];
        let below = &input[(n * h + y.upper) * w * c..][..w * c];
        for (x, out) in shape.columns.iter().zip(out.chunks_exact_mut(c)) {
            let (bottom, right) = (y.weight, x.weight);
            let (top, left) = (1.0 - bottom, 1.0 - right);
            let weights = [top * left, top * right, bottom * left, bottom * right];
            let corners = [
                &above[x.lower * c..][..c],
                &above[x.upper * c..][..c],
                &below[x.lower * c..][..c],
                &below[x.upper * c..][..c],
            ];
            if c >= L::LEN {
                pixel(lanes, weights, corners, out);
            } else if c >= L::Half::LEN {
                pixel(lanes.half(), weights, corners, out);
            } else {
                for (i, out) in out.iter_mut().enumerate() {
                    *out = (0..4).fold(0.0, |sum, k| sum + corners[k][i] * weights[k]);
                }
            }
        }
    }
}

/// One pixel of at least a vector of channels: the weighted sum of its corners. The last vector overlaps the one before where
/// it must.
#[inline(always)]
fn pixel<L: Floats>(lanes: L, weights: [f32; 4], corners: [&[f32]; 4], out: &mut [f32]) {
    let c = out.len();
    assert!(c >= L::LEN);
    for k in 0..4 {
        assert_eq!(corners[k].len(), c, "channels of a corner");
    }
    for first in (0..c).step_by(L::LEN) {
        let first = first.min(c - L::LEN);
        // SAFETY: `first + LEN` is at most `c`, the length of every slice.
        unsafe {
            let mut sum = lanes.splat(0.0);
            for k in 0..4 {
                let corner = lanes.load(corners[k].as_ptr().add(first));
                let weight = lanes.splat(weights[k]);
                sum = match k {
                    0 => lanes.mul(corner, weight),
                    _ => lanes.multiply_add(corner, weight, sum),
                };
            }
            lanes.store(out.as_mut_ptr().add(first), sum);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::isa::Isa;
    use crate::nn::closeness::{Numbers, assert_close};
    use crate::nn::resize_bilinear::{Alignment, ResizeBilinear, resize_bilinear_f32, taps_f32};

    #[test]
    fn is_the_oracle_but_for_rounding() {
        let mut numbers = Numbers::new(6);
        for c in 1..if cfg!(miri) { 3 } else { 70 } {
            let alignment = [Alignment::Legacy, Alignment::Corners, Alignment::HalfPixel][c % 3];
            let (rows, columns) = (
                taps_f32(alignment, 3, 1 + c % 7),
                taps_f32(alignment, 5, 10),
            );
            let shape = ResizeBilinear {
                input: [2, 3, 5, c],
                rows: &rows,
                columns: &columns,
            };
            let input = numbers.take(2 * 3 * 5 * c);
            let mut expected = vec![0.0; 2 * rows.len() * columns.len() * c];
            resize_bilinear_f32(Isa::Scalar, &shape, &input, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; expected.len()];
                resize_bilinear_f32(isa, &shape, &input, &mut out);
                assert_close(&expected, &out, &format!("{isa} {c} {alignment:?}"));
            }
        }
    }
}
