//! The command line.
use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};
use clap_complete::Shell;
use hypercut::Threads;
use std::num::NonZeroUsize;

use crate::bench::BenchArgs;
use crate::convert::ConvertArgs;
use crate::eval::EvalArgs;
use crate::fault::Fault;
use crate::folder::FolderArgs;
use crate::live::LiveArgs;
use crate::model::ModelCommand;
use crate::photo::PhotoArgs;
use crate::video::VideoArgs;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

const EXIT_CODES: &str = "\
Exit codes:
  0  everything worked
  1  something could not be read, understood or written; the rest was done
  2  the command line makes no sense; nothing was done
  3  written, but damaged frames of a video were replaced
  130  stopped by Ctrl-C; no half-written file is left

Results go to standard output, messages to standard error. `NO_COLOR` turns colours off.";

/// Cuts people out of photos and draws portrait-mode effects, on this machine alone.
#[derive(Debug, Parser)]
#[command(name = "hypercut", version, styles = STYLES, after_help = EXIT_CODES)]
#[command(arg_required_else_help = true, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Show errors alone
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say what is done, with times
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Draw an effect on photos: blur the background, cut the person out, put another background behind
    Photo(Box<PhotoArgs>),
    /// Work through a folder of pictures: tree kept, every picture once, resumed after any stop
    #[command(visible_alias = "p")]
    Folder(Box<FolderArgs>),
    /// Draw pictures for others, over HTTP: limits on everything, rembg's /api/remove too
    #[cfg(feature = "serve")]
    #[command(visible_alias = "s")]
    Serve(crate::serve::ServeArgs),
    /// Draw pictures for others, over HTTP (not in this build)
    #[cfg(not(feature = "serve"))]
    #[command(visible_alias = "s")]
    Serve(LeftOut),
    /// Draw pictures by the million, over object storage: plan, workers, merge; AWS Batch, Kubernetes or this machine
    #[cfg(feature = "fleet")]
    #[command(subcommand)]
    Fleet(crate::fleet::FleetCommand),
    /// Draw pictures by the million, over object storage (not in this build)
    #[cfg(not(feature = "fleet"))]
    Fleet(LeftOut),
    /// Draw an effect on a video, sound and timing kept
    Video(Box<VideoArgs>),
    /// Draw an effect on a camera's pictures as they come; a raw one never leaves
    Live(Box<LiveArgs>),
    /// Look into a .tflite network, or run it on arrays
    #[command(subcommand)]
    Model(ModelCommand),
    /// Turn a float .tflite network into an int8 one, with ranges seen on pictures
    Convert(ConvertArgs),
    /// Time the network step by step, and the whole way of a photo
    Bench(BenchArgs),
    /// Measure masks on pictures whose true masks are known
    Eval(EvalArgs),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example:\n  hypercut completions bash > ~/.local/share/bash-completion/completions/hypercut"
    )]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The words after a command that this build leaves out.
#[cfg(not(all(feature = "serve", feature = "fleet")))]
#[derive(Debug, clap::Args)]
pub(crate) struct LeftOut {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    words: Vec<String>,
}

/// Threads or processes for each core that make sense; more only take memory.
const MOST_PER_CORE: usize = 4;

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZeroUsize::get)
}

/// What `--jobs` and `--threads` may be: at least 1, and no more than a few per core.
pub(crate) fn jobs(text: &str) -> Result<NonZeroUsize, String> {
    let most = MOST_PER_CORE * cores();
    let jobs = text
        .parse()
        .ok()
        .filter(|jobs: &NonZeroUsize| jobs.get() <= most);
    jobs.ok_or_else(|| {
        format!("1 to {most}: {MOST_PER_CORE} for each core of this machine, more would only take memory")
    })
}

/// Threads to work with: as many as were asked for, or one per core.
pub(crate) fn threads(jobs: Option<NonZeroUsize>) -> usize {
    jobs.map_or_else(cores, NonZeroUsize::get)
}

/// How many threads share the work on one picture.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ThreadArgs {
    /// Threads that share the work on each picture: its rows, and two looks of the network at a time; results are the same
    #[arg(long, value_name = "N", default_value = "1", value_parser = jobs)]
    threads: NonZeroUsize,
}

impl ThreadArgs {
    /// Starts them.
    ///
    /// # Errors
    /// A usage error for more than one in a build without the feature `threads`.
    pub(crate) fn start(&self) -> anyhow::Result<Threads> {
        Ok(Threads::new(self.threads.get()).map_err(|error| Fault::usage(error.to_string()))?)
    }
}
