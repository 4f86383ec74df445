//! A worker: its shards, one after another, on all its threads.
use anyhow::{Context, Result, anyhow};
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::args::WorkerArgs;
use super::plan::{Open, done_name, lines};
use super::shard::Item;
use super::store::{Created, Unread};
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::atomic;
use crate::picture::Format;
use crate::studio::{Broken, Entry, Recipe, Studio, digest, on_threads, tell};

/// Runs the command.
///
/// # Errors
/// Usage errors, stores that fail; a picture that fails is a line in its shard's manifest.
pub(super) fn run(args: &WorkerArgs, log: &Log) -> Result<Exit> {
    if args.end_with_stdin {
        end_with_stdin();
    }
    let open = Open::read(&args.of.plan)?;
    let shards = open.plan.shards.len();
    let env = |name: &str| std::env::var(name).ok();
    let placed = Placed::new(args.index, args.count, env, shards)?;
    let recipe = open.recipe()?;
    let threads = crate::args::threads(args.jobs);
    let shop = Shop {
        open: &open,
        recipe: &recipe,
        log,
        threads,
    };
    for shard in placed.shards(shards) {
        let name = done_name(shard);
        if open.home.has(&name)? {
            log.summary(&format!("shard {shard}: finished before"));
            continue;
        }
        let entries = shop.draw(&open.items(shard)?)?;
        let failed = entries.iter().filter(|entry| entry.error.is_some()).count();
        let manifest = lines(&entries)?;
        if open.home.create(&name, &manifest)? == Created::There {
            agree(&open, &name, &manifest, log)?;
        }
        let done = entries.len() - failed;
        log.summary(&format!("shard {shard}: {done} done, {failed} failed"));
    }
    Ok(Exit::Done)
}

/// Another worker finished the same shard; its manifest stays. Two that differ are worth a word.
fn agree(open: &Open, name: &str, manifest: &[u8], log: &Log) -> Result<()> {
    let there = open.home.read_if_there(name, super::plan::MOST_BYTES)?;
    if there.as_deref() != Some(manifest) {
        log.warn(&format!(
            "{}: another worker's manifest differs",
            open.home.name(name)
        ));
    }
    Ok(())
}

/// Ends this process, its temporary files removed, when whoever started it is gone.
fn end_with_stdin() {
    std::thread::spawn(|| {
        let mut stdin = std::io::stdin().lock();
        while matches!(stdin.read(&mut [0; 64]), Ok(1..)) {}
        atomic::interrupt();
    });
}

/// Which of how many workers this one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    index: usize,
    count: usize,
}

impl Placed {
    /// From the flags, or from the environment of an engine. Without an index it is the only worker.
    fn new(
        index: Option<usize>,
        count: Option<NonZeroUsize>,
        env: impl Fn(&str) -> Option<String>,
        shards: usize,
    ) -> Result<Self> {
        let number = |names: &[&str]| -> Result<Option<usize>> {
            let found = names.iter().find_map(|name| Some((name, env(name)?)));
            let Some((name, text)) = found else {
                return Ok(None);
            };
            match text.parse() {
                Ok(number) => Ok(Some(number)),
                Err(_) => {
                    Err(Fault::usage(format!("{name} is `{text}`, which is no number")).into())
                }
            }
        };
        let indexes = [
            "AWS_BATCH_JOB_ARRAY_INDEX",
            "JOB_COMPLETION_INDEX",
            "CLOUD_RUN_TASK_INDEX",
        ];
        let counts = ["AWS_BATCH_JOB_ARRAY_SIZE", "CLOUD_RUN_TASK_COUNT"];
        let index = index.map_or_else(|| number(&indexes), |index| Ok(Some(index)))?;
        let count = count.map_or_else(|| number(&counts), |count| Ok(Some(count.get())))?;
        match (index, count) {
            (Some(index), Some(count)) if index >= count => {
                let message = format!("index {index} is not below the count of workers, {count}");
                Err(Fault::usage(message).into())
            }
            (Some(index), count) => Ok(Self {
                index,
                count: count.unwrap_or(shards.max(1)),
            }),
            (None, Some(2..)) => {
                let fault = Fault::usage("which of the workers this is, is not said");
                Err(fault.hint("`--index I` says it").into())
            }
            (None, _) => Ok(Self { index: 0, count: 1 }),
        }
    }

    fn shards(self, shards: usize) -> impl Iterator<Item = usize> {
        (self.index..shards).step_by(self.count)
    }
}

/// Where a shard's pictures are drawn.
#[derive(Debug)]
struct Shop<'a> {
    open: &'a Open,
    recipe: &'a Recipe,
    log: &'a Log,
    threads: usize,
}

/// Why a picture has no result.
enum Failure {
    /// Its own fault; a line in the manifest.
    Picture(anyhow::Error),
    /// It may not be read: its own fault, unless none of the shard may be.
    Denied(anyhow::Error),
    /// The store's fault: the shard can't be finished now.
    Store(anyhow::Error),
}

impl Shop<'_> {
    /// Draws a shard's pictures; their lines come in the order of the items.
    fn draw(&self, items: &[Item]) -> Result<Vec<Entry>> {
        let next = AtomicUsize::new(0);
        let denied = AtomicUsize::new(0);
        let stop = AtomicBool::new(false);
        let stopped = Mutex::new(None);
        let entries: Vec<_> = items.iter().map(|_| OnceLock::new()).collect();
        let worker = || -> Result<()> {
            let mut studio = Studio::new(self.recipe)?;
            while let Some(index) = claim(&next, items.len())
                && !stop.load(Ordering::Relaxed)
            {
                let entry = match self.one(&items[index], &mut studio) {
                    Ok(entry) => entry,
                    Err(Failure::Picture(error)) => self.failed(&items[index], &error),
                    Err(Failure::Denied(error)) => {
                        denied.fetch_add(1, Ordering::Relaxed);
                        self.failed(&items[index], &error)
                    }
                    Err(Failure::Store(error)) => {
                        stop.store(true, Ordering::Relaxed);
                        let mut stopped = stopped.lock().unwrap_or_else(PoisonError::into_inner);
                        stopped.get_or_insert(error);
                        return Ok(());
                    }
                };
                // Nobody else has this index.
                let _ = entries[index].set(entry);
            }
            Ok(())
        };
        on_threads(self.threads.min(items.len()), worker)
            .map_err(|Broken| anyhow!("a working thread broke down"))??;
        if let Some(error) = stopped.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        if denied.into_inner() == items.len() {
            let fault = Fault::new(format!(
                "{}: not one picture of this shard may be read",
                self.open.input.url()
            ));
            return Err(fault.hint("look at the permissions, then try again").into());
        }
        let entries = entries.into_iter().map(OnceLock::into_inner);
        entries
            .collect::<Option<_>>()
            .context("a picture was passed over")
    }

    fn entry(&self, item: &Item) -> Entry {
        Entry {
            input: item.input.clone(),
            options: self.recipe.fingerprint().into(),
            output: item.output.clone(),
            ..Entry::default()
        }
    }

    fn failed(&self, item: &Item, error: &anyhow::Error) -> Entry {
        let name = self.open.input.name(&item.input);
        self.log.warn(&format!("{name}: {error:#}"));
        self.entry(item).failed(error)
    }

    fn one(&self, item: &Item, studio: &mut Studio) -> Result<Entry, Failure> {
        let format = Format::from_path(Path::new(&item.output));
        let most = self.recipe.max_pixels().file_bytes();
        let bytes = self
            .open
            .input
            .read(&item.input, most, item.e_tag.as_deref())
            .map_err(|unread| match unread {
                Unread::Missing(error) | Unread::Theirs(error) => Failure::Picture(error),
                Unread::Denied(error) => Failure::Denied(error),
                Unread::Store(error) => {
                    Failure::Store(error.context(self.open.input.name(&item.input)))
                }
            })?;
        let sha256 = digest(&bytes);
        let rendered = studio
            .render_guarded(&bytes, format)
            .map_err(Failure::Picture)?;
        drop(bytes);
        tell(&item.input, &rendered.remarks, self.log);
        let output_sha256 = digest(&rendered.bytes);
        self.put(item, &rendered.bytes, &output_sha256)?;
        let entry = Entry {
            sha256: Some(sha256),
            ..self.entry(item)
        };
        // How long it took is this worker's alone; the same work must give the same line.
        Ok(Entry {
            ms: None,
            ..entry.finished(&rendered, output_sha256)
        })
    }

    /// Writes a result where there is none. One that is there is as good if it is the same.
    fn put(&self, item: &Item, bytes: &[u8], sha256: &str) -> Result<(), Failure> {
        let output = &self.open.output;
        let created = output.create(&item.output, bytes).map_err(Failure::Store)?;
        if created == Created::New {
            return Ok(());
        }
        let there = output.read_if_there(&item.output, super::plan::MOST_BYTES);
        if there.is_ok_and(|there| there.is_some_and(|there| digest(&there) == sha256)) {
            return Ok(());
        }
        if self.open.plan.overwrite {
            return output.replace(&item.output, bytes).map_err(Failure::Store);
        }
        let fault = Fault::new(format!(
            "{} is there and was not made by this plan",
            item.output
        ));
        let fault = fault.hint("move it away, or plan with `--overwrite`");
        Err(Failure::Picture(fault.into()))
    }
}

fn claim(next: &AtomicUsize, count: usize) -> Option<usize> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    (index < count).then_some(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(
        index: Option<usize>,
        count: Option<usize>,
        env: &[(&str, &str)],
    ) -> Result<Placed, String> {
        let env = |name: &str| {
            let mut pairs = env.iter();
            pairs
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let placed = Placed::new(index, count.and_then(NonZeroUsize::new), env, 6);
        placed.map_err(|error| error.to_string())
    }

    #[test]
    fn every_engine_tells_its_index() {
        let is = |index, count| Ok(Placed { index, count });
        assert_eq!(placed(None, None, &[]), is(0, 1), "alone");
        let batch = [
            ("AWS_BATCH_JOB_ARRAY_INDEX", "3"),
            ("AWS_BATCH_JOB_ARRAY_SIZE", "4"),
        ];
        assert_eq!(placed(None, None, &batch), is(3, 4));
        assert_eq!(
            placed(None, None, &[("JOB_COMPLETION_INDEX", "5")]),
            is(5, 6)
        );
        let run = [("CLOUD_RUN_TASK_INDEX", "1"), ("CLOUD_RUN_TASK_COUNT", "2")];
        assert_eq!(placed(None, None, &run), is(1, 2));
        assert_eq!(placed(Some(0), Some(9), &run), is(0, 9), "flags first");
    }

    #[test]
    fn nonsense_is_refused() {
        let said = |index, count, env: &[(&str, &str)]| placed(index, count, env).unwrap_err();
        assert!(said(Some(4), Some(4), &[]).contains("index 4 is not below"));
        assert!(said(None, Some(2), &[]).contains("not said"));
        assert!(said(None, None, &[("JOB_COMPLETION_INDEX", "x")]).contains("no number"));
    }

    #[test]
    fn every_shard_belongs_to_one_worker() {
        for count in 1..9 {
            let all = (0..count).flat_map(|index| Placed { index, count }.shards(6));
            let mut all: Vec<_> = all.collect();
            all.sort_unstable();
            assert_eq!(all, [0, 1, 2, 3, 4, 5]);
        }
    }
}
