//! What `hypercut eval` prints of clips.
use serde_json::{Value, json};
use std::fmt::Write;

use super::super::bootstrap::{self, Interval};
use super::figures::Figures;
use super::source::Kind;
use super::{Line, Measured};
use crate::table::Table;

/// A figure: its key, title, factor in tables and decimals.
type Column = (
    &'static str,
    &'static str,
    f64,
    usize,
    fn(&Figures) -> Option<f64>,
);

const COLUMNS: [Column; 5] = [
    ("miou", "mIoU %", 1e2, 2, |figures| Some(figures.miou)),
    ("mad", "MAD x1000", 1e3, 2, |figures| Some(figures.mad)),
    ("flicker", "flicker x1000", 1e3, 3, |figures| {
        Some(figures.flicker)
    }),
    ("dtssd", "dtSSD x100", 1e2, 3, |figures| Some(figures.dtssd)),
    ("lag", "lag, frames", 1.0, 2, |figures| figures.lag),
];

const LEGEND: &str = "\
In brackets: 95 % interval over clips (bootstrap). Flicker: mean change of alpha from frame to frame beyond the true mask's own; \
dtSSD: root mean square of the difference between both changes; lag: by how many frames late the masks fit best. `steady` is the \
same network with the library's temporal filter.\n";

fn of(line: &Line, measured: &Measured, kind: Kind, column: &Column) -> Option<Interval> {
    let clips = measured.clips.iter().zip(&line.figures);
    let values: Vec<f64> = clips
        .filter(|((other, _), _)| *other == kind)
        .filter_map(|(_, figures)| (column.4)(figures))
        .collect();
    bootstrap::mean(&values)
}

fn kinds(measured: &Measured) -> impl Iterator<Item = (Kind, usize)> {
    let count = |kind: Kind| {
        measured
            .clips
            .iter()
            .filter(|(other, _)| *other == kind)
            .count()
    };
    Kind::ALL
        .into_iter()
        .map(move |kind| (kind, count(kind)))
        .filter(|(_, count)| *count > 0)
}

/// A table per kind of clip.
pub(super) fn as_text(measured: &Measured) -> String {
    let mut text = String::new();
    for (kind, count) in kinds(measured) {
        let _ = writeln!(text, "{}: {count} clips", kind.name());
        let titles = COLUMNS.iter().map(|column| column.1);
        let header: Vec<_> = std::iter::once("masks").chain(titles).collect();
        let mut table = Table::new(&header);
        for line in &measured.lines {
            let cells = COLUMNS.iter().map(|column| {
                let (_, _, scale, decimals, _) = *column;
                of(line, measured, kind, column).map_or_else(
                    || "-".into(),
                    |Interval { value, low, high }| {
                        let [value, low, high] = [value, low, high].map(|value| value * scale);
                        format!("{value:.decimals$} [{low:.decimals$}, {high:.decimals$}]")
                    },
                )
            });
            table.row(std::iter::once(line.name.clone()).chain(cells).collect());
        }
        let _ = writeln!(text, "{table}");
    }
    text + LEGEND
}

/// Everything, clip by clip too.
pub(super) fn as_json(measured: &Measured) -> Value {
    let interval = |interval: Interval| json!([interval.value, interval.low, interval.high]);
    let kinds: Vec<_> = kinds(measured)
        .map(|(kind, count)| {
            let lines = measured.lines.iter().map(|line| {
                let mut figures = serde_json::Map::new();
                figures.insert("name".into(), line.name.as_str().into());
                for column in &COLUMNS {
                    let value = of(line, measured, kind, column).map_or(Value::Null, interval);
                    figures.insert(column.0.into(), value);
                }
                Value::Object(figures)
            });
            json!({"kind": kind.name(), "clips": count, "results": lines.collect::<Vec<_>>()})
        })
        .collect();
    let clips: Vec<_> = measured
        .clips
        .iter()
        .enumerate()
        .map(|(i, (kind, name))| {
            let lines = measured.lines.iter().map(|line| {
                let mut figures = serde_json::Map::new();
                figures.insert("name".into(), line.name.as_str().into());
                for column in &COLUMNS {
                    figures.insert(column.0.into(), (column.4)(&line.figures[i]).into());
                }
                Value::Object(figures)
            });
            json!({"name": name, "kind": kind.name(), "results": lines.collect::<Vec<_>>()})
        })
        .collect();
    json!({"kinds": kinds, "clips": clips})
}
