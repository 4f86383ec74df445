//! `SPACE_TO_DEPTH` and `DEPTH_TO_SPACE`: pixels of a block side by side in the channels, and back.
//!
//! Pixel `(by, bx)` of a block of `B * B` holds channels `(by * B + bx) * C` and the `C` that follow.
use super::byte_form::{ByteForm, Grids, number};
use super::layout::{BoxAxis, copy_box, copy_step};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::positive;
use crate::plan::{Io, Step};
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::depth_to_space::quarters_to_pixels;
use hypercut_schema::{DepthToSpaceOptions, SpaceToDepthOptions, fields};

/// `SPACE_TO_DEPTH`.
pub const SPACE_TO_DEPTH: OpEntry = OpEntry {
    name: "SPACE_TO_DEPTH",
    code: OpCode::Builtin(26),
    parse: |source| {
        let block = source.options::<SpaceToDepthOptions<'_>>()?.block_size();
        Ok(Box::new(SpaceDepth {
            to_depth: true,
            block: positive("block size", block)?,
        }))
    },
};

/// `DEPTH_TO_SPACE`.
pub const DEPTH_TO_SPACE: OpEntry = OpEntry {
    name: "DEPTH_TO_SPACE",
    code: OpCode::Builtin(5),
    parse: |source| {
        let block = source.options::<DepthToSpaceOptions<'_>>()?.block_size();
        Ok(Box::new(SpaceDepth {
            to_depth: false,
            block: positive("block size", block)?,
        }))
    },
};

/// Moves pixels between space and channels.
#[derive(Debug, Clone)]
pub struct SpaceDepth {
    to_depth: bool,
    block: usize,
}

impl SpaceDepth {
    /// Shape of the output for an input of this shape.
    fn output(&self, [n, h, w, c]: [usize; 4]) -> Option<[usize; 4]> {
        let (b, area) = (self.block, self.block.checked_mul(self.block)?);
        if self.to_depth {
            (h.is_multiple_of(b) && w.is_multiple_of(b)).then_some(())?;
            Some([n, h / b, w / b, c.checked_mul(area)?])
        } else {
            c.is_multiple_of(area).then_some(())?;
            Some([n, h.checked_mul(b)?, w.checked_mul(b)?, c / area])
        }
    }
}

impl Operation for SpaceDepth {
    fn name(&self) -> &'static str {
        if self.to_depth {
            SPACE_TO_DEPTH.name
        } else {
            DEPTH_TO_SPACE.name
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=1)?;
        let x = input(inputs, 0)?;
        let shape = self.output(x.nhwc()?);
        let misfit =
            || Error::invalid(format!("{x} does not divide into blocks of {}", self.block));
        Ok(vec![shape.ok_or_else(misfit)?.to_vec()])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let block_size = number(self.block)?;
        let form = if self.to_depth {
            ByteForm::new(&SPACE_TO_DEPTH, 2).with(fields::SpaceToDepth { block_size })
        } else {
            ByteForm::new(&DEPTH_TO_SPACE, 2).with(fields::DepthToSpace { block_size })
        };
        Some(form.on(Grids::Joined))
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
        let (wide, deep) = if self.to_depth {
            (x, output)
        } else {
            (output, x)
        };
        let ([_, _, w, c], [n, rows, columns, depth], b) = (wide.nhwc()?, deep.nhwc()?, self.block);
        if !self.to_depth && (b, depth, x.dtype.size()) == (2, 4, 1) {
            return Ok(Box::new(QuartersStep { isa, columns }));
        }
        // Rows of blocks, columns of blocks, rows and columns within a block, channels: steps in space and in depth.
        let axes = [
            (n * rows, b * w * c, columns * depth),
            (b, w * c, b * c),
            (columns, b * c, depth),
            (b, c, c),
            (c, 1, 1),
        ];
        let along = |(extent, space, depth): (usize, usize, usize)| {
            let (from, to) = if self.to_depth {
                (space, depth)
            } else {
                (depth, space)
            };
            BoxAxis {
                extent,
                from: from as isize,
                to,
            }
        };
        Ok(copy_step(
            x.dtype,
            isa,
            0,
            vec![copy_box(0, 0, &axes.map(along))],
            None,
        ))
    }
}

/// The step of four channels of bytes that become one.
#[derive(Debug)]
struct QuartersStep {
    isa: Isa,
    columns: usize,
}

impl Step for QuartersStep {
    fn run(&mut self, io: &mut Io<'_>) {
        let (inputs, out, _) = io.split();
        quarters_to_pixels(self.isa, self.columns, inputs.get(0), out);
    }
}
