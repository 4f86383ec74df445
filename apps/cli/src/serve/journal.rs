//! One line of log for every request, written by a thread of its own: nobody may have to wait for who reads standard error.
use anyhow::{Context, Result};
use axum::http::{Method, StatusCode};
use serde_json::json;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::Shared;

/// Lines that may wait; more are lost.
const WAITING: usize = 4096;

/// How long the end waits for lines to be written.
const PATIENCE: Duration = Duration::from_millis(500);

/// What stands for a client that went away before its answer, as nginx has it.
const GONE: u16 = 499;

/// Takes lines and never waits.
#[derive(Debug)]
pub(super) struct Journal {
    lines: Mutex<Option<SyncSender<String>>>,
    written: Mutex<Receiver<()>>,
}

impl Journal {
    /// A journal, which writes nothing when `quiet`.
    ///
    /// # Errors
    /// Its thread can't be started.
    pub(super) fn start(quiet: bool) -> Result<Self> {
        let (lines, waiting) = sync_channel::<String>(WAITING);
        let (done, written) = sync_channel(1);
        std::thread::Builder::new()
            .name("journal".into())
            .spawn(move || {
                for line in waiting {
                    let _ = writeln!(std::io::stderr().lock(), "{line}");
                }
                let _ = done.send(());
            })
            .context("could not start")?;
        Ok(Self {
            lines: Mutex::new((!quiet).then_some(lines)),
            written: Mutex::new(written),
        })
    }

    fn write(&self, line: String) {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lines) = lines.as_ref() {
            // Better a line less than a server that waits.
            let _ = lines.try_send(line);
        }
    }

    /// Waits a little until all is written; nothing is taken any more.
    pub(super) fn finish(&self) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        *lines = None;
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = written.recv_timeout(PATIENCE);
    }
}

/// A request under way: counted, and in the end a line of the journal.
#[derive(Debug)]
pub(super) struct Entry {
    shared: Arc<Shared>,
    clock: Instant,
    id: String,
    method: Method,
    path: String,
    route: &'static str,
    status: u16,
}

impl Entry {
    /// Counts a request in.
    pub(super) fn begin(
        shared: &Arc<Shared>,
        id: String,
        method: &Method,
        path: String,
        route: &'static str,
    ) -> Self {
        shared.metrics.in_flight.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: Arc::clone(shared),
            clock: Instant::now(),
            id,
            method: method.clone(),
            path,
            route,
            status: GONE,
        }
    }

    /// Its id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// What it was answered with.
    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let metrics = &self.shared.metrics;
        metrics.in_flight.fetch_sub(1, Ordering::Relaxed);
        metrics.answered(self.route, self.status);
        let time = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0.0, |time| time.as_secs_f64());
        let line = json!({
            "time": (time * 1e3).round() / 1e3,
            "id": self.id,
            "method": self.method.as_str(),
            // Never the query: it may hold somebody's URL.
            "path": self.path,
            "status": self.status,
            "ms": crate::studio::ms(self.clock.elapsed()),
        });
        self.shared.journal.write(line.to_string());
    }
}
