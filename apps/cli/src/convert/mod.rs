//! `hypercut convert`: a float network to an int8 one.
mod agreement;
mod examples;
mod report;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum, ValueHint};
use hypercut_engine::convert::{Border, Converter, Grid};
use std::path::PathBuf;

use crate::fault::Exit;
use crate::log::Log;
use crate::model::Named;
use crate::output::atomic::{self, Existing, text_to_stdout};
use crate::output::names;
use agreement::Agreement;
use examples::Examples;

const EXAMPLES: &str = "\
Examples:
  hypercut convert selfie.tflite --calibrate pictures -o selfie-int8.tflite
  hypercut convert selfie.tflite --calibrate pictures --pictures 500 --borders float -o selfie-int8.tflite
  hypercut convert selfie.tflite --calibrate pictures -o selfie-int8.tflite --json > ranges.json
  hypercut eval --set heldout --model selfie.tflite --model selfie-int8.tflite     # what it cost

The network takes one colour picture with channels from 0 to 1. Batch normalization is folded into convolutions and \
activations are fused; weights get one scale per output channel, values one each, from ranges seen on the pictures, which \
are stretched to the network's input. Pictures like those to come make the best ranges; keep the ones you judge it by out.";

/// `hypercut convert`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// The float network, a .tflite file
    #[arg(value_name = "IN", value_hint = ValueHint::FilePath)]
    input: PathBuf,

    /// Folder of pictures to take ranges from
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    calibrate: PathBuf,

    /// The int8 network; what is there is replaced
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::FilePath)]
    output: PathBuf,

    /// Use this many of the pictures, evenly spaced by name
    #[arg(long, value_name = "N", default_value_t = 256)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=2000))]
    pictures: u16,

    /// Type of the network's inputs and outputs
    #[arg(long, value_enum, default_value_t = Borders::Int8)]
    borders: Borders,

    /// Print one JSON object: sizes, operations, the grid and range of every value, how far answers moved
    #[arg(long)]
    json: bool,
}

/// `--borders`.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Borders {
    /// Bytes from -128, as within
    Int8,
    /// Bytes from 0
    Uint8,
    /// Floats, as the network given
    Float,
}

impl From<Borders> for Border {
    fn from(borders: Borders) -> Self {
        match borders {
            Borders::Int8 => Self::Int8,
            Borders::Uint8 => Self::Uint8,
            Borders::Float => Self::Float,
        }
    }
}

/// Converts, writes, and says what came of it.
///
/// # Errors
/// Files that can't be read or written, a network that is none, is quantized already, or has an operation without a form on
/// bytes; messages name file and place.
pub(crate) fn run(args: &ConvertArgs, log: &mut Log) -> Result<Exit> {
    names::refuse_overwriting_inputs(
        [args.input.as_path()].into_iter(),
        [args.output.as_path()].into_iter(),
    )?;
    let float = Named::read(Some(&args.input))?;
    let mut converter = Converter::new(&float.bytes).with_context(|| float.name.clone())?;
    let size = examples::size(converter.inputs()).with_context(|| float.name.clone())?;
    let examples = Examples::read(&args.calibrate, args.pictures.into(), size, log)?;
    converter
        .calibrate(examples.len(), |index, session| {
            examples::fill(examples.picture(index), session.input_mut(0)?);
            Ok(())
        })
        .with_context(|| float.name.clone())?;
    let converted = converter
        .finish(args.borders.into(), Some(Grid::PICTURE))
        .with_context(|| float.name.clone())?;
    let agreement = Agreement::measure(&float.bytes, &converted.bytes, &examples)?;
    atomic::write(&args.output, &converted.bytes, Existing::Replace)?;
    let outcome = report::Outcome {
        float: &float,
        output: &args.output,
        examples: examples.len(),
        converted: &converted,
        agreement: &agreement,
    };
    log.summary(&outcome.as_text());
    if args.json {
        return text_to_stdout(&format!("{}\n", outcome.as_json()));
    }
    Ok(Exit::Done)
}
