//! `ARG_MAX`: where the largest element is along the axis that input 1 names.
use super::byte_form::ByteForm;
use super::layout::{axis, integers};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Inputs, Io, Step};
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::arg_max::{self, arg_max};
use hypercut_schema::fields;

/// `ARG_MAX`.
pub const ENTRY: OpEntry = OpEntry {
    name: "ARG_MAX",
    code: OpCode::Builtin(56),
    parse: |_| Ok(Box::new(ArgMax)),
};

/// Positions of the largest elements; the output's type is the declared one, `I32` or `I64`.
#[derive(Debug, Clone)]
pub struct ArgMax;

/// The axis along which positions count.
fn along(inputs: &[Option<&Value>]) -> Result<usize> {
    match integers(input(inputs, 1)?)?.as_slice() {
        &[number] => axis(number, input(inputs, 0)?.shape.len()),
        numbers => Err(Error::invalid(format!(
            "{} axes instead of one",
            numbers.len()
        ))),
    }
}

impl Operation for ArgMax {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 2..=2)?;
        let x = input(inputs, 0)?;
        if !matches!(x.dtype, DType::F32 | DType::I8 | DType::I32) {
            return Err(Error::unsupported(format!("element type of {x}")));
        }
        let mut shape = x.shape.clone();
        let extent = shape.remove(along(inputs)?);
        if i32::try_from(extent).is_err() {
            return Err(Error::too_large(format!("positions along {extent}")));
        }
        Ok(vec![shape])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], outputs: &[&Value]) -> Option<ByteForm> {
        let output_type = outputs[0].dtype.to_schema();
        Some(ByteForm::new(&ENTRY, 2).with(fields::ArgMax { output_type }))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (x, output, axis) = (input(inputs, 0)?, outputs[output], along(inputs)?);
        let shape = arg_max::ArgMax {
            outer: x.shape[..axis].iter().product(),
            axis: x.shape[axis],
            inner: x.shape[axis + 1..].iter().product(),
        };
        let search = Search {
            isa,
            dtype: x.dtype,
            shape,
        };
        match output.dtype {
            DType::I32 => Ok(Box::new(NarrowStep(search))),
            DType::I64 => Ok(Box::new(WideStep(search))),
            _ => Err(Error::unsupported(format!("positions in {output}"))),
        }
    }
}

#[derive(Debug)]
struct Search {
    isa: Isa,
    dtype: DType,
    shape: arg_max::ArgMax,
}

impl Search {
    fn run(&self, inputs: Inputs<'_>, out: &mut [i32]) {
        match self.dtype {
            DType::F32 => arg_max(self.isa, &self.shape, inputs.get::<f32>(0), out),
            DType::I32 => arg_max(self.isa, &self.shape, inputs.get::<i32>(0), out),
            _ => arg_max(self.isa, &self.shape, inputs.get::<i8>(0), out),
        }
    }
}

#[derive(Debug)]
struct NarrowStep(Search);

impl Step for NarrowStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        self.0.run(inputs, out);
    }
}

/// Finds 32-bit positions in scratch and widens them.
#[derive(Debug)]
struct WideStep(Search);

impl WideStep {
    fn len(&self) -> usize {
        self.0.shape.outer * self.0.shape.inner
    }
}

impl Step for WideStep {
    fn scratch_bytes(&self) -> usize {
        self.len() * size_of::<i32>()
    }

    fn run(&mut self, io: &mut Io<'_>) {
        let bytes = self.scratch_bytes();
        let (inputs, out, scratch) = io.split::<i64>();
        let positions: &mut [i32] = bytemuck::cast_slice_mut(&mut scratch[..bytes]);
        self.0.run(inputs, positions);
        out.iter_mut()
            .zip(positions)
            .for_each(|(out, position)| *out = i64::from(*position));
    }
}
