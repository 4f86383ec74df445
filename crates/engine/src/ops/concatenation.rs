//! `CONCATENATION`: tensors joined along one axis; bytes on other grids move to the output's.
use super::byte_form::{ByteForm, Grids};
use super::layout::{BoxAxis, axis, copy_box};
use super::unary::table;
use super::{OpCode, OpEntry, Operation, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::{Io, Step};
use crate::tensor::DType;
use bytemuck::Pod;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::activation::Activation;
use hypercut_kernels::nn::lookup::{Table, lookup_i8};
use hypercut_kernels::nn::strided_copy::{StridedCopy, strided_copy};
use hypercut_kernels::requantize::OutputF32;
use hypercut_schema::{ConcatenationOptions, fields};
use std::marker::PhantomData;

/// `CONCATENATION`.
pub const ENTRY: OpEntry = OpEntry {
    name: "CONCATENATION",
    code: OpCode::Builtin(2),
    parse: |source| {
        let options = source.options::<ConcatenationOptions<'_>>()?;
        if options.fused_activation_function() != 0 {
            return Err(Error::unsupported(
                "an activation fused into a concatenation",
            ));
        }
        Ok(Box::new(Concatenation {
            axis: options.axis().into(),
        }))
    },
};

/// Joins all inputs.
#[derive(Debug, Clone)]
pub struct Concatenation {
    axis: i64,
}

impl Operation for Concatenation {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let first = input(inputs, 0)?;
        let axis = axis(self.axis, first.shape.len())?;
        let mut shape = first.shape.clone();
        for index in 1..inputs.len() {
            let next = input(inputs, index)?;
            let fits = next.shape.len() == shape.len()
                && (0..shape.len()).all(|other| other == axis || next.shape[other] == shape[other]);
            if !fits || next.dtype != first.dtype {
                return Err(Error::invalid(format!(
                    "{next} does not join {first} along axis {axis}"
                )));
            }
            let sum = shape[axis].checked_add(next.shape[axis]);
            shape[axis] = sum.ok_or_else(|| Error::too_large("the joined axis"))?;
        }
        Ok(vec![shape])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let options = fields::Concatenation {
            axis: i32::try_from(self.axis).ok()?,
            ..fields::Concatenation::default()
        };
        let form = ByteForm::new(&ENTRY, 2).with(options);
        Some(form.on(Grids::Joined))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let output = outputs[output];
        let axis = axis(self.axis, output.shape.len())?;
        let mut parts = Vec::with_capacity(inputs.len());
        let (mut start, mut scratch) = (0, 0);
        for index in 0..inputs.len() {
            let part = input(inputs, index)?;
            output.expect(part.dtype)?;
            let table = moved(part, output)?;
            if table.is_some() {
                scratch = scratch.max(part.len());
            }
            let run: usize = part.shape[axis..].iter().product();
            let stride: usize = output.shape[axis..].iter().product();
            let rows = BoxAxis {
                extent: part.len() / run,
                from: run as isize,
                to: stride,
            };
            let shape = copy_box(
                0,
                start,
                &[
                    rows,
                    BoxAxis {
                        extent: run,
                        from: 1,
                        to: 1,
                    },
                ],
            );
            parts.push(Part { table, shape });
            start += run;
        }
        Ok(match output.dtype.size() {
            1 => Box::new(ByteStep {
                isa,
                parts,
                scratch,
            }),
            4 => Box::new(CopyStep::<u32> {
                isa,
                parts,
                element: PhantomData,
            }),
            _ => Box::new(CopyStep::<u64> {
                isa,
                parts,
                element: PhantomData,
            }),
        })
    }
}

/// The table to the output's grid, where the input has another.
fn moved(part: &Value, output: &Value) -> Result<Option<Box<Table>>> {
    if part.dtype != DType::I8 || part.quantization == output.quantization {
        return Ok(None);
    }
    Ok(Some(Box::new(table(
        Activation::Clamp(OutputF32::FULL),
        part,
        output,
    )?)))
}

#[derive(Debug)]
struct Part {
    table: Option<Box<Table>>,
    shape: StridedCopy,
}

#[derive(Debug)]
struct ByteStep {
    isa: Isa,
    parts: Vec<Part>,
    scratch: usize,
}

impl Step for ByteStep {
    fn scratch_bytes(&self) -> usize {
        self.scratch
    }

    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, scratch) = io.split::<i8>();
        for (index, part) in self.parts.iter().enumerate() {
            let input = inputs.get::<i8>(index);
            match &part.table {
                Some(table) => {
                    let moved = bytemuck::cast_slice_mut(&mut scratch[..input.len()]);
                    lookup_i8(self.isa, table, input, moved);
                    strided_copy(self.isa, &part.shape, moved, out);
                }
                None => strided_copy(self.isa, &part.shape, input, out),
            }
        }
    }
}

/// Elements with the size of `T`, on no grid.
#[derive(Debug)]
struct CopyStep<T> {
    isa: Isa,
    parts: Vec<Part>,
    element: PhantomData<T>,
}

impl<T: Pod + std::fmt::Debug + Send> Step for CopyStep<T> {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split::<T>();
        for (index, part) in self.parts.iter().enumerate() {
            strided_copy(self.isa, &part.shape, inputs.get::<T>(index), out);
        }
    }
}
