//! Tensors of the file: type, shape and quantization, checked.
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::tensor::{DType, Quantization};
use hypercut_schema as schema;

/// Highest rank that is read.
const MAX_RANK: usize = 8;

/// A tensor as the file declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Name; bytes that are not UTF-8 are replaced.
    pub name: String,
    /// Extents; none is 0, and the bytes fit `isize`.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Grid, for types that have one.
    pub quantization: Option<Quantization>,
    /// Index of the buffer with the data of a constant, which has exactly the bytes of the shape.
    pub buffer: Option<usize>,
}

impl Tensor {
    /// Reads one tensor; `buffers` holds the data of every buffer.
    pub(super) fn read(tensor: &schema::Tensor<'_>, buffers: &[Arc<[u8]>]) -> Result<Self> {
        let name = tensor
            .name()
            .map(|bytes| String::from_utf8_lossy(bytes.bytes()).into_owned())
            .unwrap_or_default();
        let place = format!("tensor {name:?}");
        Self::read_named(tensor, name, buffers).map_err(|error| error.at(place))
    }

    fn read_named(
        tensor: &schema::Tensor<'_>,
        name: String,
        buffers: &[Arc<[u8]>],
    ) -> Result<Self> {
        if tensor.sparsity().is_some() {
            return Err(Error::unsupported("sparse data"));
        }
        if tensor.is_variable() {
            return Err(Error::unsupported("a variable, kept between runs"));
        }
        let dtype = element_type(tensor.element_type())?;
        let shape = shape(tensor)?;
        let bytes = byte_len(&shape, dtype)?;
        let quantization = match tensor.quantization() {
            Some(parameters) => quantization(&parameters, dtype, &shape)?,
            None => None,
        };
        let index = tensor.buffer() as usize;
        let data = buffers
            .get(index)
            .ok_or_else(|| Error::invalid(format!("buffer {index} does not exist")))?;
        if !data.is_empty() && data.len() != bytes {
            return Err(Error::invalid(format!(
                "{} bytes of data for {dtype}{shape:?}, which needs {bytes}",
                data.len()
            )));
        }
        Ok(Self {
            name,
            shape,
            dtype,
            quantization,
            buffer: (!data.is_empty()).then_some(index),
        })
    }
}

fn element_type(code: i8) -> Result<DType> {
    let unsupported = match code {
        0 => return Ok(DType::F32),
        1 => return Ok(DType::F16),
        2 => return Ok(DType::I32),
        3 => return Ok(DType::U8),
        4 => return Ok(DType::I64),
        6 => return Ok(DType::Bool),
        9 => return Ok(DType::I8),
        5 => "string",
        7 => "int16",
        8 => "complex64",
        10 => "float64",
        11 => "complex128",
        12 => "uint64",
        13 => "resource",
        14 => "variant",
        15 => "uint32",
        16 => "uint16",
        17 => "int4",
        18 => "bfloat16",
        _ => return Err(Error::invalid(format!("element type number {code}"))),
    };
    Err(Error::unsupported(format!("element type {unsupported}")))
}

fn shape(tensor: &schema::Tensor<'_>) -> Result<Vec<usize>> {
    let Some(extents) = tensor.shape() else {
        return Ok(Vec::new());
    };
    if extents.len() > MAX_RANK {
        return Err(Error::too_large(format!(
            "rank {}, more than {MAX_RANK}",
            extents.len()
        )));
    }
    let shape: Vec<i32> = extents.iter().collect();
    let positive = |&extent: &i32| usize::try_from(extent).ok().filter(|&extent| extent > 0);
    shape
        .iter()
        .map(positive)
        .collect::<Option<_>>()
        .ok_or_else(|| Error::invalid(format!("shape {shape:?}: every extent must be 1 or more")))
}

/// Bytes of a tensor.
///
/// # Errors
/// Too large when they don't fit `isize`, the most that one allocation can have.
pub(crate) fn byte_len(shape: &[usize], dtype: DType) -> Result<usize> {
    shape
        .iter()
        .try_fold(dtype.size(), |bytes, &extent| bytes.checked_mul(extent))
        .filter(|&bytes| isize::try_from(bytes).is_ok())
        .ok_or_else(|| Error::too_large(format!("{dtype}{shape:?}")))
}

/// The grid; `None` without scales and for types that have none. Missing zero points are 0.
fn quantization(
    parameters: &schema::QuantizationParameters<'_>,
    dtype: DType,
    shape: &[usize],
) -> Result<Option<Quantization>> {
    let range = match dtype {
        DType::I8 => i64::from(i8::MIN)..=i64::from(i8::MAX),
        DType::U8 => 0..=i64::from(u8::MAX),
        DType::I32 => i64::from(i32::MIN)..=i64::from(i32::MAX),
        DType::F32 | DType::F16 | DType::I64 | DType::Bool => return Ok(None),
    };
    if parameters.details_type() != 0 {
        return Err(Error::unsupported("custom quantization"));
    }
    let scales: Vec<f32> = parameters
        .scale()
        .map_or_else(Vec::new, |v| v.iter().collect());
    if scales.is_empty() {
        return Ok(None);
    }
    if let Some(scale) = scales.iter().find(|s| !(s.is_finite() && **s > 0.0)) {
        return Err(Error::invalid(format!("scale {scale}")));
    }
    let axis = match scales.len() {
        1 => 0,
        count => usize::try_from(parameters.quantized_dimension())
            .ok()
            .filter(|&axis| shape.get(axis) == Some(&count))
            .ok_or_else(|| {
                let axis = parameters.quantized_dimension();
                Error::invalid(format!(
                    "{count} scales along dimension {axis} of {shape:?}"
                ))
            })?,
    };
    let zero_points: Vec<i64> = match parameters.zero_point() {
        Some(zero_points) if !zero_points.is_empty() => zero_points.iter().collect(),
        _ => vec![0; scales.len()],
    };
    if zero_points.len() != scales.len() {
        return Err(Error::invalid(format!(
            "{} zero points for {} scales",
            zero_points.len(),
            scales.len()
        )));
    }
    if let Some(zero_point) = zero_points.iter().find(|z| !range.contains(z)) {
        return Err(Error::invalid(format!(
            "zero point {zero_point} in {dtype}"
        )));
    }
    Ok(Some(Quantization {
        scales,
        zero_points: zero_points.into_iter().map(|z| z as i32).collect(),
        axis,
    }))
}
