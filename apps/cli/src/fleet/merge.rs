//! All shards' manifests to one, a summary, and a list to retry.
use anyhow::{Context, Result};
use serde::Serialize;
use std::collections::BTreeMap;

use super::args::PlanOf;
use super::plan::{MOST_BYTES, Open, done_name, lines};
use super::store::Created;
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::atomic;
use crate::studio::Entry;

/// Most shards that a message names.
const NAMED: usize = 8;

/// A finished plan in numbers.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
struct Summary {
    pictures: u64,
    done: u64,
    failed: u64,
    /// How many of each.
    verdicts: BTreeMap<String, u64>,
}

/// Runs the command.
///
/// # Errors
/// Usage errors; stores that fail; shards that are not finished.
pub(super) fn run(args: &PlanOf, log: &Log) -> Result<Exit> {
    merge(&Open::read(&args.plan)?, log)
}

/// Merges what the workers of a plan have written. Names of inputs give the order, so every merge gives the same bytes.
///
/// # Errors
/// As [`run`].
pub(super) fn merge(open: &Open, log: &Log) -> Result<Exit> {
    let shards = open.plan.shards.len();
    let finished = open.finished()?;
    let missing: Vec<_> = (0..shards)
        .filter(|shard| !finished.contains_key(shard))
        .collect();
    if !missing.is_empty() {
        return Err(unfinished(&missing, shards).into());
    }
    let mut entries = Vec::new();
    for (shard, info) in open.plan.shards.iter().enumerate() {
        let of_shard = read(open, shard)?;
        if of_shard.len() as u64 != info.pictures {
            let name = open.home.name(&done_name(shard));
            let message = format!("{name}: {} lines, not {}", of_shard.len(), info.pictures);
            return Err(Fault::new(message)
                .hint("remove it and run its worker again")
                .into());
        }
        entries.extend(of_shard);
    }
    entries.sort_by(|a, b| a.input.cmp(&b.input));
    let summary = summary(&entries);
    let retry: String = entries
        .iter()
        .filter(|entry| entry.error.is_some())
        .map(|entry| format!("{}\n", entry.input))
        .collect();
    let mut json = serde_json::to_vec_pretty(&summary)?;
    json.push(b'\n');
    let written = [
        ("manifest.jsonl", lines(&entries)?),
        ("summary.json", json),
        ("retry.txt", retry.into_bytes()),
    ];
    for (name, bytes) in &written {
        if open.home.create(name, bytes)? == Created::There {
            let there = open.home.read_if_there(name, MOST_BYTES)?;
            if there.as_deref() != Some(bytes) {
                open.home.replace(name, bytes)?;
            }
        }
    }
    if let Some(folder) = open.output.folder() {
        // Every result is there: what killed workers left is of no use to anybody.
        atomic::remove_leftovers(folder);
    }
    log.summary(&format!("{} done, {} failed", summary.done, summary.failed));
    let printed = format!("{}\n", open.home.name("manifest.jsonl"));
    atomic::text_to_stdout(&printed)?;
    if summary.failed == 0 {
        return Ok(Exit::Done);
    }
    let message = format!("what failed is listed in {}", open.home.name("retry.txt"));
    log.summary(&format!("{message}; `fleet plan --only` takes it"));
    Ok(Exit::Failed)
}

/// The lines of a finished shard.
///
/// # Errors
/// It can't be read or holds something else.
pub(super) fn read(open: &Open, shard: usize) -> Result<Vec<Entry>> {
    let name = done_name(shard);
    let bytes = open.home.read_if_there(&name, MOST_BYTES)?;
    let bytes = bytes.with_context(|| format!("{}: no such manifest", open.home.name(&name)))?;
    bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).with_context(|| open.home.name(&name)))
        .collect()
}

fn unfinished(missing: &[usize], shards: usize) -> Fault {
    let mut named: Vec<_> = missing.iter().take(NAMED).map(usize::to_string).collect();
    if missing.len() > NAMED {
        named.push(format!("{} more", missing.len() - NAMED));
    }
    let message = format!(
        "{} of {shards} shards are not finished: {}",
        missing.len(),
        named.join(", ")
    );
    Fault::new(message).hint("run their workers again; nothing was merged")
}

fn summary(entries: &[Entry]) -> Summary {
    let mut summary = Summary::default();
    for entry in entries {
        summary.pictures += 1;
        if entry.error.is_some() {
            summary.failed += 1;
        } else {
            summary.done += 1;
        }
        if let Some(verdict) = &entry.verdict {
            *summary.verdicts.entry(verdict.clone()).or_default() += 1;
        }
    }
    summary
}
