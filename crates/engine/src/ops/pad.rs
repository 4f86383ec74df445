//! `PAD` and `PADV2`: a border of zeros, or of one given value.
use super::byte_form::{ByteForm, Grids};
use super::layout::{BoxAxis, check_rank, copy_box, copy_step, integers, strides};
use super::{OpCode, OpEntry, Operation, expect_inputs, input};
use crate::error::{Error, Result};
use crate::graph::{Constant, Value};
use crate::plan::Step;
use crate::tensor::DType;
use hypercut_kernels::isa::Isa;

/// `PAD`.
pub const PAD: OpEntry = OpEntry {
    name: "PAD",
    code: OpCode::Builtin(34),
    parse: |_| Ok(Box::new(Pad { valued: false })),
};

/// `PADV2`.
pub const PADV2: OpEntry = OpEntry {
    name: "PADV2",
    code: OpCode::Builtin(60),
    parse: |_| Ok(Box::new(Pad { valued: true })),
};

/// A border around input 0; input 1 holds `[before, after]` per axis, input 2 of `PADV2` the value.
#[derive(Debug, Clone)]
pub struct Pad {
    valued: bool,
}

impl Operation for Pad {
    fn name(&self) -> &'static str {
        if self.valued { PADV2.name } else { PAD.name }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        let count = if self.valued { 3 } else { 2 };
        expect_inputs(inputs, count..=count)?;
        let x = input(inputs, 0)?;
        check_rank(&x.shape)?;
        let pads = pairs(input(inputs, 1)?, x.shape.len())?;
        let padded = |(&extent, [before, after]): (&usize, [usize; 2])| {
            extent.checked_add(before)?.checked_add(after)
        };
        let shape = x
            .shape
            .iter()
            .zip(pads)
            .map(padded)
            .collect::<Option<Vec<_>>>();
        shape
            .map(|shape| vec![shape])
            .ok_or_else(|| Error::too_large("the padded tensor"))
    }

    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let entry = if self.valued { &PADV2 } else { &PAD };
        Some(ByteForm::new(entry, 2).on(Grids::Joined))
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
        let pads = pairs(input(inputs, 1)?, x.shape.len())?;
        let (from, to) = (strides(&x.shape), strides(&output.shape));
        let start = pads
            .iter()
            .zip(&to)
            .map(|([before, _], stride)| before * stride)
            .sum();
        let axes: Vec<BoxAxis> = (0..x.shape.len())
            .map(|axis| BoxAxis {
                extent: x.shape[axis],
                from: from[axis] as isize,
                to: to[axis],
            })
            .collect();
        let fill = if self.valued {
            element(input(inputs, 2)?, x.dtype)?
        } else {
            zero(output)?
        };
        Ok(copy_step(
            x.dtype,
            isa,
            0,
            vec![copy_box(0, start, &axes)],
            Some(fill),
        ))
    }
}

/// `count` pairs of numbers that are not negative.
pub(super) fn pairs(value: &Value, count: usize) -> Result<Vec<[usize; 2]>> {
    let numbers = integers(value)?;
    if Some(numbers.len()) != count.checked_mul(2) {
        return Err(Error::invalid(format!(
            "{value} does not hold {count} pairs"
        )));
    }
    let number = |number: i64| {
        usize::try_from(number)
            .map_err(|_| Error::invalid(format!("padding of {number} in {value}")))
    };
    numbers
        .as_chunks::<2>()
        .0
        .iter()
        .map(|&[before, after]| Ok([number(before)?, number(after)?]))
        .collect()
}

/// The bits of the element that stands for the real number 0.
pub(super) fn zero(value: &Value) -> Result<u32> {
    // Bytes without a grid are plain integers.
    let plain = value.dtype != DType::I8 || value.quantization.is_none();
    if plain {
        Ok(0)
    } else {
        Ok(u32::from(value.grid()?.1 as u8))
    }
}

/// The bits of a constant of one element of type `dtype`.
fn element(value: &Value, dtype: DType) -> Result<u32> {
    value.expect(dtype)?;
    match &value.constant {
        Some(Constant::F32(data)) if data.len() == 1 => Ok(data[0].to_bits()),
        Some(Constant::I8(data)) if data.len() == 1 => Ok(u32::from(data[0] as u8)),
        Some(Constant::I32(data)) if data.len() == 1 => Ok(data[0] as u32),
        _ => Err(Error::unsupported(format!(
            "{value} as the value of a border"
        ))),
    }
}
