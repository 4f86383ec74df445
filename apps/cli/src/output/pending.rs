//! A file that is written piece by piece and appears in the end.
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::atomic::{self, Existing, Temporary};
use crate::fault::Fault;

/// A result in the making. Dropped before [`commit`](Self::commit), or interrupted, it leaves nothing.
///
/// Bytes go to a temporary file beside it, which is synced and renamed in the end. A link is followed, and a device or
/// pipe (`/dev/null`) is written to directly.
#[derive(Debug)]
pub(crate) struct Pending {
    path: PathBuf,
    existing: Existing,
    to: To,
}

#[derive(Debug)]
enum To {
    Temporary(Temporary),
    Device(File),
}

impl Pending {
    /// Makes missing folders.
    ///
    /// # Errors
    /// Messages name the path.
    pub(crate) fn new(path: &Path, existing: Existing) -> Result<Self> {
        let failed = || format!("could not write {}", path.display());
        let real = if path.is_symlink() {
            path.canonicalize().ok()
        } else {
            None
        };
        let path = real.as_deref().unwrap_or(path);
        let to = match fs::metadata(path) {
            Ok(there) if there.is_dir() => {
                let message = format!("could not write {}: it is a folder", path.display());
                return Err(Fault::new(message).into());
            }
            Ok(there) if !there.is_file() => To::Device(
                File::options()
                    .write(true)
                    .open(path)
                    .with_context(failed)?,
            ),
            _ => {
                let folder = folder_of(path);
                fs::create_dir_all(folder)
                    .with_context(|| format!("could not make folder {}", folder.display()))?;
                To::Temporary(atomic::create(path, folder).with_context(failed)?)
            }
        };
        Ok(Self {
            path: path.to_owned(),
            existing,
            to,
        })
    }

    /// Where bytes go until the file appears, for another program that writes them.
    pub(crate) fn place(&self) -> &Path {
        match &self.to {
            To::Temporary(file) => file.0.path(),
            To::Device(_) => &self.path,
        }
    }

    /// Makes the file appear under its name, all of it on disk.
    ///
    /// # Errors
    /// Messages name the path.
    pub(crate) fn commit(self) -> Result<()> {
        let To::Temporary(temporary) = self.to else {
            return Ok(());
        };
        atomic::rename(temporary, &self.path, self.existing)
            .with_context(|| format!("could not write {}", self.path.display()))?;
        atomic::sync_folder(folder_of(&self.path));
        Ok(())
    }
}

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Temporary(file) => file.0.write(bytes),
            To::Device(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
