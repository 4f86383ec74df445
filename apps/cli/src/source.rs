//! Reading whole files with a bound and listing folders, and errors that say what is wrong with them.
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::picture::{Format, HEAD_BYTES, sniff};

/// Reads a file of at most `most` bytes.
///
/// # Errors
/// Missing, unreadable, a folder, or longer; messages name the file.
pub(crate) fn read_file(path: &Path, most: u64) -> Result<Vec<u8>> {
    let file = open(path)?;
    read(file, most).with_context(|| format!("{}", path.display()))
}

/// Reads standard input up to `most` bytes.
///
/// # Errors
/// Unreadable or longer.
pub(crate) fn read_stdin(most: u64) -> Result<Vec<u8>> {
    read(io::stdin().lock(), most).context("standard input")
}

/// The first `most` bytes of a file, or all if it has fewer.
///
/// # Errors
/// As [`read_file`].
pub(crate) fn head(path: &Path, most: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most);
    open(path)?
        .take(most as u64)
        .read_to_end(&mut bytes)
        .with_context(|| format!("{}", path.display()))?;
    Ok(bytes)
}

/// What a file's first bytes say it is.
///
/// # Errors
/// As [`read_file`], and no picture that is read.
pub(crate) fn format_of(path: &Path) -> Result<Format> {
    picture_format(&head(path, HEAD_BYTES)?, &path.display().to_string())
}

/// What the first bytes of `name` say it is.
///
/// # Errors
/// No picture that is read; the message names it.
pub(crate) fn picture_format(bytes: &[u8], name: &str) -> Result<Format> {
    sniff(&bytes[..bytes.len().min(HEAD_BYTES)])
        .map_err(|fault| Fault::new(format!("{name}: {}", fault.message())).into())
}

/// Opens a file.
///
/// # Errors
/// Missing, unreadable or a folder; messages name the file.
pub(crate) fn open(path: &Path) -> Result<File> {
    let name = path.display();
    let fault = match File::open(path) {
        Ok(file) => match file.metadata() {
            Ok(data) if data.is_dir() => Fault::new(format!("{name}: is a folder, not a file")),
            _ => return Ok(file),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Fault::new(format!("{name}: no such file")).hint("check the spelling of its path")
        }
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            Fault::new(format!("{name}: may not be read (permission denied)"))
        }
        Err(error) => return Err(error).with_context(|| format!("{name}")),
    };
    Err(fault.into())
}

/// What lies in a folder, by name.
///
/// # Errors
/// When it can't be read; the message names it.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let entries = std::fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = list()
        .map_err(|error| Fault::new(format!("{}: can't be read: {error}", folder.display())))?;
    paths.sort_unstable();
    Ok(paths)
}

/// The files of a folder whose names promise pictures, by name; at least one.
///
/// # Errors
/// When it can't be read or holds none; the message names it.
pub(crate) fn pictures(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = entries(folder)?;
    paths.retain(|path| Format::from_path(path).is_some());
    if paths.is_empty() {
        return Err(Fault::new(format!("{}: no pictures", folder.display())).into());
    }
    Ok(paths)
}

fn read(source: impl Read, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(Fault::new(format!("longer than {} MB", most / 1_000_000)).into());
    }
    Ok(bytes)
}
