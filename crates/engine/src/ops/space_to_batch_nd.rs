//! `SPACE_TO_BATCH_ND` and `BATCH_TO_SPACE_ND`: pixels of a block spread over the batch, and back.
//!
//! With the padded picture cut into blocks of `[BH, BW]`, pixel `(by, bx)` of every block of picture `n` goes to picture
//! `(by * BW + bx) * N + n`.
use super::byte_form::{ByteForm, Grids};
use super::layout::{BoxAxis, copy_box, copy_step, integers};
use super::pad::{pairs, zero};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;
use hypercut_kernels::nn::strided_copy::StridedCopy;
use std::ops::Range;

/// Pixels of a block; dilated convolutions have 4 to a few hundred.
const LARGEST_BLOCK: usize = 4096;

/// `SPACE_TO_BATCH_ND`.
pub const SPACE_TO_BATCH: OpEntry = OpEntry {
    name: "SPACE_TO_BATCH_ND",
    code: OpCode::Builtin(38),
    parse: |_| Ok(Box::new(SpaceBatch { to_batch: true })),
};

/// `BATCH_TO_SPACE_ND`.
pub const BATCH_TO_SPACE: OpEntry = OpEntry {
    name: "BATCH_TO_SPACE_ND",
    code: OpCode::Builtin(37),
    parse: |_| Ok(Box::new(SpaceBatch { to_batch: false })),
};

/// Moves pixels between a large picture and a batch of small ones; input 1 is the block, input 2 pads or crops the large one.
#[derive(Debug, Clone)]
pub struct SpaceBatch {
    to_batch: bool,
}

/// Blocks and borders, with a rank-3 tensor `[N, H, C]` seen as `[N, H, 1, C]`.
#[derive(Debug)]
struct Blocks {
    /// Shape of input 0.
    input: [usize; 4],
    /// Extents of a block.
    block: [usize; 2],
    /// `[before, after]` per axis.
    borders: [[usize; 2]; 2],
}

impl Blocks {
    fn new(inputs: &[Option<&Value>]) -> Result<Self> {
        let x = input(inputs, 0)?;
        let (shape, axes) = match *x.shape.as_slice() {
            [n, h, c] => ([n, h, 1, c], 1),
            [n, h, w, c] => ([n, h, w, c], 2),
            _ => return Err(Error::unsupported(format!("rank of {x}, not 3 or 4"))),
        };
        let numbers = integers(input(inputs, 1)?)?;
        let mut blocks = Self {
            input: shape,
            block: [1; 2],
            borders: [[0; 2]; 2],
        };
        if numbers.len() != axes {
            return Err(Error::unsupported(format!("blocks of {numbers:?} for {x}")));
        }
        for (block, number) in blocks.block.iter_mut().zip(&numbers) {
            *block = usize::try_from(*number).unwrap_or(0);
        }
        if !blocks
            .block
            .iter()
            .try_fold(1usize, |product, &side| product.checked_mul(side))
            .is_some_and(|area| (1..=LARGEST_BLOCK).contains(&area))
        {
            return Err(Error::invalid(format!("blocks of {numbers:?}")));
        }
        for (border, pair) in blocks
            .borders
            .iter_mut()
            .zip(pairs(input(inputs, 2)?, axes)?)
        {
            *border = pair;
        }
        Ok(blocks)
    }

    /// Shape after spreading over the batch.
    fn batched(&self) -> Option<[usize; 4]> {
        let [n, h, w, c] = self.input;
        let cells = |axis: usize, size: usize| {
            let [before, after] = self.borders[axis];
            let padded = size.checked_add(before)?.checked_add(after)?;
            padded
                .is_multiple_of(self.block[axis])
                .then_some(padded / self.block[axis])
        };
        Some([
            n.checked_mul(self.block[0] * self.block[1])?,
            cells(0, h)?,
            cells(1, w)?,
            c,
        ])
    }

    /// Shape after gathering from the batch.
    fn spaced(&self) -> Option<[usize; 4]> {
        let [batch, h, w, c] = self.input;
        let area = self.block[0] * self.block[1];
        let size = |axis: usize, cells: usize| {
            let [before, after] = self.borders[axis];
            let cropped = cells
                .checked_mul(self.block[axis])?
                .checked_sub(before)?
                .checked_sub(after)?;
            (cropped > 0).then_some(cropped)
        };
        batch.is_multiple_of(area).then_some(())?;
        Some([batch / area, size(0, h)?, size(1, w)?, c])
    }

    /// Cells along `axis` whose pixel `place` lies within the large picture's `size`.
    fn cells(&self, axis: usize, place: usize, size: usize, cells: usize) -> Range<usize> {
        let (block, before) = (self.block[axis], self.borders[axis][0]);
        let first = before.saturating_sub(place).div_ceil(block);
        let end = (size + before)
            .saturating_sub(place)
            .div_ceil(block)
            .min(cells);
        first.min(end)..end
    }

    /// One box per pixel of a block, from the large picture to the small ones.
    fn boxes(&self, large: [usize; 4], small: [usize; 4]) -> Vec<StridedCopy> {
        let ([n, h, w, c], [_, cells_h, cells_w, _]) = (large, small);
        let places = (0..self.block[0]).flat_map(|y| (0..self.block[1]).map(move |x| [y, x]));
        let boxed = |[by, bx]: [usize; 2]| {
            let (rows, columns) = (self.cells(0, by, h, cells_h), self.cells(1, bx, w, cells_w));
            if rows.is_empty() || columns.is_empty() {
                return None;
            }
            let pixel = |axis: usize, cell: usize, place: usize| {
                cell * self.block[axis] + place - self.borders[axis][0]
            };
            let from = (pixel(0, rows.start, by) * w + pixel(1, columns.start, bx)) * c;
            let picture = (by * self.block[1] + bx) * n;
            let to = ((picture * cells_h + rows.start) * cells_w + columns.start) * c;
            let axis = |extent, from: usize, to| BoxAxis {
                extent,
                from: from as isize,
                to,
            };
            Some(copy_box(
                from,
                to,
                &[
                    axis(n, h * w * c, cells_h * cells_w * c),
                    axis(rows.len(), self.block[0] * w * c, cells_w * c),
                    axis(columns.len(), self.block[1] * c, c),
                    axis(c, 1, 1),
                ],
            ))
        };
        places.filter_map(boxed).collect()
    }
}

/// The same box walked the other way; for boxes without negative steps.
fn reversed(shape: StridedCopy) -> StridedCopy {
    StridedCopy {
        extents: shape.extents,
        from: shape.to,
        from_strides: shape.to_strides.map(|step| step as isize),
        to: shape.from,
        to_strides: shape.from_strides.map(isize::unsigned_abs),
    }
}

impl Operation for SpaceBatch {
    fn name(&self) -> &'static str {
        if self.to_batch {
            SPACE_TO_BATCH.name
        } else {
            BATCH_TO_SPACE.name
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 3..=3)?;
        let (x, blocks) = (input(inputs, 0)?, Blocks::new(inputs)?);
        let shape = if self.to_batch {
            blocks.batched()
        } else {
            blocks.spaced()
        };
        let [n, h, w, c] =
            shape.ok_or_else(|| Error::invalid(format!("{x} does not divide into {blocks:?}")))?;
        Ok(vec![if x.shape.len() == 3 {
            vec![n, h, c]
        } else {
            vec![n, h, w, c]
        }])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let entry = if self.to_batch {
            &SPACE_TO_BATCH
        } else {
            &BATCH_TO_SPACE
        };
        Some(ByteForm::new(entry, 2).on(Grids::Joined))
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        let (x, output, blocks) = (input(inputs, 0)?, outputs[output], Blocks::new(inputs)?);
        output.expect(x.dtype)?;
        let misfit = || Error::invalid(format!("{x} does not divide into {blocks:?}"));
        if self.to_batch {
            let boxes = blocks.boxes(blocks.input, blocks.batched().ok_or_else(misfit)?);
            return Ok(copy_step(x.dtype, isa, 0, boxes, Some(zero(output)?)));
        }
        let boxes = blocks.boxes(blocks.spaced().ok_or_else(misfit)?, blocks.input);
        Ok(copy_step(
            x.dtype,
            isa,
            0,
            boxes.into_iter().map(reversed).collect(),
            None,
        ))
    }
}
