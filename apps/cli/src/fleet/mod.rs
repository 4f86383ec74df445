//! `hypercut fleet`: pictures by the million, over object storage, on an engine that starts the workers.
mod address;
mod args;
mod aws;
mod fetch_run;
mod local;
mod merge;
mod plan;
mod planning;
mod shard;
mod status;
mod store;
mod unpack;
mod worker;

pub(crate) use args::FleetCommand;

use anyhow::Result;
use std::sync::LazyLock;
use tokio::runtime::{Builder, Runtime};

use crate::fault::Exit;
use crate::log::Log;
use args::{Cancel, Follow, RunOn, Submit};

/// Where everything that waits for a network waits. Pictures are drawn on threads of their own.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(2).enable_all();
    // Without threads there is nothing that could be done instead.
    builder.build().expect("threads can be started")
});

/// Waits for a future, on a thread that is not the runtime's.
fn wait<F: Future>(future: F) -> F::Output {
    RUNTIME.block_on(future)
}

/// Runs the command.
///
/// # Errors
/// What the commands say.
pub(crate) fn run(command: FleetCommand, log: &Log) -> Result<Exit> {
    // The one provider of cryptography that is built in; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match command {
        FleetCommand::Plan(args) => planning::run(&args, log),
        FleetCommand::Worker(args) => worker::run(&args, log),
        FleetCommand::Merge(args) => merge::run(&args, log),
        FleetCommand::Status(args) => status::run(&args),
        FleetCommand::Run(RunOn::Local(args)) => local::run(&args, log),
        FleetCommand::Submit(Submit::Aws(args)) => wait(aws::submit(&args, log)),
        FleetCommand::Follow(Follow::Aws(args)) => wait(aws::follow(&args.job, &args.logs, log)),
        FleetCommand::Cancel(Cancel::Aws(args)) => wait(aws::cancel(&args, log)),
        FleetCommand::FetchAndRun(args) => fetch_run::run(&args),
    }
}
