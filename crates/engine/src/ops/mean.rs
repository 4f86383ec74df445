//! `MEAN` over the axes that input 1 lists.
use super::byte_form::ByteForm;
use super::layout::{axis, check_rank, integers};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::mean::{self, AverageI8, mean_f32, mean_i8};
use hypercut_kernels::requantize::OutputI8;
use hypercut_schema::{ReducerOptions, fields};

/// `MEAN`.
pub const ENTRY: OpEntry = OpEntry {
    name: "MEAN",
    code: OpCode::Builtin(40),
    parse: |source| {
        let keep_dims = source.options::<ReducerOptions<'_>>()?.keep_dims();
        Ok(Box::new(Mean { keep_dims }))
    },
};

/// The mean over some axes.
#[derive(Debug, Clone)]
pub struct Mean {
    /// Whether those axes stay, with extent 1.
    pub keep_dims: bool,
}

/// Which axes of input 0 go.
fn averaged(inputs: &[Option<&Value>]) -> Result<Vec<bool>> {
    let rank = input(inputs, 0)?.shape.len();
    let mut over = vec![false; rank];
    for number in integers(input(inputs, 1)?)? {
        over[axis(number, rank)?] = true;
    }
    Ok(over)
}

impl Operation for Mean {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 2..=2)?;
        let x = input(inputs, 0)?;
        check_rank(&x.shape)?;
        if !matches!(x.dtype, DType::F32 | DType::I8) {
            return Err(Error::unsupported(format!("element type of {x}")));
        }
        let axes = x.shape.iter().zip(averaged(inputs)?);
        let extent = |(&extent, over): (&usize, bool)| match over {
            false => Some(extent),
            true => self.keep_dims.then_some(1),
        };
        Ok(vec![axes.filter_map(extent).collect()])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let keep_dims = self.keep_dims;
        Some(ByteForm::new(&ENTRY, 2).with(fields::Reducer { keep_dims }))
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
        let shape = mean::Mean::new(&x.shape, &averaged(inputs)?)
            .ok_or_else(|| Error::unsupported(format!("rank of {x}")))?;
        if x.dtype == DType::F32 {
            return Ok(Box::new(FloatStep { isa, shape }));
        }
        let ((x_scale, input_zero), (scale, zero)) = (x.grid()?, output.grid()?);
        let constants = AverageI8 {
            input_zero,
            scale: x_scale / scale,
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
    shape: mean::Mean,
}

impl Step for FloatStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        mean_f32(self.isa, &self.shape, inputs.get(0), out);
    }
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    shape: mean::Mean,
    constants: AverageI8,
}

impl Step for ByteStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        mean_i8(self.isa, &self.shape, &self.constants, inputs.get(0), out);
    }
}
