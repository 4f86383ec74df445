//! What `hypercut folder` can be told.
use clap::{Args, ValueHint};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::manifest::MANIFEST;
use crate::studio::RecipeArgs;

const EXAMPLES: &str = "\
Examples:
  hypercut folder album -o portraits                      blurs every background, keeps the tree of album/
  hypercut folder album -o cut --effect cutout --jobs 4
  hypercut folder inbox -o done --watch                   goes on with what arrives, until Ctrl-C
  jq -r 'select(.error) | .input' portraits/hypercut-manifest.jsonl

Stop it whenever you like, even with kill -9, and run the same line again: what is finished is known by the contents of \
input and output (SHA-256), the recipe and the version, and is not done twice. Inputs are only ever read. A file in OUT \
that this command didn't make is left alone and reported, unless --overwrite says otherwise. Two inputs for one output \
are refused before any work.

The manifest, hypercut-manifest.jsonl in OUT, has one JSON object per picture and attempt, the latest last: input, sha256, \
options, output, output_sha256, verdict, coverage, confidence, ms, error.

Exit codes: 0 all pictures worked, 1 some failed or the disk is full (the others are done), 2 usage, 130 stopped by Ctrl-C.";

/// `hypercut folder`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct FolderArgs {
    /// Folder of pictures; the folders in it are gone through
    #[arg(value_name = "IN", value_hint = ValueHint::DirPath)]
    pub(crate) input: PathBuf,

    /// Folder for the results and the manifest; made if missing
    #[arg(short, long, value_name = "OUT", required = true, value_hint = ValueHint::DirPath)]
    pub(crate) output: PathBuf,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,

    /// Pictures worked on at a time, each by a thread of its own [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = crate::args::jobs)]
    pub(crate) jobs: Option<NonZeroUsize>,

    /// Go on with pictures that arrive or change, until Ctrl-C
    #[arg(short, long)]
    pub(crate) watch: bool,

    /// Replace files in OUT that this command didn't make
    #[arg(long)]
    pub(crate) overwrite: bool,

    /// Print the manifest's line of each picture on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

impl FolderArgs {
    /// Threads to work with.
    pub(super) fn threads(&self) -> usize {
        crate::args::threads(self.jobs)
    }

    /// Where the manifest lies.
    pub(super) fn manifest(&self) -> PathBuf {
        self.output.join(MANIFEST)
    }
}
