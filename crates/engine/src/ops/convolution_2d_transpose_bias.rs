//! MediaPipe's custom `Convolution2DTransposeBias`: pixels `[N, H, W, C]`, weights `[O, KH, KW, C]`, bias `[O]`; floats.
//!
//! The options are the bytes of a C struct: `int32` padding (1 same, 2 valid), width stride, height stride. The output has
//! `size * stride` pixels with same padding, `size * stride + max(kernel - stride, 0)` with valid. Source: MediaPipe's
//! `transpose_conv_bias.cc` and TensorFlow Lite's `TfLiteTransposeConvParams`.
use super::byte_form::{ByteForm, Feed};
use super::convolved::{Around, Channels, bias, product};
use super::transpose_conv::{StepF32, TransposeConv};
use super::{Activation, OpCode, OpEntry, Operation, Padding, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::{OperatorSource, positive};
use crate::plan::Step;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::transpose_conv;

/// The line in `OPS`.
pub const ENTRY: OpEntry = OpEntry {
    name: "Convolution2DTransposeBias",
    code: OpCode::Custom("Convolution2DTransposeBias"),
    parse,
};

/// Attributes: those of a transposed convolution.
#[derive(Debug, Clone, PartialEq)]
pub struct Convolution2dTransposeBias(TransposeConv);

fn parse(source: &OperatorSource<'_>) -> Result<Box<dyn Operation>> {
    let bytes = source.custom_options();
    // Later versions of the struct have further fields behind these.
    let Some([padding, stride_w, stride_h]) = bytes.as_chunks::<4>().0.first_chunk::<3>() else {
        return Err(Error::invalid(format!(
            "{} bytes of options, not 12",
            bytes.len()
        )));
    };
    Ok(Box::new(Convolution2dTransposeBias(TransposeConv {
        padding: match i32::from_le_bytes(*padding) {
            1 => Padding::Same,
            2 => Padding::Valid,
            other => return Err(Error::invalid(format!("padding number {other}"))),
        },
        stride: [
            positive("vertical stride", i32::from_le_bytes(*stride_h))?,
            positive("horizontal stride", i32::from_le_bytes(*stride_w))?,
        ],
        activation: Activation::None,
    })))
}

impl Convolution2dTransposeBias {
    fn shape(&self, inputs: &[Option<&Value>]) -> Result<transpose_conv::TransposeConv> {
        expect_inputs(inputs, 3..=3)?;
        let (pixels, weights) = (input(inputs, 0)?, input(inputs, 1)?);
        let [batch, height, width, _] = pixels.nhwc()?;
        let [outputs, kernel_h, kernel_w, _] = weights.extents()?;
        let extent = |size: usize, kernel: usize, stride: usize| {
            let beyond = match self.0.padding {
                Padding::Valid => kernel.saturating_sub(stride),
                Padding::Same | Padding::Explicit(_) => 0,
            };
            size.checked_mul(stride)
                .and_then(|painted| painted.checked_add(beyond))
                .ok_or_else(|| Error::too_large("the output's extents overflow"))
        };
        let output = [
            batch,
            extent(height, kernel_h, self.0.stride[0])?,
            extent(width, kernel_w, self.0.stride[1])?,
            outputs,
        ];
        self.0.shape(pixels, weights, output)
    }
}

impl Operation for Convolution2dTransposeBias {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let output = self.shape(inputs)?.output;
        bias(inputs, 2, output[3])?;
        Ok(vec![output.to_vec()])
    }

    fn macs(&self, inputs: &[Option<&Value>], _outputs: &[&Value]) -> u64 {
        let weights = input(inputs, 1).map_or(0, |weights| product(&weights.shape[..3]));
        input(inputs, 0).map_or(0, |pixels| weights.saturating_mul(product(&pixels.shape)))
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Operation>> {
        let fused = || {
            let attributes = TransposeConv {
                activation,
                ..self.0.clone()
            };
            Box::new(Self(attributes)) as Box<dyn Operation>
        };
        (self.0.activation == Activation::None).then(fused)
    }

    /// The builtin operation: LiteRT has no custom one, and none on bytes is known.
    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let feeds = vec![
            Feed::OutputShape,
            Feed::Input(1),
            Feed::Input(0),
            Feed::Input(2),
        ];
        self.0.on_bytes(feeds, 1, 2)
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let shape = self.shape(inputs)?;
        let channels = shape.output[3];
        let around = Around {
            input: input(inputs, 0)?,
            weights: input(inputs, 1)?,
            bias: bias(inputs, 2, channels)?,
            output: outputs[output],
            channels,
            axis: 0,
        };
        match around.channels(self.0.activation)? {
            Channels::F32(constants) => Ok(Box::new(StepF32::new(isa, &shape, &constants, 0))),
            Channels::I8(_) => Err(Error::unsupported(
                "int8: the operation is defined on floats",
            )),
        }
    }
}
