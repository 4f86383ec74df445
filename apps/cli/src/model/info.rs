//! `hypercut model info`: a network in a table or as JSON.
use anyhow::Result;
use hypercut_engine::describe::{Description, NodeInfo, ValueInfo};
use hypercut_engine::tensor::{Quantization, TensorInfo};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

use super::Named;
use crate::fault::Exit;
use crate::output::atomic::text_to_stdout;
use crate::table::Table;

/// Prints what `file` (or the network inside) is.
///
/// # Errors
/// When it can't be read or planned; the message names it.
pub(super) fn run(file: Option<&Path>, json: bool) -> Result<Exit> {
    let named = Named::read(file)?;
    let (graph, plan) = named.plan()?;
    let description = Description::new(&graph, &plan);
    let text = if json {
        format!("{}\n", as_json(&named, &description))
    } else {
        as_text(&named, &description)
    };
    text_to_stdout(&text)
}

fn as_text(named: &Named, description: &Description) -> String {
    let mut text = format!("network    {}", named.name);
    if !description.description.is_empty() {
        let _ = write!(text, " ({})", description.description);
    }
    text.push('\n');
    for (word, tensors) in [
        ("input", &description.inputs),
        ("output", &description.outputs),
    ] {
        for tensor in tensors {
            let _ = writeln!(text, "{word:10} {}", tensor_text(tensor));
        }
    }
    text.push('\n');
    let mut table = Table::new(&[
        "#",
        "operation",
        "input",
        "weights",
        "output",
        "quantization",
        "MACs",
        "%",
    ]);
    for (index, node) in description.nodes.iter().enumerate() {
        table.row(row(index, node, description.macs));
    }
    text.push_str(&table.to_string());
    let _ = write!(
        text,
        "\noperations {}\nMACs       {} ({:.1} M)\nparameters {} ({} kB)\nfile       {} kB\narena      {} kB\n",
        description.nodes.len(),
        description.macs,
        description.macs as f64 / 1e6,
        description.parameters,
        kilobytes(description.weight_bytes as usize),
        kilobytes(named.bytes.len()),
        kilobytes(description.arena_bytes),
    );
    text
}

fn row(index: usize, node: &NodeInfo, macs: u64) -> Vec<String> {
    let shapes = |values: &[ValueInfo], constant: bool| {
        let shapes: Vec<_> = values
            .iter()
            .filter(|value| value.constant == constant)
            .map(|value| format!("{}{}", value.dtype, shape_text(&value.shape)))
            .collect();
        shapes.join(" ")
    };
    let grid = node
        .outputs
        .first()
        .and_then(|value| value.quantization.as_ref());
    let share = match node.macs {
        0 => String::new(),
        own => format!("{:.1}", own as f64 / macs.max(1) as f64 * 100.0),
    };
    vec![
        index.to_string(),
        node.name.into(),
        shapes(&node.inputs, false),
        shapes(&node.inputs, true),
        shapes(&node.outputs, false),
        grid.map(grid_text).unwrap_or_default(),
        node.macs.to_string(),
        share,
    ]
}

/// `[1, 256, 256, 3]` without spaces, which would end a column of the table.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    let extents: Vec<_> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", extents.join(","))
}

fn tensor_text(tensor: &TensorInfo) -> String {
    let grid = tensor
        .quantization
        .as_ref()
        .map(grid_text)
        .unwrap_or_default();
    let text = format!(
        "{} {}{} {grid}",
        tensor.name,
        tensor.dtype,
        shape_text(&tensor.shape)
    );
    text.trim_end().into()
}

/// `scale*(q-zero point)`, or the range of the scales where each channel has its own.
fn grid_text(grid: &Quantization) -> String {
    match (grid.scales.as_slice(), grid.zero_points.as_slice()) {
        ([scale], [0]) => format!("{scale:.4e}*q"),
        ([scale], [zero_point]) => format!("{scale:.4e}*(q{:+})", -i64::from(*zero_point)),
        (scales, _) => {
            let least = scales.iter().copied().fold(f32::INFINITY, f32::min);
            let most = scales.iter().copied().fold(0.0, f32::max);
            format!("{least:.2e}..{most:.2e} per channel")
        }
    }
}

fn kilobytes(bytes: usize) -> String {
    format!("{:.1}", bytes as f64 / 1e3)
}

fn as_json(named: &Named, description: &Description) -> Value {
    let nodes: Vec<_> = description
        .nodes
        .iter()
        .enumerate()
        .map(|(index, node)| {
            json!({
                "index": index,
                "op": node.name,
                "attributes": node.attributes,
                "inputs": node.inputs.iter().map(value_json).collect::<Vec<_>>(),
                "outputs": node.outputs.iter().map(value_json).collect::<Vec<_>>(),
                "macs": node.macs,
            })
        })
        .collect();
    json!({
        "model": named.name,
        "description": description.description,
        "inputs": description.inputs.iter().map(tensor_json).collect::<Vec<_>>(),
        "outputs": description.outputs.iter().map(tensor_json).collect::<Vec<_>>(),
        "nodes": nodes,
        "macs": description.macs,
        "parameters": description.parameters,
        "weight_bytes": description.weight_bytes,
        "file_bytes": named.bytes.len(),
        "arena_bytes": description.arena_bytes,
    })
}

fn tensor_json(tensor: &TensorInfo) -> Value {
    json!({
        "name": tensor.name,
        "shape": tensor.shape,
        "dtype": tensor.dtype.to_string(),
        "quantization": tensor.quantization.as_ref().map(grid_json),
    })
}

fn value_json(value: &ValueInfo) -> Value {
    json!({
        "name": value.name,
        "shape": value.shape,
        "dtype": value.dtype.to_string(),
        "quantization": value.quantization.as_ref().map(grid_json),
        "constant": value.constant,
    })
}

fn grid_json(grid: &Quantization) -> Value {
    json!({"scales": grid.scales, "zero_points": grid.zero_points, "axis": grid.axis})
}
