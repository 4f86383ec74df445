//! `hypercut photo`: pictures in, pictures out.
mod args;
mod inputs;
mod plan;
mod report;

pub(crate) use args::PhotoArgs;
pub(crate) use inputs::{Finder, Found, Input};

use anyhow::{Context, Result};
use hypercut::mask::Verdict;
use std::path::Path;

use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::log::Log;
use crate::output::atomic::{self, Existing};
use crate::output::names::{Target, resolve};
use crate::source;
use crate::studio::{Clock, Remark, Studio, Times};
use inputs::is_stdin;
use plan::{Destination, Job, plan};
use report::Report;

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
    let recipe = args.recipe.recipe()?;
    let finder = Finder {
        recursive: args.recursive,
        leave_out: match &target {
            Target::Folder(folder) => Some(resolve(folder)),
            _ => None,
        },
        stream_bytes: recipe.max_pixels().file_bytes(),
        log,
    };
    let found = finder.find(&args.inputs);
    let jobs = plan(&args, &recipe, &target, found.inputs, &args.recipe.files())?;
    let existing = match target {
        Target::File(_) => Existing::Replace,
        _ if args.overwrite => Existing::Replace,
        _ => Existing::Keep,
    };
    let mut desk = Desk {
        studio: Studio::new(&recipe)?,
        most_bytes: recipe.max_pixels().file_bytes(),
        existing,
    };

    let mut report = Report::new(args.json, found.passed_over);
    for refused in &found.refused {
        report.failed(&refused.path, &refused.error, log)?;
    }
    log.start_bar(jobs.len());
    for job in jobs {
        one(job, &mut desk, args.skip_existing, &mut report, log)?;
        log.step();
    }
    log.finish_bar();
    Ok(report.finish(log))
}

fn one(
    mut job: Job,
    desk: &mut Desk,
    skip_existing: bool,
    report: &mut Report,
    log: &Log,
) -> Result<()> {
    log.working_on(&job.input.path);
    if skip_existing && job.to.path().is_some_and(Path::exists) {
        return report.skipped(&job.input.path, &job.to, log);
    }
    match desk.work(&mut job, log) {
        Ok(done) => report.done(&job.input.path, &job.to, &done, log),
        // Nobody reads: neither a message nor the other pictures make sense any more.
        Err(error) if is_broken_pipe(&error) => Err(error),
        Err(error) => report.failed(&job.input.path, &error, log),
    }
}

/// What became of one picture.
#[derive(Debug)]
struct Done {
    verdict: Verdict,
    times: Times,
}

/// Where files are read, drawn and written one after another.
#[derive(Debug)]
struct Desk {
    studio: Studio,
    most_bytes: u64,
    existing: Existing,
}

impl Desk {
    /// Does one job; on an error nothing is written.
    ///
    /// # Errors
    /// Messages name the file that is at fault.
    fn work(&mut self, job: &mut Job, log: &Log) -> Result<Done> {
        let name = display_name(&job.input.path);
        let mut clock = Clock::start();
        let bytes = match job.input.bytes.take() {
            Some(bytes) => bytes,
            None => source::read_file(&job.input.path, self.most_bytes)?,
        };
        let read = clock.lap();
        let rendered = self
            .studio
            .render(&bytes, Some(job.format))
            .with_context(|| name.clone())?;
        tell(&name, &rendered.remarks, log);
        clock.lap();
        match &job.to {
            Destination::Stdout => atomic::to_stdout(&rendered.bytes)?,
            Destination::File(path) => {
                atomic::write(path, &rendered.bytes, self.existing).with_context(|| name.clone())?
            }
        }
        let mut times = rendered.times;
        times.read += read;
        times.write += clock.lap();
        Ok(Done {
            verdict: rendered.verdict,
            times,
        })
    }
}

/// Tells what a picture's result remarks on.
pub(crate) fn tell(name: &str, remarks: &[Remark], log: &Log) {
    for remark in remarks {
        match remark {
            Remark::Warning(text) => log.warn(&format!("{name}: {text}")),
            Remark::Note(text) => log.note(&format!("{name}: {text}")),
        }
    }
}

/// The name of an input for messages.
fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
