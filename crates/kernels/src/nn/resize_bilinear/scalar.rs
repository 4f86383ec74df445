use super::{ONE, ResizeBilinear, Tap};

pub(super) fn resize_bilinear_i8(shape: &ResizeBilinear<'_, i32>, input: &[i8], out: &mut [i8]) {
    const HALF: i32 = ONE * ONE / 2;
    for_each_pixel(shape, input, out, |y, x, corners, out| {
        let (below, right) = (y.weight, x.weight);
        let (above, left) = (ONE - below, ONE - right);
        let weights = [above * left, above * right, below * left, below * right];
        for (i, out) in out.iter_mut().enumerate() {
            let sum: i32 = corners
                .iter()
                .zip(weights)
                .map(|(corner, weight)| i32::from(corner[i]) * weight)
                .sum();
            *out = ((sum + HALF) >> 20) as i8;
        }
    });
}

pub(super) fn resize_bilinear_f32(shape: &ResizeBilinear<'_, f32>, input: &[f32], out: &mut [f32]) {
    for_each_pixel(shape, input, out, |y, x, [a, b, c, d], out| {
        let (below, right) = (y.weight, x.weight);
        let (above, left) = (1.0 - below, 1.0 - right);
        for (i, out) in out.iter_mut().enumerate() {
            *out = a[i] * above * left
                + b[i] * above * right
                + c[i] * below * left
                + d[i] * below * right;
        }
    });
}

/// Calls `pixel(row tap, column tap, the channels of the four corners row by row, the output's channels)`.
#[inline(always)]
fn for_each_pixel<W: Copy, T>(
    shape: &ResizeBilinear<'_, W>,
    input: &[T],
    out: &mut [T],
    pixel: impl Fn(Tap<W>, Tap<W>, [&[T]; 4], &mut [T]),
) {
    let [n, h, w, c] = shape.input;
    let taps = (0..n).flat_map(|n| {
        shape
            .rows
            .iter()
            .flat_map(move |y| shape.columns.iter().map(move |x| (n, y, x)))
    });
    for ((n, y, x), out) in taps.zip(out.chunks_exact_mut(c.max(1))) {
        let corner = |row: usize, column: usize| &input[((n * h + row) * w + column) * c..][..c];
        let (above, below) = (y.lower, y.upper);
        let corners = [
            corner(above, x.lower),
            corner(above, x.upper),
            corner(below, x.lower),
            corner(below, x.upper),
        ];
        pixel(*y, *x, corners, out);
    }
}
