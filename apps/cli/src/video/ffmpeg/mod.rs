//! Video files of any kind, through the programs ffmpeg and ffprobe.
mod decode;
mod encode;
mod probe;

pub(crate) use decode::{Decoder, Timing};
pub(crate) use encode::{Encoder, Encoding};
pub(crate) use probe::{Probed, probe};

use std::process::Command;

use crate::fault::Fault;

/// A command line for one of the two programs that asks nothing and says errors alone.
pub(super) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.args(["-hide_banner", "-loglevel", "error"]);
    command
}

/// What to say when a program is not there.
pub(super) fn missing(name: &'static str) -> impl FnOnce() -> Fault {
    move || {
        Fault::new(format!("the program {name} is not installed, or not on PATH"))
            .hint("install ffmpeg (Debian: `apt install ffmpeg`); YUV4MPEG2 (.y4m) and raw frames work without it")
    }
}
