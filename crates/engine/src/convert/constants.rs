//! Float constants as integers.
use hypercut_schema::write::Tensor;

use super::grids::Grid;
use crate::error::{Error, Result};
use crate::graph::{Constant, Value};
use crate::ops::Filter;
use crate::tensor::DType;

/// Biases stay below this many steps, so that sums of products have room in 32 bits.
const BIAS_STEPS: f32 = (1 << 30) as f32;

/// The least product of input and weight scale over the output scale: XNNPACK takes no less than 2^-32.
const LEAST_FACTOR: f32 = 1.0 / (1 << 20) as f32;

/// The grids on either side of a sum of products.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) input: Grid,
    pub(super) output: Grid,
    /// Of the input's channels, over the examples.
    pub(super) means: &'a [f64],
}

/// Weights, symmetric from -127 to 127, and the bias at input scale times weight scale.
///
/// A channel's scale is its greatest weight over 127, or more where its bias would need too many steps. The bias takes back
/// what the rounded weights add on the mean input (Nagel et al. 2019, section 4.2).
///
/// # Errors
/// Unsupported when weights or bias are computed.
pub(super) fn filter(
    weights: &Value,
    bias: Option<&Value>,
    filter: Filter,
    sides: Sides<'_>,
) -> Result<(Tensor, Option<Tensor>)> {
    let data = weights.constant_f32()?;
    let channels = weights.shape[filter.axis];
    let run: usize = weights.shape[filter.axis + 1..].iter().product();
    let of = |element: usize| element / run % channels;
    let offsets = bias.map(Value::constant_f32).transpose()?;
    let least = LEAST_FACTOR * sides.output.scale / sides.input.scale;
    let mut scales = vec![least; channels];
    for (element, weight) in data.iter().enumerate() {
        let scale = &mut scales[of(element)];
        *scale = scale.max(weight.abs() / 127.0);
    }
    for (scale, offset) in scales.iter_mut().zip(offsets.iter().flat_map(|o| o.iter())) {
        *scale = scale.max(offset.abs() / (sides.input.scale * BIAS_STEPS));
    }
    if !filter.per_channel {
        let widest = scales.iter().copied().fold(least, f32::max);
        scales.fill(widest);
    }
    let mut bytes = Vec::with_capacity(data.len());
    // What rounding the weights adds to each sum, on average.
    let mut drift = vec![0.0; channels];
    let last = weights.shape.last().copied().unwrap_or(1);
    for (element, &weight) in data.iter().enumerate() {
        let scale = scales[of(element)];
        let steps = (weight / scale).round_ties_even().clamp(-127.0, 127.0);
        bytes.push(steps as i8 as u8);
        let mean = sides.means[element % last * sides.means.len() / last];
        drift[of(element)] += f64::from(steps * scale - weight) * mean;
    }
    let mut tensor = tensor(weights, DType::I8, bytes);
    let steps: Vec<f32> = scales
        .iter()
        .map(|scale| sides.input.scale * scale)
        .collect();
    let bias = bias.zip(offsets).map(|(value, offsets)| {
        let numbers = offsets.iter().zip(&drift).zip(&steps);
        let numbers = numbers.flat_map(|((&offset, drift), &step)| {
            let steps = ((f64::from(offset) - drift) / f64::from(step)).round_ties_even();
            (steps as i32).to_le_bytes()
        });
        let mut tensor = self::tensor(value, DType::I32, numbers.collect());
        quantize(&mut tensor, &steps, filter.per_channel);
        tensor
    });
    quantize(&mut tensor, &scales, filter.per_channel);
    tensor.axis = if filter.per_channel {
        filter.axis as i32
    } else {
        0
    };
    Ok((tensor, bias))
}

fn quantize(tensor: &mut Tensor, scales: &[f32], per_channel: bool) {
    let scales = if per_channel { scales } else { &scales[..1] };
    tensor.scales = scales.to_vec();
    tensor.zero_points = vec![0; scales.len()];
}

/// A float constant on `grid`, on one that covers it without; other constants as they are.
///
/// # Errors
/// Unsupported when the value is computed.
pub(super) fn plain(value: &Value, grid: Option<Grid>) -> Result<Tensor> {
    let Some(Constant::F32(data)) = &value.constant else {
        let constant = value.constant.as_ref();
        let constant =
            constant.ok_or_else(|| Error::unsupported(format!("{value} is never written")))?;
        return Ok(tensor(value, value.dtype, constant.bytes().to_vec()));
    };
    let low = data.iter().copied().fold(0.0, f32::min);
    let high = data.iter().copied().fold(0.0, f32::max);
    let grid = grid.unwrap_or_else(|| Grid::covering([low, high]));
    let bytes = data.iter().map(|number| grid.byte(*number) as u8);
    let mut tensor = tensor(value, DType::I8, bytes.collect());
    grid.write(&mut tensor);
    Ok(tensor)
}

impl Grid {
    /// The nearest byte.
    fn byte(self, number: f32) -> i8 {
        let steps = (number / self.scale).round_ties_even() + f32::from(self.zero_point);
        steps.clamp(-128.0, 127.0) as i8
    }

    /// Says in a file that a tensor has this grid.
    pub(super) fn write(self, tensor: &mut Tensor) {
        tensor.scales = vec![self.scale];
        tensor.zero_points = vec![self.zero_point.into()];
    }
}

/// A tensor of the file with a value's name and shape.
pub(super) fn tensor(value: &Value, dtype: DType, data: Vec<u8>) -> Tensor {
    Tensor {
        name: value.name.clone(),
        shape: shape(&value.shape),
        element_type: dtype.to_schema(),
        data,
        ..Tensor::default()
    }
}

/// Extents as a file has them; those of the graph came from a file.
pub(super) fn shape(extents: &[usize]) -> Vec<i32> {
    extents.iter().map(|&extent| extent as i32).collect()
}
