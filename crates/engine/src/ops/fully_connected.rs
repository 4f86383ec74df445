//! `FULLY_CONNECTED`: input with rows of `I` elements, weights `[O, I]`, optional bias `[O]`.
//!
//! The output is `[B, O]`, or the input's shape with the last extent replaced where the dimensions are kept.
use super::byte_form::{ByteForm, Filter, Grids};
use super::convolved::{Around, Channels, bias, product};
use super::{Activation, OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::OperatorSource;
use crate::plan::{Io, Step};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::fully_connected::{
    self, FullyConnectedF32, PreparedFullyConnected, PreparedFullyConnectedF32,
};
use hypercut_schema::{FullyConnectedOptions, fields};

/// The line in `OPS`.
pub const ENTRY: OpEntry = OpEntry {
    name: "FULLY_CONNECTED",
    code: OpCode::Builtin(9),
    parse,
};

/// Attributes.
#[derive(Debug, Clone, PartialEq)]
pub struct FullyConnected {
    /// Whether the output keeps the input's leading dimensions.
    pub keep_num_dims: bool,
    /// Bounds of the results.
    pub activation: Activation,
}

fn parse(source: &OperatorSource<'_>) -> Result<Box<dyn Operation>> {
    let options = source.options::<FullyConnectedOptions<'_>>()?;
    if options.weights_format() != 0 {
        return Err(Error::unsupported("shuffled weights"));
    }
    Ok(Box::new(FullyConnected {
        keep_num_dims: options.keep_num_dims(),
        activation: Activation::from_schema(options.fused_activation_function())?,
    }))
}

/// Shapes for the kernel.
fn shape(inputs: &[Option<&Value>]) -> Result<fully_connected::FullyConnected> {
    expect_inputs(inputs, 2..=3)?;
    let (rows, weights) = (input(inputs, 0)?, input(inputs, 1)?);
    let [outputs, row] = weights.extents()?;
    if rows.len() % row != 0 {
        return Err(Error::invalid(format!(
            "{rows} has no rows of {row} for {weights}"
        )));
    }
    Ok(fully_connected::FullyConnected {
        batch: rows.len() / row,
        inputs: row,
        outputs,
    })
}

impl Operation for FullyConnected {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let shape = shape(inputs)?;
        bias(inputs, 2, shape.outputs)?;
        let rows = input(inputs, 0)?;
        if !self.keep_num_dims {
            return Ok(vec![vec![shape.batch, shape.outputs]]);
        }
        match rows.shape.split_last() {
            Some((&last, leading)) if last == shape.inputs => {
                Ok(vec![[leading, &[shape.outputs]].concat()])
            }
            _ => Err(Error::invalid(format!(
                "{rows} for rows of {}",
                shape.inputs
            ))),
        }
    }

    fn macs(&self, inputs: &[Option<&Value>], outputs: &[&Value]) -> u64 {
        let row = input(inputs, 1).map_or(0, |weights| product(&weights.shape[1..]));
        row.saturating_mul(product(&outputs[0].shape))
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
        let options = fields::FullyConnected {
            fused_activation_function: self.activation.to_schema(),
            keep_num_dims: self.keep_num_dims,
            ..fields::FullyConnected::default()
        };
        let filter = Filter {
            weights: 1,
            bias: 2,
            axis: 0,
            // Runtimes before 2024 take one scale alone.
            per_channel: false,
            homogeneous: self.activation.is_homogeneous(),
        };
        let form = ByteForm::new(&ENTRY, 4).with(options);
        Some(form.on(Grids::Filter(filter)))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let shape = shape(inputs)?;
        let around = Around {
            input: input(inputs, 0)?,
            weights: input(inputs, 1)?,
            bias: bias(inputs, 2, shape.outputs)?,
            output: outputs[output],
            channels: shape.outputs,
            axis: 0,
        };
        Ok(match around.channels(self.activation)? {
            Channels::I8(c) => Box::new(StepI8(PreparedFullyConnected::new(
                isa,
                &shape,
                &c.filter(),
            ))),
            Channels::F32(c) => Box::new(StepF32(PreparedFullyConnectedF32::new(
                isa,
                &shape,
                &FullyConnectedF32 {
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
struct StepI8(PreparedFullyConnected);

impl Step for StepI8 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}

#[derive(Debug)]
struct StepF32(PreparedFullyConnectedF32);

impl Step for StepF32 {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs.get(0), out);
    }
}
