//! What `hypercut eval` prints.
use serde_json::{Map, Value, json};
use std::fmt::Write;

use super::bootstrap::{Interval, RESAMPLES, SEED};
use super::contestant::Way;
use super::metric::{Figure, THRESHOLD};
use super::summary::{Cell, SetSummary};
use super::{EvalArgs, Evaluation};
use crate::table::Table;

/// A figure's title in tables, by how much it is multiplied there, and its decimals.
fn layout(figure: Figure) -> (&'static str, f64, usize) {
    match figure {
        Figure::Iou => ("person IoU %", 1e2, 2),
        Figure::MeanIou => ("mIoU %", 1e2, 2),
        Figure::BoundaryIou => ("boundary IoU %", 1e2, 2),
        Figure::FalseArea => ("false area %", 1e2, 3),
        Figure::Mad => ("MAD x1000", 1e3, 2),
        Figure::Gradient => ("gradient x1000", 1e3, 3),
    }
}

const LEGEND: &str = "\
In brackets: 95 % interval over pictures (bootstrap). IoUs at alpha 1/2; boundary IoU in a band of 2 % of the diagonal; \
MAD and gradient error (sigma 1.4) on the soft masks. mIoU of a picture without people is 1 less its false area.\n";

/// A table per set, and what lies on the sheet.
pub(super) fn as_text(args: &EvalArgs, evaluation: &Evaluation) -> String {
    let mut text = String::new();
    for summary in &evaluation.summaries {
        let empty = match summary.empty {
            0 => String::new(),
            empty => format!(", {empty} of them without people"),
        };
        let _ = writeln!(
            text,
            "{}: {} pictures{empty}",
            summary.set, summary.pictures
        );
        let _ = writeln!(text, "{}", means(summary));
        if summary.lines.len() > 1 {
            let _ = writeln!(text, "{}", comparison(summary));
        }
    }
    if let (Some(path), Some(worst)) = (&args.sheet, &evaluation.worst) {
        let ids = ids(evaluation, worst).join(", ");
        let _ = writeln!(text, "{}, worst first: {ids}\n", path.display());
    }
    text + LEGEND
}

fn ids<'a>(evaluation: &'a Evaluation, indices: &[usize]) -> Vec<&'a str> {
    let ids = indices
        .iter()
        .map(|&index| evaluation.items[index].id.as_str());
    ids.collect()
}

/// Figures that anything in the set has.
fn shown(summary: &SetSummary) -> Vec<Figure> {
    let any = |figure: &Figure| {
        let mut lines = summary.lines.iter();
        lines.any(|line| line.cells[*figure as usize].is_some())
    };
    Figure::ALL.into_iter().filter(any).collect()
}

fn means(summary: &SetSummary) -> Table {
    let figures = shown(summary);
    let titles = figures.iter().map(|&figure| layout(figure).0);
    let header: Vec<_> = std::iter::once("network").chain(titles).collect();
    let mut table = Table::new(&header);
    for line in &summary.lines {
        let cells = figures.iter().map(|&figure| {
            let (_, scale, decimals) = layout(figure);
            interval(
                line.cells[figure as usize].map(|cell| cell.mean),
                scale,
                decimals,
                false,
            )
        });
        table.row(std::iter::once(line.name.clone()).chain(cells).collect());
    }
    table
}

fn comparison(summary: &SetSummary) -> Table {
    let figures = shown(summary);
    let first = summary.lines.first().map_or("", |line| line.name.as_str());
    let against = format!("against {first}");
    let titles = figures.iter().map(|&figure| layout(figure).0);
    let header: Vec<_> = [against.as_str(), ""].into_iter().chain(titles).collect();
    let mut table = Table::new(&header);
    for line in summary.lines.iter().skip(1) {
        let mut row = |name: &str, what: &str, text: &dyn Fn(Figure, Cell) -> String| {
            let cells = figures.iter().map(|&figure| {
                let cell = line.cells[figure as usize];
                cell.map_or_else(|| "-".into(), |cell| text(figure, cell))
            });
            table.row(
                [name.into(), what.into()]
                    .into_iter()
                    .chain(cells)
                    .collect(),
            );
        };
        row(&line.name, "difference", &|figure, cell| {
            let (_, scale, decimals) = layout(figure);
            interval(cell.difference, scale, decimals, true)
        });
        row("", "error ratio", &|_, cell| {
            interval(cell.error_ratio, 1.0, 3, false)
        });
    }
    table
}

/// `value [low, high]`.
fn interval(interval: Option<Interval>, scale: f64, decimals: usize, signed: bool) -> String {
    let Some(Interval { value, low, high }) = interval else {
        return "-".into();
    };
    let number = |value: f64| {
        let value = value * scale;
        if signed {
            format!("{value:+.decimals$}")
        } else {
            format!("{value:.decimals$}")
        }
    };
    format!("{} [{}, {}]", number(value), number(low), number(high))
}

/// One object with everything that [`as_text`] shows, and the figures of every picture.
pub(super) fn as_json(args: &EvalArgs, evaluation: &Evaluation) -> Value {
    let networks = evaluation.contestants.iter().map(|contestant| {
        json!({
            "name": contestant.name,
            "file": contestant.file,
            "raw": contestant.way == Way::Raw,
            "still": contestant.way == Way::Still,
        })
    });
    let pictures = evaluation.items.iter().enumerate().map(|(index, item)| {
        let columns = evaluation.columns.iter();
        let figures = columns.map(|column| {
            let figures = &column.figures[index];
            let figures = by_key(|figure| figures.get(figure).map(Value::from));
            (column.name.clone(), Value::from(figures))
        });
        json!({
            "id": item.id,
            "set": item.set,
            "empty": evaluation.empty[index],
            "figures": figures.collect::<Map<_, _>>(),
        })
    });
    json!({
        "folder": args.set.as_ref().map(|folder| folder.to_string_lossy()),
        "threshold": f64::from(THRESHOLD) / 256.0,
        "resamples": RESAMPLES,
        "seed": SEED,
        "networks": networks.collect::<Vec<_>>(),
        "sets": evaluation.summaries.iter().map(set_as_json).collect::<Vec<_>>(),
        "pictures": pictures.collect::<Vec<_>>(),
        "sheet": evaluation.worst.as_ref().map(|worst| ids(evaluation, worst)),
    })
}

fn set_as_json(summary: &SetSummary) -> Value {
    let lines = summary.lines.iter().map(|line| {
        let figures = by_key(|figure| {
            let cell = line.cells[figure as usize]?;
            let mut value = interval_as_json(cell.mean);
            value["difference"] = cell.difference.map_or(Value::Null, interval_as_json);
            value["error_ratio"] = cell.error_ratio.map_or(Value::Null, interval_as_json);
            Some(value)
        });
        json!({"name": line.name, "figures": figures})
    });
    json!({
        "set": summary.set,
        "pictures": summary.pictures,
        "empty": summary.empty,
        "results": lines.collect::<Vec<_>>(),
    })
}

/// The figures that there are, under their names.
fn by_key(value: impl Fn(Figure) -> Option<Value>) -> Map<String, Value> {
    let figures = Figure::ALL.into_iter();
    let entries = figures.filter_map(|figure| Some((figure.key().to_owned(), value(figure)?)));
    entries.collect()
}

fn interval_as_json(interval: Interval) -> Value {
    json!({"value": interval.value, "low": interval.low, "high": interval.high})
}
