//! Programs that this one starts, and that must not outlive it.
use anyhow::{Context, Result};
use std::io::{self, BufRead, BufReader};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::fault::Fault;

/// Programs that run now; what an interrupt has to end.
static RUNNING: Mutex<Vec<Arc<Mutex<Child>>>> = Mutex::new(Vec::new());

/// Time between two looks at whether a program has ended.
const PATIENCE: Duration = Duration::from_millis(5);

/// How lines of ffmpeg begin that say what becomes of an error, not what it is.
const FOLLOWS: [&str; 8] = [
    "Conversion failed",
    "Could not write header",
    "Error initializing output stream",
    "Error opening output",
    "Error while processing",
    "Nothing was written",
    "Task finished with error",
    "Terminating thread",
];

/// Most lines of a program's messages that are kept, the last ones.
const KEPT_LINES: usize = 40;

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Ends every program, so that none writes on; for an interrupt.
pub(crate) fn end_all() {
    for child in lock(&RUNNING).drain(..) {
        let mut child = lock(&child);
        // It may have ended by itself.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// What a program has said on standard error.
#[derive(Debug, Default)]
pub(crate) struct Said {
    lines: Vec<String>,
    count: usize,
}

/// A running program whose messages are collected; dropped, it is ended.
#[derive(Debug)]
pub(crate) struct Running {
    name: String,
    child: Arc<Mutex<Child>>,
    said: Arc<Mutex<Said>>,
    listener: Option<JoinHandle<()>>,
}

/// Its standard input and output, as far as they were asked for as pipes.
#[derive(Debug)]
pub(crate) struct Pipes {
    pub(crate) input: Option<ChildStdin>,
    pub(crate) output: Option<ChildStdout>,
}

impl Running {
    /// Starts `command`, whose standard error is taken.
    ///
    /// # Errors
    /// The program is not there, for which the error is `missing`, or can't be started.
    pub(crate) fn start(
        mut command: Command,
        missing: impl FnOnce() -> Fault,
    ) -> Result<(Self, Pipes)> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stderr(Stdio::piped());
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            // A Ctrl-C of the terminal is for us alone; the program would complete its file.
            command.process_group(0);
        }
        let mut running = lock(&RUNNING);
        let mut child = match command.spawn() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(missing().into()),
            other => other.with_context(|| format!("could not start {name}"))?,
        };
        let pipes = Pipes {
            input: child.stdin.take(),
            output: child.stdout.take(),
        };
        let stderr = child.stderr.take();
        let child = Arc::new(Mutex::new(child));
        running.push(Arc::clone(&child));
        drop(running);
        let said = Arc::new(Mutex::new(Said::default()));
        let listener = stderr.map(|stderr| listen(stderr, Arc::clone(&said)));
        let running = Self {
            name,
            child,
            said,
            listener,
        };
        Ok((running, pipes))
    }

    /// Waits until it has ended and all it said has been heard.
    ///
    /// # Errors
    /// When the system can't tell.
    pub(crate) fn wait(&mut self) -> Result<ExitStatus> {
        let status = loop {
            if let Some(status) = lock(&self.child).try_wait()? {
                break status;
            }
            thread::sleep(PATIENCE);
        };
        if let Some(listener) = self.listener.take() {
            // It panics at nothing.
            let _ = listener.join();
        }
        Ok(status)
    }

    /// Lines said so far.
    pub(crate) fn lines_said(&self) -> usize {
        lock(&self.said).count
    }

    /// The last line said, without ffmpeg's `[h264 @ 0x...]`.
    pub(crate) fn last_line(&self) -> Option<String> {
        let said = lock(&self.said);
        said.lines.last().map(|line| plain(line).to_owned())
    }

    /// An error of the program's own words: the last that say why, where others only say what follows from it.
    pub(crate) fn fault(&self, what: &str) -> Fault {
        let said = lock(&self.said);
        let lines = || said.lines.iter().rev().map(|line| plain(line));
        let reason = lines().find(|line| !FOLLOWS.iter().any(|start| line.starts_with(start)));
        let line = reason.or(lines().next()).unwrap_or("it said nothing");
        Fault::new(format!("{what}: {}: {line}", self.name))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        {
            let mut child = lock(&self.child);
            let _ = child.kill();
            let _ = child.wait();
        }
        lock(&RUNNING).retain(|child| !Arc::ptr_eq(child, &self.child));
    }
}

fn listen(stderr: ChildStderr, said: Arc<Mutex<Said>>) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut lines = BufReader::new(stderr);
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(n) if n > 0) {
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            if text.is_empty() {
                continue;
            }
            let mut said = lock(&said);
            said.count += 1;
            if said.lines.len() == KEPT_LINES {
                said.lines.remove(0);
            }
            said.lines.push(text);
        }
    })
}

/// A message of ffmpeg without the part of the program that it comes from.
fn plain(line: &str) -> &str {
    match line.split_once("] ") {
        Some((from, rest)) if from.starts_with('[') => rest,
        _ => line,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn shell(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(command, || Fault::new("no sh")).unwrap().0
    }

    #[test]
    fn what_a_program_says_is_kept() {
        let mut running = shell("echo one >&2; echo '[h264 @ 0x1] two' >&2; exit 3");
        assert_eq!(running.wait().unwrap().code(), Some(3));
        assert_eq!(running.lines_said(), 2);
        assert_eq!(running.fault("x.mp4").to_string(), "x.mp4: sh: two");
        let mut running = shell("echo '[mp4 @ 0x1] no room' >&2; echo 'Conversion failed!' >&2");
        running.wait().unwrap();
        assert_eq!(running.fault("x.mp4").to_string(), "x.mp4: sh: no room");
    }

    #[test]
    fn a_dropped_program_has_ended() {
        let running = shell("exec sleep 60");
        let child = Arc::clone(&running.child);
        drop(running);
        assert!(lock(&child).try_wait().unwrap().is_some());
    }

    #[test]
    fn one_that_is_missing_is_told() {
        let command = Command::new("no-such-program-anywhere");
        let error = Running::start(command, || Fault::new("not installed")).unwrap_err();
        assert_eq!(error.to_string(), "not installed");
    }
}
