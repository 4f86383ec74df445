//! Pictures waiting for a thread, never more than were allowed for.
use anyhow::Result;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

use super::metrics::Metrics;
use crate::studio::{Recipe, Rendered, Spec, Studio};

/// Buffers larger than this are not kept between pictures: a 12-megapixel RGBA picture fits.
const KEPT_BYTES: usize = 48 << 20;

/// A picture, what to do with it, and the files that the recipe names.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) picture: Vec<u8>,
    pub(super) spec: Spec,
    pub(super) files: HashMap<String, Vec<u8>>,
}

#[derive(Debug)]
struct Ticket {
    work: Work,
    reply: oneshot::Sender<Result<Rendered>>,
}

/// A bounded queue before a few threads, each with its studio.
#[derive(Debug)]
pub(super) struct Queue {
    sender: SyncSender<Ticket>,
    waiting: Arc<AtomicUsize>,
    most: usize,
}

impl Queue {
    /// `threads` threads, before which at most `most` pictures wait.
    ///
    /// # Errors
    /// Threads can't be started.
    pub(super) fn start(threads: usize, most: usize, metrics: &Arc<Metrics>) -> Result<Self> {
        let (sender, receiver) = sync_channel(most);
        let receiver = Arc::new(Mutex::new(receiver));
        let waiting = Arc::new(AtomicUsize::new(0));
        for index in 0..threads {
            let mut studio = Studio::new(&Recipe::new(&Spec::default(), no_files)?)?;
            let (receiver, waiting, metrics) = (
                Arc::clone(&receiver),
                Arc::clone(&waiting),
                Arc::clone(metrics),
            );
            std::thread::Builder::new()
                .name(format!("studio-{index}"))
                .spawn(move || {
                    while let Some(ticket) = next(&receiver) {
                        waiting.fetch_sub(1, Ordering::Relaxed);
                        // Whoever asked may have given up meanwhile.
                        if ticket.reply.is_closed() {
                            continue;
                        }
                        let result = draw(&mut studio, &ticket.work);
                        if let Ok(rendered) = &result {
                            metrics.drawn(rendered.times.total());
                        }
                        studio.shrink(KEPT_BYTES);
                        drop(ticket.work);
                        let _ = ticket.reply.send(result);
                    }
                })?;
        }
        Ok(Self {
            sender,
            waiting,
            most,
        })
    }

    /// Pictures that wait.
    pub(super) fn len(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Whether there is no place for one more.
    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.most.max(1)
    }

    /// Lines up; `None` when the queue is full.
    pub(super) fn enter(&self, work: Work) -> Option<oneshot::Receiver<Result<Rendered>>> {
        let (reply, answer) = oneshot::channel();
        self.waiting.fetch_add(1, Ordering::Relaxed);
        match self.sender.try_send(Ticket { work, reply }) {
            Ok(()) => Some(answer),
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                None
            }
        }
    }
}

fn next(receiver: &Mutex<Receiver<Ticket>>) -> Option<Ticket> {
    let receiver = receiver.lock().unwrap_or_else(PoisonError::into_inner);
    receiver.recv().ok()
}

fn no_files(name: &str) -> Result<Vec<u8>> {
    anyhow::bail!("no file `{name}` in the request")
}

fn draw(studio: &mut Studio, work: &Work) -> Result<Rendered> {
    let file = |name: &str| match work.files.get(name) {
        Some(bytes) => Ok(bytes.clone()),
        None => no_files(name),
    };
    studio.set_recipe(&Recipe::new(&work.spec, file)?)?;
    studio.render_guarded(&work.picture, None)
}
