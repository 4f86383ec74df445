//! Files that appear whole or not at all.
use anyhow::{Context, Result};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tempfile::NamedTempFile;

use super::pending::Pending;
use crate::child;
use crate::fault::Exit;

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
    ctrlc::set_handler(|| interrupt()).context("could not prepare for Ctrl-C")
}

/// Ends the program as Ctrl-C does.
pub(crate) fn interrupt() -> ! {
    // Held until the end, so that no new temporary file is made meanwhile, and nobody else ends the program.
    let mut live = live();
    child::end_all();
    remove(&mut live);
    std::process::exit(INTERRUPTED);
}

/// Returns unless an interrupt is being handled, which ends the program itself: what it cut off is no error to tell.
pub(crate) fn wait_for_interrupt() {
    drop(live());
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

/// Writes `bytes` to `path`, as [`Pending`] does.
///
/// # Errors
/// Messages name the path.
pub(crate) fn write(path: &Path, bytes: &[u8], existing: Existing) -> Result<()> {
    let mut file = Pending::new(path, existing)?;
    file.write_all(bytes)
        .with_context(|| format!("could not write {}", path.display()))?;
    file.commit()
}

/// A temporary file for `path`, gone with the value it is or with the program.
pub(super) fn create(path: &Path, folder: &Path) -> io::Result<Temporary> {
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
    let file = builder.tempfile_in(folder)?;
    let path = file.path().to_owned();
    live.push(path.clone());
    Ok(Temporary(file, Known(path)))
}

/// A temporary file that an interrupt takes away too.
#[derive(Debug)]
pub(super) struct Temporary(pub(super) NamedTempFile, Known);

/// An entry of [`LIVE`]; dropped after the file.
#[derive(Debug)]
struct Known(PathBuf);

impl Drop for Known {
    fn drop(&mut self) {
        live().retain(|live| *live != self.0);
    }
}

/// Syncs the temporary file and gives it the name `path`, with the permissions of what was there.
pub(super) fn rename(temporary: Temporary, path: &Path, existing: Existing) -> io::Result<()> {
    let file = temporary.0.as_file();
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    file.sync_all()?;
    // On disk it is ours to remove until it has its name.
    let Temporary(file, known) = temporary;
    let renamed = match existing {
        Existing::Replace => file.into_temp_path().persist(path),
        Existing::Keep => file.into_temp_path().persist_noclobber(path),
    };
    drop(known);
    renamed.map_err(|failure| failure.error)
}

/// Makes the new name last through a power cut, where folders can be synced.
pub(super) fn sync_folder(folder: &Path) {
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
        let name = temporary.0.path().to_owned();
        assert!(name.exists());
        let mut ours = vec![name.clone()];
        remove(&mut ours);
        assert!(!name.exists() && ours.is_empty());
        assert!(live().contains(&name), "known from the moment it exists");
        drop(temporary);
        assert!(!live().contains(&name));
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
