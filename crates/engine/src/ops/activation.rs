//! Bounds that many operations apply to their results.
use crate::error::{Error, Result};
use hypercut_kernels::requantize::{OutputF32, OutputI8};

/// A fused activation: the interval of real numbers that results are clamped to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Activation {
    /// Everything.
    #[default]
    None,
    /// `[0, inf)`.
    Relu,
    /// `[-1, 1]`.
    ReluN1To1,
    /// `[0, 6]`.
    Relu6,
}

impl Activation {
    /// From the schema's `ActivationFunctionType`.
    ///
    /// # Errors
    /// Unsupported for `TANH` and `SIGN_BIT`, invalid for numbers that the schema doesn't have.
    pub fn from_schema(code: i8) -> Result<Self> {
        match code {
            0 => Ok(Self::None),
            1 => Ok(Self::Relu),
            2 => Ok(Self::ReluN1To1),
            3 => Ok(Self::Relu6),
            4 => Err(Error::unsupported("fused activation TANH")),
            5 => Err(Error::unsupported("fused activation SIGN_BIT")),
            _ => Err(Error::invalid(format!("fused activation number {code}"))),
        }
    }

    /// The schema's number.
    pub(crate) fn to_schema(self) -> i8 {
        match self {
            Self::None => 0,
            Self::Relu => 1,
            Self::ReluN1To1 => 2,
            Self::Relu6 => 3,
        }
    }

    /// Whether `f` times the number gives `f` times the result, for every positive `f`.
    pub(crate) fn is_homogeneous(self) -> bool {
        matches!(self, Self::None | Self::Relu)
    }

    /// The interval for floats.
    pub fn range_f32(self) -> OutputF32 {
        let (min, max) = match self {
            Self::None => return OutputF32::FULL,
            Self::Relu => (0.0, f32::INFINITY),
            Self::ReluN1To1 => (-1.0, 1.0),
            Self::Relu6 => (0.0, 6.0),
        };
        OutputF32 { min, max }
    }

    /// The interval in bytes of an output with this scale and zero point: each bound is `zero_point + round(bound / scale)`
    /// (half away from zero, one f32 division), then limited to a byte. Source: TensorFlow Lite's `CalculateActivationRangeQuantized`.
    pub fn range_i8(self, scale: f32, zero_point: i8) -> OutputI8 {
        let real = self.range_f32();
        // `as` saturates: an infinite or huge quotient becomes the byte's own limit below.
        let byte = |bound: f32| {
            let steps = (bound / scale).round() as i32;
            steps.saturating_add(i32::from(zero_point)).clamp(-128, 127) as i8
        };
        OutputI8 {
            zero_point,
            min: byte(real.min),
            max: byte(real.max),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relu6_on_a_grid_that_ends_at_six_leaves_every_byte() {
        let range = Activation::Relu6.range_i8(6.0 / 255.0, -128);
        assert_eq!((range.min, range.max), (-128, 127));
    }

    #[test]
    fn bounds_within_the_byte_cut() {
        let range = Activation::Relu6.range_i8(0.1, -10);
        assert_eq!((range.min, range.max), (-10, 50));
        let range = Activation::ReluN1To1.range_i8(0.1, 0);
        assert_eq!((range.min, range.max), (-10, 10));
        let range = Activation::None.range_i8(0.1, 3);
        assert_eq!((range.min, range.max), (-128, 127));
    }

    #[test]
    fn halves_of_a_bound_round_away_from_zero() {
        // 1 / 0.4 = 2.5 -> 3 and -2.5 -> -3.
        let range = Activation::ReluN1To1.range_i8(0.4, 0);
        assert_eq!((range.min, range.max), (-3, 3));
    }
}
