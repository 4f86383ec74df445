//! Cameras and virtual cameras, through ffmpeg.
use anyhow::{Context, Result};
use hypercut::PixelFormat;
use std::io::{BufReader, BufWriter};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Stdio};

use super::clip::{Clip, Ratio};
use super::ffmpeg::{missing, program};
use super::nut;
use super::output::y4m_sink;
use super::stream::{Arrival, Sink, Source};
use crate::child::Running;
use crate::fault::Fault;
use crate::picture::PixelLimit;

/// Frames of a V4L2 camera as RGB.
pub(crate) struct Camera {
    running: Running,
    frames: nut::Reader<BufReader<ChildStdout>>,
    clip: Clip,
    name: String,
}

impl Camera {
    /// Asks the camera for that size and rate; it may give another.
    ///
    /// # Errors
    /// No ffmpeg, no such camera, more pixels than `limit`.
    pub(crate) fn open(
        path: &Path,
        (width, height): (usize, usize),
        rate: u16,
        limit: PixelLimit,
    ) -> Result<Self> {
        let name = path.display().to_string();
        if !path.exists() {
            let fault = Fault::new(format!("{name}: there is no such camera"));
            return Err(fault
                .hint("`ls /dev/video*` lists cameras; `--input` takes one")
                .into());
        }
        let mut command = program("ffmpeg");
        command.args(["-nostdin", "-f", "v4l2", "-framerate", &rate.to_string()]);
        command
            .args(["-video_size", &format!("{width}x{height}"), "-i"])
            .arg(path);
        command.args([
            "-c:v",
            "rawvideo",
            "-pix_fmt",
            "rgb24",
            "-fps_mode",
            "passthrough",
        ]);
        command.args(["-flush_packets", "1", "-f", "nut", "pipe:1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let (mut running, pipes) = Running::start(command, missing("ffmpeg"))?;
        let output = pipes.output.context("ffmpeg without an output")?;
        let Ok(frames) = nut::Reader::new(BufReader::with_capacity(1 << 18, output)) else {
            running.wait()?;
            return Err(running.fault(&name).into());
        };
        let stream = frames.stream();
        limit.check(stream.width, stream.height)?;
        let clip = Clip {
            width: stream.width,
            height: stream.height,
            format: PixelFormat::Rgb8,
            base: stream.base,
            rate: Ratio {
                num: rate.into(),
                den: 1,
            },
            aspect: None,
            frames: None,
        };
        Ok(Self {
            running,
            frames,
            clip,
            name,
        })
    }
}

impl Source for Camera {
    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn next(&mut self, pixels: &mut Vec<u8>) -> Result<Arrival> {
        match self.frames.next(self.clip.frame_bytes(), pixels) {
            Ok(Some(at)) => Ok(Arrival::Frame { at }),
            _ => {
                self.running.wait()?;
                Err(self.running.fault(&self.name).into())
            }
        }
    }

    fn is_live(&self) -> bool {
        true
    }
}

/// Where live pictures go.
pub(crate) struct LiveOutput;

impl LiveOutput {
    /// A virtual camera, a YUV4MPEG2 file or standard output, for pictures of `clip`.
    ///
    /// # Errors
    /// A name that says nothing known, no ffmpeg, a place that can't be written.
    pub(crate) fn open(path: &Path, clip: &Clip) -> Result<Box<dyn Sink>> {
        if path.starts_with("/dev/video") || path.to_string_lossy().starts_with("/dev/video") {
            return Ok(Box::new(VirtualCamera::open(path, clip)?));
        }
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path == Path::new("-") || ending == Some("y4m") || path.starts_with("/dev") {
            return y4m_sink(path, clip);
        }
        let fault = Fault::usage(format!("{}: live pictures don't go there", path.display()));
        Err(fault
            .hint("give a virtual camera (/dev/videoN), a .y4m file or -")
            .into())
    }
}

/// A v4l2loopback device.
struct VirtualCamera {
    running: Running,
    frames: nut::Writer<BufWriter<ChildStdin>>,
    name: String,
}

impl VirtualCamera {
    fn open(path: &Path, clip: &Clip) -> Result<Self> {
        let name = path.display().to_string();
        if !path.exists() {
            let fault = Fault::new(format!("{name}: there is no such virtual camera"));
            return Err(fault
                .hint("`modprobe v4l2loopback video_nr=10` makes /dev/video10")
                .into());
        }
        let clip = Clip {
            base: clip.rate.inverse(),
            ..clip.clone()
        };
        let mut command = program("ffmpeg");
        command.args([
            "-f",
            "nut",
            "-i",
            "pipe:0",
            "-pix_fmt",
            "yuv420p",
            "-fps_mode",
            "passthrough",
        ]);
        command.args(["-f", "v4l2"]).arg(path);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let (running, pipes) = Running::start(command, missing("ffmpeg"))?;
        let input = pipes.input.context("ffmpeg without an input")?;
        let frames = nut::Writer::new(BufWriter::new(input), &clip)?;
        Ok(Self {
            running,
            frames,
            name,
        })
    }
}

impl Sink for VirtualCamera {
    fn put(&mut self, at: i64, pixels: &[u8]) -> Result<()> {
        if self
            .frames
            .put(at, pixels)
            .and_then(|()| self.frames.flush())
            .is_err()
        {
            self.running.wait()?;
            return Err(self.running.fault(&self.name).into());
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> Result<()> {
        self.frames.finish()?;
        self.running.wait()?;
        Ok(())
    }
}
