//! `DEPTHWISE_CONV_2D`: inputs `[N, H, W, C]`, weights `[1, KH, KW, C * M]`, optional bias `[C * M]`; output `[N, H, W, C * M]`.
use super::byte_form::{ByteForm, Filter, Grids, number};
use super::convolved::{Around, Channels, bias, product};
use super::{Activation, OpCode, OpEntry, Operation, Padding, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::{OperatorSource, positive};
use crate::plan::{Io, Step};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::depthwise::{
    Depthwise, DepthwiseF32, PreparedDepthwise, PreparedDepthwiseF32,
};
use hypercut_schema::{DepthwiseConv2DOptions, fields};

/// The line in `OPS`.
pub const ENTRY: OpEntry = OpEntry {
    name: "DEPTHWISE_CONV_2D",
    code: OpCode::Builtin(4),
    parse,
};

/// Attributes; pairs are `[vertical, horizontal]`. The multiplier follows from the shapes.
#[derive(Debug, Clone, PartialEq)]
pub struct DepthwiseConv2d {
    /// What surrounds the input.
    pub padding: Padding,
    /// Steps between outputs.
    pub stride: [usize; 2],
    /// Steps between taps.
    pub dilation: [usize; 2],
    /// Bounds of the results.
    pub activation: Activation,
}

fn parse(source: &OperatorSource<'_>) -> Result<Box<dyn Operation>> {
    let options = source.options::<DepthwiseConv2DOptions<'_>>()?;
    Ok(Box::new(DepthwiseConv2d {
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
    }))
}

impl DepthwiseConv2d {
    /// Shapes for the kernel.
    fn shape(&self, inputs: &[Option<&Value>]) -> Result<Depthwise> {
        expect_inputs(inputs, 2..=3)?;
        let pixels = input(inputs, 0)?.nhwc()?;
        let weights = input(inputs, 1)?;
        let [one, kernel_h, kernel_w, outputs] = weights.extents()?;
        let [batch, height, width, channels] = pixels;
        if one != 1 || outputs % channels != 0 {
            return Err(Error::invalid(format!(
                "{weights} does not fit an input of {channels} channels"
            )));
        }
        let kernel = [kernel_h, kernel_w];
        let place = self
            .padding
            .place([height, width], kernel, self.stride, self.dilation);
        let (window, [out_h, out_w]) = place?;
        Ok(Depthwise {
            input: pixels,
            output: [batch, out_h, out_w, outputs],
            window,
        })
    }
}

impl Operation for DepthwiseConv2d {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let output = self.shape(inputs)?.output;
        bias(inputs, 2, output[3])?;
        Ok(vec![output.to_vec()])
    }

    fn macs(&self, inputs: &[Option<&Value>], outputs: &[&Value]) -> u64 {
        let taps = input(inputs, 1).map_or(0, |weights| product(&weights.shape[1..3]));
        taps.saturating_mul(product(&outputs[0].shape))
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Operation>> {
        let fused = || {
            Box::new(Self {
                activation,
                ..self.clone()
            }) as Box<dyn Operation>
        };
        (self.activation == Activation::None).then(fused)
    }

    fn byte_form(&self, inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let shape = self.shape(inputs).ok()?;
        let [_, height, width, _] = shape.input;
        let (padding, pads) = self.padding.to_schema(
            [height, width],
            shape.window.kernel,
            self.stride,
            self.dilation,
        );
        let options = fields::DepthwiseConv2D {
            padding,
            stride_w: number(self.stride[1])?,
            stride_h: number(self.stride[0])?,
            depth_multiplier: number(shape.output[3] / shape.input[3])?,
            fused_activation_function: self.activation.to_schema(),
            dilation_w_factor: number(self.dilation[1])?,
            dilation_h_factor: number(self.dilation[0])?,
        };
        let filter = Filter {
            weights: 1,
            bias: 2,
            axis: 3,
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
            axis: 3,
        };
        Ok(match around.channels(self.activation)? {
            Channels::I8(c) => Box::new(StepI8(PreparedDepthwise::new(isa, &shape, &c.filter()))),
            Channels::F32(c) => Box::new(StepF32(PreparedDepthwiseF32::new(
                isa,
                &shape,
                &DepthwiseF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                },
                None,
            ))),
        })
    }
}

#[derive(Debug)]
struct StepI8(PreparedDepthwise);

impl Step for StepI8 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}

#[derive(Debug)]
struct StepF32(PreparedDepthwiseF32);

impl Step for StepF32 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}
