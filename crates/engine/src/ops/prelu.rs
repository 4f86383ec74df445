//! `PRELU`: a rectifier whose slope below zero is a constant, usually one per channel.
use super::add::{infer_pair, pairing};
use super::byte_form::ByteForm;
use super::{OpCode, OpEntry, Operation, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::Broadcast;
use hypercut_kernels::nn::prelu::{PreluI8, prelu_f32, prelu_i8};
use hypercut_kernels::requantize::OutputI8;

/// `PRELU`.
pub const ENTRY: OpEntry = OpEntry {
    name: "PRELU",
    code: OpCode::Builtin(54),
    parse: |_| Ok(Box::new(Prelu)),
};

/// Input 0 where it is not negative, else its product with input 1.
#[derive(Debug, Clone)]
pub struct Prelu;

impl Operation for Prelu {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let shapes = infer_pair(inputs)?;
        let x = input(inputs, 0)?;
        if shapes[0] == x.shape {
            return Ok(shapes);
        }
        Err(Error::invalid(format!(
            "slopes {} reach beyond {x}",
            input(inputs, 1)?
        )))
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        Some(ByteForm::new(&ENTRY, 1))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (shape, output) = (pairing(inputs)?, outputs[output]);
        let (x, alpha) = (input(inputs, 0)?, input(inputs, 1)?);
        output.expect(x.dtype)?;
        if x.dtype == DType::F32 {
            return Ok(Box::new(FloatStep { isa, shape }));
        }
        let ((x_scale, input_zero), (alpha_scale, alpha_zero)) = (x.grid()?, alpha.grid()?);
        let (scale, zero) = output.grid()?;
        let constants = PreluI8 {
            input_zero,
            alpha_zero,
            positive_scale: x_scale / scale,
            negative_scale: x_scale * alpha_scale / scale,
            output: OutputI8::full(zero),
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
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        prelu_f32(self.isa, &self.shape, inputs.get(0), inputs.get(1), out);
    }
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    shape: Broadcast,
    constants: PreluI8,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        prelu_i8(
            self.isa,
            &self.shape,
            &self.constants,
            inputs.get(0),
            inputs.get(1),
            out,
        );
    }
}
