//! Which picture goes where, settled before any work.
use anyhow::Result;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::args::PhotoArgs;
use super::inputs::{Input, is_stdin};
use crate::fault::Fault;
use crate::output::names::{self, Target};
use crate::picture::Format;
use crate::studio::Recipe;

/// Where a result goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Destination {
    /// Standard output.
    Stdout,
    /// This file.
    File(PathBuf),
}

impl Destination {
    /// The file, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        match self {
            Self::Stdout => None,
            Self::File(path) => Some(path),
        }
    }
}

/// One picture, its result's place and format.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: Input,
    pub(super) to: Destination,
    pub(super) format: Format,
}

/// Gives every input its destination and format.
///
/// # Errors
/// Usage errors: formats that contradict each other or lack the transparency needed, collisions, results over inputs,
/// results that are already there.
pub(super) fn plan(
    args: &PhotoArgs,
    recipe: &Recipe,
    target: &Target,
    inputs: Vec<Input>,
    also_read: &[PathBuf],
) -> Result<Vec<Job>> {
    let mut jobs = Vec::with_capacity(inputs.len());
    for input in inputs {
        let mut format = recipe.usual_format(input.format);
        let to = match target {
            Target::Stdout => Destination::Stdout,
            Target::Beside if is_stdin(&input.path) => Destination::Stdout,
            Target::Beside => {
                Destination::File(names::beside(&input.path, recipe.effect_name(), format))
            }
            Target::Folder(folder) => {
                Destination::File(folder.join(names::in_folder(input.name(), format)))
            }
            Target::File(path) => {
                format = names::format_of_file(path, args.recipe.format)?;
                Destination::File(path.clone())
            }
        };
        recipe.check_format(format)?;
        jobs.push(Job { input, to, format });
    }
    check_stdout(args, &jobs)?;
    check_names(args, target, &jobs, also_read)?;
    Ok(jobs)
}

fn check_stdout(args: &PhotoArgs, jobs: &[Job]) -> Result<()> {
    if !jobs.iter().any(|job| job.to == Destination::Stdout) {
        return Ok(());
    }
    if jobs.len() > 1 {
        let fault = Fault::usage("several pictures don't fit on standard output");
        return Err(fault.hint("give a folder with `-o`").into());
    }
    if args.json {
        let fault = Fault::usage("`--json` and the picture both want standard output");
        return Err(fault.hint("give a file with `-o`").into());
    }
    if std::io::stdout().is_terminal() {
        let fault = Fault::usage("a picture can't be shown in a terminal");
        return Err(fault
            .hint("give a file with `-o`, or redirect with `> FILE`")
            .into());
    }
    Ok(())
}

fn check_names(
    args: &PhotoArgs,
    target: &Target,
    jobs: &[Job],
    also_read: &[PathBuf],
) -> Result<()> {
    let outputs = || jobs.iter().filter_map(|job| job.to.path());
    let inputs = || jobs.iter().map(|job| job.input.path.as_path());
    let pairs = jobs
        .iter()
        .filter_map(|job| Some((job.input.path.as_path(), job.to.path()?)));
    names::refuse_collisions(pairs)?;
    let read = inputs().chain(also_read.iter().map(PathBuf::as_path));
    names::refuse_overwriting_inputs(read, outputs())?;
    let replaces = args.overwrite || args.skip_existing || matches!(target, Target::File(_));
    if replaces {
        return Ok(());
    }
    names::refuse_existing(outputs())
}
