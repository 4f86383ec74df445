//! Which picture of the folder goes where.
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::args::FolderArgs;
use super::find::Input;
use super::manifest::Manifest;
use crate::fault::Fault;
use crate::output::names::{self, resolve};
use crate::picture::Format;
use crate::studio::{Entry, Recipe};

/// One picture, its result's place and format.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) input: PathBuf,
    pub(super) output: PathBuf,
    pub(super) format: Format,
    /// What its line of the manifest starts from.
    pub(super) entry: Entry,
}

/// Gives every input its output.
///
/// # Errors
/// A format that can't hold the transparency needed.
pub(super) fn jobs(args: &FolderArgs, recipe: &Recipe, inputs: Vec<Input>) -> Result<Vec<Job>> {
    let job = |input: Input| {
        let format = recipe.usual_format(input.format);
        recipe.check_format(format)?;
        let relative = names::in_folder(&input.relative, format);
        let entry = Entry {
            input: portable(&input.relative),
            options: recipe.fingerprint().into(),
            output: portable(&relative),
            ..Entry::default()
        };
        Ok(Job {
            input: input.path,
            output: args.output.join(relative),
            format,
            entry,
        })
    };
    inputs.into_iter().map(job).collect()
}

/// A path as manifests have it: with `/` on every system.
pub(super) fn portable(path: &Path) -> String {
    let parts = path.iter().map(|part| part.to_string_lossy());
    parts.collect::<Vec<_>>().join("/")
}

/// Refuses collisions, results over inputs and a manifest over a result.
///
/// # Errors
/// Usage errors that name the files.
pub(super) fn check(args: &FolderArgs, jobs: &[Job]) -> Result<()> {
    let pairs = jobs
        .iter()
        .map(|job| (job.input.as_path(), job.output.as_path()));
    names::refuse_collisions(pairs)?;
    let also_read = args.recipe.files();
    let read = jobs.iter().map(|job| &job.input).chain(&also_read);
    let written = jobs.iter().map(|job| job.output.as_path());
    let manifest = args.manifest();
    names::refuse_overwriting_inputs(
        read.map(PathBuf::as_path),
        written.chain([manifest.as_path()]),
    )
}

/// Takes out jobs whose output another one has, or that would write over something read. Of several for one output the one
/// stays whose result is there already, else the first.
pub(super) fn settle(
    args: &FolderArgs,
    jobs: Vec<Job>,
    manifest: &Manifest,
) -> (Vec<Job>, Vec<(Job, Fault)>) {
    let mut owners: HashMap<PathBuf, String> = HashMap::new();
    for job in &jobs {
        let owner = owners
            .entry(resolve(&job.output))
            .or_insert_with(|| job.entry.input.clone());
        if manifest
            .of(&job.entry.output)
            .is_some_and(|entry| entry.input == job.entry.input)
        {
            *owner = job.entry.input.clone();
        }
    }
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    for job in jobs {
        match owners.get(&resolve(&job.output)) {
            Some(owner) if *owner != job.entry.input => {
                let message = format!(
                    "{} and {owner} would both be written to {}",
                    job.input.display(),
                    job.output.display()
                );
                refused.push((job, Fault::new(message).hint("rename one")));
            }
            _ => match check(args, std::slice::from_ref(&job)) {
                Ok(()) => kept.push(job),
                Err(error) => refused.push((job, Fault::new(format!("{error:#}")))),
            },
        }
    }
    (kept, refused)
}
