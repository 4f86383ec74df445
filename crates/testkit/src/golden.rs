//! Reader of `tests/golden/ops/*.golden`; `tests/golden/make.py` defines the container and writes it.
use std::path::{Path, PathBuf};

/// One tiny network with its inputs and what LiteRT's reference kernels answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Element type, number and attributes: `int8/07 in 1x5x5x3 kernel 3x3 ..`.
    pub name: String,
    /// The `.tflite` file.
    pub model: Vec<u8>,
    /// In the file's order.
    pub inputs: Vec<Tensor>,
    /// In the file's order.
    pub outputs: Vec<Tensor>,
}

impl Case {
    /// The element type that leads the name: `float32`, `float16`, `int8` or `uint8`.
    pub fn mode(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }
}

/// A shape and as many elements.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Extents; pictures are `[N, H, W, C]`.
    pub shape: Vec<usize>,
    /// The elements, last dimension fastest.
    pub data: Data,
}

/// Elements of one type.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// `float32`.
    F32(Vec<f32>),
    /// `int8`.
    I8(Vec<i8>),
    /// `uint8`.
    U8(Vec<u8>),
    /// `int32`.
    I32(Vec<i32>),
    /// `int64`.
    I64(Vec<i64>),
}

impl Data {
    /// Number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::F32(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U8(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::I64(v) => v.len(),
        }
    }

    /// Whether there is no element.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As many zeros of the same type, to be overwritten.
    pub fn zeroed(&self) -> Self {
        match self {
            Self::F32(v) => Self::F32(vec![0.0; v.len()]),
            Self::I8(v) => Self::I8(vec![0; v.len()]),
            Self::U8(v) => Self::U8(vec![0; v.len()]),
            Self::I32(v) => Self::I32(vec![0; v.len()]),
            Self::I64(v) => Self::I64(vec![0; v.len()]),
        }
    }
}

/// The folder of the golden data in this repository.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden")
}

/// The cases of one operation, `ops/<OPERATION>.golden`.
///
/// # Panics
/// When the file is missing or damaged: tests cannot go on without it.
pub fn cases(operation: &str) -> Vec<Case> {
    let path = folder().join("ops").join(format!("{operation}.golden"));
    let bytes = std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run tests/golden/make.py", path.display()));
    parse(&bytes).unwrap_or_else(|| panic!("{}: damaged", path.display()))
}

/// Reads a container; `None` when it is damaged.
pub fn parse(bytes: &[u8]) -> Option<Vec<Case>> {
    let rest = bytes.strip_prefix(b"HCGOLD01")?;
    let (length, packed) = rest.split_first_chunk::<4>()?;
    let length = u32::from_le_bytes(*length) as usize;
    let body = miniz_oxide::inflate::decompress_to_vec_zlib_with_limit(packed, length).ok()?;
    let mut reader = Reader(&body);
    let cases = (0..reader.u32()?)
        .map(|_| reader.case())
        .collect::<Option<_>>()?;
    reader.0.is_empty().then_some(cases)
}

/// What is left of the container.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<usize> {
        Some(u32::from_le_bytes(self.array()?) as usize)
    }

    fn case(&mut self) -> Option<Case> {
        let name = usize::from(u16::from_le_bytes(self.array()?));
        let name = String::from_utf8(self.take(name)?.to_vec()).ok()?;
        let model = self.u32()?;
        Some(Case {
            name,
            model: self.take(model)?.to_vec(),
            inputs: self.tensors()?,
            outputs: self.tensors()?,
        })
    }

    fn tensors(&mut self) -> Option<Vec<Tensor>> {
        (0..self.u8()?).map(|_| self.tensor()).collect()
    }

    fn tensor(&mut self) -> Option<Tensor> {
        let (code, rank) = (self.u8()?, self.u8()?);
        let shape = (0..rank)
            .map(|_| self.u32())
            .collect::<Option<Vec<usize>>>()?;
        let len = shape
            .iter()
            .try_fold(1, |len: usize, &side| len.checked_mul(side))?;
        let data = match code {
            0 => Data::F32(self.elements(len, f32::from_le_bytes)?),
            1 => Data::I8(self.elements(len, i8::from_le_bytes)?),
            2 => Data::U8(self.elements(len, u8::from_le_bytes)?),
            3 => Data::I32(self.elements(len, i32::from_le_bytes)?),
            4 => Data::I64(self.elements(len, i64::from_le_bytes)?),
            _ => return None,
        };
        Some(Tensor { shape, data })
    }

    fn elements<const N: usize, T>(
        &mut self,
        len: usize,
        read: fn([u8; N]) -> T,
    ) -> Option<Vec<T>> {
        let bytes = self.take(len.checked_mul(N)?)?;
        Some(
            bytes
                .as_chunks()
                .0
                .iter()
                .map(|chunk| read(*chunk))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ramp_reads_as_written() {
        let cases = cases("ramp");
        assert_eq!(cases[0].name, "float32/00 PAD CONV_2D");
        assert_eq!(&cases[0].model[4..8], b"TFL3");
        assert_eq!(cases[0].inputs[0].shape, [1, 8, 8, 1]);
        let Data::F32(ramp) = &cases[0].inputs[0].data else {
            panic!("{:?}", cases[0].inputs[0]);
        };
        assert!(ramp.iter().enumerate().all(|(i, &v)| v == i as f32));
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let bytes = std::fs::read(folder().join("ops/ramp.golden")).unwrap();
        assert!(parse(&bytes).is_some());
        assert!(parse(&bytes[1..]).is_none());
        assert!(parse(&bytes[..bytes.len() - 9]).is_none());
    }
}
