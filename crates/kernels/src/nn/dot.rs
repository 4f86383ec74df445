//! Inner products of the scalar oracles, in a fixed order.

/// `sum((x - x_zero) * (w - w_zero))`; both differences fit 9 bits, so the products fit 17.
#[inline]
pub(crate) fn dot_i8(x: &[i8], w: &[i8], x_zero: i8, w_zero: i8) -> i32 {
    // 16-bit differences: the compiler knows a multiply-add of pairs for these, on every target.
    let (x_zero, w_zero) = (i16::from(x_zero), i16::from(w_zero));
    let product =
        |(&x, &w): (&i8, &i8)| i32::from(i16::from(x) - x_zero) * i32::from(i16::from(w) - w_zero);
    x.iter().zip(w).map(product).fold(0, i32::wrapping_add)
}

/// `sum(x * w)` in eight interleaved partial sums, added from the first to the last, then the remainder in order.
#[inline]
pub(crate) fn dot_f32(x: &[f32], w: &[f32]) -> f32 {
    let (xs, x_rest) = x.as_chunks::<8>();
    let (ws, w_rest) = w.as_chunks::<8>();
    let mut lanes = [0.0f32; 8];
    for (x, w) in xs.iter().zip(ws) {
        for ((lane, x), w) in lanes.iter_mut().zip(x).zip(w) {
            *lane += x * w;
        }
    }
    let rest = x_rest.iter().zip(w_rest).map(|(x, w)| x * w);
    lanes.into_iter().chain(rest).fold(0.0, |sum, v| sum + v)
}
