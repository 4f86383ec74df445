//! `RESHAPE`, `SQUEEZE` and `EXPAND_DIMS`: the same elements in the same order under another shape.
use super::byte_form::{ByteForm, Feed, Grids};
use super::layout::{axis, copy_all, integers, product};
use super::{OpCode, OpEntry, Operation, expect_inputs, input, optional_input};
use crate::error::{Error, Result};
use crate::graph::Value;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;
use hypercut_schema::{ReshapeOptions, SqueezeOptions};

/// `RESHAPE`.
pub const RESHAPE: OpEntry = OpEntry {
    name: "RESHAPE",
    code: OpCode::Builtin(22),
    parse: |source| {
        let shape = source.options::<ReshapeOptions<'_>>()?.new_shape();
        let shape = shape.map(|shape| shape.iter().map(i64::from).collect());
        Ok(Box::new(Reshape::To(shape)))
    },
};

/// `SQUEEZE`.
pub const SQUEEZE: OpEntry = OpEntry {
    name: "SQUEEZE",
    code: OpCode::Builtin(43),
    parse: |source| {
        let axes = source.options::<SqueezeOptions<'_>>()?.squeeze_dims();
        let axes = axes.map(|axes| axes.iter().map(i64::from).collect());
        Ok(Box::new(Reshape::Squeeze(axes.unwrap_or_default())))
    },
};

/// `EXPAND_DIMS`.
pub const EXPAND_DIMS: OpEntry = OpEntry {
    name: "EXPAND_DIMS",
    code: OpCode::Builtin(70),
    parse: |_| Ok(Box::new(Reshape::Expand)),
};

/// Where the new shape comes from.
#[derive(Debug, Clone)]
pub enum Reshape {
    /// From input 1 where it is given, else from these numbers; one may be -1 for what is left.
    To(Option<Vec<i64>>),
    /// Without these axes, which must have extent 1; without every axis of extent 1 when empty.
    Squeeze(Vec<i64>),
    /// With a new axis of extent 1 where input 1 says.
    Expand,
}

impl Operation for Reshape {
    fn name(&self) -> &'static str {
        match self {
            Self::To(_) => RESHAPE.name,
            Self::Squeeze(_) => SQUEEZE.name,
            Self::Expand => EXPAND_DIMS.name,
        }
    }

    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>> {
        expect_inputs(inputs, 1..=2)?;
        let x = input(inputs, 0)?;
        let shape = match self {
            Self::To(numbers) => {
                let given = optional_input(inputs, 1).map(integers).transpose()?;
                let numbers = given.as_ref().or(numbers.as_ref());
                resolve(
                    x,
                    numbers.ok_or_else(|| Error::invalid("no shape is given"))?,
                )?
            }
            Self::Squeeze(axes) => squeeze(x, axes)?,
            Self::Expand => expand(x, &integers(input(inputs, 1)?)?)?,
        };
        Ok(vec![shape])
    }

    /// Always a `RESHAPE`: shapes are known.
    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        let form = ByteForm::new(&RESHAPE, 1).on(Grids::Joined);
        Some(form.fed(vec![Feed::Input(0), Feed::OutputShape]))
    }

    fn is_reshape(&self) -> bool {
        true
    }

    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>> {
        outputs[output].expect(input(inputs, 0)?.dtype)?;
        Ok(copy_all(outputs[output], isa))
    }
}

/// `numbers` as a shape for the elements of `x`.
fn resolve(x: &Value, numbers: &[i64]) -> Result<Vec<usize>> {
    // Old converters write the shape of a scalar as [0].
    if numbers == [0] && x.len() == 1 {
        return Ok(Vec::new());
    }
    let misfit = || Error::invalid(format!("{x} does not fit the shape {numbers:?}"));
    let known: Vec<usize> = numbers
        .iter()
        .filter(|&&number| number != -1)
        .map(|&n| usize::try_from(n))
        .collect::<Result<_, _>>()
        .map_err(|_| misfit())?;
    let product = product(&known)?;
    let left = x.len().checked_div(product).ok_or_else(misfit)?;
    let free = numbers.len() - known.len();
    if free > 1 || product.checked_mul(left) != Some(x.len()) || (free == 0 && left != 1) {
        return Err(misfit());
    }
    Ok(numbers
        .iter()
        .map(|&number| usize::try_from(number).unwrap_or(left))
        .collect())
}

fn squeeze(x: &Value, axes: &[i64]) -> Result<Vec<usize>> {
    let rank = x.shape.len();
    let mut dropped: Vec<bool> = x
        .shape
        .iter()
        .map(|&extent| axes.is_empty() && extent == 1)
        .collect();
    for &number in axes {
        let axis = axis(number, rank)?;
        if x.shape[axis] != 1 {
            return Err(Error::invalid(format!("axis {axis} of {x} is not 1")));
        }
        dropped[axis] = true;
    }
    let kept = x.shape.iter().zip(dropped).filter(|(_, dropped)| !dropped);
    Ok(kept.map(|(&extent, _)| extent).collect())
}

fn expand(x: &Value, numbers: &[i64]) -> Result<Vec<usize>> {
    let &[number] = numbers else {
        return Err(Error::invalid(format!(
            "{} axes to add instead of one",
            numbers.len()
        )));
    };
    let mut shape = x.shape.clone();
    shape.insert(axis(number, x.shape.len() + 1)?, 1);
    Ok(shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::DType;

    fn value(shape: &[usize]) -> Value {
        Value {
            name: "x".into(),
            shape: shape.into(),
            dtype: DType::F32,
            quantization: None,
            unsigned: false,
            constant: None,
        }
    }

    #[test]
    fn one_extent_may_be_left_open() {
        assert_eq!(resolve(&value(&[2, 6]), &[3, -1]), Ok(vec![3, 4]));
        assert_eq!(resolve(&value(&[2, 6]), &[12]), Ok(vec![12]));
        assert_eq!(resolve(&value(&[1]), &[]), Ok(vec![]));
        assert_eq!(resolve(&value(&[1, 1]), &[0]), Ok(vec![]));
        for wrong in [
            &[5, -1][..],
            &[-1, -1],
            &[11],
            &[0, -1],
            &[-2, -6],
            &[i64::MAX, i64::MAX],
        ] {
            assert!(resolve(&value(&[2, 6]), wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn squeezing_drops_ones_alone() {
        assert_eq!(squeeze(&value(&[1, 2, 1]), &[]), Ok(vec![2]));
        assert_eq!(squeeze(&value(&[1, 2, 1]), &[-1]), Ok(vec![1, 2]));
        assert!(squeeze(&value(&[1, 2, 1]), &[1]).is_err());
    }

    #[test]
    fn expanding_counts_from_either_end() {
        assert_eq!(expand(&value(&[2, 3]), &[-1]), Ok(vec![2, 3, 1]));
        assert_eq!(expand(&value(&[2, 3]), &[0]), Ok(vec![1, 2, 3]));
        assert!(expand(&value(&[2, 3]), &[3]).is_err());
    }
}
