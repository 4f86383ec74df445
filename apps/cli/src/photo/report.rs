//! What is told about each picture and about the whole run.
use anyhow::Result;
use serde_json::json;
use std::path::Path;

use super::plan::Destination;
use super::{Done, display_name};
use crate::fault::Exit;
use crate::log::Log;
use crate::output::atomic;
use crate::studio::{ms, share, verdict_word};

/// Counts results and tells about each as it comes.
#[derive(Debug, Default)]
pub(super) struct Report {
    json: bool,
    done: usize,
    skipped: usize,
    failed: usize,
}

impl Report {
    /// A report that prints JSON lines to standard output when `json`.
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            ..Self::default()
        }
    }

    /// A picture that worked.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub(super) fn done(
        &mut self,
        input: &Path,
        to: &Destination,
        done: &Done,
        log: &Log,
    ) -> Result<()> {
        self.done += 1;
        let times = &done.times;
        log.note(&format!(
            "{}: {}, {:.0} % of the picture; {:.0} ms (read {:.0}, segment {:.0}, draw {:.0}, write {:.0})",
            display_name(input),
            verdict_word(&done.verdict),
            done.verdict.coverage * 100.0,
            ms(times.total()),
            ms(times.read),
            ms(times.segment),
            ms(times.draw),
            ms(times.write)
        ));
        self.line(&json!({
            "input": input.to_string_lossy(),
            "output": to.path().map(Path::to_string_lossy),
            "ok": true,
            "error": null,
            "verdict": verdict_word(&done.verdict),
            "coverage": share(done.verdict.coverage),
            "confidence": share(done.verdict.confidence),
            "ms": ms(times.total()),
        }))
    }

    /// A picture whose result is there already.
    ///
    /// # Errors
    /// As [`Report::done`].
    pub(super) fn skipped(&mut self, input: &Path, to: &Destination, log: &Log) -> Result<()> {
        self.skipped += 1;
        log.note(&format!(
            "{}: skipped, its result is there",
            display_name(input)
        ));
        self.line(&json!({
            "input": input.to_string_lossy(),
            "output": to.path().map(Path::to_string_lossy),
            "ok": true,
            "skipped": true,
            "error": null,
            "verdict": null,
            "ms": null,
        }))
    }

    /// A picture that didn't work; `error` names it.
    ///
    /// # Errors
    /// As [`Report::done`].
    pub(super) fn failed(&mut self, input: &Path, error: &anyhow::Error, log: &Log) -> Result<()> {
        self.failed += 1;
        log.error(error);
        self.line(&json!({
            "input": input.to_string_lossy(),
            "output": null,
            "ok": false,
            "error": format!("{error:#}"),
            "verdict": null,
            "ms": null,
        }))
    }

    /// The summary line when there was more than one picture, and the exit code.
    pub(super) fn finish(&self, log: &Log) -> Exit {
        if self.done + self.skipped + self.failed > 1 {
            let mut counts = vec![format!("{} done", self.done)];
            if self.skipped > 0 {
                counts.push(format!("{} skipped", self.skipped));
            }
            counts.push(format!("{} failed", self.failed));
            log.summary(&counts.join(", "));
        }
        if self.failed == 0 {
            Exit::Done
        } else {
            Exit::Failed
        }
    }

    fn line(&self, value: &serde_json::Value) -> Result<()> {
        if self.json {
            atomic::to_stdout(format!("{value}\n").as_bytes())?;
        }
        Ok(())
    }
}
