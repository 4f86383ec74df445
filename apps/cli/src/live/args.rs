//! What `hypercut live` can be told.
use clap::{ArgGroup, Args, ValueHint};
use hypercut::live::Budget;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::bench::Size;
use crate::picture::PixelLimit;
use crate::studio::{DrawArgs, Spec};
use crate::video::MaskArgs;

const EXAMPLES: &str = "\
Examples:
  hypercut live --page 127.0.0.1:8080                       the camera, blurred, on a page of this machine
  hypercut live -o /dev/video10 --effect color --color green   into a virtual camera (v4l2loopback)
  hypercut live --input /dev/video2 --size 1280x720 --target-fps 25 -o - | ffplay -
  hypercut live --input talk.y4m --realtime -o out.y4m      a file at its own pace, as if it were a camera

Cameras and virtual cameras go through the program ffmpeg, which must be installed; YUV4MPEG2 files, the page and standard \
output don't need it.

A frame as it came in never leaves: while a frame fails or comes too late, the last good picture stays, or plain gray before the first. \
Frames that come faster than they can be drawn are left out.

Exit codes: 0 the input ended, 1 failed, 2 usage, 130 stopped by Ctrl-C.";

/// `hypercut live`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
#[command(group = ArgGroup::new("target").args(["output", "page"]).required(true).multiple(true))]
pub(crate) struct LiveArgs {
    /// Camera, or a YUV4MPEG2 file, or - for standard input
    #[arg(short, long, value_name = "IN", default_value = "/dev/video0", value_hint = ValueHint::FilePath)]
    pub(crate) input: PathBuf,

    /// Virtual camera (/dev/videoN), YUV4MPEG2 file, or - for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    pub(crate) output: Option<PathBuf>,

    /// Show the pictures on a page of this machine, such as 127.0.0.1:8080 (port 0 picks one)
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) page: Option<SocketAddr>,

    /// Give the frames of a file at their own pace and leave out late ones, as a camera does
    #[arg(long)]
    pub(crate) realtime: bool,

    #[command(flatten)]
    draw: DrawArgs,

    /// Size that the camera is asked for
    #[arg(long, value_name = "WxH", default_value = "1280x720")]
    pub(crate) size: Size,

    /// Rate that the camera is asked for
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..=240))]
    pub(crate) fps: u16,

    /// Lower the quality rather than fall below this rate
    #[arg(long, value_name = "N", conflicts_with = "cpu_share", value_parser = up_to::<1_000_000>)]
    pub(crate) target_fps: Option<f32>,

    /// Lower the quality rather than take more than this part of one core, in percent
    #[arg(long, value_name = "PERCENT", value_parser = up_to::<100>)]
    pub(crate) cpu_share: Option<f32>,

    #[command(flatten)]
    pub(crate) mask: MaskArgs,

    /// Refuse frames with more pixels
    #[arg(long, value_name = "N[M]", default_value = "36M", value_parser = PixelLimit::parse)]
    pub(crate) max_pixels: PixelLimit,
}

/// A number above 0, at most `MOST`.
fn up_to<const MOST: u32>(text: &str) -> Result<f32, String> {
    let number: Option<f32> = text.parse().ok();
    number
        .filter(|&number| number > 0.0 && number <= MOST as f32)
        .ok_or_else(|| format!("a number above 0, at most {MOST}"))
}

impl LiveArgs {
    /// What is done to every frame.
    pub(crate) fn spec(&self) -> Spec {
        Spec {
            fast: true,
            ..self.draw.spec(self.max_pixels)
        }
    }

    /// What the work may take.
    pub(crate) fn budget(&self) -> Option<Budget> {
        let share = self.cpu_share.map(|percent| Budget::Share(percent / 100.0));
        self.target_fps.map(Budget::FramesPerSecond).or(share)
    }
}
