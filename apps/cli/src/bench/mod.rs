//! `hypercut bench`: how long the network takes, step by step, and a photo on its whole way.
mod frame;
mod report;
mod stats;

use anyhow::{Context, Result};
use clap::{Args, ValueHint};
use hypercut::effects::{self, Effect, OptionKind, OptionValue, OptionValues};
use hypercut::{ErrorKind, FrameMut, Mask, Picture, Segmenter, Threads};
use hypercut_engine::Session;
use hypercut_engine::describe::Description;
use hypercut_engine::profile::Roof;
use hypercut_engine::tensor::DType;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::args::ThreadArgs;
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::model::Named;
use crate::output::atomic::text_to_stdout;
use crate::studio::effect_names;
pub(crate) use frame::Size;
use stats::Stats;

/// Rounds before the first that counts: caches, clock, first allocations.
const WARM_UP: u32 = 2;

/// `hypercut bench`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct BenchArgs {
    /// A .tflite network instead of the one inside; one that finds no people is timed alone
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,

    #[command(flatten)]
    threads: ThreadArgs,

    /// Size of the frame, RGBA and made up
    #[arg(long, value_name = "WxH", default_value = "1920x1080")]
    frame: Size,

    /// Effect drawn on the frame, with its usual options
    #[arg(long, value_name = "EFFECT", default_value = effects::EFFECTS[0].name)]
    #[arg(value_parser = effect_names())]
    effect: String,

    /// Rounds that count
    #[arg(long, value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rounds: u32,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  hypercut bench
  hypercut bench --frame 1280x720 --effect color --json
  hypercut bench --model other.tflite
  hypercut bench --frame 3840x2160 --threads 2

Times are wall-clock. Threads share the rows of a frame; a network runs on one, whatever their number. \
A step's time is the mean of all rounds; everything else is median and 95th percentile. \
\"of peak\" is a step's multiply-adds per second over what the core's widest instructions give back to back, measured in the \
same run (x86-64 alone). \
HYPERCUT_ISA=scalar takes a lower instruction set than the CPU's best.";

/// Times of the stages of a frame.
#[derive(Debug)]
struct FrameTimes {
    /// To the network's size, and the network.
    raw: Stats,
    /// That, and the mask at the frame's size.
    segment: Stats,
    effect: Stats,
    whole: Stats,
}

/// What was measured.
#[derive(Debug)]
struct Measured {
    /// How many worked on the frame.
    threads: usize,
    description: Description,
    isa: &'static str,
    /// `None` where it is not known how to measure it.
    roof: Option<Roof>,
    network: Stats,
    /// Node, operation, multiply-adds, mean microseconds.
    steps: Vec<(usize, &'static str, u64, f64)>,
    /// `None` when the network finds no people.
    frame: Option<FrameTimes>,
}

/// Measures and prints.
///
/// # Errors
/// A network that can't be read, planned or timed.
pub(crate) fn run(args: &BenchArgs, log: &Log) -> Result<Exit> {
    let threads = args.threads.start()?;
    let named = Named::read(args.model.as_deref())?;
    let measured = measure(args, &named, &threads, log)?;
    let text = if args.json {
        format!("{}\n", report::as_json(args, &named, &measured))
    } else {
        report::as_text(args, &named, &measured)
    };
    text_to_stdout(&text)
}

fn measure(args: &BenchArgs, named: &Named, threads: &Threads, log: &Log) -> Result<Measured> {
    let (graph, plan) = named.plan()?;
    let description = Description::new(&graph, &plan);
    let (isa, roof) = (plan.isa().name(), Roof::measure(plan.isa()));
    let mut session = Session::new(plan);
    fill_inputs(&mut session).with_context(|| named.name.clone())?;
    for _ in 0..WARM_UP {
        session.run();
    }
    session.start_profile();
    let network = Stats::of((0..args.rounds).map(|_| timed(|| session.run()).0));
    let steps = session.profile().map_or_else(Vec::new, |profile| {
        let runs = f64::from(profile.runs().max(1));
        let mean = |total: Duration| total.as_secs_f64() * 1e6 / runs;
        let steps = profile.steps().iter();
        steps
            .map(|step| (step.node, step.name, step.macs, mean(step.total)))
            .collect()
    });
    let frame = match Segmenter::from_tflite(&named.bytes) {
        Ok(segmenter) => Some(measure_frame(args, segmenter, threads)?),
        Err(error) if error.kind() == ErrorKind::Model => {
            log.warn(&format!(
                "{}: {error}; the network alone is timed",
                named.name
            ));
            None
        }
        Err(error) => return Err(error).with_context(|| named.name.clone()),
    };
    Ok(Measured {
        threads: threads.count(),
        description,
        isa,
        roof,
        network,
        steps,
        frame,
    })
}

fn timed<T>(work: impl FnOnce() -> T) -> (Duration, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed(), result)
}

/// Fills every input with values that spread over its range.
fn fill_inputs(session: &mut Session) -> Result<()> {
    for index in 0..session.inputs() {
        let info = session.input(index)?;
        let bytes = (0..info.elements()).map(|i| (i * 37 % 251) as u8);
        match info.dtype {
            DType::F32 => {
                let data: Vec<f32> = bytes.map(|byte| f32::from(byte) / 255.0).collect();
                session.set_input(index, &data)?;
            }
            DType::I8 => {
                let data: Vec<i8> = bytes.map(|byte| (byte ^ 0x80) as i8).collect();
                session.set_input(index, &data)?;
            }
            DType::U8 => session.set_input(index, &bytes.collect::<Vec<u8>>())?,
            DType::I32 => session.set_input(index, &vec![0i32; info.elements()])?,
            DType::I64 => session.set_input(index, &vec![0i64; info.elements()])?,
            other => return Err(Fault::new(format!("{other} inputs can't be filled")).into()),
        }
    }
    Ok(())
}

fn measure_frame(
    args: &BenchArgs,
    mut segmenter: Segmenter,
    threads: &Threads,
) -> Result<FrameTimes> {
    let picture = frame::person(args.frame)?;
    let mut effect = build(&args.effect, &picture)?;
    segmenter.set_threads(threads);
    effect.set_threads(threads);
    let frame = picture.as_frame();
    let format = effect.output_format(frame.format());
    let (width, height) = (frame.width(), frame.height());
    let mut pixels = vec![0; width * height * format.bytes()];
    let mut mask = Mask::new();
    let (mut raw, mut segment, mut drawn) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..WARM_UP + args.rounds {
        let (raw_time, result) = timed(|| segmenter.segment_raw(&frame, &mut mask));
        result?;
        let (segment_time, result) = timed(|| segmenter.segment(&frame, &mut mask));
        result?;
        let mut out = FrameMut::packed(&mut pixels, width, height, format)?;
        let (drawn_time, result) = timed(|| effect.apply(&frame, &mask, &mut out));
        result?;
        if round >= WARM_UP {
            raw.push(raw_time);
            segment.push(segment_time);
            drawn.push(drawn_time);
        }
    }
    let whole: Vec<_> = segment.iter().zip(&drawn).map(|(a, b)| *a + *b).collect();
    Ok(FrameTimes {
        raw: Stats::of(raw),
        segment: Stats::of(segment),
        effect: Stats::of(drawn),
        whole: Stats::of(whole),
    })
}

/// The effect with its usual options; a picture that it needs is `picture`.
fn build(name: &str, picture: &Picture) -> Result<Box<dyn Effect>> {
    let info = effects::find(name)?;
    let mut values = OptionValues::new();
    for option in info.options {
        if option.kind == OptionKind::Picture {
            values.set(option.name, OptionValue::Picture(picture.clone()));
        }
    }
    Ok(info.build(&values)?)
}
