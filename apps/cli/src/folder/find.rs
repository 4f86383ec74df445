//! The pictures of a tree.
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
pub(super) struct Input {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Its path below the tree's root.
    pub(super) relative: PathBuf,
    /// What its first bytes say.
    pub(super) format: Format,
}

/// Something named like a picture, or a folder, that can't be worked on, and why.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) path: PathBuf,
    /// Names the path.
    pub(super) error: anyhow::Error,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) inputs: Vec<Input>,
    pub(super) refused: Vec<Refused>,
    /// Pictures in formats that are not read.
    pub(super) passed_over: usize,
}

impl Found {
    fn refuse(&mut self, path: &Path, error: anyhow::Error) {
        self.refused.push(Refused {
            path: path.to_owned(),
            error,
        });
    }
}

/// Finds pictures.
#[derive(Debug)]
pub(super) struct Finder<'a> {
    pub(super) root: &'a Path,
    /// A folder left out, where results go.
    pub(super) leave_out: PathBuf,
    /// Told about files that are passed over.
    pub(super) log: &'a Log,
}

impl Finder<'_> {
    /// Goes through the tree, through the files of a folder by name.
    pub(super) fn find(&self) -> Found {
        let mut found = Found::default();
        // A list, not recursion: depth is bounded by memory alone. Links to folders are not followed, so it ends.
        let mut folders = vec![self.root.to_owned()];
        while let Some(folder) = folders.pop() {
            match self.list(&folder) {
                Ok(entries) => {
                    for path in entries.files {
                        self.file(&path, &mut found);
                    }
                    folders.extend(entries.folders.into_iter().rev());
                }
                Err(error) => found.refuse(&folder, error),
            }
        }
        if found.inputs.is_empty() && found.refused.is_empty() {
            let name = self.root.display();
            let fault = Fault::new(format!(
                "{name}: no JPEG, PNG or WebP picture in this folder"
            ));
            found.refuse(self.root, fault.into());
        }
        found
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
                if self.leave_out != resolve(&path) {
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
    fn file(&self, path: &Path, found: &mut Found) {
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
        match source::format_of(path) {
            Ok(format) => found.inputs.push(Input {
                path: path.to_owned(),
                relative: path.strip_prefix(self.root).unwrap_or(path).to_owned(),
                format,
            }),
            Err(error) => found.refuse(path, error),
        }
    }
}

#[derive(Debug, Default)]
struct Entries {
    files: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}
