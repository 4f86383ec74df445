//! Text tables: columns two spaces apart, numbers to the right.
use std::fmt;

/// Rows of text under a header.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with this header.
    pub(crate) fn new(header: &[&str]) -> Self {
        Self {
            rows: vec![header.iter().map(|&word| word.into()).collect()],
        }
    }

    /// Adds a row, as long as the header.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.rows.push(cells);
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    }

    /// Whether every cell below the header is a number or empty.
    fn is_numeric(&self, column: usize) -> bool {
        let mut cells = self.rows.iter().skip(1).filter_map(|row| row.get(column));
        cells.all(|cell| cell.is_empty() || cell.parse::<f64>().is_ok())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows.first().map_or(0, Vec::len);
        let layout: Vec<_> = (0..columns)
            .map(|column| (self.width(column), self.is_numeric(column)))
            .collect();
        for row in &self.rows {
            let cells = row.iter().zip(&layout).map(|(cell, &(width, numeric))| {
                if numeric {
                    format!("{cell:>width$}")
                } else {
                    format!("{cell:width$}")
                }
            });
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right() {
        let mut table = Table::new(&["op", "us"]);
        table.row(vec!["ADD".into(), "3.5".into()]);
        table.row(vec!["SOFTMAX".into(), "1234.0".into()]);
        assert_eq!(
            table.to_string(),
            "op           us\nADD         3.5\nSOFTMAX  1234.0\n"
        );
    }
}
