//! `hypercut bench`.
use anyhow::Result;
use clap::Args;
use crate::{fault::Exit, log::Log};
/// b
#[derive(Debug, Args)]
pub(crate) struct BenchArgs {}
/// b
pub(crate) fn run(_args: &BenchArgs, _log: &Log) -> Result<Exit> { Ok(Exit::Done) }
