//! How steady masks are over the frames of clips whose true masks are known.
mod figures;
mod report;
mod source;
mod synthetic;

use anyhow::Result;
use clap::Args;
use hypercut::mask::TemporalOptions;
use hypercut::{Frame, Mask};
use std::path::PathBuf;

use super::EvalArgs;
use super::contestant::Contestant;
use crate::log::Log;
use crate::output::atomic::text_to_stdout;
use figures::{Figures, Run};
use source::{Clip, Kind};

/// Clips to measure on.
#[derive(Debug, Args)]
pub(crate) struct ClipArgs {
    /// Folder with a folder per clip, each with frames/NAME.png (or .jpg, .webp) and masks/NAME.png, in the order of their names
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub(super) clips: Option<PathBuf>,

    /// Folder with cut-outs (pictures with alpha), of which clips with exact masks are made on the fly
    #[arg(long, value_name = "DIR", requires = "backgrounds", value_hint = clap::ValueHint::DirPath)]
    pub(super) cutouts: Option<PathBuf>,

    /// Folder with the pictures behind them
    #[arg(long, value_name = "DIR", requires = "cutouts", value_hint = clap::ValueHint::DirPath)]
    pub(super) backgrounds: Option<PathBuf>,

    /// How many cut-outs to make clips of: a static one with noise and a moving one each
    #[arg(long, value_name = "N", default_value_t = 8, requires = "cutouts")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(super) synthetic: u16,
}

impl ClipArgs {
    /// Whether clips are to be measured.
    pub(super) fn any(&self) -> bool {
        self.clips.is_some() || self.cutouts.is_some()
    }
}

/// One way of making masks, and its figures of every clip.
#[derive(Debug)]
struct Line {
    name: String,
    figures: Vec<Figures>,
}

/// Everything measured.
#[derive(Debug)]
struct Measured {
    /// The kind of each clip, and its name.
    clips: Vec<(Kind, String)>,
    lines: Vec<Line>,
}

/// Measures and prints: every network frame by frame, and steadied over time.
///
/// # Errors
/// A folder, clip or network that can't be read.
pub(super) fn run(args: &EvalArgs, log: &mut Log) -> Result<crate::fault::Exit> {
    let clips = Clip::all(&args.clips)?;
    let mut contestants = Contestant::all(&args.models, &args.ways())?;
    let mut lines = Vec::new();
    for contestant in &contestants {
        for way in contestant.ways_over_time() {
            lines.push(Line {
                name: format!("{}{way}", contestant.name),
                figures: Vec::new(),
            });
        }
    }
    let mut measured = Measured {
        clips: Vec::new(),
        lines,
    };
    log.start_bar(clips.len());
    for clip in &clips {
        log.working_on(clip.path());
        measured.clips.push((clip.kind(), clip.name()));
        let mut lines = measured.lines.iter_mut();
        for contestant in &mut contestants {
            for way in contestant.ways_over_time() {
                let options = (!way.is_empty()).then(TemporalOptions::default);
                contestant.set_temporal(options);
                if let Some(line) = lines.next() {
                    line.figures.push(measure(clip, contestant)?);
                }
            }
        }
        log.step();
    }
    log.finish_bar();
    text_to_stdout(&if args.json {
        format!("{}\n", report::as_json(&measured))
    } else {
        report::as_text(&measured)
    })
}

fn measure(clip: &Clip, contestant: &mut Contestant) -> Result<Figures> {
    let (mut run, mut mask) = (Run::default(), Mask::new());
    let mut frames = clip.open()?;
    while let Some((pixels, truth)) = frames.next()? {
        let frame = Frame::rgb8(&pixels, truth.width(), truth.height())?;
        contestant.segment(&frame, &mut mask)?;
        run.add(&mask, truth);
    }
    Ok(run.finish())
}
