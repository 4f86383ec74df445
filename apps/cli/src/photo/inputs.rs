//! From what the user named to the pictures there are.
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::log::Log;
use crate::output::names::resolve;
use crate::picture::{Format, HEAD_BYTES, NotAPicture, sniff};
use crate::source;

/// One picture to work on.
#[derive(Debug)]
pub(crate) struct Input {
    /// Where it is; `-` for standard input.
    pub(crate) path: PathBuf,
    /// Where its result lies in an output folder: the path below the folder that was named, or the file's name.
    pub(crate) relative: PathBuf,
    /// The whole file, when it was read already.
    pub(crate) bytes: Option<Vec<u8>>,
    /// What its first bytes say.
    pub(crate) format: Format,
}

/// A named input that can't be worked on, and why.
#[derive(Debug)]
pub(crate) struct Refused {
    /// As named, or as found in a folder.
    pub(crate) path: PathBuf,
    /// Names the path.
    pub(crate) error: anyhow::Error,
}

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) inputs: Vec<Input>,
    pub(crate) refused: Vec<Refused>,
    /// Pictures in folders, in formats that are not read.
    pub(crate) passed_over: usize,
}

impl Found {
    fn refuse(&mut self, path: &Path, error: anyhow::Error) {
        self.refused.push(Refused {
            path: path.to_owned(),
            error,
        });
    }
}

/// Whether a path means standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}

/// Finds pictures.
#[derive(Debug)]
pub(crate) struct Finder<'a> {
    /// Whether folders are gone through.
    pub(crate) recursive: bool,
    /// A folder left out, where results go.
    pub(crate) leave_out: Option<PathBuf>,
    /// The most bytes taken from standard input and pipes.
    pub(crate) stream_bytes: u64,
    /// Told about files that are passed over.
    pub(crate) log: &'a Log,
}

impl Finder<'_> {
    /// Goes through `named` in order, through the files of a folder by name.
    pub(crate) fn find(&self, named: &[PathBuf]) -> Found {
        let mut found = Found::default();
        for path in named {
            if path.is_dir() {
                self.folder(path, &mut found);
                continue;
            }
            let input = if is_stdin(path) {
                self.stdin()
            } else {
                self.named_file(path)
            };
            match input {
                Ok(input) => found.inputs.push(input),
                Err(error) => found.refuse(path, error),
            }
        }
        found
    }

    fn named_file(&self, path: &Path) -> Result<Input> {
        if !fs::metadata(path).is_ok_and(|data| !data.is_file()) {
            return file(path);
        }
        // A pipe, as `<(command)` makes it, gives its bytes once.
        let bytes = source::read_file(path, self.stream_bytes)?;
        Ok(Input {
            path: path.to_owned(),
            relative: path.file_name().unwrap_or_default().into(),
            format: picture_format(&bytes, &path.display().to_string())?,
            bytes: Some(bytes),
        })
    }

    fn stdin(&self) -> Result<Input> {
        let bytes = source::read_stdin(self.stream_bytes)?;
        let format = picture_format(&bytes, "standard input")?;
        Ok(Input {
            path: "-".into(),
            relative: "stdin".into(),
            bytes: Some(bytes),
            format,
        })
    }

    fn folder(&self, root: &Path, found: &mut Found) {
        let name = root.display();
        if !self.recursive {
            let fault = Fault::new(format!("{name}: is a folder"))
                .hint("`--recursive` goes through folders");
            found.refuse(root, fault.into());
            return;
        }
        let before = (found.inputs.len(), found.refused.len());
        // A list, not recursion: depth is bounded by memory alone. Links to folders are not followed, so it ends.
        let mut folders = vec![root.to_owned()];
        while let Some(folder) = folders.pop() {
            match self.list(&folder) {
                Ok(entries) => {
                    for path in entries.files {
                        self.file_in_folder(&path, root, found);
                    }
                    folders.extend(entries.folders.into_iter().rev());
                }
                Err(error) => found.refuse(&folder, error),
            }
        }
        if before == (found.inputs.len(), found.refused.len()) {
            let fault = Fault::new(format!(
                "{name}: no JPEG, PNG or WebP picture in this folder"
            ));
            found.refuse(root, fault.into());
        }
    }

    fn list(&self, folder: &Path) -> Result<Entries> {
        let failed = || format!("{}: the folder can't be read", folder.display());
        let mut entries = Entries::default();
        for entry in fs::read_dir(folder).with_context(failed)? {
            let entry = entry.with_context(failed)?;
            let path = entry.path();
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            let kind = entry.file_type().with_context(failed)?;
            if kind.is_dir() {
                if self
                    .leave_out
                    .as_ref()
                    .is_none_or(|out| *out != resolve(&path))
                {
                    entries.folders.push(path);
                }
            } else if path.is_file() {
                entries.files.push(path);
            }
        }
        entries.files.sort();
        entries.folders.sort();
        Ok(entries)
    }

    /// Takes what is a picture or is named like one; passes over the rest, loudly if it is some other picture.
    fn file_in_folder(&self, path: &Path, root: &Path, found: &mut Found) {
        if Format::from_path(path).is_none() {
            let name = path.display();
            match sniff(&source::head(path, HEAD_BYTES).unwrap_or_default()) {
                Ok(_) => {}
                Err(NotAPicture::Other(format)) => {
                    found.passed_over += 1;
                    self.log
                        .warn(&format!("{name}: passed over, {format} is not read"));
                    return;
                }
                Err(_) => {
                    self.log
                        .note(&format!("{name}: passed over, not a picture"));
                    return;
                }
            }
        }
        match file(path) {
            Ok(input) => {
                let relative = path.strip_prefix(root).unwrap_or(path).to_owned();
                found.inputs.push(Input { relative, ..input });
            }
            Err(error) => found.refuse(path, error),
        }
    }
}

#[derive(Debug, Default)]
struct Entries {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn file(path: &Path) -> Result<Input> {
    let head = source::head(path, HEAD_BYTES)?;
    let format = picture_format(&head, &path.display().to_string())?;
    Ok(Input {
        path: path.to_owned(),
        relative: path.file_name().unwrap_or_default().into(),
        bytes: None,
        format,
    })
}

fn picture_format(bytes: &[u8], name: &str) -> Result<Format> {
    sniff(&bytes[..bytes.len().min(HEAD_BYTES)])
        .map_err(|fault| Fault::new(format!("{name}: {}", fault.message())).into())
}
