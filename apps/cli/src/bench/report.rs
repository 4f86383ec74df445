//! What `hypercut bench` prints.
use hypercut_engine::describe::Description;
use hypercut_engine::profile::Roof;
use hypercut_engine::tensor::DType;
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

/// Microseconds that a step's multiply-adds take at the core's peak.
fn at_peak(measured: &Measured, roof: &Roof, node: usize, macs: u64) -> f64 {
    let node = measured.description.nodes.get(node);
    let output = node.and_then(|node| node.outputs.first());
    let floats = output.is_some_and(|output| output.dtype == DType::F32);
    let peak = if floats { roof.float32 } else { roof.int8 };
    macs as f64 / peak / 1e3
}

/// Per cent of the core's peak that each step reaches, and the whole network.
fn of_peak(measured: &Measured) -> Option<(Vec<f64>, f64)> {
    let roof = measured.roof.as_ref()?;
    let steps = measured.steps.iter();
    let ideal = steps.map(|&(node, _, macs, _)| at_peak(measured, roof, node, macs));
    let ideal: Vec<f64> = ideal.collect();
    let whole = share(ideal.iter().sum(), measured.network.median * 1e3);
    let steps = measured.steps.iter().zip(&ideal);
    Some((
        steps.map(|(step, ideal)| share(*ideal, step.3)).collect(),
        whole,
    ))
}

/// Tables of the steps, the times and the stages.
pub(super) fn as_text(args: &BenchArgs, named: &Named, measured: &Measured) -> String {
    let columns = [
        "#",
        "operation",
        "output",
        "MACs",
        "us",
        "%",
        "GMAC/s",
        "% of peak",
    ];
    let peak = of_peak(measured);
    let mut table = Table::new(&columns[..columns.len() - usize::from(peak.is_none())]);
    let total: f64 = measured.steps.iter().map(|step| step.3).sum();
    for (index, &(node, name, macs, us)) in measured.steps.iter().enumerate() {
        let speed = match macs {
            0 => String::new(),
            _ => format!("{:.2}", macs as f64 / us.max(1e-3) / 1e3),
        };
        let output = output_shape(&measured.description, node);
        let mut row = vec![
            index.to_string(),
            name.into(),
            shape_text(output),
            macs.to_string(),
            format!("{us:.1}"),
            format!("{:.1}", share(us, total)),
            speed,
        ];
        if let Some((steps, _)) = &peak {
            row.push(match macs {
                0 => String::new(),
                _ => format!("{:.0}", steps[index]),
            });
        }
        table.row(row);
    }
    let mut text = format!(
        "network {}, {} MACs, {}, {}, {} rounds\n\n{table}\n",
        named.name,
        measured.description.macs,
        measured.isa,
        match measured.threads {
            1 => "1 thread".into(),
            count => format!("{count} threads"),
        },
        args.rounds
    );
    if let (Some(roof), Some((_, whole))) = (&measured.roof, &peak) {
        let Roof { int8, float32 } = roof;
        let _ = writeln!(
            text,
            "{whole:.0} % of the core's peak, {int8:.0} GMAC/s of bytes and {float32:.0} of floats\n"
        );
    }
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
    let peak = of_peak(measured);
    let steps: Vec<_> = measured
        .steps
        .iter()
        .enumerate()
        .map(|(index, &(node, name, macs, us))| {
            json!({
                "op": name,
                "node": node,
                "shape": output_shape(&measured.description, node),
                "macs": macs,
                "us": us,
                "share": share(us, total) / 100.0,
                "of_peak": peak.as_ref().map(|(steps, _)| steps[index] / 100.0),
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
        "threads": measured.threads,
        "rounds": args.rounds,
        "macs": measured.description.macs,
        "arena_bytes": measured.description.arena_bytes,
        "network_ms": measured.network.as_json(),
        "network_of_peak": peak.as_ref().map(|(_, whole)| whole / 100.0),
        "peak_gmacs": measured.roof.map(|roof| json!({"int8": roof.int8, "float32": roof.float32})),
        "frame_ms": frame.map(|frame| frame.whole.as_json()),
        "frame": {"width": args.frame.width, "height": args.frame.height, "effect": args.effect},
        "stages_ms": stages,
        "steps": steps,
    })
}
