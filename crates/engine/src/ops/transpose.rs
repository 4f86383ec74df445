//! `TRANSPOSE`: axes in another order.
use super::byte_form::{ByteForm, Grids};
use super::layout::{BoxAxis, axis, check_rank, copy_box, copy_step, integers, strides};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;

/// `TRANSPOSE`.
pub const ENTRY: OpEntry = OpEntry {
    name: "TRANSPOSE",
    code: OpCode::Builtin(39),
    parse: |_| Ok(Box::new(Transpose)),
};

/// Axis `k` of the output is axis `input 1 [k]` of input 0.
#[derive(Debug, Clone)]
pub struct Transpose;

/// The order of the axes, each named once.
fn order(inputs: &[Option<&Value>]) -> Result<Vec<usize>> {
    let rank = input(inputs, 0)?.shape.len();
    let numbers = integers(input(inputs, 1)?)?;
    let order: Vec<usize> = numbers
        .iter()
        .map(|&number| axis(number, rank))
        .collect::<Result<_>>()?;
    if order.len() == rank && (0..rank).all(|axis| order.contains(&axis)) {
        return Ok(order);
    }
    Err(Error::invalid(format!(
        "{numbers:?} is no order of {rank} axes"
    )))
}

impl Operation for Transpose {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 2..=2)?;
        let x = input(inputs, 0)?;
        check_rank(&x.shape)?;
        Ok(vec![
            order(inputs)?
                .into_iter()
                .map(|axis| x.shape[axis])
                .collect(),
        ])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        Some(ByteForm::new(&ENTRY, 2).on(Grids::Joined))
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
        let (from, to) = (strides(&x.shape), strides(&output.shape));
        let axes: Vec<BoxAxis> = order(inputs)?
            .into_iter()
            .zip(to)
            .map(|(axis, to)| BoxAxis {
                extent: x.shape[axis],
                from: from[axis] as isize,
                to,
            })
            .collect();
        Ok(copy_step(
            x.dtype,
            isa,
            0,
            vec![copy_box(0, 0, &axes)],
            None,
        ))
    }
}
