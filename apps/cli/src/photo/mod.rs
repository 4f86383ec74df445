//! `hypercut photo`: pictures in, pictures out.
mod args;
mod effect_args;
mod inputs;
mod plan;
mod report;
mod studio;
mod trim;

pub(crate) use args::{PhotoArgs, effect_names};

use anyhow::{Context, Result};
use hypercut::{Segmenter, effects};
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::log::Log;
use crate::model;
use crate::output::atomic::Existing;
use crate::output::names::{Target, resolve};
use crate::picture::{Decoded, PixelLimit, decode};
use crate::source;
use inputs::{Finder, is_stdin};
use plan::{Job, Nature, plan};
use report::Report;
use studio::{Settings, Studio};

/// Runs the command: settles everything that can be wrong, then works on one picture after another.
///
/// # Errors
/// Usage errors and files that every picture needs; a picture that fails is reported and counted instead.
pub(crate) fn run(args: PhotoArgs, log: &mut Log) -> Result<Exit> {
    let many = args.inputs.len() > 1 || args.inputs.iter().any(|path| path.is_dir());
    let target = Target::new(args.output.as_deref(), many)?;
    if args.inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Fault::usage("`-` can be given once: there is one standard input").into());
    }
    let info = effects::find(&args.effect)?;
    let read = |path: &Path| read_picture(path, args.max_pixels)?.into_picture();
    let values = args.options.values(info, read)?;
    let effect = info
        .build(&values)
        .map_err(|error| Fault::usage(error.to_string()))?;
    let nature = Nature::of(effect.as_ref());
    check_nature(&args, nature)?;

    let finder = Finder {
        recursive: args.recursive,
        leave_out: match &target {
            Target::Folder(folder) => Some(resolve(folder)),
            _ => None,
        },
        stream_bytes: args.max_pixels.file_bytes(),
        log,
    };
    let found = finder.find(&args.inputs);
    let also_read: Vec<PathBuf> = args
        .options
        .files(info)
        .chain(args.logo.clone())
        .chain(args.model.clone())
        .collect();
    let jobs = plan(&args, nature, &target, found.inputs, &also_read)?;

    let logo = args
        .logo
        .as_deref()
        .map(|path| read_picture(path, args.max_pixels).context("logo"))
        .transpose()?;
    let segmenter = match &args.model {
        Some(path) => Segmenter::from_tflite(&model::read(path)?)
            .with_context(|| path.display().to_string())?,
        None => Segmenter::new()?,
    };
    let settings = Settings {
        nature,
        max_pixels: args.max_pixels,
        quality: args.quality,
        trim: args.trim,
        keep_metadata: args.keep_metadata,
        existing: match target {
            Target::File(_) => Existing::Replace,
            _ if args.overwrite => Existing::Replace,
            _ => Existing::Keep,
        },
    };
    let mut studio = Studio::new(segmenter, effect, logo, settings);

    let mut report = Report::new(args.json, found.passed_over);
    for refused in &found.refused {
        report.failed(&refused.path, &refused.error, log)?;
    }
    log.start_bar(jobs.len());
    for job in jobs {
        one(job, &mut studio, args.skip_existing, &mut report, log)?;
        log.step();
    }
    log.finish_bar();
    Ok(report.finish(log))
}

fn one(
    mut job: Job,
    studio: &mut Studio,
    skip_existing: bool,
    report: &mut Report,
    log: &Log,
) -> Result<()> {
    log.working_on(&job.input.path);
    if skip_existing && job.to.path().is_some_and(Path::exists) {
        return report.skipped(&job.input.path, &job.to, log);
    }
    match studio.work(&mut job, log) {
        Ok(done) => report.done(&job.input.path, &job.to, &done, log),
        // Nobody reads: neither a message nor the other pictures make sense any more.
        Err(error) if is_broken_pipe(&error) => Err(error),
        Err(error) => report.failed(&job.input.path, &error, log),
    }
}

fn check_nature(args: &PhotoArgs, nature: Nature) -> Result<()> {
    if args.trim && !nature.cuts_out {
        let message = format!(
            "`--trim` crops cut-outs; `--effect {}` makes none",
            args.effect
        );
        return Err(Fault::usage(message).hint("add `--effect cutout`").into());
    }
    if args.logo.is_some() && nature.is_mask {
        let message = format!(
            "`--logo` doesn't go with `--effect {}`: a mask holds no picture",
            args.effect
        );
        return Err(Fault::usage(message).into());
    }
    Ok(())
}

fn read_picture(path: &Path, limit: PixelLimit) -> Result<Decoded> {
    let bytes = source::read_file(path, limit.file_bytes())?;
    decode(&bytes, limit).with_context(|| path.display().to_string())
}
