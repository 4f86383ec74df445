//! `CONV_2D`: inputs `[N, H, W, C]`, weights `[O, KH, KW, C / groups]`, optional bias `[O]`; output `[N, H, W, O]`.
//!
//! Groups follow from the shapes: the weights see `C / groups` channels.
use std::sync::Arc;

use super::byte_form::{ByteForm, Filter, Grids, number};
use super::convolved::{Around, Channels, bias, product};
use super::{Activation, OpCode, OpEntry, Operation, Padding, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::{OperatorSource, positive};
use crate::plan::{Io, Step};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::conv2d::{self, Conv2dF32, PreparedConv2d, PreparedConv2dF32};
use hypercut_schema::{Conv2DOptions, fields};

/// The line in `OPS`.
pub const ENTRY: OpEntry = OpEntry {
    name: "CONV_2D",
    code: OpCode::Builtin(3),
    parse,
};

/// Attributes; pairs are `[vertical, horizontal]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conv2d {
    /// What surrounds the input.
    pub padding: Padding,
    /// Steps between outputs.
    pub stride: [usize; 2],
    /// Steps between taps.
    pub dilation: [usize; 2],
    /// Bounds of the results.
    pub activation: Activation,
    /// What bounded results below 0 are multiplied by, one for each output channel. Floats alone have them.
    pub slopes: Option<Arc<[f32]>>,
}

fn parse(source: &OperatorSource<'_>) -> Result<Box<dyn Operation>> {
    let options = source.options::<Conv2DOptions<'_>>()?;
    Ok(Box::new(Conv2d {
        padding: Padding::from_schema(options.padding())?,
        stride: [
            positive("vertical stride", options.stride_h())?,
            positive("horizontal stride", options.stride_w())?,
        ],
        dilation: [
            positive("vertical dilation", options.dilation_h_factor())?,
            positive("horizontal dilation", options.dilation_w_factor())?,
        ],
        activation: Activation::from_schema(options.fused_activation_function())?,
        slopes: None,
    }))
}

impl Conv2d {
    /// Shapes for the kernel.
    fn shape(&self, inputs: &[Option<&Value>]) -> Result<conv2d::Conv2d> {
        expect_inputs(inputs, 2..=3)?;
        let pixels = input(inputs, 0)?.nhwc()?;
        let weights = input(inputs, 1)?;
        let [outputs, kernel_h, kernel_w, group_channels] = weights.extents()?;
        let [batch, height, width, channels] = pixels;
        let groups = channels / group_channels;
        if channels % group_channels != 0 || outputs % groups != 0 {
            return Err(Error::invalid(format!(
                "{weights} does not fit an input of {channels} channels"
            )));
        }
        let kernel = [kernel_h, kernel_w];
        let place = self
            .padding
            .place([height, width], kernel, self.stride, self.dilation);
        let (window, [out_h, out_w]) = place?;
        Ok(conv2d::Conv2d {
            input: pixels,
            output: [batch, out_h, out_w, outputs],
            window,
            groups,
        })
    }
}

impl Operation for Conv2d {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let output = self.shape(inputs)?.output;
        bias(inputs, 2, output[3])?;
        Ok(vec![output.to_vec()])
    }

    fn macs(&self, inputs: &[Option<&Value>], outputs: &[&Value]) -> u64 {
        let weights = input(inputs, 1).map_or(0, |w| product(&w.shape[1..]));
        weights.saturating_mul(product(&outputs[0].shape))
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Operation>> {
        let fused = || {
            Box::new(Self {
                activation,
                ..self.clone()
            }) as Box<dyn Operation>
        };
        (self.activation == Activation::None && self.slopes.is_none()).then(fused)
    }

    fn with_slopes(
        &self,
        _inputs: &[Option<&Value>],
        slopes: &Arc<[f32]>,
    ) -> Option<Box<dyn Operation>> {
        let fused = || {
            Box::new(Self {
                slopes: Some(slopes.clone()),
                ..self.clone()
            }) as Box<dyn Operation>
        };
        self.slopes.is_none().then(fused)
    }

    fn byte_form(&self, inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        if self.slopes.is_some() {
            return None;
        }
        let shape = self.shape(inputs).ok()?;
        let [_, height, width, _] = shape.input;
        let (padding, pads) = self.padding.to_schema(
            [height, width],
            shape.window.kernel,
            self.stride,
            self.dilation,
        );
        let options = fields::Conv2D {
            padding,
            stride_w: number(self.stride[1])?,
            stride_h: number(self.stride[0])?,
            fused_activation_function: self.activation.to_schema(),
            dilation_w_factor: number(self.dilation[1])?,
            dilation_h_factor: number(self.dilation[0])?,
        };
        let filter = Filter {
            weights: 1,
            bias: 2,
            axis: 0,
            per_channel: true,
            homogeneous: self.activation.is_homogeneous(),
        };
        Some(
            ByteForm::new(&ENTRY, 3)
                .with(options)
                .padded(pads)
                .on(Grids::Filter(filter)),
        )
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
        Ok(match around.channels(self.activation)? {
            Channels::I8(c) => Box::new(StepI8(PreparedConv2d::new(isa, &shape, &c.filter()))),
            Channels::F32(c) => {
                let constants = Conv2dF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                };
                Box::new(StepF32(match &self.slopes {
                    Some(slopes) => PreparedConv2dF32::rectified(isa, &shape, &constants, slopes),
                    None => PreparedConv2dF32::new(isa, &shape, &constants, None),
                }))
            }
        })
    }
}

#[derive(Debug)]
struct StepI8(PreparedConv2d);

impl Step for StepI8 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}

#[derive(Debug)]
struct StepF32(PreparedConv2dF32);

impl Step for StepF32 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}
