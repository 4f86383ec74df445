//! `MUL`: elementwise product with broadcasting and a fused activation.
use super::add::{infer_pair, pairing};
use super::byte_form::ByteForm;
use super::{Activation, OpCode, OpEntry, Operation, input};
use crate::error::Result;
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::Broadcast;
use hypercut_kernels::nn::mul::{MulI8, mul_f32, mul_i8};
use hypercut_kernels::requantize::OutputF32;
use hypercut_schema::{MulOptions, fields};

/// `MUL`.
pub const ENTRY: OpEntry = OpEntry {
    name: "MUL",
    code: OpCode::Builtin(18),
    parse: |source| {
        let options = source.options::<MulOptions<'_>>()?;
        Ok(Box::new(Mul {
            activation: Activation::from_schema(options.fused_activation_function())?,
        }))
    },
};

/// The product of two tensors.
#[derive(Debug, Clone)]
pub struct Mul {
    /// Bounds of the result.
    pub activation: Activation,
}

impl Operation for Mul {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        infer_pair(inputs)
    }

    fn with_activation(&self, activation: Activation) -> Option<Box<dyn Operation>> {
        (self.activation == Activation::None)
            .then(|| Box::new(Self { activation }) as Box<dyn Operation>)
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        Some(ByteForm::new(&ENTRY, 2).with(fields::Mul {
            fused_activation_function: self.activation.to_schema(),
        }))
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
            return Ok(Box::new(FloatStep {
                isa,
                shape,
                range: self.activation.range_f32(),
            }));
        }
        let ((a_scale, a_zero), (b_scale, b_zero), (scale, zero)) =
            (a.grid()?, b.grid()?, output.grid()?);
        let constants = MulI8 {
            zeros: [a_zero, b_zero],
            scale: a_scale * b_scale / scale,
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
    range: OutputF32,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        mul_f32(
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
struct ByteStep {
    isa: Isa,
    shape: Broadcast,
    constants: MulI8,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        mul_i8(
            self.isa,
            &self.shape,
            &self.constants,
            inputs.get(0),
            inputs.get(1),
            out,
        );
    }
}
