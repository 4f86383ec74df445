//! Archives of others, unpacked only if every name in them stays inside and all of it is as large as it may be.
use anyhow::{Context, Result};
use std::fs::{self, File};
use std::io::{Cursor, Read, Write};
use std::path::{Component, Path, PathBuf};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::fault::Fault;

/// What an archive may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Files and folders.
    pub(super) entries: usize,
    /// Bytes of all files, unpacked.
    pub(super) bytes: u64,
}

/// Unpacks `archive` into `folder`, which must be new. On an error something may lie there; nothing lies elsewhere.
///
/// # Errors
/// No archive; names that are absolute, leave the folder or come twice; links; more than `limits` allows, whatever it says itself.
pub(super) fn unpack(archive: &[u8], folder: &Path, limits: Limits) -> Result<()> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).context("not a zip archive")?;
    if archive.len() > limits.entries {
        let message = format!("{} files; {} are allowed", archive.len(), limits.entries);
        return Err(Fault::new(message).into());
    }
    // All names before the first file.
    for index in 0..archive.len() {
        check(&archive.by_index_raw(index).context("damaged archive")?)?;
    }
    let mut left = limits.bytes;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).context("damaged archive")?;
        let name = name(&entry)?;
        let path = folder.join(inside(&name)?);
        if entry.is_dir() {
            fs::create_dir_all(&path).with_context(|| name.clone())?;
            continue;
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| name.clone())?;
        }
        let mode = entry.unix_mode();
        let file = File::create_new(&path).with_context(|| name.clone())?;
        left = copy(&mut entry, &file, left, limits.bytes).with_context(|| name)?;
        set_mode(&file, mode)?;
    }
    Ok(())
}

/// Refuses what is neither a file nor a folder inside.
fn check<R: Read>(entry: &ZipFile<'_, R>) -> Result<()> {
    let name = name(entry)?;
    inside(&name)?;
    // The upper bits of a mode tell links and devices.
    let kind = entry.unix_mode().map_or(0, |mode| mode & 0o170_000);
    if entry.is_symlink() || !matches!(kind, 0 | 0o100_000 | 0o040_000) {
        let message = format!("`{name}` is neither a file nor a folder");
        return Err(Fault::new(message).into());
    }
    Ok(())
}

fn name<R: Read>(entry: &ZipFile<'_, R>) -> Result<String> {
    Ok(entry.name().context("damaged archive")?.into_owned())
}

/// A name as a path below a folder.
fn inside(name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    let plain = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    // Windows' separators and drives mean nothing here, but would elsewhere.
    let strange = name.contains(['\\', '\0']) || name.as_bytes().get(1) == Some(&b':');
    if name.is_empty() || strange || !path.components().all(plain) {
        return Err(Fault::new(format!("`{name}` would lie outside the archive's folder")).into());
    }
    Ok(path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect())
}

/// Copies what is really there, whatever its header says, and gives what is left of the limit.
fn copy(from: &mut impl Read, mut to: &File, left: u64, most: u64) -> Result<u64> {
    let copied = std::io::copy(&mut from.take(left.saturating_add(1)), &mut to)?;
    to.flush()?;
    let Some(left) = left.checked_sub(copied) else {
        let message = format!("the archive holds more than {} MB", most / 1_000_000);
        return Err(Fault::new(message).into());
    };
    Ok(left)
}

/// Whether it can be run is all that is taken from an archive.
fn set_mode(file: &File, mode: Option<u32>) -> Result<()> {
    #[cfg(unix)]
    if mode.is_some_and(|mode| mode & 0o100 != 0) {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    let _ = (file, mode);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    const LIMITS: Limits = Limits {
        entries: 3,
        bytes: 100_000,
    };

    fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            let options = SimpleFileOptions::default().unix_permissions(0o744);
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn said(archive: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let error = unpack(archive, &inner, LIMITS).unwrap_err();
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing outside"
        );
        format!("{error:#}")
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let folder = tempfile::tempdir().unwrap();
        let bytes = archive(&[("run.sh", b"#!/bin/sh"), ("./a/b", b"x")]);
        unpack(&bytes, folder.path(), LIMITS).unwrap();
        assert_eq!(fs::read(folder.path().join("a/b")).unwrap(), b"x");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(folder.path().join("run.sh"))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o755);
        }
    }

    #[test]
    fn names_that_leave_the_folder_are_refused() {
        for name in ["../x", "a/../../x", "/etc/x", "C:x", "a\\..\\..\\x"] {
            let text = said(&archive(&[("good", b""), (name, b"")]));
            assert!(text.contains("would lie outside"), "{name}: {text}");
        }
    }

    #[test]
    fn links_are_refused() {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default();
        writer.add_symlink("link", "/etc", options).unwrap();
        let text = said(&writer.finish().unwrap().into_inner());
        assert_eq!(text, "`link` is neither a file nor a folder");
    }

    #[test]
    fn bombs_are_refused() {
        let text = said(&archive(&[("zeros", &[0; 100_001])]));
        assert_eq!(text, "zeros: the archive holds more than 0 MB");
        let text = said(&archive(&[("a", &[0; 60_000]), ("b", &[0; 60_000])]));
        assert_eq!(text, "b: the archive holds more than 0 MB");
        let text = said(&archive(&[("a", b""), ("b", b""), ("c", b""), ("d", b"")]));
        assert_eq!(text, "4 files; 3 are allowed");
        assert!(said(b"PK nothing").starts_with("not a zip archive"));
    }
}
