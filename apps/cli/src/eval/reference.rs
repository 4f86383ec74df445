//! Figures that MediaPipe's own package reached on the same pictures.
use anyhow::{Context, Result};
use std::collections::HashMap;
use std::path::Path;

use super::metric::{Figure, Figures};
use super::set::{Item, rows};
use crate::fault::Fault;

const COLUMNS: [&str; 5] = [
    "id",
    "iou_general",
    "miou_general",
    "iou_landscape",
    "miou_landscape",
];

/// Figures of another program, one per item.
#[derive(Debug)]
pub(super) struct Reference {
    pub(super) name: &'static str,
    pub(super) figures: Vec<Figures>,
}

/// The figures in `mediapipe.csv`, of both networks; none where there is no such file. Of `items` without people, which
/// `empty` tells, its mIoU is 1 less the false area.
///
/// # Errors
/// A list without one of the columns, without one of the items, or with something else than numbers.
pub(super) fn read(folder: &Path, items: &[Item], empty: &[bool]) -> Result<Vec<Reference>> {
    let path = folder.join("mediapipe.csv");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let rows = rows(&path, COLUMNS)?;
    let by_id: HashMap<_, _> = rows.iter().map(|row| (row[0].as_str(), row)).collect();
    let figures = |iou: usize, miou: usize| -> Result<Vec<Figures>> {
        let figures = items.iter().zip(empty).map(|(item, &empty)| {
            let row = by_id
                .get(item.id.as_str())
                .ok_or_else(|| Fault::new(format!("no row {}", item.id)))?;
            let number = |column: usize| -> Result<f64> {
                let text = &row[column];
                text.parse()
                    .map_err(|_| Fault::new(format!("{}: {text:?} is no number", item.id)).into())
            };
            let miou = number(miou)?;
            let figures = Figures::default().with(Figure::MeanIou, miou);
            Ok(if empty {
                figures.with(Figure::FalseArea, 1.0 - miou)
            } else {
                figures.with(Figure::Iou, number(iou)?)
            })
        });
        let figures: Result<_> = figures.collect();
        figures.with_context(|| path.display().to_string())
    };
    Ok(vec![
        Reference {
            name: "mediapipe.csv general",
            figures: figures(1, 2)?,
        },
        Reference {
            name: "mediapipe.csv landscape",
            figures: figures(3, 4)?,
        },
    ])
}
