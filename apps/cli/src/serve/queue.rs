//! Pictures waiting for a thread, never more than were allowed for.
use anyhow::Result;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

use super::budget::Share;
use super::metrics::Metrics;
use crate::studio::{Recipe, Rendered, Spec, Studio};

/// Buffers larger than this are not kept between pictures: a 12-megapixel RGBA picture fits.
const KEPT_BYTES: usize = 48 << 20;

/// A picture, what to do with it, the files that the recipe names, and the memory that all of it takes.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) picture: Vec<u8>,
    pub(super) spec: Spec,
    pub(super) files: HashMap<String, Vec<u8>>,
    pub(super) share: Share,
}

/// A picture drawn, and the share of memory that its input had.
pub(super) type Drawn = (Rendered, Share);

#[derive(Debug)]
struct Ticket {
    work: Work,
    reply: oneshot::Sender<Result<Drawn>>,
}

#[derive(Debug, Default)]
struct Line {
    tickets: VecDeque<Ticket>,
    /// Threads that wait for one.
    idle: usize,
    ended: bool,
}

impl Line {
    /// Sends away whoever has given up.
    fn tidy(&mut self) {
        self.tickets.retain(|ticket| !ticket.reply.is_closed());
    }

    fn is_full(&mut self, most: usize) -> bool {
        self.tidy();
        self.tickets.len() >= most + self.idle
    }
}

/// The line, and what tells threads that somebody joined it.
#[derive(Debug, Default)]
struct Door {
    line: Mutex<Line>,
    joined: Condvar,
}

impl Door {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next in line; `None` at the end.
    fn next(&self) -> Option<Ticket> {
        let mut line = self.line();
        loop {
            // Whoever asked may have given up meanwhile.
            line.tidy();
            if let Some(ticket) = line.tickets.pop_front() {
                return Some(ticket);
            }
            if line.ended {
                return None;
            }
            line.idle += 1;
            line = self
                .joined
                .wait(line)
                .unwrap_or_else(PoisonError::into_inner);
            line.idle -= 1;
        }
    }
}

/// A bounded queue before a few threads, each with its studio.
#[derive(Debug)]
pub(super) struct Queue {
    door: Arc<Door>,
    most: usize,
}

impl Queue {
    /// `threads` threads, before which at most `most` pictures wait.
    ///
    /// # Errors
    /// Threads can't be started.
    pub(super) fn start(threads: usize, most: usize, metrics: &Arc<Metrics>) -> Result<Self> {
        let door = Arc::new(Door::default());
        for index in 0..threads {
            let mut studio = Studio::new(&Recipe::new(&Spec::default(), no_files)?)?;
            let (door, metrics) = (Arc::clone(&door), Arc::clone(metrics));
            std::thread::Builder::new()
                .name(format!("studio-{index}"))
                .spawn(move || {
                    while let Some(Ticket { work, reply }) = door.next() {
                        let result = draw(&mut studio, &work);
                        if let Ok(rendered) = &result {
                            metrics.drawn(rendered.times.total());
                        }
                        studio.shrink(KEPT_BYTES);
                        let Work { share, .. } = work;
                        let _ = reply.send(result.map(|rendered| (rendered, share)));
                    }
                })?;
        }
        Ok(Self { door, most })
    }

    /// Pictures that wait.
    pub(super) fn len(&self) -> usize {
        let mut line = self.door.line();
        line.tidy();
        line.tickets.len()
    }

    /// Whether there is no place for one more.
    pub(super) fn is_full(&self) -> bool {
        self.door.line().is_full(self.most)
    }

    /// Lines up; `None` when the queue is full.
    pub(super) fn enter(&self, work: Work) -> Option<Place<'_>> {
        let (reply, answer) = oneshot::channel();
        let mut line = self.door.line();
        if line.is_full(self.most) {
            return None;
        }
        line.tickets.push_back(Ticket { work, reply });
        self.door.joined.notify_one();
        Some(Place {
            answer,
            queue: self,
        })
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.door.line().ended = true;
        self.door.joined.notify_all();
    }
}

/// A place in the line. Who leaves it takes the picture along, so that its memory is free at once.
#[derive(Debug)]
pub(super) struct Place<'a> {
    answer: oneshot::Receiver<Result<Drawn>>,
    queue: &'a Queue,
}

impl Place<'_> {
    /// Waits for the picture; `None` when its thread has ended.
    pub(super) async fn drawn(&mut self) -> Option<Result<Drawn>> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.answer.close();
        self.queue.door.line().tidy();
    }
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
