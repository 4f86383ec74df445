//! `ADD` and `SUB`: elementwise sum and difference with broadcasting and a fused activation.
use std::sync::Arc;

use super::byte_form::ByteForm;
use super::{Activation, OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::Broadcast;
use hypercut_kernels::nn::add::{AddI8, add_f32, add_i8, sub_f32};
use hypercut_kernels::nn::prelu::prelu_of_sum_f32;
use hypercut_kernels::requantize::OutputF32;
use hypercut_schema::{AddOptions, SubOptions, fields};

/// `ADD`.
pub const ADD: OpEntry = OpEntry {
    name: "ADD",
    code: OpCode::Builtin(0),
    parse: |source| {
        let options = source.options::<AddOptions<'_>>()?;
        Add::parse(false, options.fused_activation_function())
    },
};

/// `SUB`.
pub const SUB: OpEntry = OpEntry {
    name: "SUB",
    code: OpCode::Builtin(41),
    parse: |source| {
        let options = source.options::<SubOptions<'_>>()?;
        Add::parse(true, options.fused_activation_function())
    },
};

/// The sum of two tensors, or their difference.
#[derive(Debug, Clone)]
pub struct Add {
    /// Whether the second tensor is subtracted.
    pub subtract: bool,
    /// Bounds of the result.
    pub activation: Activation,
    /// What bounded results below 0 are multiplied by, one for each channel. Sums of floats of one shape alone have them.
    pub slopes: Option<Arc<[f32]>>,
}

impl Add {
    fn parse(subtract: bool, activation: i8) -> Result<Box<dyn Operation>> {
        Ok(Box::new(Self {
            subtract,
            activation: Activation::from_schema(activation)?,
            slopes: None,
        }))
    }
}

/// Shape of an elementwise operation on inputs 0 and 1, which must have one type, `F32` or `I8`.
pub(super) fn infer_pair(inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
    expect_inputs(inputs, 2..=2)?;
    let (a, b) = (input(inputs, 0)?, input(inputs, 1)?);
    if a.dtype != b.dtype || !matches!(a.dtype, DType::F32 | DType::I8) {
        return Err(Error::unsupported(format!("element types of {a} and {b}")));
    }
    Broadcast::shape(&a.shape, &b.shape)
        .map(|shape| vec![shape])
        .ok_or_else(|| misfit(a, b))
}

/// How inputs 0 and 1 pair up.
pub(super) fn pairing(inputs: &[Option<&Value>]) -> Result<Broadcast> {
    let (a, b) = (input(inputs, 0)?, input(inputs, 1)?);
    Broadcast::new(&a.shape, &b.shape).ok_or_else(|| misfit(a, b))
}

fn misfit(a: &Value, b: &Value) -> Error {
    Error::invalid(format!("shapes of {a} and {b} don't pair up"))
}

impl Operation for Add {
    fn name(&self) -> &'static str {
        if self.subtract { SUB.name } else { ADD.name }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        infer_pair(inputs)
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Operation>> {
        let free = self.activation == Activation::None && self.slopes.is_none();
        free.then(|| {
            Box::new(Self {
                activation,
                ..self.clone()
            }) as Box<dyn Operation>
        })
    }

    fn with_slopes(
        &self,
        inputs: &[Option<&Value>],
        slopes: &Arc<[f32]>,
    ) -> Option<Box<dyn Operation>> {
        let (a, b) = (input(inputs, 0).ok()?, input(inputs, 1).ok()?);
        let free = !self.subtract && self.slopes.is_none() && a.shape == b.shape;
        free.then(|| {
            Box::new(Self {
                slopes: Some(slopes.clone()),
                ..self.clone()
            }) as Box<dyn Operation>
        })
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        if self.slopes.is_some() {
            return None;
        }
        let fused_activation_function = self.activation.to_schema();
        Some(if self.subtract {
            ByteForm::new(&SUB, 2).with(fields::Sub {
                fused_activation_function,
            })
        } else {
            ByteForm::new(&ADD, 2).with(fields::Add {
                fused_activation_function,
            })
        })
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (shape, output) = (pairing(inputs)?, outputs[output]);
        let (a, b) = (input(inputs, 0)?, input(inputs, 1)?);
        output.expect(a.dtype)?;
        if a.dtype == DType::F32 {
            let (subtract, range) = (self.subtract, self.activation.range_f32());
            if let Some(slopes) = self.slopes.clone() {
                return Ok(Box::new(RectifiedStep { isa, range, slopes }));
            }
            return Ok(Box::new(FloatStep {
                isa,
                shape,
                subtract,
                range,
            }));
        }
        let ((a_scale, a_zero), (b_scale, b_zero), (scale, zero)) =
            (a.grid()?, b.grid()?, output.grid()?);
        let sign = if self.subtract { -1.0 } else { 1.0 };
        let constants = AddI8 {
            zeros: [a_zero, b_zero],
            scales: [a_scale / scale, sign * b_scale / scale],
            output: self.activation.range_i8(scale, zero),
        };
        Ok(Box::new(ByteStep {
            isa,
            shape,
            constants,
        }))
    }
}

#[derive(Debug)]
struct FloatStep {
    isa: Isa,
    shape: Broadcast,
    subtract: bool,
    range: OutputF32,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let kernel = if self.subtract { sub_f32 } else { add_f32 };
        kernel(
            self.isa,
            &self.shape,
            self.range,
            inputs.get(0),
            inputs.get(1),
            out,
        );
    }
}

#[derive(Debug)]
struct RectifiedStep {
    isa: Isa,
    range: OutputF32,
    slopes: Arc<[f32]>,
}

impl Step for RectifiedStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        let (a, b) = (inputs.get(0), inputs.get(1));
        prelu_of_sum_f32(self.isa, self.range, &self.slopes, a, b, out);
    }
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    shape: Broadcast,
    constants: AddI8,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        add_i8(
            self.isa,
            &self.shape,
            &self.constants,
            inputs.get(0),
            inputs.get(1),
            out,
        );
    }
}
