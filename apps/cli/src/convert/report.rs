//! What came of a conversion, in a line or as JSON.
use hypercut_engine::convert::{Converted, ConvertedValue};
use serde_json::{Value, json};
use std::path::Path;

use super::agreement::Agreement;
use crate::model::Named;

/// A conversion that is done.
#[derive(Debug)]
pub(super) struct Outcome<'a> {
    pub(super) float: &'a Named,
    pub(super) output: &'a Path,
    pub(super) examples: usize,
    pub(super) converted: &'a Converted,
    pub(super) agreement: &'a Agreement,
}

impl Outcome<'_> {
    pub(super) fn as_text(&self) -> String {
        let kilobytes = |bytes: &[u8]| bytes.len() as f64 / 1e3;
        let mut text = format!(
            "{}: {} operations, {:.1} M multiply-adds, {:.1} kB ({:.1} kB before); ranges from {} pictures",
            self.output.display(),
            self.converted.operations,
            self.converted.macs as f64 / 1e6,
            kilobytes(&self.converted.bytes),
            kilobytes(&self.float.bytes),
            self.examples,
        );
        for distance in &self.agreement.outputs {
            text += &format!(
                "\n{}: on these pictures {:.4} from the float answer on average, {:.4} at most",
                distance.name, distance.mean, distance.most
            );
        }
        text
    }

    pub(super) fn as_json(&self) -> Value {
        let outputs = self.agreement.outputs.iter().map(|distance| {
            json!({
                "name": distance.name,
                "mean_distance": distance.mean,
                "largest_distance": distance.most,
            })
        });
        json!({
            "input": self.float.name,
            "output": self.output.display().to_string(),
            "input_bytes": self.float.bytes.len(),
            "output_bytes": self.converted.bytes.len(),
            "operations": self.converted.operations,
            "macs": self.converted.macs,
            "pictures": self.examples,
            "values": self.converted.values.iter().map(value).collect::<Vec<_>>(),
            "outputs": outputs.collect::<Vec<_>>(),
        })
    }
}

fn value(value: &ConvertedValue) -> Value {
    json!({
        "name": value.name,
        "shape": value.shape,
        "scale": value.grid.scale,
        "zero_point": value.grid.zero_point,
        "least": value.seen[0],
        "greatest": value.seen[1],
    })
}
