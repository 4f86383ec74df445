//! NumPy arrays in files: `.npy` (versions 1 to 3, little-endian, C order) and `.npz`.
//!
//! Source: NEP 1 and `numpy.lib.format`.
use anyhow::{Context, Result};
use hypercut_engine::tensor::DType;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use crate::fault::Fault;
use crate::source;

const MAGIC: &[u8] = b"\x93NUMPY";

/// The most bytes of one array: more than any network here takes.
const ARRAY_BYTES: u64 = 256 << 20;

/// The most bytes of a header; NumPy's own are 128.
const HEADER_BYTES: usize = 64 << 10;

/// A dense array, row-major, little-endian.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Array {
    /// Element type; never `F16`.
    pub(crate) dtype: DType,
    /// Extents; none for a scalar.
    pub(crate) shape: Vec<usize>,
    /// `shape.product() * dtype.size()` bytes.
    pub(crate) data: Vec<u8>,
}

/// An array and its name in a `.npz`, or none from a `.npy`.
pub(crate) type Named = (Option<String>, Array);

/// Reads the arrays of a `.npy` or `.npz` file, which of the two told from its bytes.
///
/// # Errors
/// Messages name the file.
pub(crate) fn read(path: &Path) -> Result<Vec<Named>> {
    let bytes = source::read_file(path, ARRAY_BYTES)?;
    let arrays = if bytes.starts_with(b"PK") {
        read_npz(&bytes)
    } else {
        parse(&bytes).map(|array| vec![(None, array)])
    };
    arrays.with_context(|| path.display().to_string())
}

fn read_npz(bytes: &[u8]) -> Result<Vec<Named>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).context("a damaged .npz file")?;
    let mut arrays = Vec::with_capacity(archive.len());
    let mut left = ARRAY_BYTES;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).context("a damaged .npz file")?;
        let name = entry.name()?.trim_end_matches(".npy").to_owned();
        let mut bytes = Vec::new();
        // A small archive may unpack to anything.
        entry
            .take(left + 1)
            .read_to_end(&mut bytes)
            .with_context(|| format!("array {name}: damaged"))?;
        left = left
            .checked_sub(bytes.len() as u64)
            .with_context(|| format!("the arrays are larger than {ARRAY_BYTES} bytes"))?;
        let array = parse(&bytes).with_context(|| format!("array {name}"))?;
        arrays.push((Some(name), array));
    }
    Ok(arrays)
}

/// Reads the bytes of a `.npy` file.
fn parse(bytes: &[u8]) -> Result<Array> {
    let rest = bytes
        .strip_prefix(MAGIC)
        .ok_or_else(|| Fault::new("not a .npy or .npz file").hint("`numpy.save` writes one"))?;
    let cut = "cut short in its header";
    let (length, rest) = match rest {
        [1, _, a, b, rest @ ..] => (usize::from(u16::from_le_bytes([*a, *b])), rest),
        [2 | 3, _, a, b, c, d, rest @ ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, rest),
        [0 | 4.., ..] => anyhow::bail!("version {} of the .npy format is not known", rest[0]),
        _ => anyhow::bail!(cut),
    };
    anyhow::ensure!(length <= HEADER_BYTES, "a header of {length} bytes");
    let header = rest.get(..length).context(cut)?;
    let header = std::str::from_utf8(header).context("a header that is no text")?;
    let (dtype, shape) = parse_header(header)?;
    let data = &rest[length..];
    let needed = shape
        .iter()
        .try_fold(dtype.size(), |bytes, &extent| bytes.checked_mul(extent))
        .context("a shape larger than memory")?;
    anyhow::ensure!(
        data.len() == needed,
        "{} bytes of data, but {dtype}{shape:?} has {needed}",
        data.len()
    );
    Ok(Array {
        dtype,
        shape,
        data: data.to_vec(),
    })
}

/// `{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }`
fn parse_header(header: &str) -> Result<(DType, Vec<usize>)> {
    let field = |name: &str| {
        let (_, rest) = header
            .split_once(&format!("'{name}':"))
            .with_context(|| format!("no `{name}` in its header"))?;
        anyhow::Ok(rest.trim_start())
    };
    let descr = field("descr")?;
    let descr = descr
        .strip_prefix('\'')
        .and_then(|rest| rest.split_once('\''))
        .map(|(descr, _)| descr)
        .context("arrays of records are not read")?;
    let dtype = match descr {
        "|i1" | "<i1" => DType::I8,
        "|u1" | "<u1" => DType::U8,
        "|b1" => DType::Bool,
        "<i4" => DType::I32,
        "<i8" => DType::I64,
        "<f4" => DType::F32,
        _ => {
            let fault = Fault::new(format!("elements of type {descr} are not read"));
            return Err(fault
                .hint("int8, uint8, int32, int64, float32 and bool are, little-endian; `.astype()` converts")
                .into());
        }
    };
    if !field("fortran_order")?.starts_with("False") {
        let fault = Fault::new("the array is in Fortran order");
        return Err(fault.hint("save `numpy.ascontiguousarray(array)`").into());
    }
    let shape = field("shape")?
        .strip_prefix('(')
        .and_then(|rest| rest.split_once(')'))
        .map(|(shape, _)| shape)
        .context("no shape in its header")?;
    let shape = shape
        .split(',')
        .map(str::trim)
        .filter(|extent| !extent.is_empty())
        .map(|extent| {
            extent
                .parse()
                .with_context(|| format!("an extent of `{extent}`"))
        })
        .collect::<Result<_>>()?;
    Ok((dtype, shape))
}

/// The bytes of a `.npy` file, version 1.0, data aligned to 64 bytes.
pub(crate) fn to_npy(array: &Array) -> Vec<u8> {
    let descr = match array.dtype {
        DType::I8 => "|i1",
        DType::U8 => "|u1",
        DType::Bool => "|b1",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::F16 => "<f2",
        DType::F32 => "<f4",
    };
    let shape: String = array
        .shape
        .iter()
        .map(|extent| format!("{extent}, "))
        .collect();
    let shape = match array.shape.len() {
        1 => shape.trim_end(),
        _ => shape.trim_end_matches(", "),
    };
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}");
    let prefix = MAGIC.len() + 4;
    let padding = 63 - (prefix + header.len()) % 64;
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    let mut bytes = MAGIC.to_vec();
    bytes.extend([1, 0]);
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.into_bytes());
    bytes.extend(&array.data);
    bytes
}

/// The bytes of a `.npz` file, stored without compression as `numpy.savez` does.
///
/// # Errors
/// Two arrays of one name.
pub(crate) fn to_npz(arrays: &[(String, Array)]) -> Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (name, array) in arrays {
        archive.start_file(format!("{name}.npy"), options)?;
        archive.write_all(&to_npy(array))?;
    }
    Ok(archive.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `numpy.save` of `np.arange(6, dtype='<i4').reshape(2, 3)`, NumPy 2.
    fn from_numpy() -> Vec<u8> {
        let header = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }";
        let mut bytes = b"\x93NUMPY\x01\x00\x76\x00".to_vec();
        bytes.extend(header);
        bytes.resize(127, b' ');
        bytes.push(b'\n');
        bytes.extend((0i32..6).flat_map(i32::to_le_bytes));
        bytes
    }

    #[test]
    fn reads_and_writes_what_numpy_does() {
        let bytes = from_numpy();
        let array = parse(&bytes).unwrap();
        assert_eq!(
            (array.dtype, array.shape.as_slice()),
            (DType::I32, &[2, 3][..])
        );
        assert_eq!(to_npy(&array), bytes);
    }

    #[test]
    fn scalars_vectors_and_every_type_survive() {
        for dtype in [
            DType::I8,
            DType::U8,
            DType::Bool,
            DType::I32,
            DType::I64,
            DType::F32,
        ] {
            for shape in [vec![], vec![3], vec![1, 2, 1, 5]] {
                let bytes = shape.iter().product::<usize>() * dtype.size();
                let data = (0..bytes).map(|i| i as u8).collect();
                let array = Array { dtype, shape, data };
                assert_eq!(parse(&to_npy(&array)).unwrap(), array);
                let npz = to_npz(&[("x".into(), array.clone())]).unwrap();
                assert_eq!(read_npz(&npz).unwrap(), [(Some("x".into()), array)]);
            }
        }
    }

    #[test]
    fn every_truncation_is_an_error_and_every_byte_changed_is_survived() {
        let whole = from_numpy();
        for length in 0..whole.len() {
            assert!(parse(&whole[..length]).is_err(), "{length}");
            for byte in [0, 0x7f, 0xff, whole[length] ^ 1] {
                let mut changed = whole.clone();
                changed[length] = byte;
                let _ = parse(&changed);
            }
        }
    }

    #[test]
    fn what_is_not_read_says_so() {
        let with = |from: &str, to: &str| {
            let text = String::from_utf8_lossy(&from_numpy()[10..128]).replace(from, to);
            let mut bytes = b"\x93NUMPY\x02\x00".to_vec();
            bytes.extend((text.len() as u32).to_le_bytes());
            bytes.extend(text.as_bytes());
            bytes.extend([0; 24]);
            format!("{:#}", parse(&bytes).unwrap_err())
        };
        assert_eq!(with("<i4", ">i4"), "elements of type >i4 are not read");
        assert_eq!(with("False", "True"), "the array is in Fortran order");
        assert_eq!(
            with("(2, 3)", "(2, 4)"),
            "24 bytes of data, but int32[2, 4] has 32"
        );
        let huge = with("(2, 3)", "(4294967296, 4294967296)");
        assert_eq!(huge, "a shape larger than memory");
    }
}
