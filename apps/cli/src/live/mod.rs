//! `hypercut live`: a camera in, composed pictures out.
mod args;
mod newest;
mod page;

pub(crate) use args::LiveArgs;

use anyhow::{Context, Result};
use hypercut::Frame;
use hypercut::live::LiveOptions;
use std::collections::VecDeque;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crate::child;
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::names;
use crate::source;
use crate::studio::Recipe;
use crate::video::{
    Arrival, CHUNK, Camera, Clip, Composed, Composer, LiveOutput, Sink, Source, Y4mReader, words,
};
use newest::Newest;
use page::Page;

/// Most latencies that are kept for the report: two hours at 30 frames a second.
const KEPT: usize = 216_000;

/// A frame that was captured.
struct Captured {
    arrival: Arrival,
    pixels: Vec<u8>,
    when: Instant,
}

/// Runs the command.
///
/// # Errors
/// Usage errors, an input that can't be read, an output that can't be written.
pub(crate) fn run(args: &LiveArgs, log: &mut Log) -> Result<Exit> {
    let spec = args.spec();
    if let Some(output) = args
        .output
        .as_deref()
        .filter(|output| *output != Path::new("-"))
    {
        let also = spec.files().map(Path::new);
        names::refuse_overwriting_inputs(also.chain([args.input.as_path()]), [output].into_iter())?;
    }
    let recipe = Recipe::new(&spec, |name| {
        source::read_file(Path::new(name), args.max_pixels.file_bytes())
    })?
    .in_colours_of(None)?;
    if recipe.nature.cuts_out {
        let fault = Fault::usage("a cut-out is transparent, which a camera's picture can't be");
        return Err(fault
            .hint("take `--effect color` for a plain background")
            .into());
    }
    let page = args.page.map(Page::new).transpose()?;
    if let Some(page) = &page {
        log.summary(&format!("showing on http://{}/", page.address()));
    }
    let options = LiveOptions {
        budget: args.budget(),
        ..args.mask.options(0)
    };
    let composer = Composer::new(&recipe, options)?;
    let source = open(args)?;
    let clip = source.clip().clone();
    let sink = args
        .output
        .as_deref()
        .map(|output| LiveOutput::open(output, &composer.output(&clip)))
        .transpose()?;
    let mut stage = Showing {
        clip,
        composer,
        sink,
        page,
        waiting: VecDeque::new(),
        latencies: Vec::new(),
        shown: 0,
        faults: 0,
    };
    let newest = Arc::new(Newest::new());
    let capture = capture(source, Arc::clone(&newest), args.realtime)?;
    let result = stage.run(&newest, log);
    newest.close();
    if let Err(error) = result {
        // A capture that waits for a frame would hold the camera: nobody waits for it.
        child::end_all();
        return Err(error);
    }
    let captured = capture
        .join()
        .map_err(|_| Fault::new("capturing failed unexpectedly"));
    captured??;
    stage.report(newest.left_out(), log);
    if let Some(sink) = stage.sink {
        sink.finish()?;
    }
    Ok(Exit::Done)
}

fn open(args: &LiveArgs) -> Result<Box<dyn Source>> {
    let path = &args.input;
    if path == Path::new("-") {
        let stdin = BufReader::with_capacity(CHUNK, std::io::stdin());
        let reader = Y4mReader::new(stdin, None, args.max_pixels).context("standard input")?;
        return Ok(Box::new(reader));
    }
    if ["/dev/video", "/dev/v4l"]
        .iter()
        .any(|start| path.to_string_lossy().starts_with(start))
    {
        let size = (args.size.width, args.size.height);
        return Ok(Box::new(Camera::open(
            path,
            size,
            args.fps,
            args.max_pixels,
        )?));
    }
    let file = BufReader::with_capacity(CHUNK, source::open(path)?);
    let reader =
        Y4mReader::new(file, None, args.max_pixels).with_context(|| path.display().to_string())?;
    Ok(Box::new(reader))
}

/// Captures on a thread of its own. A camera's frames, or a file's at their own pace, push each other out; a file's
/// without a pace wait.
fn capture(
    mut source: Box<dyn Source>,
    newest: Arc<Newest<Captured>>,
    realtime: bool,
) -> Result<thread::JoinHandle<Result<()>>> {
    let paced = realtime && !source.is_live();
    let replaces = realtime || source.is_live();
    let capture = thread::Builder::new()
        .name("capture".into())
        .spawn(move || {
            let begun = Instant::now();
            let mut spare = Vec::new();
            let result = loop {
                let mut pixels = std::mem::take(&mut spare);
                let arrival = match source.next(&mut pixels) {
                    Ok(Arrival::End) => break Ok(()),
                    Ok(arrival) => arrival,
                    Err(error) => break Err(error),
                };
                let at = match arrival {
                    Arrival::Frame { at } | Arrival::Damaged { at, .. } => at,
                    Arrival::End => 0,
                };
                let mut when = Instant::now();
                if paced {
                    let due = begun + Duration::from_secs_f64(source.clip().seconds(at).max(0.0));
                    thread::sleep(due.saturating_duration_since(when));
                    when = due;
                }
                let captured = Captured {
                    arrival,
                    pixels,
                    when,
                };
                if replaces {
                    spare = newest
                        .replace(captured)
                        .map(|old| old.pixels)
                        .unwrap_or_default();
                } else {
                    newest.put(captured);
                }
                if newest.is_closed() {
                    break Ok(());
                }
            };
            newest.close();
            result
        })?;
    Ok(capture)
}

/// Everything from a captured frame to a shown picture.
struct Showing {
    clip: Clip,
    composer: Composer,
    sink: Option<Box<dyn Sink>>,
    page: Option<Page>,
    /// When frames were captured that the look-ahead holds back.
    waiting: VecDeque<Instant>,
    latencies: Vec<Duration>,
    shown: u64,
    faults: u64,
}

impl Showing {
    fn run(&mut self, newest: &Newest<Captured>, log: &Log) -> Result<()> {
        while let Some(captured) = newest.take() {
            match captured.arrival {
                Arrival::Damaged { what, .. } => {
                    self.fault(&what, log);
                    self.show(captured.when)?;
                }
                Arrival::Frame { .. } => {
                    self.waiting.push_back(captured.when);
                    let (composed, step) = self.composer.push(&self.clip, &captured.pixels)?;
                    if let Some(step) = step {
                        let way = if step.to > step.from {
                            "lower"
                        } else {
                            "higher"
                        };
                        log.summary(&format!(
                            "{way} quality: level {} instead of {}, the load was {:.0} %",
                            step.to,
                            step.from,
                            step.load * 100.0
                        ));
                    }
                    self.composed(composed, log)?;
                }
                Arrival::End => {}
            }
        }
        while let Some(composed) = self.composer.flush()? {
            self.composed(composed, log)?;
        }
        Ok(())
    }

    fn composed(&mut self, composed: Composed, log: &Log) -> Result<()> {
        if composed == Composed::Later {
            return Ok(());
        }
        if let Composed::Held(fault) = &composed {
            self.fault(&words(fault), log);
        }
        match self.waiting.pop_front() {
            Some(when) => self.show(when),
            None => Ok(()),
        }
    }

    fn fault(&mut self, what: &str, log: &Log) {
        self.faults += 1;
        log.warn(&format!(
            "a frame failed: {what}; the picture before it is held"
        ));
    }

    fn show(&mut self, when: Instant) -> Result<()> {
        let output = self.composer.output(&self.clip);
        let picture = self.composer.last_good(&self.clip);
        if let Some(sink) = &mut self.sink {
            sink.put(self.shown as i64, picture)?;
        }
        if let Some(page) = &self.page {
            let (width, height) = (output.width, output.height);
            let stride = width * output.format.bytes();
            page.show(&Frame::new(picture, width, height, stride, output.format)?)?;
        }
        self.shown += 1;
        if self.latencies.len() < KEPT {
            self.latencies.push(when.elapsed());
        }
        Ok(())
    }

    fn report(&mut self, left_out: u64, log: &Log) {
        self.latencies.sort_unstable();
        let at = |part: usize| {
            let index =
                (self.latencies.len() * part / 100).min(self.latencies.len().saturating_sub(1));
            self.latencies
                .get(index)
                .map_or(0.0, |time| time.as_secs_f64() * 1e3)
        };
        log.note(&format!(
            "{} pictures shown, {left_out} frames left out, {} faults; from capture to shown {:.1} ms (median), {:.1} ms (95 %)",
            self.shown,
            self.faults,
            at(50),
            at(95)
        ));
    }
}
