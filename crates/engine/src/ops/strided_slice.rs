//! `STRIDED_SLICE` and `SLICE`: every so many elements between two bounds, axis by axis.
use super::byte_form::{ByteForm, Grids};
use super::layout::{BoxAxis, check_rank, copy_box, copy_step, integers, strides};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;
use hypercut_schema::{StridedSliceOptions, fields};

/// `STRIDED_SLICE`.
pub const STRIDED_SLICE: OpEntry = OpEntry {
    name: "STRIDED_SLICE",
    code: OpCode::Builtin(45),
    parse: |source| {
        let options = source.options::<StridedSliceOptions<'_>>()?;
        Ok(Box::new(Slice::Strided(Masks {
            begin: options.begin_mask(),
            end: options.end_mask(),
            ellipsis: options.ellipsis_mask(),
            new_axis: options.new_axis_mask(),
            shrink: options.shrink_axis_mask(),
            relative: options.offset(),
        })))
    },
};

/// `SLICE`.
pub const SLICE: OpEntry = OpEntry {
    name: "SLICE",
    code: OpCode::Builtin(65),
    parse: |_| Ok(Box::new(Slice::Plain)),
};

/// Part of input 0.
#[derive(Debug, Clone)]
pub enum Slice {
    /// From input 1 to before input 2 in steps of input 3.
    Strided(Masks),
    /// From input 1, as many as input 2 says (-1: all that follow).
    Plain,
}

/// What the bits say about entry `i` of the bounds.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    /// Begins where the axis does.
    begin: i32,
    /// Ends where the axis does.
    end: i32,
    /// Stands for as many whole axes as are left.
    ellipsis: i32,
    /// Is a new axis of extent 1.
    new_axis: i32,
    /// Picks one element and drops the axis.
    shrink: i32,
    /// Ends count from the beginnings.
    relative: bool,
}

/// What is taken along one axis of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cut {
    start: usize,
    step: i64,
    count: usize,
}

/// The cuts of every input axis, and the output's shape.
#[derive(Debug, PartialEq, Eq)]
struct Selection {
    cuts: Vec<Cut>,
    shape: Vec<usize>,
}

impl Slice {
    fn select(&self, inputs: &[Option<&Value>]) -> Result<Selection> {
        let shape = &input(inputs, 0)?.shape;
        let (first, second) = (integers(input(inputs, 1)?)?, integers(input(inputs, 2)?)?);
        match self {
            Self::Strided(masks) => {
                masks.select(shape, &first, &second, &integers(input(inputs, 3)?)?)
            }
            Self::Plain => plain(shape, &first, &second),
        }
    }
}

impl Masks {
    fn select(
        &self,
        shape: &[usize],
        begin: &[i64],
        end: &[i64],
        step: &[i64],
    ) -> Result<Selection> {
        let entries = begin.len();
        if end.len() != entries || step.len() != entries || entries > 31 {
            return Err(Error::invalid(format!(
                "{begin:?}, {end:?}, {step:?} as bounds and steps"
            )));
        }
        let bit = |mask: i32, entry: usize| mask >> entry & 1 == 1;
        let named = (0..entries)
            .filter(|&i| !bit(self.new_axis, i) && !bit(self.ellipsis, i))
            .count();
        let spare = shape.len().checked_sub(named);
        let mut spare =
            spare.ok_or_else(|| Error::invalid(format!("{entries} bounds for {shape:?}")))?;
        let mut selection = Selection {
            cuts: Vec::new(),
            shape: Vec::new(),
        };
        for entry in 0..entries {
            if bit(self.ellipsis, entry) {
                selection.whole(shape, std::mem::take(&mut spare));
            } else if bit(self.new_axis, entry) {
                selection.shape.push(1);
            } else {
                let extent = shape[selection.cuts.len()];
                let shrink = bit(self.shrink, entry);
                let bounds =
                    self.bounds(entry, extent, begin[entry], end[entry], step[entry], shrink);
                let (begin, end, step) = bounds?;
                selection.cuts.push(cut(begin, end, step)?);
                if !shrink {
                    selection
                        .shape
                        .extend(selection.cuts.last().map(|cut| cut.count));
                }
            }
        }
        selection.whole(shape, spare);
        Ok(selection)
    }

    /// First index, bound and step along an axis, the bounds within the axis and one beyond it.
    fn bounds(
        &self,
        entry: usize,
        extent: usize,
        begin: i64,
        end: i64,
        step: i64,
        shrink: bool,
    ) -> Result<(i64, i64, i64)> {
        let extent = extent as i64;
        let bit = |mask: i32| mask >> entry & 1 == 1;
        let (low, high) = if step > 0 {
            (0, extent)
        } else {
            (-1, extent - 1)
        };
        let index = |number: i64| {
            if number < 0 {
                number.saturating_add(extent)
            } else {
                number
            }
        };
        if shrink {
            let begin = index(begin);
            let inside = (0..extent).contains(&begin);
            return if inside {
                Ok((begin, begin + 1, 1))
            } else {
                Err(Error::invalid(format!("index {begin} of {extent}")))
            };
        }
        let far_end = if step > 0 { high } else { low };
        let near_end = if step > 0 { low } else { high };
        let start = if bit(self.begin) {
            near_end
        } else {
            index(begin).clamp(low, high)
        };
        let stop = match (bit(self.end), self.relative) {
            (true, _) => far_end,
            (false, true) => start.saturating_add(end).clamp(low, high),
            (false, false) => index(end).clamp(low, high),
        };
        Ok((start, stop, step))
    }
}

impl Selection {
    /// Takes the whole of the next `count` axes.
    fn whole(&mut self, shape: &[usize], count: usize) {
        for _ in 0..count {
            let extent = shape[self.cuts.len()];
            self.cuts.push(Cut {
                start: 0,
                step: 1,
                count: extent,
            });
            self.shape.push(extent);
        }
    }
}

/// From `begin` to before `end`, at least one element.
fn cut(begin: i64, end: i64, step: i64) -> Result<Cut> {
    let count = match step {
        0 => return Err(Error::invalid("a step of 0")),
        1.. => (end - begin)
            .max(0)
            .unsigned_abs()
            .div_ceil(step.unsigned_abs()),
        _ => (begin - end)
            .max(0)
            .unsigned_abs()
            .div_ceil(step.unsigned_abs()),
    };
    if count == 0 {
        return Err(Error::unsupported(format!(
            "an empty slice, {begin}..{end} in steps of {step}"
        )));
    }
    // One element is taken whatever the step, and larger steps than the axis would overflow in strides.
    let step = if count == 1 { 1 } else { step };
    Ok(Cut {
        start: begin as usize,
        step,
        count: count as usize,
    })
}

fn plain(shape: &[usize], begin: &[i64], size: &[i64]) -> Result<Selection> {
    if begin.len() != shape.len() || size.len() != shape.len() {
        return Err(Error::invalid(format!(
            "{begin:?} and {size:?} as a slice of {shape:?}"
        )));
    }
    let along = |((&extent, &begin), &size): ((&usize, &i64), &i64)| {
        let end = if size == -1 {
            Some(extent as i64)
        } else {
            begin.checked_add(size)
        };
        match end {
            Some(end) if begin >= 0 && end <= extent as i64 => cut(begin, end, 1),
            _ => Err(Error::invalid(format!(
                "{size} elements from {begin} of {extent}"
            ))),
        }
    };
    let cuts: Vec<Cut> = shape
        .iter()
        .zip(begin)
        .zip(size)
        .map(along)
        .collect::<Result<_>>()?;
    Ok(Selection {
        shape: cuts.iter().map(|cut| cut.count).collect(),
        cuts,
    })
}

impl Operation for Slice {
    fn name(&self) -> &'static str {
        match self {
            Self::Strided(_) => STRIDED_SLICE.name,
            Self::Plain => SLICE.name,
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let count = if matches!(self, Self::Plain) { 3 } else { 4 };
        expect_inputs(inputs, count..=count)?;
        check_rank(&input(inputs, 0)?.shape)?;
        Ok(vec![self.select(inputs)?.shape])
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let Self::Strided(masks) = self else {
            return Some(ByteForm::new(&SLICE, 2).on(Grids::Joined));
        };
        let options = fields::StridedSlice {
            begin_mask: masks.begin,
            end_mask: masks.end,
            ellipsis_mask: masks.ellipsis,
            new_axis_mask: masks.new_axis,
            shrink_axis_mask: masks.shrink,
            offset: masks.relative,
        };
        let form = ByteForm::new(&STRIDED_SLICE, 2).with(options);
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
        let cuts = self.select(inputs)?.cuts;
        let counts: Vec<usize> = cuts.iter().map(|cut| cut.count).collect();
        let (from, to) = (strides(&x.shape), strides(&counts));
        let start = cuts
            .iter()
            .zip(&from)
            .map(|(cut, stride)| cut.start * stride)
            .sum();
        let along = |((cut, from), to): ((&Cut, usize), usize)| BoxAxis {
            extent: cut.count,
            from: from as isize * cut.step as isize,
            to,
        };
        let axes: Vec<BoxAxis> = cuts.iter().zip(from).zip(to).map(along).collect();
        Ok(copy_step(
            x.dtype,
            isa,
            0,
            vec![copy_box(start, 0, &axes)],
            None,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(
        masks: Masks,
        shape: &[usize],
        begin: &[i64],
        end: &[i64],
        step: &[i64],
    ) -> Result<Selection> {
        masks.select(shape, begin, end, step)
    }

    /// Python's `range` is the model: 5, 3, 1 and 0, 2, 4 of six; bounds beyond the axis stop at it.
    #[test]
    fn both_directions() {
        let cuts = |begin, end, step| {
            select(Masks::default(), &[6], &[begin], &[end], &[step]).map(|s| s.cuts[0])
        };
        assert_eq!(
            cuts(0, 6, 2),
            Ok(Cut {
                start: 0,
                step: 2,
                count: 3
            })
        );
        assert_eq!(
            cuts(-1, -100, -2),
            Ok(Cut {
                start: 5,
                step: -2,
                count: 3
            })
        );
        assert_eq!(
            cuts(-100, 100, 4),
            Ok(Cut {
                start: 0,
                step: 4,
                count: 2
            })
        );
        assert_eq!(
            cuts(5, 0, -5),
            Ok(Cut {
                start: 5,
                step: 1,
                count: 1
            })
        );
        assert!(cuts(3, 3, 1).is_err() && cuts(2, 1, 1).is_err() && cuts(0, 6, 0).is_err());
        assert!(cuts(i64::MIN, i64::MAX, i64::MIN).is_err());
    }

    #[test]
    fn masks_open_and_drop_and_add_axes() {
        let open = Masks {
            begin: 1,
            end: 1,
            ..Masks::default()
        };
        assert_eq!(
            select(open, &[6], &[3], &[4], &[-1]).map(|s| s.cuts[0]),
            Ok(Cut {
                start: 5,
                step: -1,
                count: 6
            })
        );
        let shrink = Masks {
            shrink: 0b101,
            ellipsis: 0b10,
            ..Masks::default()
        };
        let picked = select(shrink, &[2, 3, 4, 5], &[1, 0, -1], &[0, 0, 0], &[1, 1, 1])
            .expect("a valid slice");
        assert_eq!(picked.shape, [3, 4]);
        assert_eq!(
            picked.cuts[3],
            Cut {
                start: 4,
                step: 1,
                count: 1
            }
        );
        let new_axis = Masks {
            new_axis: 0b10,
            ..Masks::default()
        };
        assert_eq!(
            select(new_axis, &[2, 3], &[0, 0], &[1, 0], &[1, 1]).map(|s| s.shape),
            Ok(vec![1, 1, 3])
        );
        let beyond = Masks {
            shrink: 1,
            ..Masks::default()
        };
        assert!(select(beyond, &[2], &[2], &[3], &[1]).is_err());
    }

    #[test]
    fn plain_slices_stay_inside() {
        assert_eq!(
            plain(&[4, 5], &[1, 2], &[2, -1]).map(|s| s.shape),
            Ok(vec![2, 3])
        );
        for (begin, size) in [(3, 2), (-1, 1), (0, 0), (0, -2), (4, -1), (i64::MAX, 1)] {
            assert!(plain(&[4], &[begin], &[size]).is_err(), "{begin} {size}");
        }
    }
}
