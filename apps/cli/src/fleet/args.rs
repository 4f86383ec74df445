//! What `hypercut fleet` can be told.
use clap::{Args, Subcommand};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use crate::studio::RecipeArgs;

const PLACES: &str = "\
Places are s3://BUCKET/PATH, gs://BUCKET/PATH, az://CONTAINER/PATH, file:///PATH or a plain path. Who you are is taken from the \
usual environment: AWS_PROFILE, AWS_REGION, AWS_ENDPOINT_URL and the rest; GOOGLE_APPLICATION_CREDENTIALS; AZURE_STORAGE_ACCOUNT_NAME.";

const PLAN_EXAMPLES: &str = "\
Examples:
  hypercut fleet plan s3://shop/photos -o s3://shop/cut --effect cutout --shards 200
  hypercut fleet plan album -o portraits --shard-cost 64
  hypercut fleet plan s3://shop/photos -o s3://shop/cut --only s3://shop/cut/.hypercut/ID/retry.txt

The plan lies at OUT/.hypercut/ID/plan.json, ID being made of its contents: the same inputs, options and shards give the same \
plan. Its URL is printed. Inputs are told by the endings of their names (.jpg, .jpeg, .png, .webp), and a result is always of \
the format that its name says. Two inputs for one result are refused before any work.

Exit codes: 0 planned, 1 a place could not be read or written, 2 usage.";

const WORKER_EXAMPLES: &str = "\
Examples:
  hypercut fleet worker --plan s3://shop/cut/.hypercut/ID/plan.json --count 100     as AWS Batch, Kubernetes or Cloud Run start it
  hypercut fleet worker --plan portraits/.hypercut/ID/plan.json                     all shards, one after another

The index is taken from --index, AWS_BATCH_JOB_ARRAY_INDEX, JOB_COMPLETION_INDEX (Kubernetes Indexed Job) or \
CLOUD_RUN_TASK_INDEX; the count from --count, AWS_BATCH_JOB_ARRAY_SIZE or CLOUD_RUN_TASK_COUNT, or it is the number of shards. \
Index I does the shards I, I + count, and so on. Each result is written once, if it isn't there (If-None-Match); a shard's \
manifest comes last, and a shard that has one is passed over. A worker that is stopped, tried again or run twice ends in the \
same bytes. A picture that can't be drawn is a line with its error in the manifest.

Exit codes: 0 its shards are finished, 1 a shard could not be (the store or disk failed): try again, 2 usage, or a plan of \
another version: another try would end the same, 130 stopped by a signal.";

/// `hypercut fleet`.
#[derive(Debug, Subcommand)]
pub(crate) enum FleetCommand {
    /// List the inputs, pack them in shards, write the plan
    #[command(after_help = PLAN_EXAMPLES)]
    Plan(Box<PlanArgs>),
    /// Draw the pictures of one index's shards
    #[command(after_help = WORKER_EXAMPLES)]
    Worker(WorkerArgs),
    /// One manifest, a summary and a list to retry, when every shard is finished
    #[command(
        after_help = "Exit codes: 0 every picture worked, 1 some failed or shards are not finished, 2 usage."
    )]
    Merge(PlanOf),
    /// How far a plan is, as a table
    Status(StatusArgs),
    /// Run a plan's workers
    #[command(subcommand)]
    Run(RunOn),
    /// Hand a plan to an engine
    #[command(subcommand)]
    Submit(Submit),
    /// Show the logs and counts of what was submitted, until it has ended
    #[command(subcommand)]
    Follow(Follow),
    /// End what was submitted
    #[command(subcommand)]
    Cancel(Cancel),
    /// Fetch a script or an archive, check it, run it: AWS Batch's fetch-and-run protocol
    #[command(after_help = FETCH_EXAMPLES)]
    FetchAndRun(FetchArgs),
}

impl FleetCommand {
    /// Whether it hears signals itself and writes no files of ours.
    pub(crate) fn ends_in_its_own_way(&self) -> bool {
        matches!(self, Self::FetchAndRun(_))
    }
}

/// `fleet run`.
#[derive(Debug, Subcommand)]
pub(crate) enum RunOn {
    /// On this machine: worker processes, tried again as AWS Batch does it
    Local(LocalArgs),
}

/// `fleet submit`.
#[derive(Debug, Subcommand)]
pub(crate) enum Submit {
    /// To AWS Batch, as an array job
    Aws(SubmitArgs),
}

/// `fleet follow`.
#[derive(Debug, Subcommand)]
pub(crate) enum Follow {
    /// An AWS Batch job
    Aws(FollowArgs),
}

/// `fleet cancel`.
#[derive(Debug, Subcommand)]
pub(crate) enum Cancel {
    /// An AWS Batch job, with all its children
    Aws(CancelArgs),
}

/// Which plan.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlanOf {
    /// URL of the plan, as `fleet plan` printed it
    #[arg(long, value_name = "URL")]
    pub(super) plan: String,
}

/// `fleet plan`.
#[derive(Debug, Args)]
#[command(after_long_help = PLACES)]
pub(crate) struct PlanArgs {
    /// Place of the inputs
    #[arg(value_name = "IN-URL")]
    pub(super) input: String,

    /// Place for the results
    #[arg(short, long, value_name = "OUT-URL")]
    pub(super) output: String,

    #[command(flatten)]
    pub(super) recipe: RecipeArgs,

    /// Number of shards
    #[arg(long, value_name = "N")]
    pub(super) shards: Option<NonZeroUsize>,

    /// Megabytes of inputs in a shard, unless --shards says how many
    #[arg(
        long,
        value_name = "MB",
        default_value_t = 256,
        conflicts_with = "shards"
    )]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) shard_cost: u32,

    /// Only the inputs named in this file, one a line, such as `merge` writes it
    #[arg(long, value_name = "URL")]
    pub(super) only: Option<String>,

    /// Replace files at OUT-URL that this plan didn't make
    #[arg(long)]
    pub(super) overwrite: bool,
}

/// `fleet worker`.
#[derive(Debug, Args)]
pub(crate) struct WorkerArgs {
    #[command(flatten)]
    pub(super) of: PlanOf,

    /// Which worker this is, from 0
    #[arg(long, value_name = "I")]
    pub(super) index: Option<usize>,

    /// How many workers there are
    #[arg(long, value_name = "N")]
    pub(super) count: Option<NonZeroUsize>,

    /// Pictures worked on at a time [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = crate::args::jobs)]
    pub(super) jobs: Option<NonZeroUsize>,

    /// End when standard input does: with the process that started this one
    #[arg(long, hide = true)]
    pub(super) end_with_stdin: bool,
}

/// `fleet status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(super) of: PlanOf,

    /// Look again every few seconds until all is finished
    #[arg(short, long)]
    pub(super) watch: bool,

    /// Seconds between two looks
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub(super) every: Duration,
}

/// `fleet run local`.
#[derive(Debug, Args)]
#[command(
    after_help = "Each index is a process of its own; its shards are the same as on AWS Batch. One that fails or is killed is \
started again, up to --attempts times; exit code 2 is final. Past --timeout it is sent SIGTERM, 30 seconds later SIGKILL. In \
the end the manifests are merged.\n\nExit codes: 0 every picture worked, 1 some failed or shards are not finished, 2 usage, 130 \
stopped by Ctrl-C (the workers end too)."
)]
pub(crate) struct LocalArgs {
    #[command(flatten)]
    pub(super) of: PlanOf,

    /// Processes at a time [default: one per core]
    #[arg(short, long, value_name = "N", value_parser = crate::args::jobs)]
    pub(super) workers: Option<NonZeroUsize>,

    /// Indexes to spread the shards over, at most 10000 [default: one per shard]
    #[arg(long, value_name = "N")]
    pub(super) array: Option<NonZeroUsize>,

    #[command(flatten)]
    pub(super) rules: RetryArgs,
}

/// Rules for attempts.
#[derive(Debug, Clone, Args)]
pub(crate) struct RetryArgs {
    /// Most attempts of each index
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(super) attempts: u32,

    /// Seconds that an attempt may take, 60 at least
    #[arg(long, value_name = "S", default_value_t = 3600, value_parser = clap::value_parser!(u32).range(60..))]
    pub(super) timeout: u32,
}

/// `fleet submit aws`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  hypercut fleet submit aws --plan s3://shop/cut/.hypercut/ID/plan.json --queue hypercut --definition hypercut \
--follow\n\nAn array job of one child per shard, at most --array; more shards than children are spread. One shard is a plain job. \
Attempts that end because Spot took the machine back (Host EC2*) are tried again first of all, then those that ended with exit \
code 1; everything else is final. deploy/aws/ has a template for queue and definition.\n\nExit codes: 0 submitted (with --follow: the \
job succeeded), 1 it failed or AWS refused, 2 usage."
)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    pub(super) of: PlanOf,

    /// Job queue, by name or ARN
    #[arg(long, value_name = "NAME")]
    pub(super) queue: String,

    /// Job definition, by name, name:revision or ARN
    #[arg(long, value_name = "NAME")]
    pub(super) definition: String,

    /// Name of the job
    #[arg(long, value_name = "NAME", default_value = "hypercut-fleet")]
    pub(super) name: String,

    /// Most children of the array job
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(super) array: u32,

    #[command(flatten)]
    pub(super) rules: RetryArgs,

    /// Show the children's logs and counts until the job has ended
    #[arg(short, long)]
    pub(super) follow: bool,

    #[command(flatten)]
    pub(super) logs: LogArgs,
}

/// How a job is followed.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log group of the job definition
    #[arg(long, value_name = "NAME", default_value = "/aws/batch/job")]
    pub(super) log_group: String,

    /// Seconds between two looks while following
    #[arg(long, value_name = "S", default_value = "5", value_parser = seconds)]
    pub(super) every: Duration,
}

/// `fleet follow aws`.
#[derive(Debug, Args)]
pub(crate) struct FollowArgs {
    /// Id of the job, as `submit` printed it
    #[arg(value_name = "JOB-ID")]
    pub(super) job: String,

    #[command(flatten)]
    pub(super) logs: LogArgs,
}

/// `fleet cancel aws`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    /// Id of the job, as `submit` printed it
    #[arg(value_name = "JOB-ID")]
    pub(super) job: String,

    /// Why, for the record
    #[arg(long, value_name = "TEXT", default_value = "cancelled by hypercut")]
    pub(super) reason: String,
}

const FETCH_EXAMPLES: &str = "\
Environment:
  BATCH_FILE_TYPE     `script`, or `zip`
  BATCH_FILE_S3_URL   where it lies; every place that `fleet plan` knows will do
  BATCH_FILE_SHA256   optional: its SHA-256, 64 hexadecimal digits; another one is not run

The first argument is the script's name: for `zip` the one in the archive, for `script` any. The rest are the script's arguments. \
Archives that name files outside themselves, hold links or are larger than they should be (10,000 files, 4 GB) are refused \
whole. The exit code is the script's own.

Exit codes: the script's, 128 + N when signal N ended it; 1 it could not be fetched, checked or started, 2 usage.";

/// `fleet fetch-and-run`.
#[derive(Debug, Args)]
pub(crate) struct FetchArgs {
    /// Name of the script, then its arguments
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub(super) words: Vec<std::ffi::OsString>,
}

impl RetryArgs {
    /// Time for an attempt.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout.into())
    }
}

impl SubmitArgs {
    /// Children of the array job for this many shards; 1 is a plain job.
    pub(super) fn children(&self, shards: usize) -> NonZeroU32 {
        let shards = u32::try_from(shards).unwrap_or(u32::MAX);
        NonZeroU32::new(shards.min(self.array)).unwrap_or(NonZeroU32::MIN)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse()
        .ok()
        .filter(|&s: &f64| (0.1..=3600.0).contains(&s));
    let wanted = || "a number of seconds from 0.1 to 3600".to_owned();
    seconds.map(Duration::from_secs_f64).ok_or_else(wanted)
}
