//! What became of every picture: JSON lines, appended as the work goes on, read again to resume.
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::fault::Fault;
use crate::studio::Entry;

/// The manifest's name in the output folder.
pub(crate) const MANIFEST: &str = "hypercut-manifest.jsonl";

/// An open manifest. Its file is locked, so one process at a time works on an output folder; a killed one lets go of it.
#[derive(Debug)]
pub(crate) struct Manifest {
    file: File,
    /// The latest success of each output.
    finished: HashMap<String, Entry>,
}

impl Manifest {
    /// Opens or makes the manifest and reads it. Lines that are no entries, as a kill or a full disk leaves them, are passed over.
    ///
    /// # Errors
    /// It can't be opened or read, or another process has it open.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let failed = || format!("could not open the manifest {}", path.display());
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path);
        let mut file = file.with_context(failed)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let folder = path.parent().unwrap_or(path).display();
                let message = format!("another hypercut is working on {folder}");
                return Err(Fault::new(message)
                    .hint("wait for it, or choose another `-o`")
                    .into());
            }
            // Some network file systems have no locks; the work is safe all the same, only perhaps done twice.
            Err(TryLockError::Error(_)) | Ok(()) => {}
        }
        let (finished, torn) = read(&file).with_context(failed)?;
        if torn {
            file.write_all(b"\n").with_context(failed)?;
        }
        Ok(Self { file, finished })
    }

    /// The latest success of an output.
    pub(crate) fn of(&self, output: &str) -> Option<&Entry> {
        self.finished.get(output)
    }

    /// Adds a line.
    ///
    /// # Errors
    /// It can't be written.
    pub(crate) fn add(&mut self, entry: &Entry) -> Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        // One call, so that a kill leaves whole lines.
        let written = self.file.write_all(&line);
        written.context("could not write the manifest")?;
        if entry.output_sha256.is_some() {
            self.finished.insert(entry.output.clone(), entry.clone());
        }
        Ok(())
    }
}

/// The latest success of each output, and whether the last line has no end.
fn read(file: &File) -> std::io::Result<(HashMap<String, Entry>, bool)> {
    let mut finished = HashMap::new();
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    let mut torn = false;
    while reader.read_until(b'\n', &mut line)? > 0 {
        torn = !line.ends_with(b"\n");
        if let Ok(entry) = serde_json::from_slice::<Entry>(&line)
            && entry.output_sha256.is_some()
        {
            finished.insert(entry.output.clone(), entry);
        }
        line.clear();
    }
    Ok((finished, torn))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(output: &str, sha: &str) -> Entry {
        Entry {
            output: output.into(),
            output_sha256: Some(sha.into()),
            ..Entry::default()
        }
    }

    #[test]
    fn the_latest_success_counts_and_a_torn_line_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MANIFEST);
        let mut manifest = Manifest::open(&path).unwrap();
        manifest.add(&entry("a.jpg", "1")).unwrap();
        manifest.add(&entry("a.jpg", "2")).unwrap();
        let failure = Entry {
            output: "a.jpg".into(),
            error: Some("damaged".into()),
            ..Entry::default()
        };
        manifest.add(&failure).unwrap();
        drop(manifest);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [&whole[..], br#"{"output":"b.jpg","outp"#].concat()).unwrap();

        let mut manifest = Manifest::open(&path).unwrap();
        assert_eq!(manifest.of("a.jpg"), Some(&entry("a.jpg", "2")));
        assert_eq!(manifest.of("b.jpg"), None);
        manifest.add(&entry("c.jpg", "3")).unwrap();
        drop(manifest);
        let manifest = Manifest::open(&path).unwrap();
        assert!(manifest.of("c.jpg").is_some(), "not glued to the torn line");
    }

    #[test]
    fn one_process_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(MANIFEST);
        let first = Manifest::open(&path).unwrap();
        let error = Manifest::open(&path).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("another hypercut is working on")
        );
        drop(first);
        Manifest::open(&path).unwrap();
    }
}
