//! What flows along the edges of a graph.
use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::tensor::{DType, Quantization};

/// A tensor of the graph: computed by a node, given by the caller, or constant.
///
/// Never `U8` or `F16`: the graph turns those into `I8` and `F32`.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Name in the file; need not be unique.
    pub name: String,
    /// Extents; none is 0, the product times the element size fits `usize`. Scalars have none.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Grid of the bytes, where the file gives one. Zero points fit the element type.
    pub quantization: Option<Quantization>,
    /// Whether the file stores the bytes unsigned; operations that LiteRT computes otherwise then need to know.
    pub unsigned: bool,
    /// The data, if known before the network runs; as many elements as the shape says.
    pub constant: Option<Constant>,
}

/// Elements of a constant tensor, shared by whoever reads them.
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// `DType::F32`.
    F32(Arc<[f32]>),
    /// `DType::I8`.
    I8(Arc<[i8]>),
    /// `DType::I32`.
    I32(Arc<[i32]>),
    /// `DType::I64`.
    I64(Arc<[i64]>),
    /// `DType::Bool`: bytes 0 and 1.
    Bool(Arc<[u8]>),
}

impl Constant {
    /// The elements' bytes in memory order, aligned to the element.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::F32(data) => bytemuck::cast_slice(data),
            Self::I8(data) => bytemuck::cast_slice(data),
            Self::I32(data) => bytemuck::cast_slice(data),
            Self::I64(data) => bytemuck::cast_slice(data),
            Self::Bool(data) => data,
        }
    }
}

impl Value {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether there are no elements; never, since no extent is 0.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of all elements.
    pub fn byte_len(&self) -> usize {
        self.len() * self.dtype.size()
    }

    /// The shape of a picture tensor, `[N, H, W, C]`.
    ///
    /// # Errors
    /// Invalid when the rank is not 4.
    pub fn nhwc(&self) -> Result<[usize; 4]> {
        self.extents()
    }

    /// The shape, which must have `N` extents.
    ///
    /// # Errors
    /// Invalid when the rank is another.
    pub fn extents<const N: usize>(&self) -> Result<[usize; N]> {
        self.shape
            .as_slice()
            .try_into()
            .map_err(|_| Error::invalid(format!("{self} has rank {}, not {N}", self.shape.len())))
    }

    /// Checks the element type.
    ///
    /// # Errors
    /// Unsupported, naming both types.
    pub fn expect(&self, dtype: DType) -> Result<()> {
        if self.dtype == dtype {
            return Ok(());
        }
        Err(Error::unsupported(format!("{self} is not {dtype}")))
    }

    /// Scale and zero point of an `I8` value that is quantized per tensor.
    ///
    /// # Errors
    /// Invalid when it is not `I8`, has no quantization, or one per channel.
    pub fn grid(&self) -> Result<(f32, i8)> {
        let per_tensor = self.quantization.as_ref().filter(|q| q.scales.len() == 1);
        match (self.dtype, per_tensor) {
            (DType::I8, Some(q)) => {
                let zero_point = i8::try_from(q.zero_points[0]).map_err(|_| {
                    Error::invalid(format!("zero point {} of {self}", q.zero_points[0]))
                })?;
                Ok((q.scales[0], zero_point))
            }
            _ => Err(Error::invalid(format!(
                "{self} is not int8 with one scale and zero point"
            ))),
        }
    }

    /// The elements of an `I32` constant: paddings, shapes, axes.
    ///
    /// # Errors
    /// Unsupported when the value is computed, invalid when it has another type.
    pub fn constant_i32(&self) -> Result<&Arc<[i32]>> {
        match self.expect_constant()? {
            Constant::I32(data) => Ok(data),
            _ => Err(Error::invalid(format!("{self} is not int32"))),
        }
    }

    /// The elements of an `F32` constant.
    ///
    /// # Errors
    /// Unsupported when the value is computed, invalid when it has another type.
    pub fn constant_f32(&self) -> Result<&Arc<[f32]>> {
        match self.expect_constant()? {
            Constant::F32(data) => Ok(data),
            _ => Err(Error::invalid(format!("{self} is not float32"))),
        }
    }

    /// The elements of an `I8` constant.
    ///
    /// # Errors
    /// Unsupported when the value is computed, invalid when it has another type.
    pub fn constant_i8(&self) -> Result<&Arc<[i8]>> {
        match self.expect_constant()? {
            Constant::I8(data) => Ok(data),
            _ => Err(Error::invalid(format!("{self} is not int8"))),
        }
    }

    fn expect_constant(&self) -> Result<&Constant> {
        self.constant.as_ref().ok_or_else(|| {
            Error::unsupported(format!("{self} is computed, where a constant is needed"))
        })
    }
}

impl fmt::Display for Value {
    /// `int8[1, 4, 4, 8] "name"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?} {:?}", self.dtype, self.shape, self.name)
    }
}
