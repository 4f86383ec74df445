//! The functions in `f32` alone, for the compiler to make vectors of: no table, no branch, no fused multiply-add, so the
//! same bits on every set (but not the oracle's, which rounds once from `f64`).
use super::Activation;

/// Calls `$work` with `$f` the function of one element; the choice is made once, outside the loop.
macro_rules! choose {
    ($function:expr, $f:ident => $work:expr) => {
        match $function {
            Activation::Clamp(range) => {
                let $f = |x: f32| range.clamp(x);
                $work
            }
            Activation::LeakyRelu(slope) => {
                let $f = |x: f32| x * if x >= 0.0 { 1.0 } else { slope };
                $work
            }
            Activation::HardSwish => {
                let $f = |x: f32| x * (x + 3.0).max(0.0).min(6.0) * (1.0 / 6.0);
                $work
            }
            Activation::Logistic => {
                let $f = logistic;
                $work
            }
            Activation::Tanh => {
                let $f = tanh;
                $work
            }
        }
    };
}

#[inline(always)]
pub(super) fn each(function: Activation, input: &[f32], out: &mut [f32]) {
    choose!(function, f => {
        for (out, &x) in out.iter_mut().zip(input) {
            *out = f(x);
        }
    });
}

#[inline(always)]
pub(super) fn in_place(function: Activation, out: &mut [f32]) {
    choose!(function, f => {
        for out in out.iter_mut() {
            *out = f(*out);
        }
    });
}

/// `e^x` for `x <= 0`, within 2 units in the last place; below -87 what it is at -87, about 1e-38.
///
/// `x = k ln 2 + r`: the sum with 1.5 * 2^23 rounds `x / ln 2` to `k` and leaves it in the low bits. `ln 2` is taken off in two
/// parts, the first of few enough bits to be exact times `k`. The polynomial is that of Cephes' `expf` (S. Moshier).
#[inline(always)]
fn exp(x: f32) -> f32 {
    const ROUNDER: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let rounded = x * std::f32::consts::LOG2_E + ROUNDER;
    let k = rounded - ROUNDER;
    let r = x - k * (355.0 / 512.0) + k * 2.121_944_4e-4;
    let mut sum = 1.987_569_1e-4;
    for coefficient in [
        1.398_2e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        1.666_666_5e-1,
        0.5,
    ] {
        sum = sum * r + coefficient;
    }
    let fraction = sum * r * r + r + 1.0;
    let power = rounded.to_bits().wrapping_add(127) << 23;
    fraction * f32::from_bits(power)
}

#[inline(always)]
fn logistic(x: f32) -> f32 {
    let e = exp(-x.abs());
    let low = e / (1.0 + e);
    if x < 0.0 { low } else { 1.0 - low }
}

/// Near 0, where the quotient cancels, the polynomial of Cephes' `tanhf` (S. Moshier).
#[inline(always)]
fn tanh(x: f32) -> f32 {
    let e = exp(-2.0 * x.abs());
    let far = ((1.0 - e) / (1.0 + e)).copysign(x);
    let z = x * x;
    let mut sum = -5.704_988_7e-3;
    for coefficient in [2.063_909e-2, -5.373_971_6e-2, 1.333_144_2e-1, -3.333_328e-1] {
        sum = sum * z + coefficient;
    }
    let near = sum * z * x + x;
    if x.abs() < 0.625 { near } else { far }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against `f64`: the error of each function over its result, in units of `f32`'s last place.
    #[test]
    fn errors_are_a_few_units_in_the_last_place() {
        let every = if cfg!(miri) { 4001 } else { 1 };
        let relative = |found: f32, exact: f64| {
            ((f64::from(found) - exact) / exact).abs() / f64::from(f32::EPSILON)
        };
        for i in (-40_000..=40_000).step_by(every) {
            let x = i as f32 * 0.002;
            let wide = f64::from(x);
            let exact = 1.0 / (1.0 + (-wide).exp());
            assert!(relative(logistic(x), exact) < 3.0, "{x}: {}", logistic(x));
            if x != 0.0 {
                assert!(relative(tanh(x), wide.tanh()) < 3.0, "{x}: {}", tanh(x));
            }
        }
        assert_eq!([logistic(0.0), tanh(0.0)], [0.5, 0.0]);
        assert_eq!([logistic(f32::INFINITY), tanh(f32::INFINITY)], [1.0, 1.0]);
        assert_eq!(tanh(f32::NEG_INFINITY), -1.0);
        assert!(logistic(f32::NEG_INFINITY) < 1e-37);
        assert!(logistic(f32::NAN).is_nan() && tanh(f32::NAN).is_nan());
    }
}
