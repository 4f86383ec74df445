//! How far a plan is.
use anyhow::Result;
use std::collections::HashMap;
use std::io::{IsTerminal, stdout};
use std::time::{Duration, SystemTime};

use super::args::StatusArgs;
use super::merge;
use super::plan::Open;
use crate::fault::Exit;
use crate::output::atomic;
use crate::table::Table;

/// Most unfinished shards that are named.
const NAMED: usize = 12;

/// Runs the command: once, or until all is finished.
///
/// # Errors
/// Usage errors; stores that fail.
pub(super) fn run(args: &StatusArgs) -> Result<Exit> {
    let open = Open::read(&args.of.plan)?;
    let mut failed = HashMap::new();
    let mut shown = 0;
    loop {
        let finished = open.finished()?;
        for shard in finished.keys().copied() {
            // A finished shard's manifest never changes.
            if let std::collections::hash_map::Entry::Vacant(new) = failed.entry(shard) {
                let entries = merge::read(&open, shard)?;
                let errors = entries.iter().filter(|entry| entry.error.is_some());
                new.insert(errors.count() as u64);
            }
        }
        let times = finished.values().map(|listed| listed.modified);
        let state = State::new(&open, &failed, times.clone().min(), times.max());
        let text = state.to_string();
        if args.watch && stdout().is_terminal() && shown > 0 {
            // Up over the last table, which this one replaces.
            atomic::text_to_stdout(&format!("\x1b[{shown}A\x1b[J"))?;
        }
        atomic::text_to_stdout(&text)?;
        shown = text.lines().count();
        if !args.watch || state.is_finished() {
            return Ok(Exit::Done);
        }
        std::thread::sleep(args.every);
    }
}

/// A plan at one moment.
#[derive(Debug)]
struct State {
    shards: usize,
    finished: usize,
    pictures: u64,
    through: u64,
    failed: u64,
    /// From the first finished shard to the last.
    took: Option<Duration>,
    waiting: Vec<usize>,
}

impl State {
    fn new(
        open: &Open,
        failed: &HashMap<usize, u64>,
        first: Option<SystemTime>,
        last: Option<SystemTime>,
    ) -> Self {
        let shards = &open.plan.shards;
        let through = failed.keys().filter_map(|shard| shards.get(*shard));
        let took = first
            .zip(last)
            .and_then(|(first, last)| last.duration_since(first).ok());
        Self {
            shards: shards.len(),
            finished: failed.len(),
            pictures: open.plan.pictures,
            through: through.map(|shard| shard.pictures).sum(),
            failed: failed.values().sum(),
            took,
            waiting: (0..shards.len())
                .filter(|shard| !failed.contains_key(shard))
                .collect(),
        }
    }

    fn is_finished(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut table = Table::new(&["", "all", "finished", "failed", "left"]);
        let row = |name: &str, all: u64, finished: u64, failed: String| {
            let left = (all - finished).to_string();
            vec![
                name.into(),
                all.to_string(),
                finished.to_string(),
                failed,
                left,
            ]
        };
        table.row(row(
            "shards",
            self.shards as u64,
            self.finished as u64,
            String::new(),
        ));
        table.row(row(
            "pictures",
            self.pictures,
            self.through,
            self.failed.to_string(),
        ));
        write!(f, "{table}")?;
        // The first shard's own time isn't known, so its pictures don't count.
        if let Some(took) = self.took
            && self.finished > 1
            && took.as_secs_f64() >= 1.0
        {
            let share = (self.finished - 1) as f64 / self.finished as f64;
            let rate = self.through as f64 * share / took.as_secs_f64();
            write!(f, "{rate:.1} pictures/s")?;
            if !self.is_finished() {
                let left = (self.pictures - self.through) as f64 / rate;
                write!(f, ", about {} left", words(left))?;
            }
            writeln!(f)?;
        }
        if !self.waiting.is_empty() {
            let mut named: Vec<_> = self
                .waiting
                .iter()
                .take(NAMED)
                .map(usize::to_string)
                .collect();
            if self.waiting.len() > NAMED {
                named.push("...".into());
            }
            writeln!(f, "unfinished: {}", named.join(" "))?;
        }
        Ok(())
    }
}

/// Seconds as people say them.
fn words(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{s:.0} s"),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_tells_rate_and_rest() {
        let state = State {
            shards: 4,
            finished: 2,
            pictures: 400,
            through: 200,
            failed: 3,
            took: Some(Duration::from_secs(50)),
            waiting: vec![1, 3],
        };
        let expected = "          all  finished  failed  left\n\
                        shards      4         2             2\n\
                        pictures  400       200       3   200\n\
                        2.0 pictures/s, about 100 s left\nunfinished: 1 3\n";
        assert_eq!(state.to_string(), expected.replace("100 s", "2 min"));
    }
}
