//! `QUANTIZE` and `DEQUANTIZE`: between real numbers and bytes, and from one grid of bytes to another.
use super::unary::{TableStep, table};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::activation::{Activation, Grid};
use hypercut_kernels::nn::quantize::{dequantize_i8, quantize_i8};
use hypercut_kernels::requantize::OutputF32;

/// `QUANTIZE`.
pub const QUANTIZE: OpEntry = OpEntry {
    name: "QUANTIZE",
    code: OpCode::Builtin(114),
    parse: |_| Ok(Box::new(Convert { name: "QUANTIZE" })),
};

/// `DEQUANTIZE`.
pub const DEQUANTIZE: OpEntry = OpEntry {
    name: "DEQUANTIZE",
    code: OpCode::Builtin(6),
    parse: |_| Ok(Box::new(Convert { name: "DEQUANTIZE" })),
};

/// A change of representation; the types of input and output tell which.
#[derive(Debug, Clone)]
pub struct Convert {
    name: &'static str,
}

impl Operation for Convert {
    fn name(&self) -> &'static str {
        self.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=1)?;
        Ok(vec![input(inputs, 0)?.shape.clone()])
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (from, to) = (input(inputs, 0)?, outputs[output]);
        match (from.dtype, to.dtype) {
            (DType::F32, DType::I8) => Ok(Box::new(QuantizeStep {
                isa,
                grid: grid(to)?,
            })),
            (DType::I8, DType::F32) => Ok(Box::new(DequantizeStep {
                isa,
                grid: grid(from)?,
            })),
            (DType::I8, DType::I8) => {
                let table = table(Activation::Clamp(OutputF32::FULL), from, to)?;
                Ok(Box::new(TableStep { isa, table }))
            }
            _ => Err(Error::unsupported(format!("conversion of {from} to {to}"))),
        }
    }
}

fn grid(value: &Value) -> Result<Grid> {
    let (scale, zero_point) = value.grid()?;
    Ok(Grid { scale, zero_point })
}

#[derive(Debug)]
struct QuantizeStep {
    isa: Isa,
    grid: Grid,
}

impl Step for QuantizeStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        quantize_i8(self.isa, self.grid, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct DequantizeStep {
    isa: Isa,
    grid: Grid,
}

impl Step for DequantizeStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        dequantize_i8(self.isa, self.grid, inputs.get(0), out);
    }
}
