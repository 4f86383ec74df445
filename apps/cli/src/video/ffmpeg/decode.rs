//! Frames out of a file, by ffmpeg.
use anyhow::{Context, Result};
use hypercut::PixelFormat;
use std::collections::VecDeque;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Stdio};
use std::time::Duration;

use super::probe::{Probed, times};
use super::{missing, program};
use crate::child::Running;
use crate::picture::PixelLimit;
use crate::video::CHUNK;
use crate::video::clip::{Clip, Ratio};
use crate::video::nut;
use crate::video::stream::{Arrival, Source};

/// How long ffmpeg's message about a frame may come after the frame behind it.
const MESSAGE_PATIENCE: Duration = Duration::from_millis(200);

/// Which times ffmpeg is asked to give frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timing {
    /// Those of the file.
    Own,
    /// The file's mean rate, frames repeated or left out, for results that have one rate.
    Steady,
}

/// Reads a file's frames, upright, as RGB or RGBA.
///
/// ffmpeg drops a frame that it can't decode faultlessly. Which one that was is told by the times that the file says it has: they
/// are read when a fault or a gap shows for the first time.
pub(crate) struct Decoder {
    path: PathBuf,
    running: Running,
    frames: nut::Reader<BufReader<ChildStdout>>,
    clip: Clip,
    /// What the file's times are counted from, in ticks of the clip's time base.
    start: i64,
    /// The file's own time base; ffmpeg hands frames over in a finer one.
    own_base: Ratio,
    timing: Timing,
    /// Times still to come; `None` before they have been read.
    expected: Option<VecDeque<i64>>,
    /// A frame that was read, but before which others are missing.
    waiting: Option<(i64, Vec<u8>)>,
    last: i64,
    /// Lines that ffmpeg had said when frames were last found to be all there.
    heard: usize,
    ended: bool,
}

impl Decoder {
    /// Starts ffmpeg on the file that was `probed`.
    ///
    /// # Errors
    /// No ffmpeg, a file that it can't decode, more pixels than `limit`.
    pub(crate) fn new(
        path: &Path,
        probed: &Probed,
        timing: Timing,
        limit: PixelLimit,
    ) -> Result<Self> {
        let format = if probed.alpha {
            PixelFormat::Rgba8
        } else {
            PixelFormat::Rgb8
        };
        let base = match timing {
            Timing::Own => probed.base,
            Timing::Steady => probed.rate.inverse(),
        };
        let mut command = program("ffmpeg");
        command.args(["-nostdin", "-err_detect:v", "explode"]);
        if probed.alpha {
            // ffmpeg's own decoders of these don't know alpha.
            match probed.codec.as_str() {
                "vp9" => _ = command.args(["-c:v", "libvpx-vp9"]),
                "vp8" => _ = command.args(["-c:v", "libvpx"]),
                _ => {}
            }
        }
        command.arg("-i").arg(super::super::file_argument(path));
        command.args(["-map", "0:V:0", "-c:v", "rawvideo"]);
        command.args([
            "-pix_fmt",
            if format.has_alpha() { "rgba" } else { "rgb24" },
        ]);
        command.args(["-enc_time_base", &format!("{}/{}", base.num, base.den)]);
        match timing {
            Timing::Own => _ = command.args(["-fps_mode", "passthrough"]),
            Timing::Steady => {
                let rate = format!("{}/{}", probed.rate.num, probed.rate.den);
                command.args(["-fps_mode", "cfr", "-r", &rate]);
            }
        }
        command.args(["-f", "nut", "pipe:1"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let (mut running, pipes) = Running::start(command, missing("ffmpeg"))?;
        let output = pipes.output.context("ffmpeg without an output")?;
        let frames = match nut::Reader::new(BufReader::with_capacity(CHUNK, output)) {
            Ok(frames) => frames,
            Err(error) => {
                running.wait()?;
                let name = path.display().to_string();
                if running.lines_said() == 0 {
                    return Err(error.context(name));
                }
                return Err(running.fault(&name).into());
            }
        };
        let stream = frames.stream();
        limit
            .check(stream.width, stream.height)
            .with_context(|| path.display().to_string())?;
        let clip = Clip {
            width: stream.width,
            height: stream.height,
            format,
            base: stream.base,
            rate: probed.rate,
            aspect: stream.aspect.or(probed.aspect),
            frames: probed.frames,
        };
        Ok(Self {
            path: path.to_owned(),
            running,
            start: (probed.start / stream.base.as_f64()).round() as i64,
            own_base: probed.base,
            clip,
            frames,
            timing,
            expected: None,
            waiting: None,
            // Before every time, slack or not.
            last: -2,
            heard: 0,
            ended: false,
        })
    }

    /// Ticks that a frame takes where they all take the same.
    fn usual_ticks(&self) -> f64 {
        self.clip.rate.inverse().as_f64() / self.clip.base.as_f64()
    }

    /// Whether more time passed since the last frame than one and a half frames take.
    fn is_gap(&self, at: i64) -> bool {
        at.saturating_sub(self.last) as f64 > 1.5 * self.usual_ticks()
    }

    /// The first time before `at` at which the file has a frame that didn't come.
    fn missing_before(&mut self, at: i64) -> Result<Option<i64>> {
        let faults = self.running.lines_said() > self.heard;
        let suspicious = faults || !self.ended && self.is_gap(at);
        if self.timing == Timing::Steady || self.expected.is_none() && !suspicious {
            return Ok(None);
        }
        if self.expected.is_none() {
            let times = times(&self.path)?.unwrap_or_default();
            let (start, from, to) = (self.start, self.own_base, self.clip.base);
            let ticks = |time| rescale(time, from, to) - start;
            self.expected = Some(times.into_iter().map(ticks).collect());
        }
        // The start is known in microseconds alone, so times may differ by a tick, where one is little.
        let slack = i64::from(self.usual_ticks() >= 4.0);
        let Some(expected) = &mut self.expected else {
            return Ok(None);
        };
        while expected
            .front()
            .is_some_and(|&time| time <= self.last + slack)
        {
            expected.pop_front();
        }
        let missing = expected.front().copied().filter(|&time| time < at - slack);
        if missing.is_none() {
            // What was said concerned nothing that is shown.
            self.heard = self.running.lines_said();
            return Ok(None);
        }
        let mut patience = MESSAGE_PATIENCE;
        while self.running.lines_said() == 0 && !patience.is_zero() && !self.ended {
            let step = Duration::from_millis(5);
            std::thread::sleep(step);
            patience = patience.saturating_sub(step);
        }
        // Without any complaint the file's list is at fault: some containers count fields or hidden frames.
        Ok(missing.filter(|_| self.running.lines_said() > 0))
    }

    fn damaged(&mut self, at: i64) -> Arrival {
        self.last = at;
        let said = self.running.last_line();
        let what = said.unwrap_or_else(|| "it could not be decoded".into());
        Arrival::Damaged {
            at,
            frames: 1,
            what,
        }
    }
}

impl Source for Decoder {
    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn next(&mut self, pixels: &mut Vec<u8>) -> Result<Arrival> {
        let bytes = self.clip.frame_bytes();
        if self.waiting.is_none() && !self.ended {
            match self.frames.next(bytes, pixels) {
                Ok(Some(at)) => {
                    if let Some(missing) = self.missing_before(at)? {
                        self.waiting = Some((at, std::mem::take(pixels)));
                        return Ok(self.damaged(missing));
                    }
                    self.last = at;
                    return Ok(Arrival::Frame { at });
                }
                Ok(None) => {}
                Err(error) if self.running.lines_said() == 0 => return Err(error),
                // It died within a frame; what it said says more.
                Err(_) => {}
            }
            self.ended = true;
            let status = self.running.wait()?;
            if !status.success() && self.last < 0 {
                return Err(self.running.fault(&self.path.display().to_string()).into());
            }
        }
        if let Some((at, kept)) = self.waiting.take() {
            if let Some(missing) = self.missing_before(at)? {
                self.waiting = Some((at, kept));
                return Ok(self.damaged(missing));
            }
            *pixels = kept;
            self.last = at;
            return Ok(Arrival::Frame { at });
        }
        Ok(match self.missing_before(i64::MAX)? {
            Some(missing) => self.damaged(missing),
            None => Arrival::End,
        })
    }
}

/// Ticks of one time base in another, rounded to nearest.
fn rescale(ticks: i64, from: Ratio, to: Ratio) -> i64 {
    let (num, den) = (
        i128::from(from.num) * i128::from(to.den),
        i128::from(from.den) * i128::from(to.num),
    );
    let scaled = (2 * i128::from(ticks) * num + den).div_euclid(2 * den);
    scaled.clamp(i64::MIN.into(), i64::MAX.into()) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_rescaled_to_the_nearest() {
        let base = |den| Ratio { num: 1, den };
        assert_eq!(rescale(512, base(12800), base(51200)), 2048);
        assert_eq!(rescale(3, base(90000), base(1000)), 0);
        assert_eq!(rescale(-46, base(90000), base(1000)), -1);
        assert_eq!(rescale(45, base(90000), base(1000)), 1);
        let ntsc = Ratio {
            num: 1001,
            den: 30000,
        };
        assert_eq!(rescale(30000, ntsc, base(1)), 1001);
    }
}
