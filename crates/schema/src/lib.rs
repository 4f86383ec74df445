//! The parts of the `.tflite` file format that HyperCut uses: verified accessors, and a writer ([`mod@write`]).
//!
//! A `.tflite` file is a flatbuffer with the identifier `TFL3`. Slot and type numbers are facts of the format (TensorFlow's
//! `schema.fbs`, version 3); a table here lists only the slots that are read, the rest are skipped unread. [`model`]
//! checks the bytes with the `flatbuffers` crate's verifier before it hands out the root, so accessors cannot fail.
//!
//! Strings are byte vectors: writers don't promise UTF-8. Enums are the raw numbers: what they may be is for the reader to judge.
#[macro_use]
mod table;
mod names;
mod options;
mod tables;
pub mod write;

pub use flatbuffers::{ForwardsUOffset, InvalidFlatbuffer, Vector};
pub use names::builtin_operator_name;
pub use options::*;
pub use tables::*;

use flatbuffers::VerifierOptions;

/// The four bytes at offset 4 of every `.tflite` file.
pub const IDENTIFIER: &[u8; 4] = b"TFL3";

/// Why bytes are not a `.tflite` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SchemaError {
    /// The identifier `TFL3` is missing.
    Identifier,
    /// An offset, length or alignment is wrong, or tables are nested or repeated beyond the limits.
    Damaged(InvalidFlatbuffer),
}

impl std::fmt::Display for SchemaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Identifier => f.write_str("the identifier TFL3 is missing"),
            Self::Damaged(error) => {
                // Further lines trace the path from the root, which helps writers of files, not readers.
                let text = error.to_string();
                f.write_str(
                    text.lines()
                        .next()
                        .unwrap_or_default()
                        .trim_end_matches('.'),
                )
            }
        }
    }
}

impl std::error::Error for SchemaError {}

impl SchemaError {
    /// Whether the first fault is a number at a position that its size does not divide: [`moved_by_4`] may mend it.
    pub fn is_misaligned(&self) -> bool {
        matches!(self, Self::Damaged(InvalidFlatbuffer::Unaligned { .. }))
    }
}

/// The same file with everything 4 bytes further on; `None` when it is too short to be one.
///
/// Writers built on early versions of the Python `flatbuffers` package forgot the identifier's 4 bytes when they aligned,
/// so every 64-bit number of their files lies 4 beyond a multiple of 8. LiteRT reads such files. Offsets are relative, so
/// moving all of it mends that.
pub fn moved_by_4(bytes: &[u8]) -> Option<Vec<u8>> {
    let root = u32::from_le_bytes(*bytes.first_chunk()?).checked_add(4)?;
    Some([&root.to_le_bytes(), &IDENTIFIER[..], bytes.get(4..)?].concat())
}

/// The root of a `.tflite` file, every byte that the accessors read checked.
///
/// Tables may share what they point to, so a small file could describe a huge tree: at most 200,000 tables, 16 deep, and
/// four times the file's size (16 MiB are always granted) are walked.
///
/// # Errors
/// When the identifier is missing or the bytes are not a flatbuffer of this schema.
pub fn model(bytes: &[u8]) -> Result<Model<'_>, SchemaError> {
    if bytes.get(4..8) != Some(IDENTIFIER) {
        return Err(SchemaError::Identifier);
    }
    let options = VerifierOptions {
        max_depth: 16,
        max_tables: 200_000,
        max_apparent_size: bytes.len().saturating_mul(4).max(16 << 20),
        ignore_missing_null_terminator: true,
    };
    flatbuffers::root_with_opts::<Model<'_>>(&options, bytes).map_err(SchemaError::Damaged)
}

/// A union member's table with every field at its default: what a file means that leaves the options out.
///
/// A vtable of length 4 that covers a table of 4 bytes, then the table: the distance back to its vtable.
const DEFAULTS: &[u8] = &[4, 0, 4, 0, 4, 0, 0, 0];

/// Position of the table within [`DEFAULTS`].
const DEFAULTS_TABLE: usize = 4;

/// A table that may stand in `Operator.builtin_options`.
pub trait BuiltinOptions<'a>:
    flatbuffers::Follow<'a, Inner = Self> + flatbuffers::Verifiable
{
    /// The union's discriminant for this table.
    const TYPE: u8;
    /// The schema's name of the table.
    const NAME: &'static str;
}

impl<'a> Operator<'a> {
    /// The options as `T`, all defaults when the file gives none; `None` when it gives those of another operation.
    pub fn options<T: BuiltinOptions<'a> + 'a>(&self) -> Option<T> {
        match self.options_type() {
            0 => {
                // SAFETY: DEFAULTS holds a table without fields at DEFAULTS_TABLE, which is a valid table of any type.
                Some(unsafe { T::follow(DEFAULTS, DEFAULTS_TABLE) })
            }
            // SAFETY: the verifier of `Operator` ran `T`'s verifier on this slot, because the discriminant is `T`'s.
            found if found == T::TYPE => Some(unsafe {
                self.table()
                    .get::<ForwardsUOffset<T>>(Self::OPTIONS_SLOT, None)
                    .unwrap_or_else(|| T::follow(DEFAULTS, DEFAULTS_TABLE))
            }),
            _ => None,
        }
    }
}
