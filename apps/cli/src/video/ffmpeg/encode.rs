//! Frames into a file, by ffmpeg.
use anyhow::{Context, Result};
use hypercut::PixelFormat;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, Stdio};

use super::probe::Probed;
use super::{missing, program};
use crate::child::Running;
use crate::fault::{Fault, is_broken_pipe};
use crate::output::atomic::Existing;
use crate::output::pending::Pending;
use crate::video::args::{Codec, CodingArgs};
use crate::video::clip::Clip;
use crate::video::container::Container;
use crate::video::nut;
use crate::video::stream::Sink;

/// Quality of H.264 and H.265 at which a loss is hard to see.
const CRF: u8 = 18;
/// The same of VP9.
const VP9_CRF: u8 = 30;

/// What is encoded and how.
pub(crate) struct Encoding<'a> {
    pub(crate) path: &'a Path,
    pub(crate) container: Container,
    pub(crate) codec: Codec,
    pub(crate) args: &'a CodingArgs,
    /// Frames as they are handed over.
    pub(crate) clip: &'a Clip,
    /// Seconds into the result at which the first frame is shown.
    pub(crate) delay: f64,
    /// The file that sound and titles come from, if any.
    pub(crate) from: Option<(&'a Path, &'a Probed)>,
}

/// Writes a file. It appears under its name when it is whole.
pub(crate) struct Encoder {
    path: PathBuf,
    // Dropped first: ffmpeg has ended when its file goes.
    running: Running,
    frames: nut::Writer<BufWriter<ChildStdin>>,
    file: Pending,
}

impl Encoder {
    /// Starts ffmpeg.
    ///
    /// # Errors
    /// No ffmpeg, or a place that can't be written.
    pub(crate) fn new(encoding: &Encoding<'_>) -> Result<Self> {
        let file = Pending::new(encoding.path, Existing::Replace)?;
        let mut command = command(encoding);
        command.args(["-y", "-f", encoding.container.muxer()]);
        command.arg(super::super::file_argument(file.place()));
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let (running, pipes) = Running::start(command, missing("ffmpeg"))?;
        let input = pipes.input.context("ffmpeg without an input")?;
        let last = encoding.from.and_then(|(_, probed)| probed.last);
        let clip = Clip {
            rate: last.unwrap_or(encoding.clip.rate),
            ..encoding.clip.clone()
        };
        let frames = nut::Writer::new(BufWriter::new(input), &clip);
        Ok(Self {
            file,
            path: encoding.path.to_owned(),
            running,
            frames: frames.context("ffmpeg takes no frames")?,
        })
    }

    fn fault(&self) -> Fault {
        self.running.fault(&self.path.display().to_string())
    }
}

impl Sink for Encoder {
    fn put(&mut self, at: i64, pixels: &[u8]) -> Result<()> {
        let put = self.frames.put(at, pixels).map_err(anyhow::Error::from);
        match put {
            Err(error) if is_broken_pipe(&error) => {
                self.running.wait()?;
                Err(self.fault().into())
            }
            other => other,
        }
    }

    fn finish(self: Box<Self>) -> Result<()> {
        let Self {
            file,
            path,
            mut running,
            frames,
        } = *self;
        let flushed = frames.finish();
        let status = running.wait()?;
        if !status.success() || flushed.is_err() {
            return Err(running.fault(&path.display().to_string()).into());
        }
        file.commit()
    }
}

fn command(encoding: &Encoding<'_>) -> Command {
    let mut command = program("ffmpeg");
    // ffmpeg lets every input begin at 0.
    command.args(["-itsoffset", &format!("{:.6}", encoding.delay)]);
    command.args(["-f", "nut", "-i", "pipe:0"]);
    if let Some((path, probed)) = encoding.from {
        command.arg("-i").arg(super::super::file_argument(path));
        command.args(["-map", "0:v:0", "-map_metadata", "1", "-map_chapters", "1"]);
        if !encoding.args.no_audio {
            sound(&mut command, encoding.container, probed);
        }
        subtitles(&mut command, encoding.container, probed);
    }
    picture(&mut command, encoding);
    let base = encoding.clip.base;
    command.args(["-fps_mode", "passthrough"]);
    command.args(["-enc_time_base", &format!("{}/{}", base.num, base.den)]);
    if matches!(encoding.container, Container::Mp4 | Container::Mov) {
        if base.num == 1 {
            command.args(["-video_track_timescale", &base.den.to_string()]);
        }
        command.args(["-movflags", "+faststart"]);
    }
    command
}

/// Sound tracks as they are where the container takes them, encoded anew where not.
fn sound(command: &mut Command, container: Container, probed: &Probed) {
    command.args(["-map", "1:a?"]);
    for (index, codec) in probed.audio.iter().enumerate() {
        let codec = if container.takes_audio(codec) {
            "copy"
        } else {
            container.audio_codec()
        };
        command.args([&format!("-c:a:{index}"), codec]);
    }
    if container == Container::Mp4 && probed.audio.iter().any(|codec| codec == "flac") {
        // ffmpeg 5 calls that an experiment.
        command.args(["-strict", "experimental"]);
    }
}

/// Subtitles that the container can hold, written anew where it wants others.
fn subtitles(command: &mut Command, container: Container, probed: &Probed) {
    let mut kept = 0;
    for (index, codec) in probed.subtitles.iter().enumerate() {
        let Some(codec) = container.subtitle_codec(codec) else {
            continue;
        };
        command.args(["-map", &format!("1:s:{index}")]);
        command.args([&format!("-c:s:{kept}"), codec]);
        kept += 1;
    }
}

fn picture(command: &mut Command, encoding: &Encoding<'_>) {
    let alpha = encoding.clip.format.has_alpha();
    let crf = |usual: u8| encoding.args.crf.unwrap_or(usual).to_string();
    let preset = encoding.args.preset.as_deref().unwrap_or("fast");
    let pixels = match encoding.codec {
        Codec::H264 => {
            command.args(["-c:v", "libx264", "-preset", preset, "-crf", &crf(CRF)]);
            "yuv420p"
        }
        Codec::H265 => {
            command.args(["-c:v", "libx265", "-preset", preset, "-crf", &crf(CRF)]);
            command.args(["-tag:v", "hvc1", "-x265-params", "log-level=error"]);
            "yuv420p"
        }
        Codec::Vp9 => {
            command.args(["-c:v", "libvpx-vp9", "-b:v", "0", "-crf", &crf(VP9_CRF)]);
            command.args(["-deadline", "good", "-cpu-used", "4", "-row-mt", "1"]);
            if alpha {
                command.args(["-auto-alt-ref", "0"]);
            }
            if alpha { "yuva420p" } else { "yuv420p" }
        }
        Codec::Prores => {
            let profile = if alpha { "4444" } else { "hq" };
            command.args([
                "-c:v",
                "prores_ks",
                "-profile:v",
                profile,
                "-vendor",
                "apl0",
            ]);
            if alpha { "yuva444p10le" } else { "yuv422p10le" }
        }
        Codec::Ffv1 => {
            command.args(["-c:v", "ffv1", "-level", "3"]);
            match encoding.clip.format {
                PixelFormat::Gray8 => "gray",
                PixelFormat::Rgba8 => "bgra",
                _ => "bgr0",
            }
        }
    };
    command.args(["-pix_fmt", pixels]);
    let mut filters = Vec::new();
    if encoding.codec.wants_even_sides() {
        filters.push("crop=trunc(iw/2)*2:trunc(ih/2)*2:0:0".to_owned());
    }
    if pixels.starts_with("yuv") {
        filters.push(matrix(command, encoding));
    }
    if !filters.is_empty() {
        command.args(["-vf", &filters.join(",")]);
    }
}

/// Gives luma and chroma the meaning that the input's had, and says so in the file.
fn matrix(command: &mut Command, encoding: &Encoding<'_>) -> String {
    let colour = encoding.from.map(|(_, probed)| &probed.colour);
    let known = colour.and_then(|colour| colour.matrix.as_deref());
    let matrix = match known {
        Some("bt709") => "bt709",
        Some("bt2020nc" | "bt2020c") => "bt2020",
        Some("smpte240m") => "smpte240m",
        // Without a file to keep to: as players take it. With one that doesn't say: as ffmpeg took it when it decoded.
        None if colour.is_none() && encoding.clip.height >= 720 => "bt709",
        _ => "bt601",
    };
    if let Some(colour) = colour {
        let tags = [
            ("-colorspace", known.filter(|&word| word != "gbr")),
            ("-color_primaries", colour.primaries.as_deref()),
            ("-color_trc", colour.transfer.as_deref()),
        ];
        for (option, word) in tags {
            if let Some(word) = word {
                command.args([option, word]);
            }
        }
    } else if matrix == "bt709" {
        command.args([
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
        ]);
    }
    command.args(["-color_range", "tv"]);
    format!("scale=in_range=full:out_range=limited:out_color_matrix={matrix}")
}
