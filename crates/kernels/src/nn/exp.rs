//! The exponential, from additions and multiplications alone.
//!
//! The standard library's `exp` is whatever the platform's C library offers, and those differ in the last bit; one bit
//! is enough to move an entry of a quantized table across a tie. This one gives the same bits everywhere.

/// `e^x` with a relative error below 1e-14; 0 below -700, infinite above 700, NaN for NaN.
///
/// `x = k ln 2 + r` with `|r| <= ln 2 / 2`, then the Taylor series of `e^r` to the 14th power (the next term is below 1e-19)
/// and `2^k` placed in the exponent.
pub(crate) fn exp(x: f64) -> f64 {
    use std::f64::consts::LN_2;
    if x < -700.0 {
        return 0.0;
    }
    if x > 700.0 {
        return f64::INFINITY;
    }
    let k = (x / LN_2).round_ties_even();
    let r = x - k * LN_2;
    let series = (1..=14)
        .rev()
        .fold(1.0, |sum, n| 1.0 + r / f64::from(n) * sum);
    series * f64::from_bits(((k as i64 + 1023) as u64) << 52)
}

/// `1 / (1 + e^-x)`.
pub(crate) fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + exp(-x))
}

/// Hyperbolic tangent.
pub(crate) fn tanh(x: f64) -> f64 {
    // Below this the difference 1 - e cancels; two terms of the series are exact to 1e-17 there.
    if x.abs() < 1e-4 {
        return x - x * x * x / 3.0;
    }
    let e = exp(-2.0 * x.abs());
    ((1.0 - e) / (1.0 + e)).copysign(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_platform() {
        for i in (-70_000..=70_000).step_by(if cfg!(miri) { 1999 } else { 1 }) {
            let x = f64::from(i) * 0.00993;
            assert!(
                (exp(x) / x.exp() - 1.0).abs() < 1e-12,
                "{x}: {} {}",
                exp(x),
                x.exp()
            );
            assert!(
                (tanh(x) - x.tanh()).abs() <= 1e-11 * x.abs().min(1.0),
                "{x}"
            );
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(
            (exp(f64::NEG_INFINITY), exp(f64::INFINITY)),
            (0.0, f64::INFINITY)
        );
        assert!(exp(f64::NAN).is_nan() && tanh(f64::NAN).is_nan());
        assert_eq!(
            (logistic(-1e9), logistic(0.0), logistic(1e9)),
            (0.0, 0.5, 1.0)
        );
    }
}
