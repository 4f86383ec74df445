//! Where a result goes, settled before any work.
use anyhow::Result;
use hypercut::PixelFormat;
use hypercut::yuv::Chroma;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::args::{Codec, VideoArgs};
use super::clip::Clip;
use super::container::Container;
use super::ffmpeg::{Encoder, Encoding};
use super::is_pipe;
use super::raw::{RawFormat, RawWriter};
use super::stream::Sink;
use super::y4m;
use super::{From, Input};
use crate::fault::Fault;
use crate::output::atomic::Existing;
use crate::output::pending::Pending;

/// A result's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Y4m,
    Raw(RawFormat),
    File(Container, Codec),
}

impl Output {
    /// What `-o` and `--raw-out` ask for; `alpha` says that the result is transparent.
    ///
    /// # Errors
    /// A usage error when the name doesn't tell, or can't hold the result.
    pub(super) fn new(args: &VideoArgs, alpha: bool) -> Result<Self> {
        let output = Self::wanted(args, alpha)?;
        args.coding.check(match output {
            Self::File(_, codec) => Some(codec),
            _ => None,
        })?;
        Ok(output)
    }

    fn wanted(args: &VideoArgs, alpha: bool) -> Result<Self> {
        if let Some(format) = args.raw.raw_out {
            if alpha && format != RawFormat::Rgba {
                let fault = Fault::usage("a cut-out is transparent, which that layout can't hold");
                return Err(fault.hint("take `--raw-out rgba`").into());
            }
            return Ok(Self::Raw(format));
        }
        let ending = args.output.extension().and_then(|ending| ending.to_str());
        if is_pipe(&args.output) || ending.is_some_and(|ending| ending.eq_ignore_ascii_case("y4m"))
        {
            if alpha {
                let fault = Fault::usage("a cut-out is transparent, which YUV4MPEG2 can't hold");
                return Err(fault
                    .hint("write .webm or .mov, or raw frames with `--raw-out rgba`")
                    .into());
            }
            return Ok(Self::Y4m);
        }
        let Some(container) = Container::of(&args.output) else {
            let message = format!(
                "{}: the name doesn't say which video to write",
                args.output.display()
            );
            let hint = "end it in .mp4, .mov, .mkv, .webm or .y4m, or add `--raw-out`";
            return Err(Fault::usage(message).hint(hint).into());
        };
        Ok(Self::File(
            container,
            container.codec(args.coding.codec, alpha)?,
        ))
    }

    /// Whether pixels can be transparent in it.
    pub(super) fn holds_alpha(self) -> bool {
        match self {
            Self::Y4m => false,
            Self::Raw(format) => format.pixel_format().has_alpha(),
            Self::File(container, codec) => container.holds_alpha(codec),
        }
    }

    /// What people call it.
    pub(super) fn words(self) -> String {
        match self {
            Self::Y4m => "YUV4MPEG2".into(),
            Self::Raw(_) => "that layout of raw frames".into(),
            Self::File(container, codec) => format!("{} in .{}", codec.name(), container.ending()),
        }
    }

    /// What of the input it can't hold, for people.
    pub(super) fn losses(self, input: &Input) -> Vec<String> {
        let mut losses = Vec::new();
        let clip = input.source.clip();
        if let Self::File(_, codec) = self
            && codec.wants_even_sides()
            && let Some(what) = match (clip.width % 2, clip.height % 2) {
                (1, 1) => Some("column and row are"),
                (1, _) => Some("column is"),
                (_, 1) => Some("row is"),
                _ => None,
            }
        {
            let name = codec.name();
            losses.push(format!("{name} wants even sizes; the last {what} left out"));
        }
        let From::File(probed) = &input.from else {
            return losses;
        };
        if matches!(
            probed.colour.transfer.as_deref(),
            Some("smpte2084" | "arib-std-b67")
        ) {
            let text = "the video is HDR; the result has 8 bits per channel and may show bands";
            losses.push(text.into());
        }
        if probed.videos > 1 {
            let text = format!("{} videos are in it; the first one is taken", probed.videos);
            losses.push(text);
        }
        let Self::File(container, _) = self else {
            return losses;
        };
        let lost = |codec: &&String| container.subtitle_codec(codec).is_none();
        for codec in probed.subtitles.iter().filter(lost) {
            let text = format!(
                "subtitles of kind {codec} don't go into .{}; left out",
                container.ending()
            );
            losses.push(text);
        }
        losses
    }

    /// Whether frames have no times of their own in it.
    pub(super) fn is_steady(self) -> bool {
        !matches!(self, Self::File(..))
    }

    /// Begins the result, whose first frame is shown from `first` ticks on.
    ///
    /// # Errors
    /// A place that can't be written, no ffmpeg.
    pub(super) fn open(
        self,
        args: &VideoArgs,
        clip: &Clip,
        first: i64,
        from: &From,
    ) -> Result<Box<dyn Sink>> {
        Ok(match self {
            Self::Y4m => {
                let header = header(clip, from);
                Box::new(Y4m {
                    writer: y4m::Writer::new(target(&args.output)?, &header)?,
                    live: false,
                })
            }
            Self::Raw(format) => Box::new(Raw(RawWriter::new(target(&args.output)?, clip, format))),
            Self::File(container, codec) => {
                let encoding = Encoding {
                    path: &args.output,
                    container,
                    codec,
                    args: &args.coding,
                    clip,
                    delay: clip.seconds(first),
                    from: match from {
                        From::File(probed) => Some((&args.input, probed)),
                        _ => None,
                    },
                };
                Box::new(Encoder::new(&encoding)?)
            }
        })
    }
}

/// The input's own header where there is one, so that what comes out is like what went in.
fn header(clip: &Clip, from: &From) -> y4m::Header {
    let (chroma, colour_space) = match clip.format {
        PixelFormat::Gray8 => (Chroma::Mono, "mono"),
        _ => (Chroma::C420, "420jpeg"),
    };
    let plain = y4m::Header {
        width: clip.width,
        height: clip.height,
        rate: clip.rate,
        aspect: clip.aspect,
        chroma,
        colour_space: colour_space.into(),
        interlacing: 'p',
        // Masks and other gray keep their values.
        full_range: chroma == Chroma::Mono,
    };
    match from {
        From::Y4m(own) if own.chroma == chroma || own.chroma.pixel_format() == clip.format => {
            own.clone()
        }
        From::Y4m(own) if own.chroma == Chroma::Mono => y4m::Header {
            chroma: Chroma::C444,
            colour_space: "444".into(),
            ..plain
        },
        _ => plain,
    }
}

/// A YUV4MPEG2 file or standard output for frames of `clip`.
///
/// # Errors
/// A place that can't be written.
pub(super) fn y4m_sink(path: &Path, clip: &Clip) -> Result<Box<dyn Sink>> {
    let header = header(clip, &From::Raw);
    Ok(Box::new(Y4m {
        writer: y4m::Writer::new(target(path)?, &header)?,
        live: true,
    }))
}

fn target(path: &Path) -> Result<Target> {
    if is_pipe(path) {
        return Ok(Target::Stdout(io::stdout()));
    }
    let pending = Pending::new(path, Existing::Replace)?;
    let file = Box::new(BufWriter::with_capacity(1 << 18, pending));
    Ok(Target::File(path.to_owned(), file))
}

/// Standard output, or a file that appears when it is whole.
enum Target {
    Stdout(io::Stdout),
    File(PathBuf, Box<BufWriter<Pending>>),
}

impl Target {
    fn finish(self) -> Result<()> {
        match self {
            Self::Stdout(mut out) => Ok(out.flush()?),
            Self::File(path, file) => match file.into_inner() {
                Ok(file) => file.commit(),
                Err(error) => {
                    Err(anyhow::Error::from(error.into_error()).context(path.display().to_string()))
                }
            },
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(_, file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(_, file) => file.flush(),
        }
    }
}

struct Y4m {
    writer: y4m::Writer<Target>,
    /// Whether somebody waits for each frame.
    live: bool,
}

impl Sink for Y4m {
    fn put(&mut self, _at: i64, pixels: &[u8]) -> Result<()> {
        self.writer.put(pixels)?;
        if self.live {
            self.writer.flush()?;
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.writer.into_inner()?.finish()
    }
}

struct Raw(RawWriter<Target>);

impl Sink for Raw {
    fn put(&mut self, _at: i64, pixels: &[u8]) -> Result<()> {
        self.0.put(pixels)
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.0.into_inner().finish()
    }
}
