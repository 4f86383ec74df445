//! Frames through the network and the effect, while others are read and written.
use anyhow::Result;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::args::OnError;
use super::clip::{Clip, Time};
use super::composer::{Composed, Composer, words};
use super::stream::{Arrival, Sink, Source};
use crate::fault::Fault;
use crate::log::Log;

/// Frames that wait between two threads; more would only take memory.
const QUEUE: usize = 2;

/// Makes the sink for a result, when its first frame's time is known.
pub(super) type Open<'a> = dyn FnMut(&Clip, i64) -> Result<Box<dyn Sink>> + 'a;

/// What became of a video.
#[derive(Debug, Clone, Default)]
pub(super) struct Done {
    /// Frames written.
    pub(super) frames: u64,
    /// Those of them that replace damaged ones.
    pub(super) damaged: u64,
    /// From first to last.
    pub(super) wall: Duration,
    /// What each stage took by itself.
    pub(super) read: Duration,
    pub(super) draw: Duration,
    pub(super) write: Duration,
}

/// Does the whole work.
///
/// # Errors
/// What a source or sink says; a damaged frame when `on_error` says stop; no frame at all. The sink is not finished then.
pub(super) fn run(
    source: Box<dyn Source>,
    composer: &mut Composer,
    open: &mut Open<'_>,
    on_error: OnError,
    log: &mut Log,
) -> Result<Done> {
    let started = Instant::now();
    let clip = source.clip().clone();
    log.start_frames(clip.frames);
    let (arrivals, reader) = read(source)?;
    let mut stage = Middle {
        clip,
        composer,
        on_error,
        log,
        writer: None,
        waiting: VecDeque::new(),
        done: Done::default(),
    };
    while let Ok(next) = arrivals.full.recv() {
        let (arrival, pixels) = next?;
        let drawing = Instant::now();
        match arrival {
            Arrival::End => break,
            Arrival::Frame { at } => {
                stage.begin(at, open)?;
                stage.frame(at, &pixels)?;
            }
            Arrival::Damaged { at, frames, what } => {
                stage.begin(at, open)?;
                stage.damaged(at, frames, &what)?;
            }
        }
        stage.done.draw += drawing.elapsed();
        // The reader may have ended; then nobody wants the buffer.
        let _ = arrivals.empty.send(pixels);
        stage.log.step();
    }
    stage.flush()?;
    let Middle {
        writer,
        mut done,
        log,
        ..
    } = stage;
    done.read = reader
        .join()
        .map_err(|_| Fault::new("reading failed unexpectedly"))?;
    let writer = writer.ok_or_else(|| Fault::new("there is no frame in it"))?;
    done.draw = done.draw.saturating_sub(writer.waited);
    done.write = writer.finish()?;
    log.finish_bar();
    done.wall = started.elapsed();
    Ok(done)
}

/// Between reading and writing.
struct Middle<'a> {
    clip: Clip,
    composer: &'a mut Composer,
    on_error: OnError,
    log: &'a mut Log,
    writer: Option<Writer>,
    /// Times of frames that the look-ahead holds back.
    waiting: VecDeque<i64>,
    done: Done,
}

impl Middle<'_> {
    fn begin(&mut self, at: i64, open: &mut Open<'_>) -> Result<()> {
        if self.writer.is_none() {
            let sink = open(&self.composer.output(&self.clip), at)?;
            self.writer = Some(Writer::start(sink)?);
        }
        Ok(())
    }

    fn frame(&mut self, at: i64, pixels: &[u8]) -> Result<()> {
        self.waiting.push_back(at);
        let (composed, _) = self.composer.push(&self.clip, pixels)?;
        self.let_out(composed)
    }

    fn let_out(&mut self, composed: Composed) -> Result<()> {
        if composed == Composed::Later {
            return Ok(());
        }
        let Some(at) = self.waiting.pop_front() else {
            return Ok(());
        };
        if let Composed::Held(fault) = composed {
            return self.replace(at, 1, &words(&fault));
        }
        self.done.frames += 1;
        put(&mut self.writer, at, self.composer.drawn())
    }

    fn flush(&mut self) -> Result<()> {
        while let Some(composed) = self.composer.flush()? {
            self.let_out(composed)?;
        }
        Ok(())
    }

    fn damaged(&mut self, at: i64, frames: u64, what: &str) -> Result<()> {
        self.flush()?;
        self.replace(at, frames, what)
    }

    fn replace(&mut self, at: i64, frames: u64, what: &str) -> Result<()> {
        tell(&self.clip, at, frames, what, self.on_error, self.log)?;
        if self.on_error == OnError::Blank {
            self.composer.blank(&self.clip);
        }
        for index in 0..frames {
            let picture = self.composer.last_good(&self.clip);
            put(&mut self.writer, at.saturating_add_unsigned(index), picture)?;
        }
        self.done.frames += frames;
        self.done.damaged += frames;
        Ok(())
    }
}

fn put(writer: &mut Option<Writer>, at: i64, pixels: &[u8]) -> Result<()> {
    writer
        .as_mut()
        .map_or(Ok(()), |writer| writer.put(at, pixels))
}

/// Says which frames are damaged; an error when that ends the work.
fn tell(clip: &Clip, at: i64, frames: u64, what: &str, on_error: OnError, log: &Log) -> Result<()> {
    let time: Time = clip.time(at);
    let which = match frames {
        1 => format!("frame at {time} is damaged"),
        _ => format!("{frames} frames from {time} are damaged"),
    };
    match on_error {
        OnError::Stop => {
            let fault = Fault::new(format!("{which}: {what}"));
            Err(fault.hint("`--on-error hold` or `blank` goes on").into())
        }
        OnError::Hold => {
            log.warn(&format!("{which}: {what}; the picture before it is held"));
            Ok(())
        }
        OnError::Blank => {
            log.warn(&format!("{which}: {what}; blank instead"));
            Ok(())
        }
    }
}

/// A reader's ends: what it read, and buffers back.
struct Arrivals {
    full: Receiver<Result<(Arrival, Vec<u8>)>>,
    empty: Sender<Vec<u8>>,
}

/// Reads on a thread of its own, which tells in the end how long it read.
fn read(mut source: Box<dyn Source>) -> Result<(Arrivals, JoinHandle<Duration>)> {
    let (full_in, full) = sync_channel(QUEUE);
    let (empty, empty_out) = channel::<Vec<u8>>();
    let reader = thread::Builder::new().name("read".into()).spawn(move || {
        let mut busy = Duration::ZERO;
        loop {
            let mut pixels = empty_out.try_recv().unwrap_or_default();
            let started = Instant::now();
            let next = source.next(&mut pixels);
            busy += started.elapsed();
            let last = !matches!(next, Ok(Arrival::Frame { .. } | Arrival::Damaged { .. }));
            let sent = full_in.send(next.map(|arrival| (arrival, pixels)));
            if last || sent.is_err() {
                return busy;
            }
        }
    })?;
    Ok((Arrivals { full, empty }, reader))
}

/// A sink that has taken everything, and how long that took.
type Written = (Box<dyn Sink>, Duration);

/// Writes on a thread of its own.
struct Writer {
    full: Option<SyncSender<(i64, Vec<u8>)>>,
    empty: Receiver<Vec<u8>>,
    thread: Option<JoinHandle<Result<Written>>>,
    /// Time spent waiting for it.
    waited: Duration,
}

impl Writer {
    fn start(mut sink: Box<dyn Sink>) -> Result<Self> {
        let (full, full_out) = sync_channel::<(i64, Vec<u8>)>(QUEUE);
        let (empty_in, empty) = channel();
        let thread = thread::Builder::new().name("write".into()).spawn(move || {
            let mut busy = Duration::ZERO;
            for (at, pixels) in full_out {
                let started = Instant::now();
                sink.put(at, &pixels)?;
                busy += started.elapsed();
                // Nobody wants the buffer after the last frame.
                let _ = empty_in.send(pixels);
            }
            Ok((sink, busy))
        })?;
        Ok(Self {
            full: Some(full),
            empty,
            thread: Some(thread),
            waited: Duration::ZERO,
        })
    }

    fn put(&mut self, at: i64, pixels: &[u8]) -> Result<()> {
        let mut buffer = self.empty.try_recv().unwrap_or_default();
        buffer.clear();
        buffer.extend_from_slice(pixels);
        let started = Instant::now();
        let sent = self.full.as_ref().map(|full| full.send((at, buffer)));
        self.waited += started.elapsed();
        match sent {
            Some(Ok(())) => Ok(()),
            _ => self.join().map(|_| ()),
        }
    }

    /// What the thread has to say; a second time, nothing.
    fn join(&mut self) -> Result<Written> {
        self.full = None;
        let ended = self.thread.take().map(JoinHandle::join);
        match ended {
            Some(Ok(result)) => result,
            _ => Err(Fault::new("writing failed unexpectedly").into()),
        }
    }

    /// Waits until all is written and the result is there; the time that took without waiting for frames.
    fn finish(mut self) -> Result<Duration> {
        let (sink, busy) = self.join()?;
        let started = Instant::now();
        sink.finish()?;
        Ok(busy + started.elapsed())
    }
}

impl Drop for Writer {
    /// Whatever the sink has begun is gone when this returns, not at some time before or after the program's end.
    fn drop(&mut self) {
        let _ = self.join();
    }
}
