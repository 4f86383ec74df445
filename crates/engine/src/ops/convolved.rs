//! What the convolutions share: constants of the output channels, checked.
use std::sync::Arc;

use super::{Activation, optional_input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::tensor::DType;
use hypercut_kernels::nn::FilterI8;
use hypercut_kernels::requantize::{OutputF32, OutputI8};

/// Constants of a quantized convolution or matrix product, per output channel.
#[derive(Debug)]
pub(super) struct ChannelsI8 {
    pub(super) weights: Arc<[i8]>,
    pub(super) bias: Arc<[i32]>,
    /// `input scale * weight scale / output scale`, in f32 from left to right as XNNPACK does: the bytes are then the same
    /// as those of LiteRT's default kernels.
    pub(super) scales: Vec<f32>,
    pub(super) input_zero: i8,
    pub(super) weight_zero: i8,
    pub(super) output: OutputI8,
}

impl ChannelsI8 {
    /// As kernels take them.
    pub(super) fn filter(&self) -> FilterI8<'_> {
        FilterI8 {
            weights: &self.weights,
            bias: &self.bias,
            scales: &self.scales,
            input_zero: self.input_zero,
            weight_zero: self.weight_zero,
            output: self.output,
        }
    }
}

/// Constants of a float convolution or matrix product, per output channel.
#[derive(Debug)]
pub(super) struct ChannelsF32 {
    pub(super) weights: Arc<[f32]>,
    pub(super) bias: Arc<[f32]>,
    pub(super) output: OutputF32,
}

/// Either, by the type of the input.
#[derive(Debug)]
pub(super) enum Channels {
    I8(ChannelsI8),
    F32(ChannelsF32),
}

/// The values around a convolution or matrix product.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) input: &'a Value,
    pub(super) weights: &'a Value,
    pub(super) bias: Option<&'a Value>,
    pub(super) output: &'a Value,
    /// Output channels.
    pub(super) channels: usize,
    /// The dimension of the weights that counts output channels.
    pub(super) axis: usize,
}

impl Around<'_> {
    /// Reads and checks the constants.
    ///
    /// # Errors
    /// Unsupported for mixed types and computed weights; invalid when quantization or lengths don't fit.
    pub(super) fn channels(&self, activation: Activation) -> Result<Channels> {
        match (self.input.dtype, self.weights.dtype, self.output.dtype) {
            (DType::I8, DType::I8, DType::I8) => Ok(Channels::I8(self.channels_i8(activation)?)),
            (DType::F32, DType::F32, DType::F32) => Ok(Channels::F32(ChannelsF32 {
                weights: self.weights.constant_f32()?.clone(),
                bias: match self.bias {
                    Some(bias) => bias.constant_f32()?.clone(),
                    None => vec![0.0; self.channels].into(),
                },
                output: activation.range_f32(),
            })),
            (input, weights, output) => Err(Error::unsupported(format!(
                "input {input} with weights {weights} and output {output}"
            ))),
        }
    }

    fn channels_i8(&self, activation: Activation) -> Result<ChannelsI8> {
        let (input_scale, input_zero) = self.input.grid()?;
        let (output_scale, output_zero) = self.output.grid()?;
        let (weight_scales, weight_zero) = self.weight_grid()?;
        let scale = |weight_scale: &f32| input_scale * weight_scale / output_scale;
        let scales: Vec<f32> = weight_scales.iter().map(scale).collect();
        if let Some(scale) = scales.iter().find(|scale| !scale.is_finite()) {
            return Err(Error::invalid(format!("the scales combine to {scale}")));
        }
        let scales = match scales.as_slice() {
            &[scale] => vec![scale; self.channels],
            _ => scales,
        };
        Ok(ChannelsI8 {
            weights: self.weights.constant_i8()?.clone(),
            bias: match self.bias {
                Some(bias) => bias.constant_i32()?.clone(),
                None => vec![0; self.channels].into(),
            },
            scales,
            input_zero,
            weight_zero,
            output: activation.range_i8(output_scale, output_zero),
        })
    }

    /// Scales of the weights (one or one per output channel) and their zero point, the same for all.
    fn weight_grid(&self) -> Result<(&[f32], i8)> {
        let missing = || Error::invalid(format!("{} has no quantization", self.weights));
        let grid = self.weights.quantization.as_ref().ok_or_else(missing)?;
        if grid.scales.len() > 1 && grid.axis != self.axis {
            return Err(Error::unsupported(format!(
                "{} is quantized along dimension {}, not {}",
                self.weights, grid.axis, self.axis
            )));
        }
        let zero = grid.zero_points[0];
        if grid.zero_points.iter().any(|&other| other != zero) {
            return Err(Error::unsupported(
                "weights whose zero point differs by channel",
            ));
        }
        let zero = i8::try_from(zero).map_err(|_| Error::invalid(format!("zero point {zero}")))?;
        Ok((&grid.scales, zero))
    }
}

/// The bias, input `index`, which must be `[channels]` if it is given.
pub(super) fn bias<'a>(
    inputs: &[Option<&'a Value>],
    index: usize,
    channels: usize,
) -> Result<Option<&'a Value>> {
    let bias = optional_input(inputs, index);
    match bias {
        Some(value) if value.shape != [channels] => Err(Error::invalid(format!(
            "bias {value} for {channels} output channels"
        ))),
        _ => Ok(bias),
    }
}

/// Product of extents as multiply-adds.
pub(super) fn product(factors: &[usize]) -> u64 {
    factors
        .iter()
        .fold(1, |product, &factor| product.saturating_mul(factor as u64))
}
