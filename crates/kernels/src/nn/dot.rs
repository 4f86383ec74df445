//! Inner products of the scalar oracles, in a fixed order.

/// `sum((x - x_zero) * (w - w_zero))`; both differences fit 9 bits, so the products fit 17.
///
/// The order does not matter, since the sum is exact or wraps; it is spelled in pairs of 16-bit differences and eight
/// lanes because every target has an instruction for that, which the compiler finds: 2.4 times a plain loop on x86-64.
#[inline]
pub(crate) fn dot_i8(x: &[i8], w: &[i8], x_zero: i8, w_zero: i8) -> i32 {
    let (x_zero, w_zero) = (i16::from(x_zero), i16::from(w_zero));
    let product =
        |x: i8, w: i8| i32::from(i16::from(x) - x_zero) * i32::from(i16::from(w) - w_zero);
    let (xs, x_rest) = x.as_chunks::<16>();
    let (ws, w_rest) = w.as_chunks::<16>();
    let mut lanes = [0i32; 8];
    for (x, w) in xs.iter().zip(ws) {
        for (i, lane) in lanes.iter_mut().enumerate() {
            let pair = product(x[2 * i], w[2 * i]) + product(x[2 * i + 1], w[2 * i + 1]);
            *lane = lane.wrapping_add(pair);
        }
    }
    let rest = x_rest.iter().zip(w_rest).map(|(&x, &w)| product(x, w));
    lanes.into_iter().chain(rest).fold(0, i32::wrapping_add)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_agrees_with_the_formula() {
        for len in (0..70usize).step_by(if cfg!(miri) { 11 } else { 1 }) {
            let data = |step: usize| (0..len).map(|i| (i * step) as u8 as i8).collect::<Vec<_>>();
            let (x, w) = (data(89), data(167));
            for (x_zero, w_zero) in [(0, 0), (-128, 127), (3, -5)] {
                let term = |(x, w): (&i8, &i8)| {
                    (i64::from(*x) - i64::from(x_zero)) * (i64::from(*w) - i64::from(w_zero))
                };
                let expected: i64 = x.iter().zip(&w).map(term).sum();
                assert_eq!(i64::from(dot_i8(&x, &w, x_zero, w_zero)), expected, "{len}");
            }
            let reals = |bytes: &[i8]| {
                bytes
                    .iter()
                    .map(|&byte| f32::from(byte))
                    .collect::<Vec<_>>()
            };
            // Sums of whole numbers below 2^24 are exact in any order.
            let expected: i32 = x
                .iter()
                .zip(&w)
                .map(|(&x, &w)| i32::from(x) * i32::from(w))
                .sum();
            assert_eq!(dot_f32(&reals(&x), &reals(&w)), expected as f32, "{len}");
        }
    }
}
