//! Going on with what arrives.
//!
//! An event only says that it is time to look: what is to be done is found by a pass over the folder, as in the beginning, so
//! lost or overflowing events, renames and new folders need no care of their own.
use anyhow::{Context, Result};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::HashMap;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, SystemTime};

use super::args::FolderArgs;
use super::work::{Counts, Crew};
use super::{SETTLE, Seen, find, plan, stamp, summary};

/// How soon what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(30);

/// Changes below a folder.
#[derive(Debug)]
pub(super) struct Events {
    changes: Receiver<()>,
    _watcher: RecommendedWatcher,
}

impl Events {
    /// Watches `folder` and the folders in it.
    ///
    /// # Errors
    /// The system has no way to, or no watches left.
    pub(super) fn of(folder: &Path) -> Result<Self> {
        let (sender, changes) = channel();
        let failed = || format!("{}: the folder can't be watched", folder.display());
        let mut watcher =
            notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
                if event.is_ok_and(|event| event.kind.is_access()) {
                    return;
                }
                // Nobody listens any more only when the program ends.
                let _ = sender.send(());
            })
            .with_context(failed)?;
        watcher
            .watch(folder, RecursiveMode::Recursive)
            .with_context(failed)?;
        Ok(Self {
            changes,
            _watcher: watcher,
        })
    }

    /// Waits for a change, or for `most`.
    fn wait(&self, most: Duration) -> Result<()> {
        match self.changes.recv_timeout(most) {
            Ok(()) => while self.changes.try_recv().is_ok() {},
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => anyhow::bail!("the folder is no longer watched"),
        }
        Ok(())
    }
}

/// Works on what arrives until the program is stopped.
///
/// # Errors
/// The watch ends or the manifest can't be written.
pub(super) fn go_on(
    args: &FolderArgs,
    crew: &Crew<'_>,
    seen: &Seen,
    events: &Events,
) -> Result<()> {
    crew.log.summary(&format!(
        "watching {}; Ctrl-C ends it",
        args.input.display()
    ));
    let mut wait = RETRY;
    loop {
        events.wait(wait)?;
        if !args.input.is_dir() {
            anyhow::bail!("{}: the folder is gone", args.input.display());
        }
        wait = if pass(args, crew, seen)? {
            SETTLE
        } else {
            RETRY
        };
    }
}

/// One look at the folder; says whether files were too young to be taken.
fn pass(args: &FolderArgs, crew: &Crew<'_>, seen: &Seen) -> Result<bool> {
    let mut young = false;
    let mut stamps = HashMap::new();
    let found = find(args, crew.log);
    let mut inputs = found.inputs;
    inputs.retain(|input| {
        let Some(stamp) = stamp(&input.path) else {
            return false;
        };
        if seen.has(&input.path, stamp) {
            return false;
        }
        let age = SystemTime::now().duration_since(stamp.1);
        let settled = age.map_or(true, |age| age >= SETTLE);
        young |= !settled;
        stamps.insert(input.path.clone(), stamp);
        settled
    });
    // Named like a picture and not one: perhaps not yet.
    for refused in &found.refused {
        if let Some(stamp) = stamp(&refused.path)
            && !seen.has(&refused.path, stamp)
            && stamp.1.elapsed().map_or(true, |age| age >= SETTLE)
        {
            crew.log.error(&refused.error);
            seen.insert(&refused.path, Some(stamp));
        }
    }
    let jobs = plan::jobs(args, crew.recipe, inputs)?;
    let (jobs, refused) = plan::settle(args, jobs, &crew.manifest());
    for (job, fault) in refused {
        let error = fault.into();
        crew.log.error(&error);
        crew.record(&job.entry.failed(&error))?;
        seen.insert(&job.input, stamps.get(&job.input).copied());
    }
    if jobs.is_empty() {
        return Ok(young);
    }
    let through = |path: &Path| seen.insert(path, stamps.get(path).copied());
    let counts = crew.work(&jobs, args.threads(), through)?;
    if counts
        != (Counts {
            kept: counts.kept,
            ..Counts::default()
        })
    {
        crew.log.summary(&summary(&counts, 0));
    }
    Ok(young)
}
