//! `hypercut model`: looks into networks and runs them on arrays.
mod arrays;
mod info;

pub(crate) use info::shape_text;

use anyhow::{Context, Result};
use clap::{Subcommand, ValueHint};
use hypercut::Segmenter;
use hypercut_engine::graph::Graph;
use hypercut_engine::model::Model;
use hypercut_engine::plan::Plan;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

use crate::fault::Exit;
use crate::source;

/// The most bytes of a network file; the engine has closer limits of its own.
const MODEL_BYTES: u64 = 256 << 20;

/// `hypercut model`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Print a network's operations, shapes, quantization, multiply-adds and memory
    #[command(after_help = INFO_EXAMPLES)]
    Info {
        /// The network; without it, the one inside hypercut
        #[arg(value_hint = ValueHint::FilePath)]
        file: Option<PathBuf>,

        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run a network on arrays of NumPy
    #[command(after_help = RUN_EXAMPLES)]
    Run(arrays::RunArgs),
}

const INFO_EXAMPLES: &str = "\
Examples:
  hypercut model info
  hypercut model info selfie_segmentation.tflite --json";

const RUN_EXAMPLES: &str = "\
Examples:
  hypercut model run net.tflite --input in.npy -o out.npy
  hypercut model run net.tflite --input a.npy --input b.npy -o x.npy -o y.npy
  hypercut model run net.tflite --input in.npz -o out.npz

Arrays have the network's own types and shapes, as `hypercut model info` prints them; nothing is converted. \
Arrays of a .npz are taken by name where every name is an input's, by order otherwise. A .npz result holds every \
output by its name.";

/// A network and where it came from.
#[derive(Debug)]
pub(crate) struct Named {
    /// The file, or `built-in`.
    pub(crate) name: String,
    /// The `.tflite` file's bytes.
    pub(crate) bytes: Cow<'static, [u8]>,
}

impl Named {
    /// Reads `file`, or takes the network inside.
    ///
    /// # Errors
    /// Messages name the file.
    pub(crate) fn read(file: Option<&Path>) -> Result<Self> {
        Ok(match file {
            Some(path) => Self {
                name: path.display().to_string(),
                bytes: read(path)?.into(),
            },
            None => Self {
                name: "built-in".into(),
                bytes: Segmenter::built_in().into(),
            },
        })
    }

    /// Plans the network for this CPU.
    ///
    /// # Errors
    /// Damaged, contradictory, unsupported or too large; the message names file and place.
    pub(crate) fn plan(&self) -> Result<(Graph, Plan)> {
        let plan = || {
            let graph = Graph::new(Model::from_bytes(&self.bytes)?)?;
            let plan = Plan::new(&graph)?;
            Ok::<_, hypercut_engine::Error>((graph, plan))
        };
        plan().with_context(|| self.name.clone())
    }
}

/// Reads a network file.
///
/// # Errors
/// Messages name the file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    source::read_file(path, MODEL_BYTES)
}

/// Runs the command.
///
/// # Errors
/// Messages name the file.
pub(crate) fn run(command: ModelCommand) -> Result<Exit> {
    match command {
        ModelCommand::Info { file, json } => info::run(file.as_deref(), json),
        ModelCommand::Run(args) => arrays::run(&args),
    }
}
