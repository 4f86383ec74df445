//! The command `hypercut`.
mod args;
mod bench;
mod child;
mod convert;
mod eval;
mod fault;
#[cfg(feature = "fleet")]
mod fleet;
mod folder;
mod live;
mod log;
mod model;
mod npy;
mod output;
mod photo;
mod picture;
#[cfg(feature = "serve")]
mod serve;
mod source;
mod studio;
mod table;
mod video;

use anyhow::Result;
use clap::{CommandFactory, Parser};
use std::process::ExitCode;

use args::{Cli, Command};
use fault::{Exit, exit_of, is_broken_pipe};
use log::Log;
use output::atomic;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let mut log = Log::new(cli.quiet, cli.verbose);
    let result = run(cli.command, &mut log);
    atomic::wait_for_interrupt();
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            if !is_broken_pipe(&error) {
                log.error(&error);
            }
            exit_of(&error).into()
        }
    }
}

fn run(command: Command, log: &mut Log) -> Result<Exit> {
    #[cfg(feature = "serve")]
    if let Command::Serve(args) = &command {
        // It ends in its own way, and writes no files.
        return serve::run(args, log);
    }
    #[cfg(feature = "fleet")]
    let ours = !matches!(&command, Command::Fleet(fleet) if fleet.ends_in_its_own_way());
    #[cfg(not(feature = "fleet"))]
    let ours = true;
    if ours {
        atomic::clean_up_on_interrupt()?;
    }
    match command {
        #[cfg(feature = "serve")]
        Command::Serve(_) => Ok(Exit::Done),
        #[cfg(not(feature = "serve"))]
        Command::Serve(_) => Err(left_out("serve")),
        #[cfg(feature = "fleet")]
        Command::Fleet(command) => fleet::run(command, log),
        #[cfg(not(feature = "fleet"))]
        Command::Fleet(_) => Err(left_out("fleet")),
        Command::Photo(args) => photo::run(*args, log),
        Command::Folder(args) => folder::run(*args, log),
        Command::Model(command) => model::run(command),
        Command::Video(args) => video::run(&args, log),
        Command::Live(args) => live::run(&args, log),
        Command::Convert(args) => convert::run(&args, log),
        Command::Bench(args) => bench::run(&args, log),
        Command::Eval(args) => eval::run(&args, log),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "hypercut", &mut script);
            atomic::text_to_stdout(&String::from_utf8_lossy(&script))
        }
    }
}

/// What is said for a command that this build leaves out.
#[cfg(not(all(feature = "serve", feature = "fleet")))]
fn left_out(command: &str) -> anyhow::Error {
    fault::Fault::usage(format!("this build of hypercut has no `{command}`"))
        .hint(format!(
            "`cargo build --release --features {command}` makes one that has"
        ))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Cli::command().debug_assert();
    }
}
