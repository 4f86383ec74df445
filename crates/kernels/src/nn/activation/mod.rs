//! Functions of one element: rectifiers, sigmoids, and the table that a quantized one becomes.
mod hard_swish;
mod scalar;
mod vector;

use super::exp::{logistic, tanh};
use super::lookup::{Table, table};
use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;
use crate::requantize::{OutputF32, OutputI8, dequantize};

/// A function of one real number.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// `min(max(x, low), high)`: the identity, `RELU`, `RELU6`, `RELU_N1_TO_1`.
    Clamp(OutputF32),
    /// `x` where it is not negative, else `x` times this slope.
    LeakyRelu(f32),
    /// `x * min(max(x + 3, 0), 6) / 6`.
    HardSwish,
    /// `1 / (1 + e^-x)`.
    Logistic,
    /// Hyperbolic tangent.
    Tanh,
}

/// Scale and zero point of a quantized input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grid {
    /// Real step between neighbouring bytes.
    pub scale: f32,
    /// The byte that stands for 0.
    pub zero_point: i8,
}

impl Activation {
    /// The function, rounded to `f32` once where it is transcendental; the same bits on every platform.
    pub fn apply(self, x: f32) -> f32 {
        match self {
            Self::Clamp(range) => range.clamp(x),
            Self::LeakyRelu(slope) => x * if x >= 0.0 { 1.0 } else { slope },
            Self::HardSwish => x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            Self::Logistic => logistic(f64::from(x)) as f32,
            Self::Tanh => tanh(f64::from(x)) as f32,
        }
    }

    /// The function between two grids: [`dequantize`], [`Activation::apply`], [`OutputI8::quantize`] for each byte; with
    /// `HardSwish` LiteRT's fixed-point answers.
    ///
    /// With the identity this is requantization from one grid to another.
    pub fn table(self, input: Grid, output_scale: f32, output: OutputI8) -> Table {
        if self == Self::HardSwish {
            return hard_swish::table(input, output_scale, output);
        }
        table(|q| {
            output.quantize(
                self.apply(dequantize(q, input.scale, input.zero_point)),
                output_scale,
            )
        })
    }
}

/// Applies `function` to every element. Beyond `Scalar`, sigmoids are within three units in the last place.
///
/// # Panics
/// When the lengths differ.
pub fn activation_f32(isa: Isa, function: Activation, input: &[f32], out: &mut [f32]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    if isa == Isa::Scalar {
        return scalar::activation_f32(function, input, out);
    }
    per_isa!(
        isa,
        vector::each,
        (function: Activation = function, input: &[f32] = input, out: &mut [f32] = out)
    );
}

/// [`activation_f32`] in place, where there is a function.
pub(crate) fn activate(isa: Isa, function: Option<Activation>, out: &mut [f32]) {
    let Some(function) = function else {
        return;
    };
    if isa == Isa::Scalar {
        out.iter_mut().for_each(|out| *out = function.apply(*out));
        return;
    }
    per_isa!(
        isa,
        vector::in_place,
        (function: Activation = function, out: &mut [f32] = out)
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let mut out = [0.0; 3];
        activation_f32(
            Isa::Scalar,
            Activation::HardSwish,
            &[-4.0, 1.0, 5.0],
            &mut out,
        );
        assert_eq!(out, [0.0, 4.0 / 6.0, 5.0]);
        activation_f32(
            Isa::Scalar,
            Activation::Clamp(OutputF32 { min: 0.0, max: 6.0 }),
            &[-1.0, 2.5, 7.0],
            &mut out,
        );
        assert_eq!(out, [0.0, 2.5, 6.0]);
        // Abramowitz and Stegun: 1/(1+e) = 0.26894142, tanh 1 = 0.76159416.
        activation_f32(
            Isa::Scalar,
            Activation::Logistic,
            &[-1.0, 0.0, 1.0],
            &mut out,
        );
        assert_eq!(out, [0.268_941_42, 0.5, 0.731_058_6]);
        activation_f32(Isa::Scalar, Activation::Tanh, &[-1.0, 0.0, 1.0], &mut out);
        assert_eq!(out, [-0.761_594_2, 0.0, 0.761_594_2]);
    }

    #[test]
    fn identity_table_moves_between_grids() {
        // 0.5 * (q - 2) on a grid of step 1 with zero point -1: 3 -> 0.5 -> 0 -> -1; 5 -> 1.5 -> 2 -> 1; 127 -> 62.5 -> 62.
        let input = Grid {
            scale: 0.5,
            zero_point: 2,
        };
        let moved = Activation::Clamp(OutputF32::FULL).table(input, 1.0, OutputI8::full(-1));
        assert_eq!([moved[3], moved[5], moved[127]], [-1, 1, 61]);
        // -128 -> -65 -> -66.
        assert_eq!(moved[128], -66);
    }
}
