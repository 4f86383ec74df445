//! A plan's workers as processes of this machine, by the rules of AWS Batch: an index each, attempts, time limits.
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::args::LocalArgs;
use super::merge;
use super::plan::Open;
use crate::fault::{Exit, Fault};
use crate::log::Log;

/// The most children of an array job.
const MOST_CHILDREN: usize = 10_000;

/// How long a process that was told to end may take.
const GRACE: Duration = Duration::from_secs(30);

/// Time between two looks at whether a process has ended.
const PATIENCE: Duration = Duration::from_millis(10);

/// The exit code of a worker that would end the same another time.
const FINAL: i32 = Exit::Usage as i32;

/// What an engine tells its processes; a worker of ours must hear it from us alone.
const ENGINES: [&str; 4] = [
    "JOB_COMPLETION_INDEX",
    "CLOUD_RUN_TASK_INDEX",
    "CLOUD_RUN_TASK_COUNT",
    "AWS_BATCH_JOB_ARRAY_SIZE",
];

/// Runs the command.
///
/// # Errors
/// Usage errors, processes that can't be started; an index that fails for good is reported, and the exit code says so.
pub(super) fn run(args: &LocalArgs, log: &Log) -> Result<Exit> {
    let open = Open::read(&args.of.plan)?;
    let shards = open.plan.shards.len();
    let children = args
        .array
        .map_or(shards, NonZeroUsize::get)
        .min(MOST_CHILDREN);
    let board = Board {
        args,
        children,
        log,
        state: Mutex::new(State {
            waiting: (0..children).map(|index| (index, 1)).collect(),
            running: 0,
            lost: Vec::new(),
        }),
        changed: Condvar::new(),
    };
    thread::scope(|scope| {
        let runners: Vec<_> = (0..crate::args::threads(args.workers).min(children))
            .map(|_| scope.spawn(|| board.work()))
            .collect();
        runners
            .into_iter()
            .try_for_each(|runner| match runner.join() {
                Ok(result) => result,
                Err(_) => anyhow::bail!("a thread broke down"),
            })
    })?;
    let lost = board
        .state
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .lost;
    if !lost.is_empty() {
        let fault = Fault::new(format!(
            "{} of {children} indexes failed for good",
            lost.len()
        ));
        return Err(fault
            .hint("their last words are above; run the same command again")
            .into());
    }
    merge::merge(&open, log)
}

/// What is still to be done, and by whom.
#[derive(Debug)]
struct Board<'a> {
    args: &'a LocalArgs,
    children: usize,
    log: &'a Log,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    /// Indexes and the number of their next attempt.
    waiting: VecDeque<(usize, u32)>,
    running: usize,
    /// Indexes that failed for good.
    lost: Vec<usize>,
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Well,
    Badly(ExitStatus),
    Late,
}

impl Board<'_> {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next index, or none when nothing is left that could come back.
    fn take(&self) -> Option<(usize, u32)> {
        let mut state = self.state();
        loop {
            if let Some(next) = state.waiting.pop_front() {
                state.running += 1;
                return Some(next);
            }
            if state.running == 0 {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn work(&self) -> Result<()> {
        while let Some((index, attempt)) = self.take() {
            let ended = self.attempt(index, attempt);
            let again = match &ended {
                Ok(Ended::Well) => None,
                Ok(ended) => Some(self.judge(index, attempt, *ended)),
                Err(_) => Some(false),
            };
            let mut state = self.state();
            state.running -= 1;
            match again {
                None => {}
                Some(true) => state.waiting.push_back((index, attempt + 1)),
                Some(false) => state.lost.push(index),
            }
            self.changed.notify_all();
            drop(state);
            ended?;
        }
        Ok(())
    }

    /// Tells how an attempt ended and says whether there is another: as the rules that `submit aws` gives.
    fn judge(&self, index: usize, attempt: u32, ended: Ended) -> bool {
        let (how, is_final) = match ended {
            Ended::Late => ("took too long".to_owned(), false),
            Ended::Well => ("worked".to_owned(), true),
            Ended::Badly(status) => (status.to_string(), status.code() == Some(FINAL)),
        };
        let again = !is_final && attempt < self.args.rules.attempts;
        let then = if again { "again" } else { "no more" };
        self.log
            .warn(&format!("index {index}, attempt {attempt}: {how}; {then}"));
        again
    }

    fn attempt(&self, index: usize, attempt: u32) -> Result<Ended> {
        let program = std::env::current_exe().context("where this program lies")?;
        let mut command = Command::new(program);
        command
            .args([
                "fleet",
                "worker",
                "--end-with-stdin",
                "--jobs",
                "1",
                "--plan",
            ])
            .arg(&self.args.of.plan)
            .args(["--count", &self.children.to_string()]);
        for name in ENGINES {
            command.env_remove(name);
        }
        command
            .env("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string())
            .env("AWS_BATCH_JOB_ATTEMPT", attempt.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("could not start a worker")?;
        // Held open for as long as it may live; the system closes it when this process is killed.
        let alive = child.stdin.take();
        let stderr = child.stderr.take();
        let ended = thread::scope(|scope| {
            if let Some(stderr) = stderr {
                scope.spawn(move || {
                    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                        self.log.summary(&format!("[{index}] {line}"));
                    }
                });
            }
            limited(&mut child, self.args.rules.timeout(), GRACE)
        });
        drop(alive);
        ended
    }
}

/// Waits for a process; one that takes too long is told to end, and after `grace` made to.
fn limited(child: &mut Child, most: Duration, grace: Duration) -> Result<Ended> {
    let clock = Instant::now();
    let mut told = false;
    loop {
        if let Some(status) = child.try_wait().context("a worker")? {
            return Ok(match status {
                _ if told => Ended::Late,
                status if status.success() => Ended::Well,
                status => Ended::Badly(status),
            });
        }
        if !told && clock.elapsed() >= most {
            told = true;
            terminate(child)?;
        }
        if told && clock.elapsed() >= most + grace {
            child.kill().context("a worker")?;
        }
        thread::sleep(PATIENCE);
    }
}

/// Asks a process to end.
fn terminate(child: &mut Child) -> Result<()> {
    #[cfg(unix)]
    {
        let id = i32::try_from(child.id())
            .ok()
            .and_then(rustix::process::Pid::from_raw);
        if let Some(id) = id {
            // It can't be another one's: the child hasn't been waited for.
            let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        }
        Ok(())
    }
    #[cfg(not(unix))]
    child.kill().context("a worker")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str, most: u64, grace: u64) -> (Ended, Duration) {
        let clock = Instant::now();
        let mut command = Command::new("sh");
        let mut child = command.args(["-c", script]).spawn().unwrap();
        let millis = Duration::from_millis;
        let ended = limited(&mut child, millis(most), millis(grace)).unwrap();
        (ended, clock.elapsed())
    }

    #[test]
    fn one_that_takes_too_long_is_told_and_then_made_to_end() {
        assert_eq!(shell("exit 0", 60_000, 60_000).0, Ended::Well);
        let Ended::Badly(status) = shell("exit 3", 60_000, 60_000).0 else {
            panic!("it failed");
        };
        assert_eq!(status.code(), Some(3));
        let (ended, took) = shell("exec sleep 60", 100, 50_000);
        assert_eq!(ended, Ended::Late);
        assert!(took < Duration::from_secs(40), "SIGTERM was enough");
        let (ended, took) = shell("trap '' TERM; while :; do sleep 0.1; done", 300, 200);
        assert_eq!(ended, Ended::Late);
        assert!(took < Duration::from_secs(40), "SIGKILL was needed");
    }
}
