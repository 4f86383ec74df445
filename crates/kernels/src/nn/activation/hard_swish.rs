//! `HARD_SWISH` on bytes as TensorFlow Lite computes it: 16-bit fixed point, rounded four times.
//!
//! The exact answer, rounded once, lies a step beside it for one byte in some hundreds, which a deep network magnifies to tens of
//! steps; answers shall be LiteRT's. Source: `HardSwishPrepare` and `reference_ops::HardSwish` of TensorFlow Lite, and the
//! rounding of gemmlowp's `fixedpoint.h`.
use super::Grid;
use crate::nn::lookup::{Table, table as table_of};
use crate::requantize::OutputI8;

/// `factor * 2^exponent` as LiteRT has it: 15 bits of a number from 1/2 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Multiplier {
    factor: i16,
    exponent: i32,
}

impl Multiplier {
    /// Rounds twice, to 31 bits and then to 15.
    fn new(number: f32) -> Self {
        let (fraction, mut exponent) = split(number.into());
        let mut wide = (fraction * f64::from(1_u32 << 31)).round() as i64;
        if wide == 1 << 31 {
            (wide, exponent) = (wide / 2, exponent + 1);
        }
        if exponent < -31 {
            (wide, exponent) = (0, 0);
        }
        let rounded = (wide + (1 << 15)) >> 16;
        Self {
            factor: rounded.min(i16::MAX.into()) as i16,
            exponent,
        }
    }
}

/// A positive number as a fraction from 1/2 to before 1 and a power of 2; what is not positive and finite is 0.
fn split(number: f64) -> (f64, i32) {
    if !(number > 0.0 && number.is_finite()) {
        return (0.0, 0);
    }
    // An f32 is a normal f64, so the exponent's bits are its own.
    let exponent = (number.to_bits() >> 52) as i32 - 1022;
    // The fraction's bits under the exponent of 1/2: `exp2`, even of a whole number, may differ between C libraries.
    let fraction = number.to_bits() & ((1 << 52) - 1) | 1022 << 52;
    (f64::from_bits(fraction), exponent)
}

/// High half of twice the product, rounded half up.
fn rounded_product(a: i16, b: i16) -> i16 {
    let product = i32::from(a) * i32::from(b);
    let nudge = if product >= 0 { 1 << 14 } else { 1 - (1 << 14) };
    ((product + nudge) / (1 << 15)).min(i16::MAX.into()) as i16
}

/// High half of twice the product, rounded towards zero.
fn product(a: i16, b: i16) -> i16 {
    (i32::from(a) * i32::from(b) / (1 << 15)).min(i16::MAX.into()) as i16
}

fn shifted_left(number: i16, bits: u32) -> i16 {
    let shifted = i64::from(number) << bits.min(31);
    shifted.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

/// Over `2^bits`, rounded half away from zero.
fn shifted_right(number: i16, bits: u32) -> i32 {
    let (number, bits) = (i64::from(number), bits.min(31));
    let mask = (1_i64 << bits) - 1;
    let threshold = (mask >> 1) + i64::from(number < 0);
    ((number >> bits) + i64::from(number & mask > threshold)) as i32
}

/// The answers from `input` to an output of scale `output_scale`.
pub(super) fn table(input: Grid, output_scale: f32, output: OutputI8) -> Table {
    let fine = 1.0 / 128.0 * input.scale;
    let (to_output, to_rectifier) = (
        Multiplier::new(fine / output_scale),
        Multiplier::new(fine / (3.0 / 32768.0)),
    );
    table_of(|byte| {
        let fine = (i16::from(byte) - i16::from(input.zero_point)) << 7;
        let scaled = rounded_product(fine, to_output.factor);
        // From -1 to 1: the number over 3, saturated.
        let mut over_3 = fine;
        let left = to_rectifier.exponent;
        if left > 0 {
            over_3 = shifted_left(over_3, left.unsigned_abs() - 1);
        }
        over_3 = rounded_product(over_3, to_rectifier.factor);
        if left > 0 {
            over_3 = shifted_left(over_3, 1);
        } else if left < 0 {
            over_3 = shifted_right(over_3, left.unsigned_abs()) as i16;
        }
        let gate = ((i32::from(over_3) + (1 << 15)) >> 1) as i16;
        let swished = product(gate, scaled);
        let result = if to_output.exponent > 0 {
            i32::from(shifted_left(swished, to_output.exponent.unsigned_abs()))
        } else {
            shifted_right(swished, to_output.exponent.unsigned_abs())
        };
        let byte = result + i32::from(output.zero_point);
        byte.clamp(output.min.into(), output.max.into()) as i8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_split_into_fraction_and_power() {
        assert_eq!(split(1.0), (0.5, 1));
        assert_eq!(split(0.75), (0.75, 0));
        assert_eq!(split(0.1), (0.8, -3));
        assert_eq!(split(-1.0), (0.0, 0));
    }

    #[test]
    fn halves_round_as_in_gemmlowp() {
        assert_eq!([3, -3, 5].map(|n| shifted_right(n, 1)), [2, -2, 3]);
        assert_eq!(rounded_product(1 << 14, 1), 1);
        assert_eq!(rounded_product(-(1 << 14), 1), 0);
        assert_eq!(product(-(1 << 14), 1), 0);
        assert_eq!(rounded_product(i16::MIN, i16::MIN), i16::MAX);
        assert_eq!(shifted_left(-300, 7), i16::MIN);
    }

    #[test]
    fn no_byte_is_farther_than_a_step_and_a_half_from_the_exact_answer() {
        let input = Grid {
            scale: 0.04,
            zero_point: -20,
        };
        let table = table(input, 0.03, OutputI8::full(-110));
        for byte in i8::MIN..=i8::MAX {
            let x = 0.04 * (f32::from(byte) + 20.0);
            let exact = super::super::Activation::HardSwish.apply(x) / 0.03 - 110.0;
            let found = f32::from(table[usize::from(byte as u8)]);
            assert!((found - exact.clamp(-128.0, 127.0)).abs() <= 1.5, "{byte}");
        }
    }
}
