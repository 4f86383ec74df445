//! `hypercut video`: a video in, a video out.
mod args;
mod camera;
mod clip;
mod composer;
mod container;
mod ffmpeg;
mod nut;
mod output;
mod raw;
mod stream;
mod work;
mod y4m;

pub(crate) use args::{MaskArgs, VideoArgs};
pub(crate) use camera::{Camera, LiveOutput};
pub(crate) use clip::Clip;
pub(crate) use composer::{Composed, Composer, words};
pub(crate) use stream::{Arrival, Sink, Source};
pub(crate) use y4m::Reader as Y4mReader;

use anyhow::{Context, Result};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::names;
use crate::source;
use crate::studio::Recipe;
use ffmpeg::{Decoder, Probed, Timing};
use output::Output;
use raw::RawReader;
use work::Done;

/// Bytes read from a file or pipe at once.
pub(crate) const CHUNK: usize = 1 << 18;

/// Frames looked ahead unless told otherwise: a file has time.
const LOOK_AHEAD: usize = 1;

/// Runs the command.
///
/// # Errors
/// Usage errors, what can't be read or written; then there is no result.
pub(crate) fn run(args: &VideoArgs, log: &mut Log) -> Result<Exit> {
    let spec = args.spec();
    if !is_pipe(&args.output) {
        let also = spec.files().map(Path::new);
        let read = also.chain([args.input.as_path()]);
        names::refuse_overwriting_inputs(read, [args.output.as_path()].into_iter())?;
    }
    let recipe = Recipe::new(&spec, |name| {
        source::read_file(Path::new(name), args.max_pixels.file_bytes())
    })?
    .in_colours_of(None)?
    .on(args.threads.start()?);
    let output = Output::new(args, recipe.nature.cuts_out)?;
    let mut composer = Composer::new(&recipe, args.mask.options(LOOK_AHEAD))?;
    let input = open(args, &output)?;
    if !output.holds_alpha() {
        composer.make_opaque();
    }
    for loss in output.losses(&input) {
        log.warn(&loss);
    }
    let name = if is_pipe(&args.input) {
        "standard input".into()
    } else {
        args.input.display().to_string()
    };
    let mut open = |clip: &Clip, first: i64| output.open(args, clip, first, &input.from);
    let done =
        work::run(input.source, &mut composer, &mut open, args.on_error, log).context(name)?;
    report(&done, log);
    if composer.has_laid_on_white() {
        log.warn(&format!(
            "transparent parts are laid on white, {} has none; .webm and `--codec prores` in .mov hold them",
            output.words()
        ));
    }
    Ok(if done.damaged > 0 {
        Exit::Damaged
    } else {
        Exit::Done
    })
}

fn report(done: &Done, log: &Log) {
    let rate = |time: std::time::Duration| done.frames as f64 / time.as_secs_f64().max(1e-9);
    log.note(&format!(
        "{} frames in {:.1} s, {:.1} a second; each stage by itself: read {:.1}, draw {:.1}, write {:.1}",
        done.frames,
        done.wall.as_secs_f64(),
        rate(done.wall),
        rate(done.read),
        rate(done.draw),
        rate(done.write)
    ));
    if done.damaged > 0 {
        log.summary(&format!(
            "{} of {} frames were damaged and replaced",
            done.damaged, done.frames
        ));
    }
}

/// Where the frames come from, and what the result takes over besides.
struct Input {
    source: Box<dyn Source>,
    from: From,
}

/// What a result keeps of its input.
enum From {
    /// A file that ffmpeg read.
    File(Box<Probed>),
    /// The form of a YUV4MPEG2 stream.
    Y4m(y4m::Header),
    /// Nothing.
    Raw,
}

fn open(args: &VideoArgs, output: &Output) -> Result<Input> {
    let path = &args.input;
    let name = || format!("{}", path.display());
    if is_pipe(path) {
        let stdin = BufReader::with_capacity(CHUNK, io::stdin());
        return plain(args, stdin, None).context("standard input")?.ok_or_else(|| {
            Fault::new("standard input: neither YUV4MPEG2 nor raw frames with `--raw-in`")
                .hint("`ffmpeg -i IN -f yuv4mpegpipe - | hypercut video - ...` makes it that; sound is lost, so give the file if there is one")
                .into()
        });
    }
    let file = source::open(path)?;
    let bytes = file
        .metadata()
        .ok()
        .filter(|data| data.is_file())
        .map(|data| data.len());
    let file: BufReader<File> = BufReader::with_capacity(CHUNK, file);
    if let Some(input) = plain(args, file, bytes).with_context(name)? {
        return Ok(input);
    }
    let probed = ffmpeg::probe(path)?;
    let timing = if output.is_steady() {
        Timing::Steady
    } else {
        Timing::Own
    };
    let decoder = Decoder::new(path, &probed, timing, args.max_pixels)?;
    Ok(Input {
        source: Box::new(decoder),
        from: From::File(Box::new(probed)),
    })
}

/// Frames that are read without ffmpeg, or `None`.
fn plain(
    args: &VideoArgs,
    mut from: impl BufRead + Send + 'static,
    bytes: Option<u64>,
) -> Result<Option<Input>> {
    if let (Some(format), Some(size)) = (args.raw.raw_in, args.raw.size) {
        args.max_pixels.check(size.width, size.height)?;
        let source = Box::new(RawReader::new(from, bytes, format, size, args.raw.fps));
        return Ok(Some(Input {
            source,
            from: From::Raw,
        }));
    }
    if !from.fill_buf()?.starts_with(y4m::MAGIC) {
        return Ok(None);
    }
    let reader = y4m::Reader::new(from, bytes, args.max_pixels)?;
    let header = reader.header().clone();
    Ok(Some(Input {
        source: Box::new(reader),
        from: From::Y4m(header),
    }))
}

fn is_pipe(path: &Path) -> bool {
    path == Path::new("-")
}

/// A path as ffmpeg takes it: never an option, never another protocol.
fn file_argument(path: &Path) -> OsString {
    let mut argument = OsString::from("file:");
    argument.push(path);
    argument
}
