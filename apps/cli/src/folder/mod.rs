//! `hypercut folder`: a tree of pictures, every one done once, whatever happens on the way.
mod args;
mod find;
mod manifest;
mod plan;
mod watch;
mod work;

pub(crate) use args::FolderArgs;

use anyhow::{Context, Result};
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::atomic;
use crate::output::names::resolve;
use crate::studio::Entry;
use find::{Finder, Found};
use manifest::Manifest;
use work::{Counts, Crew};

/// A file younger than this may still be being written.
const SETTLE: Duration = Duration::from_millis(500);

/// Runs the command: settles everything that can be wrong, then works; with `--watch` until it is stopped.
///
/// # Errors
/// Usage errors, files that every picture needs, an output folder that can't be written; a picture that fails is reported
/// and counted instead.
pub(crate) fn run(args: FolderArgs, log: &mut Log) -> Result<Exit> {
    check_folders(&args)?;
    let recipe = args.recipe.recipe()?;
    let found = find(&args, log);
    let jobs = plan::jobs(&args, &recipe, found.inputs)?;
    plan::check(&args, &jobs)?;
    let folder = args.output.display();
    fs::create_dir_all(&args.output).with_context(|| format!("could not make folder {folder}"))?;
    // Begun before the pass, so that nothing falls between the two.
    let events = args
        .watch
        .then(|| watch::Events::of(&args.input))
        .transpose()?;
    let manifest = Manifest::open(&args.manifest())?;
    atomic::remove_leftovers(&args.output);

    log.start_bar(jobs.len());
    let log = &*log;
    let crew = Crew {
        recipe: &recipe,
        manifest: Mutex::new(manifest),
        log,
        overwrite: args.overwrite,
        json: args.json,
    };
    let mut counts = Counts::default();
    for refused in &found.refused {
        log.error(&refused.error);
        counts.failed += 1;
        let entry = Entry {
            input: plan::portable(
                refused
                    .path
                    .strip_prefix(&args.input)
                    .unwrap_or(&refused.path),
            ),
            options: recipe.fingerprint().into(),
            ..Entry::default()
        };
        crew.record(&entry.failed(&refused.error))?;
    }
    let seen = Seen::default();
    let times: HashMap<_, _> = jobs
        .iter()
        .map(|job| (job.input.clone(), stamp(&job.input)))
        .collect();
    let through = |path: &Path| seen.insert(path, times.get(path).copied().flatten());
    let worked = crew.work(&jobs, args.threads(), through)?;
    log.finish_bar();
    counts.done += worked.done;
    counts.kept += worked.kept;
    counts.failed += worked.failed;
    counts.left += worked.left;
    log.summary(&summary(&counts, found.passed_over));
    if let Some(events) = events {
        watch::go_on(&args, &crew, &seen, &events)?;
    }
    Ok(if counts.failed + counts.left == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn check_folders(args: &FolderArgs) -> Result<()> {
    let name = args.input.display();
    if !args.input.is_dir() {
        let fault = if args.input.exists() {
            Fault::usage(format!("{name}: is not a folder")).hint("`hypercut photo` takes files")
        } else {
            Fault::new(format!("{name}: no such folder")).hint("check the spelling of its path")
        };
        return Err(fault.into());
    }
    if resolve(&args.input) == resolve(&args.output) {
        let fault = Fault::usage(format!("{name}: input and output are one folder"));
        let hint = "results would be the next run's inputs: choose another folder with `-o`, it may lie inside";
        return Err(fault.hint(hint).into());
    }
    Ok(())
}

fn find(args: &FolderArgs, log: &Log) -> Found {
    let finder = Finder {
        root: &args.input,
        leave_out: resolve(&args.output),
        log,
    };
    let mut found = finder.find();
    // An empty folder is no fault where pictures may still come.
    if args.watch {
        found.refused.retain(|refused| refused.path != args.input);
    }
    found
}

fn summary(counts: &Counts, passed_over: usize) -> String {
    let mut parts = vec![format!("{} done", counts.done)];
    for (count, word) in [
        (counts.kept, "finished before"),
        (passed_over, "passed over"),
        (counts.left, "not begun"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.push(format!("{} failed", counts.failed));
    parts.join(", ")
}

/// Length and time of a file: unchanged ones are not read again.
type Stamp = (u64, SystemTime);

fn stamp(path: &Path) -> Option<Stamp> {
    let data = fs::metadata(path).ok()?;
    Some((data.len(), data.modified().ok()?))
}

/// Inputs that are through, as they were when that began.
#[derive(Debug, Default)]
struct Seen(Mutex<HashMap<PathBuf, Stamp>>);

impl Seen {
    fn insert(&self, path: &Path, stamp: Option<Stamp>) {
        if let Some(stamp) = stamp {
            let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            seen.insert(path.to_owned(), stamp);
        }
    }

    fn has(&self, path: &Path, stamp: Stamp) -> bool {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(path) == Some(&stamp)
    }
}
