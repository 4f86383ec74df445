//! `hypercut eval`: how good masks are, on pictures whose true masks are known.
mod bootstrap;
mod clip;
mod contestant;
mod metric;
mod reference;
mod report;
mod set;
mod sheet;
mod summary;

use anyhow::{Context, Result};
use clap::{Args, ValueHint};
use hypercut::{Mask, PixelFormat};
use std::path::{Path, PathBuf};

use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::atomic::{self, Existing, text_to_stdout};
use crate::output::names;
use crate::picture::{Decoded, Encoding, Format, PixelLimit, decode, encode};
use crate::source;
use contestant::{Contestant, Way};
use metric::{Figure, Truth};
use set::Item;
use sheet::Sheet;
use summary::{Column, SetSummary, summarize};

/// Enough for any camera, and a bound on memory.
const LIMIT: PixelLimit = PixelLimit(100_000_000);

const EXAMPLES: &str = "\
Examples:
  hypercut eval --set heldout
  hypercut eval --set heldout --model built-in --model other.tflite --only portrait
  hypercut eval --set heldout --sheet worst.png --json > figures.json
  hypercut eval --clips recordings                        # flicker, dtSSD and lag of clips
  hypercut eval --cutouts cutouts --backgrounds rooms     # the same on clips made of pictures

A set is a folder with images/ID.jpg (or .png, .webp) and masks/ID.png, gray and of the same size, 255 being person. Its \
index.csv, if it has one, names the pictures (column id) and the set that each counts in (column set). Its mediapipe.csv, if it \
has one, holds figures of MediaPipe's own package (columns id, iou_general, miou_general, iou_landscape, miou_landscape).

With several networks each is compared with the first on the same pictures. An error ratio is what one lacks to perfect \
over what the first lacks; below 1 is better than the first.";

/// `hypercut eval`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct EvalArgs {
    /// Folder with pictures and their true masks
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    #[arg(required_unless_present_any = ["clips", "cutouts"], conflicts_with_all = ["clips", "cutouts"])]
    set: Option<PathBuf>,

    #[command(flatten)]
    clips: clip::ClipArgs,

    /// A .tflite portrait network; may be given again; `built-in` is the one inside, which is measured if none is given
    #[arg(long = "model", value_name = "FILE", value_hint = ValueHint::FilePath)]
    models: Vec<PathBuf>,

    /// Measure each network's bare answer too, brought to the picture's size bilinearly
    #[arg(long)]
    raw: bool,

    /// Measure each network also as `photo` uses it: up to twelve looks, mirrored, closer to the people, and at parts of them
    #[arg(long)]
    still: bool,

    /// Measure this set alone; may be given again
    #[arg(long, value_name = "SET", requires = "set")]
    only: Vec<String>,

    /// Write a contact sheet (PNG) of the worst pictures of the first network: picture, mask, errors
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "set")]
    sheet: Option<PathBuf>,

    /// Pictures on the sheet
    #[arg(long, value_name = "N", default_value_t = 16, requires = "sheet")]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1000))]
    sheet_pictures: u16,

    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl EvalArgs {
    /// The ways that every network is measured.
    fn ways(&self) -> Vec<Way> {
        let ways = [
            (true, Way::Library),
            (self.still, Way::Still),
            (self.raw, Way::Raw),
        ];
        ways.iter().filter(|way| way.0).map(|way| way.1).collect()
    }
}

/// Everything measured.
#[derive(Debug)]
struct Evaluation {
    contestants: Vec<Contestant>,
    items: Vec<Item>,
    /// Items without people.
    empty: Vec<bool>,
    columns: Vec<Column>,
    summaries: Vec<SetSummary>,
    /// Items on the sheet, worst first.
    worst: Option<Vec<usize>>,
}

/// Measures, prints, and draws the sheet.
///
/// # Errors
/// A set that isn't complete, a network or picture that can't be read: figures of a part would mislead.
pub(crate) fn run(args: &EvalArgs, log: &mut Log) -> Result<Exit> {
    if args.clips.any() {
        return clip::run(args, log);
    }
    if let Some(path) = &args.sheet
        && Format::from_path(path) != Some(Format::Png)
    {
        let message = format!("{}: a sheet is written as .png", path.display());
        return Err(Fault::usage(message).into());
    }
    let mut evaluation = evaluate(args, log)?;
    if let Some(path) = &args.sheet {
        let worst = worst(&evaluation.columns[0], usize::from(args.sheet_pictures));
        draw(&mut evaluation, &worst, path)?;
        evaluation.worst = Some(worst);
    }
    let text = if args.json {
        format!("{}\n", report::as_json(args, &evaluation))
    } else {
        report::as_text(args, &evaluation)
    };
    text_to_stdout(&text)
}

fn evaluate(args: &EvalArgs, log: &mut Log) -> Result<Evaluation> {
    let folder = args.set.as_deref().context("no set")?;
    let items = set::read(folder, &args.only)?;
    if let Some(sheet) = &args.sheet {
        let pictures = items.iter().flat_map(|item| [&item.image, &item.mask]);
        let read = pictures.chain(&args.models).map(PathBuf::as_path);
        names::refuse_overwriting_inputs(read, [sheet.as_path()].into_iter())?;
    }
    let mut contestants = Contestant::all(&args.models, &args.ways())?;
    let mut columns: Vec<Column> = contestants
        .iter()
        .map(|contestant| Column {
            name: contestant.name.clone(),
            figures: Vec::with_capacity(items.len()),
        })
        .collect();
    let mut empty = Vec::with_capacity(items.len());
    let mut mask = Mask::new();
    log.start_bar(items.len());
    for item in &items {
        log.working_on(&item.image);
        let (picture, truth) = read(item)?;
        let truth = Truth::new(truth);
        empty.push(truth.is_empty());
        for (contestant, column) in contestants.iter_mut().zip(&mut columns) {
            contestant.segment(&picture.frame()?, &mut mask)?;
            column.figures.push(truth.measure(&mask));
        }
        log.step();
    }
    log.finish_bar();
    for reference in reference::read(folder, &items, &empty)? {
        columns.push(Column {
            name: reference.name.into(),
            figures: reference.figures,
        });
    }
    let sets: Vec<_> = items.iter().map(|item| item.set.as_str()).collect();
    Ok(Evaluation {
        summaries: summarize(&sets, &empty, &columns),
        contestants,
        items,
        empty,
        columns,
        worst: None,
    })
}

/// A picture and its true mask, which have the same size.
fn read(item: &Item) -> Result<(Decoded, Mask)> {
    let read = |path: &Path| {
        let bytes = source::read_file(path, LIMIT.file_bytes())?;
        decode(&bytes, LIMIT).with_context(|| path.display().to_string())
    };
    let (picture, mask) = (read(&item.image)?, read(&item.mask)?);
    let mask = gray_mask(mask, &item.mask, (&picture, &item.image))?;
    Ok((picture, mask))
}

/// A true mask, if it is gray and has its picture's size.
fn gray_mask(mask: Decoded, path: &Path, (picture, image): (&Decoded, &Path)) -> Result<Mask> {
    let names = (path.display(), image.display());
    if (mask.width, mask.height) != (picture.width, picture.height) {
        let message = format!(
            "{}: {} x {} pixels; its picture {} has {} x {}",
            names.0, mask.width, mask.height, names.1, picture.width, picture.height
        );
        return Err(Fault::new(message).into());
    }
    if mask.pixel_format != PixelFormat::Gray8 {
        let message = format!("{}: a mask has to be gray", names.0);
        return Err(Fault::new(message).into());
    }
    Ok(Mask::from_raw(mask.width, mask.height, mask.pixels)?)
}

/// The `count` pictures of least mIoU, worst first.
fn worst(column: &Column, count: usize) -> Vec<usize> {
    let score = |index: usize| column.figures[index].get(Figure::MeanIou).unwrap_or(1.0);
    let mut order: Vec<usize> = (0..column.figures.len()).collect();
    order.sort_by(|&a, &b| score(a).total_cmp(&score(b)));
    order.truncate(count);
    order
}

fn draw(evaluation: &mut Evaluation, worst: &[usize], path: &Path) -> Result<()> {
    let mut sheet = Sheet::new(worst.len());
    let mut mask = Mask::new();
    for &index in worst {
        let (picture, truth) = read(&evaluation.items[index])?;
        let frame = picture.frame()?;
        evaluation.contestants[0].segment(&frame, &mut mask)?;
        sheet.add(&frame, &mask, &truth)?;
    }
    let encoding = Encoding {
        format: Format::Png,
        is_mask: false,
        quality: 100,
        icc: None,
        exif: None,
    };
    let bytes = encode(&sheet.frame()?, &encoding)?;
    atomic::write(path, &bytes, Existing::Replace)
}
