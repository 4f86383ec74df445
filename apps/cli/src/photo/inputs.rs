//! From what the user named to the pictures there are.
use anyhow::Result;
use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::picture::Format;
use crate::source;

/// One picture to work on.
#[derive(Debug)]
pub(super) struct Input {
    /// Where it is; `-` for standard input.
    pub(super) path: PathBuf,
    /// The whole file, when it was read already.
    pub(super) bytes: Option<Vec<u8>>,
    /// What its first bytes say.
    pub(super) format: Format,
}

impl Input {
    /// The name of its result in an output folder, ending aside.
    pub(super) fn name(&self) -> &Path {
        if is_stdin(&self.path) {
            return Path::new("stdin");
        }
        Path::new(self.path.file_name().unwrap_or_default())
    }
}

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Looks at what was named; at most `most` bytes are taken from standard input or a pipe.
///
/// # Errors
/// It can't be read, is a folder or no picture; messages name it.
pub(super) fn look(path: &Path, most: u64) -> Result<Input> {
    let name = path.display();
    let bytes = if is_stdin(path) {
        Some(source::read_stdin(most)?)
    } else if path.is_dir() {
        let fault = Fault::new(format!("{name}: is a folder"));
        return Err(fault.hint("`--recursive` goes through folders").into());
    } else if fs::metadata(path).is_ok_and(|data| !data.is_file()) {
        // A pipe, as `<(command)` makes it, gives its bytes once.
        Some(source::read_file(path, most)?)
    } else {
        None
    };
    let format = match &bytes {
        Some(bytes) if is_stdin(path) => source::picture_format(bytes, "standard input")?,
        Some(bytes) => source::picture_format(bytes, &name.to_string())?,
        None => source::format_of(path)?,
    };
    Ok(Input {
        path: path.to_owned(),
        bytes,
        format,
    })
}
