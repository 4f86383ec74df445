//! What `hypercut bench` prints.
use hypercut_engine::describe::Description;
use serde_json::{Value, json};
use std::fmt::Write;

use super::stats::Stats;
use super::{BenchArgs, FrameTimes, Measured};
use crate::model::{Named, shape_text};
use crate::table::Table;

/// Names and medians in milliseconds of what a frame goes through. The first and third are differences of medians.
fn stages(network: &Stats, frame: &FrameTimes) -> [(&'static str, f64); 4] {
    [
        ("preprocess", (frame.raw.median - network.median).max(0.0)),
        ("network", network.median),
        (
            "upsample",
            (frame.segment.median - frame.raw.median).max(0.0),
        ),
        ("effect", frame.effect.median),
    ]
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 {
        part / whole * 100.0
    } else {
        0.0
    }
}

/// Tables of the steps, the times and the stages.
pub(super) fn as_text(args: &BenchArgs, named: &Named, measured: &Measured) -> String {
    let mut table = Table::new(&["#", "operation", "output", "MACs", "us", "%", "GMAC/s"]);
    let total: f64 = measured.steps.iter().map(|step| step.3).sum();
    for (index, &(node, name, macs, us)) in measured.steps.iter().enumerate() {
        let speed = match macs {
            0 => String::new(),
            _ => format!("{:.2}", macs as f64 / us.max(1e-3) / 1e3),
        };
        let output = output_shape(&measured.description, node);
        table.row(vec![
            index.to_string(),
            name.into(),
            shape_text(output),
            macs.to_string(),
            format!("{us:.1}"),
            format!("{:.1}", share(us, total)),
            speed,
        ]);
    }
    let mut text = format!(
        "network {}, {} MACs, {}, 1 thread, {} rounds\n\n{table}\n",
        named.name, measured.description.macs, measured.isa, args.rounds
    );
    let mut times = Table::new(&["ms", "median", "p95"]);
    let mut line = |name: String, stats: &Stats| {
        times.row(vec![
            name,
            format!("{:.3}", stats.median),
            format!("{:.3}", stats.p95),
        ]);
    };
    line("network".into(), &measured.network);
    if let Some(frame) = &measured.frame {
        line(
            format!("frame {} {}", args.frame, args.effect),
            &frame.whole,
        );
    }
    let _ = write!(text, "{times}");
    if let Some(frame) = &measured.frame {
        let mut table = Table::new(&["stage of a frame", "ms", "%"]);
        let stages = stages(&measured.network, frame);
        let whole: f64 = stages.iter().map(|stage| stage.1).sum();
        for (name, ms) in stages {
            table.row(vec![
                name.into(),
                format!("{ms:.3}"),
                format!("{:.1}", share(ms, whole)),
            ]);
        }
        let _ = write!(text, "\n{table}");
    }
    text
}

fn output_shape(description: &Description, node: usize) -> &[usize] {
    let node = description.nodes.get(node);
    let output = node.and_then(|node| node.outputs.first());
    output.map_or(&[], |output| &output.shape)
}

/// One object with everything that [`as_text`] shows.
pub(super) fn as_json(args: &BenchArgs, named: &Named, measured: &Measured) -> Value {
    let total: f64 = measured.steps.iter().map(|step| step.3).sum();
    let steps: Vec<_> = measured
        .steps
        .iter()
        .map(|&(node, name, macs, us)| {
            json!({
                "op": name,
                "node": node,
                "shape": output_shape(&measured.description, node),
                "macs": macs,
                "us": us,
                "share": share(us, total) / 100.0,
            })
        })
        .collect();
    let frame = measured.frame.as_ref();
    let stages = frame.map(|frame| {
        let stages = stages(&measured.network, frame).into_iter();
        stages
            .map(|(name, ms)| (name.to_owned(), ms.into()))
            .collect::<serde_json::Map<_, _>>()
    });
    json!({
        "model": named.name,
        "isa": measured.isa,
        "threads": 1,
        "rounds": args.rounds,
        "macs": measured.description.macs,
        "arena_bytes": measured.description.arena_bytes,
        "network_ms": measured.network.as_json(),
        "frame_ms": frame.map(|frame| frame.whole.as_json()),
        "frame": {"width": args.frame.width, "height": args.frame.height, "effect": args.effect},
        "stages_ms": stages,
        "steps": steps,
    })
}
