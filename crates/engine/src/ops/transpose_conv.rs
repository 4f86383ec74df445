//! `TRANSPOSE_CONV`: inputs output shape `[4]`, weights `[O, KH, KW, C]`, pixels `[N, H, W, C]`, optional bias `[O]`.
use super::byte_form::{ByteForm, Feed, Filter, Grids, number};
use super::convolved::{Around, Channels, ChannelsF32, ChannelsI8, bias, product};
use super::{Activation, OpCode, OpEntry, Operation, Padding, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::{OperatorSource, positive};
use crate::plan::{Io, Step};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::Nhwc;
use hypercut_kernels::nn::transpose_conv::{
    self, PreparedTransposeConvF32, TransposeConvF32, transpose_conv_i8,
};
use hypercut_schema::{TransposeConvOptions, fields};

/// The line in `OPS`.
pub const ENTRY: OpEntry = OpEntry {
    name: "TRANSPOSE_CONV",
    code: OpCode::Builtin(67),
    parse,
};

/// Attributes; pairs are `[vertical, horizontal]`.
#[derive(Debug, Clone, PartialEq)]
pub struct TransposeConv {
    /// The padding of the convolution that this one transposes.
    pub padding: Padding,
    /// Output pixels between the windows that neighbouring input pixels paint.
    pub stride: [usize; 2],
    /// Bounds of the results.
    pub activation: Activation,
}

fn parse(source: &OperatorSource<'_>) -> Result<Box<dyn Operation>> {
    let options = source.options::<TransposeConvOptions<'_>>()?;
    Ok(Box::new(TransposeConv {
        padding: Padding::from_schema(options.padding())?,
        stride: [
            positive("vertical stride", options.stride_h())?,
            positive("horizontal stride", options.stride_w())?,
        ],
        activation: Activation::from_schema(options.fused_activation_function())?,
    }))
}

impl TransposeConv {
    /// Shapes for the kernel: the output's extents must be ones that the convolution would turn into the input's.
    ///
    /// # Errors
    /// Invalid when they are not, or the weights don't fit.
    pub(super) fn shape(
        &self,
        pixels: &Value,
        weights: &Value,
        output: Nhwc,
    ) -> Result<transpose_conv::TransposeConv> {
        let input = pixels.nhwc()?;
        let [outputs, kernel_h, kernel_w, channels] = weights.extents()?;
        if channels != input[3] || outputs != output[3] || output[0] != input[0] {
            return Err(Error::invalid(format!(
                "{weights} does not turn {pixels} into {output:?}"
            )));
        }
        let kernel = [kernel_h, kernel_w];
        let place = self
            .padding
            .place([output[1], output[2]], kernel, self.stride, [1; 2]);
        let (window, reached) = place?;
        if reached != [input[1], input[2]] {
            return Err(Error::invalid(format!(
                "an output of {output:?} belongs to an input of {reached:?}, not {pixels}"
            )));
        }
        Ok(transpose_conv::TransposeConv {
            input,
            output,
            window,
        })
    }

    /// On bytes as a builtin operation; weights and bias are inputs `weights` and `bias` of the float one.
    pub(super) fn on_bytes(
        &self,
        feeds: Vec<Feed>,
        weights: usize,
        bias: usize,
    ) -> Option<ByteForm> {
        let options = fields::TransposeConv {
            // Graph passes give transposed convolutions no explicit padding.
            padding: i8::from(self.padding == Padding::Valid),
            stride_w: number(self.stride[1])?,
            stride_h: number(self.stride[0])?,
            fused_activation_function: self.activation.to_schema(),
        };
        let filter = Filter {
            weights,
            bias,
            axis: 0,
            per_channel: true,
            homogeneous: self.activation.is_homogeneous(),
        };
        let form = ByteForm::new(&ENTRY, 3).with(options).fed(feeds);
        Some(form.on(Grids::Filter(filter)))
    }

    /// Shapes from the file's inputs.
    fn shape_of(&self, inputs: &[Option<&Value>]) -> Result<transpose_conv::TransposeConv> {
        expect_inputs(inputs, 3..=4)?;
        let declared = input(inputs, 0)?;
        let extents: Vec<usize> = declared
            .constant_i32()?
            .iter()
            .map(|&extent| positive("extent of the output", extent))
            .collect::<Result<_>>()?;
        let output = extents
            .try_into()
            .map_err(|_| Error::invalid(format!("{declared} is not a shape of rank 4")))?;
        self.shape(input(inputs, 2)?, input(inputs, 1)?, output)
    }
}

impl Operation for TransposeConv {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let output = self.shape_of(inputs)?.output;
        bias(inputs, 3, output[3])?;
        Ok(vec![output.to_vec()])
    }

    fn macs(&self, inputs: &[Option<&Value>], _outputs: &[&Value]) -> u64 {
        let weights = input(inputs, 1).map_or(0, |weights| product(&weights.shape[..3]));
        input(inputs, 2).map_or(0, |pixels| weights.saturating_mul(product(&pixels.shape)))
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

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let feeds = vec![
            Feed::OutputShape,
            Feed::Input(1),
            Feed::Input(2),
            Feed::Input(3),
        ];
        self.on_bytes(feeds, 1, 3)
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let shape = self.shape_of(inputs)?;
        let channels = shape.output[3];
        let around = Around {
            input: input(inputs, 2)?,
            weights: input(inputs, 1)?,
            bias: bias(inputs, 3, channels)?,
            output: outputs[output],
            channels,
            axis: 0,
        };
        Ok(match around.channels(self.activation)? {
            Channels::I8(constants) => Box::new(StepI8 {
                isa,
                shape,
                constants,
            }),
            Channels::F32(constants) => Box::new(StepF32::new(isa, &shape, &constants, 2)),
        })
    }
}

#[derive(Debug)]
struct StepI8 {
    isa: Isa,
    shape: transpose_conv::TransposeConv,
    constants: ChannelsI8,
}

impl Step for StepI8 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let constants = self.constants.filter();
        transpose_conv_i8(self.isa, &self.shape, &constants, inputs.get(2), out);
    }
}

/// The float step, also of MediaPipe's custom operation.
#[derive(Debug)]
pub(super) struct StepF32 {
    prepared: PreparedTransposeConvF32,
    /// Which input the pixels are.
    pixels: usize,
}

impl StepF32 {
    /// Packs the constants; `pixels` tells which input is convolved.
    pub(super) fn new(
        isa: Isa,
        shape: &transpose_conv::TransposeConv,
        c: &ChannelsF32,
        pixels: usize,
    ) -> Self {
        let constants = TransposeConvF32 {
            weights: &c.weights,
            bias: &c.bias,
            output: c.output,
        };
        Self {
            prepared: PreparedTransposeConvF32::new(isa, shape, &constants, None),
            pixels,
        }
    }
}

impl Step for StepF32 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.prepared.run(inputs.get(self.pixels), out);
    }
}
