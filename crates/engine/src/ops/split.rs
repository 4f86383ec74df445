//! `SPLIT`: equal parts of a tensor along the axis that input 0 names.
use super::byte_form::{ByteForm, Grids, number};
use super::layout::{BoxAxis, axis, copy_box, copy_step, integers};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::positive;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;
use hypercut_schema::{SplitOptions, fields};

/// Parts that one operation may have; each is an output, which the file lists.
const MOST_PARTS: usize = 1024;

/// `SPLIT`.
pub const ENTRY: OpEntry = OpEntry {
    name: "SPLIT",
    code: OpCode::Builtin(49),
    parse: |source| {
        let parts = positive(
            "number of parts",
            source.options::<SplitOptions<'_>>()?.num_splits(),
        )?;
        if parts > MOST_PARTS {
            return Err(Error::too_large(format!(
                "{parts} parts, more than {MOST_PARTS}"
            )));
        }
        Ok(Box::new(Split { parts }))
    },
};

/// Cuts input 1 into equal parts.
#[derive(Debug, Clone)]
pub struct Split {
    parts: usize,
}

/// The axis that is cut.
fn cut(inputs: &[Option<&Value>]) -> Result<usize> {
    match integers(input(inputs, 0)?)?.as_slice() {
        &[number] => axis(number, input(inputs, 1)?.shape.len()),
        numbers => Err(Error::invalid(format!(
            "{} axes to cut instead of one",
            numbers.len()
        ))),
    }
}

impl Operation for Split {
    fn name(&self) -> &'static str {
        ENTRY.name
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 2..=2)?;
        let (axis, x) = (cut(inputs)?, input(inputs, 1)?);
        if !x.shape[axis].is_multiple_of(self.parts) {
            return Err(Error::invalid(format!(
                "{x} in {} equal parts along axis {axis}",
                self.parts
            )));
        }
        let mut shape = x.shape.clone();
        shape[axis] /= self.parts;
        Ok(vec![shape; self.parts])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let options = fields::Split {
            num_splits: number(self.parts)?,
        };
        Some(ByteForm::new(&ENTRY, 2).with(options).on(Grids::Joined))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (axis, x) = (cut(inputs)?, input(inputs, 1)?);
        outputs[output].expect(x.dtype)?;
        let row: usize = x.shape[axis..].iter().product();
        let run = row / self.parts;
        let rows = BoxAxis {
            extent: x.len() / row,
            from: row as isize,
            to: run,
        };
        let shape = copy_box(
            output * run,
            0,
            &[
                rows,
                BoxAxis {
                    extent: run,
                    from: 1,
                    to: 1,
                },
            ],
        );
        Ok(copy_step(x.dtype, isa, 1, vec![shape], None))
    }
}
