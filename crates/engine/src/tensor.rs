//! Element types, shapes and quantization of the tensors in a network.
use std::fmt;

use crate::graph::{Port, Value};

/// Element type of a tensor, as the file declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DType {
    /// 32-bit IEEE float.
    F32,
    /// 16-bit IEEE float; constants alone, widened to `F32` when the graph is built.
    F16,
    /// Signed 8-bit, usually quantized.
    I8,
    /// Unsigned 8-bit, quantized (files of TensorFlow 1.x).
    U8,
    /// Signed 32-bit: biases, shapes, axes, indices.
    I32,
    /// Signed 64-bit: indices.
    I64,
    /// One byte, 0 or 1.
    Bool,
}

impl DType {
    /// The schema's `TensorType`.
    pub(crate) fn to_schema(self) -> i8 {
        match self {
            Self::F32 => 0,
            Self::F16 => 1,
            Self::I32 => 2,
            Self::U8 => 3,
            Self::I64 => 4,
            Self::Bool => 6,
            Self::I8 => 9,
        }
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        match self {
            Self::I8 | Self::U8 | Self::Bool => 1,
            Self::F16 => 2,
            Self::F32 | Self::I32 => 4,
            Self::I64 => 8,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::F32 => "float32",
            Self::F16 => "float16",
            Self::I8 => "int8",
            Self::U8 => "uint8",
            Self::I32 => "int32",
            Self::I64 => "int64",
            Self::Bool => "bool",
        })
    }
}

/// Affine quantization: `real = scale * (q - zero_point)`, per tensor (one entry) or per slice of `axis`.
///
/// Source: TensorFlow Lite 8-bit quantization specification.
#[derive(Debug, Clone, PartialEq)]
pub struct Quantization {
    /// Positive, finite; one entry, or one per index of `axis`.
    pub scales: Vec<f32>,
    /// As many as `scales`.
    pub zero_points: Vec<i32>,
    /// The dimension that `scales` runs along when it has more than one entry.
    pub axis: usize,
}

/// An input or output of a network, as the file declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorInfo {
    /// Name in the file.
    pub name: String,
    /// Extents; pictures are `[N, H, W, C]`.
    pub shape: Vec<usize>,
    /// Element type in the file.
    pub dtype: DType,
    /// Grid in the file.
    pub quantization: Option<Quantization>,
}

impl TensorInfo {
    /// What the file says about a port and its value.
    pub(crate) fn of(value: &Value, port: &Port) -> Self {
        Self {
            name: value.name.clone(),
            shape: value.shape.clone(),
            dtype: port.dtype,
            quantization: port.quantization.clone(),
        }
    }

    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}
