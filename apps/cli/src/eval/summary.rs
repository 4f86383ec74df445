//! Figures of pictures gathered into figures of sets.
use super::bootstrap::{self, Interval};
use super::metric::{Figure, Figures};

/// Figures of every picture, under the name of what reached them.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) figures: Vec<Figures>,
}

/// One figure of a set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cell {
    pub(super) mean: Interval,
    /// Against the first column, of the same pictures; of the first itself, `None`.
    pub(super) difference: Option<Interval>,
    /// This column's error over the first's.
    pub(super) error_ratio: Option<Interval>,
}

/// One column's figures of a set, in the order of [`Figure::ALL`].
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) cells: [Option<Cell>; Figure::ALL.len()],
}

/// Everything about a set.
#[derive(Debug)]
pub(super) struct SetSummary {
    pub(super) set: String,
    pub(super) pictures: usize,
    /// Pictures without people.
    pub(super) empty: usize,
    pub(super) lines: Vec<Line>,
}

/// Gathers the pictures by `sets` (the name of each picture's set), in order of first appearance. `empty` tells which
/// pictures are without people.
pub(super) fn summarize(sets: &[&str], empty: &[bool], columns: &[Column]) -> Vec<SetSummary> {
    let mut names: Vec<&str> = Vec::new();
    for &set in sets {
        if !names.contains(&set) {
            names.push(set);
        }
    }
    let summary = |set: &str| {
        let members: Vec<usize> = (0..sets.len()).filter(|&i| sets[i] == set).collect();
        let lines = columns.iter().enumerate().map(|(index, column)| Line {
            name: column.name.clone(),
            cells: Figure::ALL.map(|figure| {
                let first = columns.first().filter(|_| index > 0);
                cell(figure, &members, column, first)
            }),
        });
        SetSummary {
            set: set.into(),
            pictures: members.len(),
            empty: members.iter().filter(|&&member| empty[member]).count(),
            lines: lines.collect(),
        }
    };
    names.into_iter().map(summary).collect()
}

fn cell(
    figure: Figure,
    members: &[usize],
    column: &Column,
    first: Option<&Column>,
) -> Option<Cell> {
    let of = |column: &Column, member: usize| column.figures[member].get(figure);
    let values = members.iter().filter_map(|&member| of(column, member));
    let mean = bootstrap::mean(&values.collect::<Vec<_>>())?;
    let pairs: Vec<(f64, f64)> = first.map_or_else(Vec::new, |first| {
        let pairs = members.iter();
        pairs
            .filter_map(|&member| of(first, member).zip(of(column, member)))
            .collect()
    });
    let differences: Vec<_> = pairs.iter().map(|(first, this)| this - first).collect();
    let errors = pairs
        .iter()
        .map(|&(first, this)| (figure.error(first), figure.error(this)));
    let errors: Vec<_> = errors.collect();
    Some(Cell {
        mean,
        difference: bootstrap::mean(&differences),
        error_ratio: bootstrap::ratio(&errors),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, ious: &[f64]) -> Column {
        let figures = ious
            .iter()
            .map(|&iou| Figures::default().with(Figure::Iou, iou));
        Column {
            name: name.into(),
            figures: figures.collect(),
        }
    }

    #[test]
    fn sets_are_apart_and_columns_are_paired() {
        let columns = [
            column("first", &[0.5, 0.9, 0.7]),
            column("second", &[0.6, 0.1, 0.9]),
        ];
        let summaries = summarize(&["a", "b", "a"], &[false; 3], &columns);
        assert_eq!(summaries.len(), 2);
        let iou = |line: usize| summaries[0].lines[line].cells[Figure::Iou as usize].unwrap();
        let near = |interval: Interval, value: f64| {
            assert!((interval.value - value).abs() < 1e-12, "{interval:?}");
        };
        near(iou(0).mean, 0.6);
        assert_eq!((iou(0).difference, iou(0).error_ratio), (None, None));
        near(iou(1).difference.unwrap(), 0.15);
        near(iou(1).error_ratio.unwrap(), (0.4 + 0.1) / (0.5 + 0.3));
        assert_eq!(summaries[0].lines[0].cells[Figure::Mad as usize], None);
    }
}
