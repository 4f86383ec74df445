//! A disk that is full.
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A file system of about a megabyte, `HYPERCUT_SMALL_DISK`, for one test at a time.
pub(crate) struct SmallDisk {
    folder: String,
    _turn: MutexGuard<'static, ()>,
}

impl SmallDisk {
    /// The one that `.ci/fleet` mounts; without it a line that says so.
    pub(crate) fn get() -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let Ok(folder) = std::env::var("HYPERCUT_SMALL_DISK") else {
            println!("SKIPPED: HYPERCUT_SMALL_DISK names no small disk; `.ci/fleet` mounts one");
            return None;
        };
        Some(Self {
            folder,
            _turn: TURN.lock().unwrap_or_else(PoisonError::into_inner),
        })
    }

    /// A folder on it that isn't there.
    pub(crate) fn fresh(&self, name: &str) -> String {
        let path = format!("{}/{name}", self.folder);
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    fn ballast(&self) -> String {
        format!("{}/ballast", self.folder)
    }

    /// Takes whatever is free, but for `left` bytes.
    pub(crate) fn fill(&self, left: usize) {
        let mut bytes = vec![1; 64 << 20];
        while std::fs::write(self.ballast(), &bytes).is_err() {
            bytes.truncate(bytes.len().saturating_sub(4096));
            assert!(!bytes.is_empty());
        }
        bytes.truncate(bytes.len().saturating_sub(left));
        std::fs::write(self.ballast(), &bytes).unwrap();
    }

    /// Gives it back.
    pub(crate) fn relieve(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }
}
