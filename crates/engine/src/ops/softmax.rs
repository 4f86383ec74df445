//! `SOFTMAX` along the last axis.
use super::byte_form::{ByteForm, Grids};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::softmax::{SoftmaxI8, softmax_f32, softmax_i8};
use hypercut_kernels::requantize::OutputI8;
use hypercut_schema::{SoftmaxOptions, fields};

/// `SOFTMAX`.
pub const ENTRY: OpEntry = OpEntry {
    name: "SOFTMAX",
    code: OpCode::Builtin(25),
    parse: |source| {
        let beta = source.options::<SoftmaxOptions<'_>>()?.beta();
        if !beta.is_finite() || beta < 0.0 {
            return Err(Error::invalid(format!("a beta of {beta}")));
        }
        Ok(Box::new(Softmax { beta }))
    },
};

/// Softmax of every row.
#[derive(Debug, Clone)]
pub struct Softmax {
    /// Factor on the input.
    pub beta: f32,
}

impl Operation for Softmax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=1)?;
        let x = input(inputs, 0)?;
        if !matches!(x.dtype, DType::F32 | DType::I8) || x.shape.is_empty() {
            return Err(Error::unsupported(format!("softmax of {x}")));
        }
        Ok(vec![x.shape.clone()])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let form = ByteForm::new(&ENTRY, 2).with(fields::Softmax { beta: self.beta });
        Some(form.on(Grids::PROBABILITY))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (x, output) = (input(inputs, 0)?, outputs[output]);
        output.expect(x.dtype)?;
        let (columns, beta) = (x.shape.last().copied().unwrap_or(1), self.beta);
        if x.dtype == DType::F32 {
            return Ok(Box::new(FloatStep { isa, columns, beta }));
        }
        let ((x_scale, _), (scale, zero)) = (x.grid()?, output.grid()?);
        let constants = SoftmaxI8::new(beta, x_scale, scale, OutputI8::full(zero));
        Ok(Box::new(ByteStep {
            isa,
            columns,
            constants,
        }))
    }
}

#[derive(Debug)]
struct FloatStep {
    isa: Isa,
    columns: usize,
    beta: f32,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        softmax_f32(self.isa, self.columns, self.beta, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    columns: usize,
    constants: SoftmaxI8,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        softmax_i8(self.isa, self.columns, &self.constants, inputs.get(0), out);
    }
}
