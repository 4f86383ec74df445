//! Files that appear whole or not at all.
use anyhow::{Context, Result};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::{NamedTempFile, TempPath};

use crate::fault::{Exit, Fault};

/// Temporary files that exist now; what an interrupt has to take away.
static LIVE: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// The ending of temporary files.
const SUFFIX: &str = ".hypercut.tmp";

/// The exit code of a program stopped by Ctrl-C, as shells have it: 128 + SIGINT.
const INTERRUPTED: i32 = 130;

fn live() -> MutexGuard<'static, Vec<PathBuf>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes Ctrl-C (and SIGTERM, SIGHUP) remove temporary files before the program ends.
///
/// # Errors
/// When the system refuses the handler.
pub(crate) fn clean_up_on_interrupt() -> Result<()> {
    ctrlc::set_handler(|| {
        // Held until the end, so that no new temporary file is made meanwhile.
        let mut live = live();
        remove(&mut live);
        std::process::exit(INTERRUPTED);
    })
    .context("could not prepare for Ctrl-C")
}

fn remove(live: &mut Vec<PathBuf>) {
    for path in live.drain(..) {
        // Already renamed or removed is as good.
        let _ = fs::remove_file(path);
    }
}

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Existing {
    /// It is replaced.
    Replace,
    /// It stays, and writing fails.
    Keep,
}

/// Writes `bytes` to `path`: to a temporary file beside it, synced, then renamed. Makes missing folders.
///
/// A link is followed, and a device or pipe (`/dev/null`) is written to directly.
///
/// # Errors
/// Messages name the path.
pub(crate) fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    let failed = || format!("could not write {}", path.display());
    let real = if path.is_symlink() {
        path.canonicalize().ok()
    } else {
        None
    };
    let path = real.as_deref().unwrap_or(path);
    let old = fs::metadata(path).ok();
    if old.as_ref().is_some_and(fs::Metadata::is_dir) {
        let message = format!("could not write {}: it is a folder", path.display());
        return Err(Fault::new(message).into());
    }
    if old.as_ref().is_some_and(|old| !old.is_file()) {
        return fs::write(path, bytes).with_context(failed);
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder)
        .with_context(|| format!("could not make folder {}", folder.display()))?;
    let temporary = create(path, folder).with_context(failed)?;
    let result = fill_and_rename(temporary, path, bytes, old, existing);
    result.with_context(failed)?;
    sync_folder(folder);
    Ok(())
}

fn create(path: &Path, folder: &Path) -> io::Result<NamedTempFile> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let prefix = format!(".{}.", name.chars().take(60).collect::<String>());
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any new file: the umask takes its part away.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut live = live();
    let temporary = builder.tempfile_in(folder)?;
    live.push(temporary.path().to_owned());
    Ok(temporary)
}

fn fill_and_rename(
    mut temporary: NamedTempFile,
    path: &Path,
    bytes: &[u8],
    old: Option<fs::Metadata>,
    existing: Existing,
) -> io::Result<()> {
    let name = temporary.path().to_owned();
    let result = (|| {
        temporary.write_all(bytes)?;
        if let Some(old) = old {
            temporary.as_file().set_permissions(old.permissions())?;
        }
        temporary.as_file().sync_all()?;
        rename(temporary.into_temp_path(), path, existing)
    })();
    live().retain(|live| *live != name);
    result
}

fn rename(temporary: TempPath, path: &Path, existing: Existing) -> io::Result<()> {
    let renamed = match existing {
        Existing::Replace => temporary.persist(path),
        Existing::Keep => temporary.persist_noclobber(path),
    };
    renamed.map_err(|failure| failure.error)
}

/// Makes the new name last through a power cut, where folders can be synced.
fn sync_folder(folder: &Path) {
    #[cfg(unix)]
    if let Ok(folder) = fs::File::open(folder) {
        // Some network file systems refuse; the file itself is synced already.
        let _ = folder.sync_all();
    }
    #[cfg(not(unix))]
    let _ = folder;
}

/// Removes what a killed run left below `folder`. Only for a folder that no other run works on.
pub(crate) fn remove_leftovers(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => remove_leftovers(&entry.path()),
            Ok(kind) if kind.is_file() && name.starts_with('.') && name.ends_with(SUFFIX) => {
                // It may be nobody's to remove; it does no harm.
                let _ = fs::remove_file(entry.path());
            }
            _ => {}
        }
    }
}

/// Writes to standard output whatever it is; quiet about a reader that went away.
///
/// # Errors
/// When writing fails otherwise.
pub(crate) fn to_stdout(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    let written = out.write_all(bytes).and_then(|()| out.flush());
    written.context("could not write to standard output")
}

/// Ends the program's text output quietly when its reader went away.
pub(crate) fn text_to_stdout(text: &str) -> Result<Exit> {
    match to_stdout(text.as_bytes()) {
        Err(error) if crate::fault::is_broken_pipe(&error) => Ok(Exit::Done),
        other => other.map(|()| Exit::Done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupt_takes_the_temporary_file_away() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = create(&folder.path().join("out.jpg"), folder.path()).unwrap();
        let name = temporary.path().to_owned();
        assert!(name.exists());
        let mut ours = vec![name.clone()];
        remove(&mut ours);
        assert!(!name.exists() && ours.is_empty());
        assert!(live().contains(&name), "known from the moment it exists");
        live().retain(|live| *live != name);
    }

    #[test]
    fn kept_files_stay_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a").join("out.bin");
        write(&path, b"one", Existing::Keep).unwrap();
        let error = write(&path, b"two", Existing::Keep).unwrap_err();
        assert!(format!("{error:#}").contains("out.bin"), "{error:#}");
        assert_eq!(fs::read(&path).unwrap(), b"one");
        write(&path, b"three", Existing::Replace).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"three");
        let names = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(names, 1, "no temporary file left");
    }

    #[cfg(unix)]
    #[test]
    fn new_files_have_ordinary_permissions_and_replaced_ones_keep_theirs() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (ours, plain) = (folder.path().join("ours"), folder.path().join("plain"));
        write(&ours, b"", Existing::Keep).unwrap();
        fs::write(&plain, b"").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&ours), mode(&plain));
        fs::set_permissions(&ours, fs::Permissions::from_mode(0o640)).unwrap();
        write(&ours, b"x", Existing::Replace).unwrap();
        assert_eq!(mode(&ours), 0o640);
    }
}
