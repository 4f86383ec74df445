//! One pass over the folder's pictures, on several threads.
use anyhow::{Context, Result, anyhow};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::manifest::Manifest;
use super::plan::Job;
use crate::fault::Fault;
use crate::log::Log;
use crate::output::atomic::{self, Existing};
use crate::source;
use crate::studio::{Broken, Entry, Recipe, Studio, digest, on_threads, tell};

/// How a pass ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// Drawn in this pass.
    pub(super) done: usize,
    /// Finished before.
    pub(super) kept: usize,
    /// Couldn't be read, drawn or written.
    pub(super) failed: usize,
    /// Not begun, because the disk is full.
    pub(super) left: usize,
}

/// What several threads share while they work.
#[derive(Debug)]
pub(super) struct Crew<'a> {
    pub(super) recipe: &'a Recipe,
    pub(super) manifest: Mutex<Manifest>,
    pub(super) log: &'a Log,
    pub(super) overwrite: bool,
    pub(super) json: bool,
}

enum Outcome {
    Done(Box<Entry>),
    Kept,
}

impl Crew<'_> {
    pub(super) fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does every job, each once, on `threads` threads. `written` is told which inputs are through: those that failed because
    /// their result could not be written are not.
    ///
    /// # Errors
    /// The manifest or standard output can't be written.
    pub(super) fn work(
        &self,
        jobs: &[Job],
        threads: usize,
        through: impl Fn(&Path) + Sync,
    ) -> Result<Counts> {
        let next = AtomicUsize::new(0);
        let full = AtomicBool::new(false);
        let totals = Mutex::new(Counts::default());
        let worker = || -> Result<()> {
            let mut studio = Studio::new(self.recipe)?;
            while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                let count = |add: fn(&mut Counts)| {
                    add(&mut totals.lock().unwrap_or_else(PoisonError::into_inner))
                };
                if full.load(Ordering::Relaxed) {
                    count(|counts| counts.left += 1);
                    continue;
                }
                self.log.working_on(&job.input);
                match self.one(job, &mut studio) {
                    Ok(Outcome::Kept) => {
                        through(&job.input);
                        count(|counts| counts.kept += 1);
                    }
                    Ok(Outcome::Done(entry)) => {
                        self.record(&entry)?;
                        through(&job.input);
                        count(|counts| counts.done += 1);
                    }
                    Err(Failure { entry, error, ours }) => {
                        count(|counts| counts.failed += 1);
                        if ours {
                            full.fetch_or(is_full(&error), Ordering::Relaxed);
                        } else {
                            through(&job.input);
                        }
                        self.log.error(&error);
                        if !full.load(Ordering::Relaxed) {
                            self.record(&entry.failed(&error))?;
                        }
                    }
                }
                self.log.step();
            }
            Ok(())
        };
        on_threads(threads.min(jobs.len()), worker).map_err(|Broken| {
            anyhow!("a working thread broke down; run the same command again")
        })??;
        if full.load(Ordering::Relaxed) {
            let fault = Fault::new("the disk is full; the rest was not begun");
            self.log.error(
                &fault
                    .hint("free some space and run the same command again")
                    .into(),
            );
        }
        Ok(totals.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds a line to the manifest, and prints it when asked to.
    ///
    /// # Errors
    /// Either can't be written.
    pub(super) fn record(&self, entry: &Entry) -> Result<()> {
        // Held while printing too, so that both have the same order.
        let mut manifest = self.manifest();
        manifest.add(entry)?;
        if self.json {
            atomic::to_stdout(format!("{}\n", serde_json::to_string(entry)?).as_bytes())?;
        }
        Ok(())
    }

    fn one(&self, job: &Job, studio: &mut Studio) -> Result<Outcome, Failure> {
        let mut entry = job.entry.clone();
        let name = job.input.display().to_string();
        let theirs = |entry: &Entry, error| Failure {
            entry: Box::new(entry.clone()),
            error,
            ours: false,
        };
        let bytes = source::read_file(&job.input, self.recipe.max_pixels().file_bytes())
            .map_err(|error| theirs(&entry, error))?;
        entry.sha256 = Some(digest(&bytes));
        let before = self.manifest().of(&entry.output).cloned();
        let there = fs::read(&job.output).ok().map(|bytes| digest(&bytes));
        let made_it = before
            .as_ref()
            .is_some_and(|before| before.output_sha256 == there);
        if let Some(before) = &before
            && made_it
            && (&before.sha256, &before.options) == (&entry.sha256, &entry.options)
        {
            return Ok(Outcome::Kept);
        }
        let rendered = studio
            .render_guarded(&bytes, Some(job.format))
            .with_context(|| name.clone())
            .map_err(|error| theirs(&entry, error))?;
        drop(bytes);
        tell(&name, &rendered.remarks, self.log);
        let sha256 = digest(&rendered.bytes);
        // A kill between a result and its line in the manifest leaves the right bytes unknown.
        if there.as_deref() != Some(&sha256) {
            let existing = if self.overwrite || made_it {
                Existing::Replace
            } else {
                Existing::Keep
            };
            let written = if there.is_some() && existing == Existing::Keep {
                Err(not_ours(&job.output).into())
            } else {
                atomic::write(&job.output, &rendered.bytes, existing)
            };
            written
                .with_context(|| name.clone())
                .map_err(|error| Failure {
                    entry: Box::new(entry.clone()),
                    error,
                    ours: true,
                })?;
        }
        Ok(Outcome::Done(Box::new(entry.finished(&rendered, sha256))))
    }
}

/// Why a picture has no result.
struct Failure {
    entry: Box<Entry>,
    error: anyhow::Error,
    /// The result couldn't be written: trying again later may help.
    ours: bool,
}

fn not_ours(path: &Path) -> Fault {
    Fault::new(format!(
        "{} is there and was not made by this command",
        path.display()
    ))
    .hint("move it away, or `--overwrite` replaces it")
}

fn is_full(error: &anyhow::Error) -> bool {
    let kinds = [ErrorKind::StorageFull, ErrorKind::QuotaExceeded];
    let mut causes = error
        .chain()
        .filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    causes.any(|io| kinds.contains(&io.kind()))
}
