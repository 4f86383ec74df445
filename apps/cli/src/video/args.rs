//! What `hypercut video` can be told.
use clap::{Args, ValueEnum, ValueHint};
use hypercut::live::{LiveOptions, Person};
use std::path::PathBuf;

use super::clip::Ratio;
use super::raw::RawFormat;
use crate::args::ThreadArgs;
use crate::bench::Size;
use crate::fault::Fault;
use crate::picture::PixelLimit;
use crate::studio::{DrawArgs, Spec};

const EXAMPLES: &str = "\
Examples:
  hypercut video talk.mp4 -o out.mp4                        blurs the background; sound and timing stay
  hypercut video talk.mp4 -o out.webm --effect cutout       transparent video (VP9; .mov is ProRes 4444)
  hypercut video talk.mp4 -o mask.mkv --effect mask         the soft mask, white where the person is
  hypercut video in.y4m -o out.y4m --effect color --color green
  hypercut video 4k.mp4 -o out.mp4 --threads 4              the rows of each frame shared by four threads
  ffmpeg -i x.mp4 -f yuv4mpegpipe - | hypercut video - -o - | ffplay -
  hypercut video - --raw-in rgb24 --size 1280x720 --fps 30 -o - --raw-out rgba --effect cutout <in >out

Formats: YUV4MPEG2 (.y4m; 8 bits; 420, 422, 444, mono) and raw frames are read and written by hypercut alone. Everything else \
goes through the programs ffmpeg and ffprobe, which must be installed. Rotation that a file asks for is applied; \
sound, subtitles, titles and chapters go along where the result can hold them. A transparent result wants .webm, .mov, .mkv or raw rgba; \
where an input is transparent and the result can't be, it is laid on white.

Damaged frames are told with their time. `hold` repeats the last good picture, `blank` shows plain gray, `stop` ends without a result. \
A frame as it came in is never written.

Exit codes: 0 every frame worked, 1 failed, nothing is written, 2 usage, 3 written, but damaged frames were replaced.";

/// `hypercut video`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct VideoArgs {
    /// Video file, or - for standard input (YUV4MPEG2, or raw frames with --raw-in)
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,

    /// File to write, or - for standard output (YUV4MPEG2, or raw frames with --raw-out)
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    draw: DrawArgs,

    /// What to do about a frame that is damaged
    #[arg(long, value_enum, default_value_t = OnError::Hold)]
    pub(crate) on_error: OnError,

    #[command(flatten)]
    pub(crate) threads: ThreadArgs,

    #[command(flatten)]
    pub(crate) mask: MaskArgs,

    #[command(flatten)]
    pub(crate) raw: RawArgs,

    #[command(flatten)]
    pub(crate) coding: CodingArgs,

    /// Refuse frames with more pixels
    #[arg(long, value_name = "N[M]", default_value = "36M", value_parser = PixelLimit::parse)]
    pub(crate) max_pixels: PixelLimit,
}

impl VideoArgs {
    /// What is done to every frame.
    pub(crate) fn spec(&self) -> Spec {
        Spec {
            // One look at each frame: there is a next one.
            fast: true,
            ..self.draw.spec(self.max_pixels)
        }
    }
}

/// How masks follow each other.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Masks")]
pub(crate) struct MaskArgs {
    /// Whom to keep: all, largest, centre, or a point such as 0.3,0.5 (parts of width and height)
    #[arg(long, value_name = "WHO", default_value = "all", value_parser = person)]
    pub(crate) person: Person,

    /// Frames to look ahead, which tells flicker from motion, 0 to 8
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=8))]
    pub(crate) look_ahead: Option<u8>,

    /// Take every frame's mask by itself, as for a photo
    #[arg(long)]
    pub(crate) no_steady: bool,
}

impl MaskArgs {
    /// As the library takes it; `look_ahead` unless another is given.
    pub(crate) fn options(&self, look_ahead: usize) -> LiveOptions {
        let usual = LiveOptions::default();
        let wanted = self.look_ahead.map_or(look_ahead, usize::from);
        LiveOptions {
            look_ahead: if self.no_steady { 0 } else { wanted },
            temporal: usual.temporal.filter(|_| !self.no_steady),
            person: self.person,
            ..usual
        }
    }
}

/// `largest`, or `0.3,0.5`.
fn person(text: &str) -> Result<Person, String> {
    let part = |text: &str| {
        text.trim()
            .parse()
            .ok()
            .filter(|part| (0.0..=1.0).contains(part))
    };
    let point = || {
        let (x, y) = text.split_once(',')?;
        Some(Person::Point {
            x: part(x)?,
            y: part(y)?,
        })
    };
    match text {
        "all" => Ok(Person::All),
        "largest" => Ok(Person::Largest),
        "centre" | "center" => Ok(Person::Centre),
        _ => point().ok_or_else(|| "all, largest, centre, or a point such as 0.3,0.5".into()),
    }
}

/// How raw frames lie in a stream.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Raw frames")]
pub(crate) struct RawArgs {
    /// The input is raw frames of this layout (packed, no header)
    #[arg(long, value_name = "LAYOUT", value_enum, requires = "size")]
    pub(crate) raw_in: Option<RawFormat>,

    /// Write raw frames of this layout
    #[arg(long, value_name = "LAYOUT", value_enum)]
    pub(crate) raw_out: Option<RawFormat>,

    /// Size of raw frames read
    #[arg(long, value_name = "WxH", requires = "raw_in")]
    pub(crate) size: Option<Size>,

    /// Rate of raw frames read: a number, or two such as 30000/1001
    #[arg(long, value_name = "N", default_value = "25", value_parser = rate)]
    pub(crate) fps: Ratio,
}

/// How ffmpeg encodes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Encoding by ffmpeg")]
pub(crate) struct CodingArgs {
    /// Video codec [default: h264 in .mp4, .mov, .mkv; vp9 in .webm; for cut-outs prores in .mov, vp9 in .webm, ffv1 in .mkv]
    #[arg(long, value_enum)]
    pub(crate) codec: Option<Codec>,

    /// Quality of the codec, lower is better: 0 to 51 for h264 and h265, 0 to 63 for vp9
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(0..=63))]
    pub(crate) crf: Option<u8>,

    /// Speed of h264 and h265 against size, as ffmpeg names it [default: fast]
    #[arg(long, value_name = "WORD")]
    #[arg(value_parser = ["ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"])]
    pub(crate) preset: Option<String>,

    /// Leave the sound out
    #[arg(long)]
    pub(crate) no_audio: bool,
}

impl CodingArgs {
    /// Refuses what doesn't concern `codec`, or frames written as they are.
    ///
    /// # Errors
    /// Usage errors.
    pub(crate) fn check(&self, codec: Option<Codec>) -> Result<(), Fault> {
        let name = codec.map_or("frames as they are", Codec::name);
        let worst = codec.and_then(Codec::worst_crf);
        match (self.crf, worst) {
            (Some(_), None) => {
                let message = format!("`--crf` doesn't go with {name}");
                return Err(Fault::usage(message).hint("it is for h264, h265 and vp9"));
            }
            (Some(crf), Some(worst)) if crf > worst => {
                let message = format!("`--crf {crf}`: {name} takes 0 to {worst}");
                return Err(Fault::usage(message));
            }
            _ => {}
        }
        if self.preset.is_some() && !matches!(codec, Some(Codec::H264 | Codec::H265)) {
            let message = format!("`--preset` doesn't go with {name}");
            return Err(Fault::usage(message).hint("it is for h264 and h265"));
        }
        if self.codec.is_some() && codec.is_none() {
            let fault = Fault::usage("`--codec` is for files that ffmpeg writes");
            return Err(fault.hint("end the output's name in .mp4, .mov, .mkv or .webm"));
        }
        Ok(())
    }
}

/// What becomes of a damaged frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// The last good picture again
    Hold,
    /// Plain gray
    Blank,
    /// End, without a result
    Stop,
}

/// Codecs that ffmpeg is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[allow(missing_docs, reason = "names of codecs")]
pub(crate) enum Codec {
    H264,
    H265,
    Vp9,
    Prores,
    Ffv1,
}

impl Codec {
    /// As `--codec` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::H264 => "h264",
            Self::H265 => "h265",
            Self::Vp9 => "vp9",
            Self::Prores => "prores",
            Self::Ffv1 => "ffv1",
        }
    }

    /// The largest `--crf` it takes, if any.
    fn worst_crf(self) -> Option<u8> {
        match self {
            Self::H264 | Self::H265 => Some(51),
            Self::Vp9 => Some(63),
            Self::Prores | Self::Ffv1 => None,
        }
    }

    /// Whether it has chroma at half the size, and no way to say that the last of it lies outside.
    pub(crate) fn wants_even_sides(self) -> bool {
        matches!(self, Self::H264 | Self::H265)
    }
}

/// `30`, `29.97` or `30000/1001`.
fn rate(text: &str) -> Result<Ratio, String> {
    let decimal = || {
        let number: f64 = text.parse().ok().filter(|n| (0.001..=1000.0).contains(n))?;
        Ratio::new((number * 1000.0).round() as u32, 1000)
    };
    Ratio::parse(text)
        .or_else(decimal)
        .ok_or_else(|| "frames per second, such as 25 or 30000/1001".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        assert_eq!(rate("25").ok(), Ratio::new(25, 1));
        assert_eq!(rate("29.97").ok(), Ratio::new(2997, 100));
        assert_eq!(rate("30000/1001").ok(), Ratio::new(30000, 1001));
        for bad in ["", "0", "-1", "1e9", "nan", "1/0", "x"] {
            assert!(rate(bad).is_err(), "{bad}");
        }
    }
}
