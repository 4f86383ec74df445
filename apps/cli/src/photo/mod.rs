//! `hypercut photo`: pictures in, pictures out.
mod args;
mod inputs;
mod plan;
mod report;

pub(crate) use args::PhotoArgs;

use anyhow::{Context, Result};
use hypercut::mask::Verdict;
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault, is_broken_pipe};
use crate::log::Log;
use crate::output::atomic::{self, Existing};
use crate::output::names::Target;
use crate::source;
use crate::studio::{Clock, Studio, Times, tell};
use crate::{folder, folder::FolderArgs};
use inputs::{is_stdin, look};
use plan::{Destination, Job, plan};
use report::Report;

/// Runs the command: settles everything that can be wrong, then works on one picture after another. A tree is `folder`'s work.
///
/// # Errors
/// Usage errors and files that every picture needs; a picture that fails is reported and counted instead.
pub(crate) fn run(args: PhotoArgs, log: &mut Log) -> Result<Exit> {
    let many = args.inputs.len() > 1 || args.inputs.iter().any(|path| path.is_dir());
    let target = Target::new(args.output.as_deref(), many)?;
    if args.inputs.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(Fault::usage("`-` can be given once: there is one standard input").into());
    }
    if args.recursive && args.inputs.iter().any(|path| path.is_dir()) {
        return folder::run(tree(args, target)?, log);
    }
    let recipe = args.recipe.recipe()?.on(args.threads.start()?);
    let most_bytes = recipe.max_pixels().file_bytes();
    let (mut inputs, mut refused) = (Vec::new(), Vec::new());
    for path in &args.inputs {
        match look(path, most_bytes) {
            Ok(input) => inputs.push(input),
            Err(error) => refused.push((path, error)),
        }
    }
    let jobs = plan(&args, &recipe, &target, inputs, &args.recipe.files())?;
    let existing = match target {
        Target::File(_) => Existing::Replace,
        _ if args.overwrite => Existing::Replace,
        _ => Existing::Keep,
    };
    let mut desk = Desk {
        studio: Studio::new(&recipe)?,
        most_bytes,
        existing,
    };

    let mut report = Report::new(args.json);
    for (path, error) in refused {
        report.failed(path, &error, log)?;
    }
    log.start_bar(jobs.len());
    for job in jobs {
        one(job, &mut desk, args.skip_existing, &mut report, log)?;
        log.step();
    }
    log.finish_bar();
    Ok(report.finish(log))
}

/// What `hypercut folder` is to be told.
///
/// # Errors
/// A usage error unless there is one folder, and one for the results.
fn tree(args: PhotoArgs, target: Target) -> Result<FolderArgs> {
    match (<[PathBuf; 1]>::try_from(args.inputs), target) {
        (Ok([input]), Target::Folder(output)) => Ok(FolderArgs {
            input,
            output,
            recipe: args.recipe,
            jobs: None,
            watch: false,
            overwrite: args.overwrite,
            json: args.json,
        }),
        _ => Err(
            Fault::usage("`--recursive` takes one folder, and one for the results")
                .hint("name that with `-o`; run once per folder")
                .into(),
        ),
    }
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

/// The name of an input for messages.
fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}
