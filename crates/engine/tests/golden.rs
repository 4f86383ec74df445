//! Every golden case through the engine: `tests/golden/make.py` says what is in them and where the answers come from.
//!
//! Float outputs agree within 1e-5 of the output's peak, bytes within one step of LiteRT's reference kernels, integers
//! exactly. `HYPERCUT_WRITE_GOLDEN=1 cargo test -p hypercut-engine --test golden` rewrites `tests/golden/README.md`.
use std::collections::BTreeMap;
use std::fmt::Write;

use hypercut_engine::Session;
use hypercut_testkit::golden::{cases, folder};
use hypercut_testkit::{Agreement, Case, Data, Tensor, Tolerance, compare};

/// What an operation's outputs may differ by.
///
/// `conv_then` is two quantized operations: where the first lands a step apart, the second magnifies that step by its own
/// slope (a sum clamped to -1..1 is stored 4 times finer than its inputs), so its bound is 3.
fn tolerance(operation: &str) -> Tolerance {
    Tolerance {
        steps: if operation == "conv_then" { 3 } else { 1 },
        relative: 1e-5,
    }
}

/// Cases and their agreement, per element type.
type Rows = BTreeMap<String, (usize, Agreement)>;

/// Runs a case; its agreement or what is wrong with it.
fn check(case: &Case, tolerance: Tolerance) -> Result<Agreement, String> {
    let mut session = Session::from_bytes(&case.model).map_err(|error| error.to_string())?;
    for (index, input) in case.inputs.iter().enumerate() {
        match &input.data {
            Data::F32(v) => session.set_input(index, v),
            Data::I8(v) => session.set_input(index, v),
            Data::U8(v) => session.set_input(index, v),
            Data::I32(v) => session.set_input(index, v),
            Data::I64(v) => session.set_input(index, v),
        }
        .map_err(|error| error.to_string())?;
    }
    session.run();
    let mut sum = Agreement::default();
    for (index, expected) in case.outputs.iter().enumerate() {
        let mut data = expected.data.zeroed();
        match &mut data {
            Data::F32(v) => session.read_output(index, v),
            Data::I8(v) => session.read_output(index, v),
            Data::U8(v) => session.read_output(index, v),
            Data::I32(v) => session.read_output(index, v),
            Data::I64(v) => session.read_output(index, v),
        }
        .map_err(|error| error.to_string())?;
        let shape = session
            .output(index)
            .map_err(|error| error.to_string())?
            .shape
            .clone();
        let agreement = compare(expected, &Tensor { shape, data }, tolerance)?;
        sum = sum.and(agreement);
    }
    Ok(sum)
}

/// Runs every case of an operation: rows per element type, and the failures.
fn survey(operation: &str) -> (Rows, Vec<String>) {
    let (mut rows, mut failures) = (Rows::new(), Vec::new());
    for case in cases(operation) {
        match check(&case, tolerance(operation)) {
            Ok(agreement) => {
                let row = rows.entry(case.mode().to_owned()).or_default();
                row.0 += 1;
                row.1 = row.1.and(agreement);
            }
            Err(text) => failures.push(format!("{operation} {}: {text}", case.name)),
        }
    }
    (rows, failures)
}

fn table_rows(operation: &str, rows: &Rows) -> String {
    let mut text = String::new();
    for (mode, (cases, agreement)) in rows {
        let Agreement {
            elements,
            differing,
            largest,
        } = agreement;
        let largest = if mode.starts_with("float") {
            format!("{largest:.1e}")
        } else {
            format!("{largest}")
        };
        writeln!(
            text,
            "| {operation} | {mode} | {cases} | {elements} | {differing} | {largest} |"
        )
        .unwrap();
    }
    text
}

/// Runs an operation's cases, prints its rows, and fails with the first failures.
fn run(operation: &str, fewest: usize) {
    let (rows, failures) = survey(operation);
    print!("{}", table_rows(operation, &rows));
    let shown = failures.iter().take(10).cloned().collect::<Vec<_>>();
    assert!(
        failures.is_empty(),
        "{} of {} cases fail:\n{}",
        failures.len(),
        cases(operation).len(),
        shown.join("\n")
    );
    for (mode, (cases, _)) in &rows {
        assert!(*cases >= fewest, "{operation} has {cases} cases of {mode}");
    }
}

macro_rules! operations {
    ($($test:ident $operation:literal $fewest:literal,)*) => {
        $(#[test]
        fn $test() {
            run($operation, $fewest);
        })*

        const OPERATIONS: &[&str] = &[$($operation),*];
    };
}

operations! {
    add "ADD" 30,
    arg_max "ARG_MAX" 30,
    average_pool_2d "AVERAGE_POOL_2D" 30,
    batch_to_space_nd "BATCH_TO_SPACE_ND" 30,
    concatenation "CONCATENATION" 30,
    conv_2d "CONV_2D" 30,
    depth_to_space "DEPTH_TO_SPACE" 30,
    depthwise_conv_2d "DEPTHWISE_CONV_2D" 30,
    dequantize "DEQUANTIZE" 30,
    fully_connected "FULLY_CONNECTED" 30,
    hard_swish "HARD_SWISH" 30,
    logistic "LOGISTIC" 30,
    max_pool_2d "MAX_POOL_2D" 30,
    mean "MEAN" 30,
    mul "MUL" 30,
    pad "PAD" 30,
    prelu "PRELU" 30,
    quantize "QUANTIZE" 30,
    relu "RELU" 30,
    relu6 "RELU6" 30,
    reshape "RESHAPE" 30,
    resize_bilinear "RESIZE_BILINEAR" 30,
    resize_nearest_neighbor "RESIZE_NEAREST_NEIGHBOR" 30,
    softmax "SOFTMAX" 30,
    space_to_batch_nd "SPACE_TO_BATCH_ND" 30,
    space_to_depth "SPACE_TO_DEPTH" 30,
    split "SPLIT" 30,
    squeeze "SQUEEZE" 30,
    strided_slice "STRIDED_SLICE" 30,
    sub "SUB" 30,
    tanh "TANH" 30,
    transpose "TRANSPOSE" 30,
    transpose_conv "TRANSPOSE_CONV" 30,
    atrous_pattern "atrous" 30,
    pad_then_convolution "pad_conv" 30,
    convolution_then "conv_then" 30,
    ramp_cases "ramp" 6,
}

#[test]
fn every_golden_file_has_a_test() {
    let files = std::fs::read_dir(folder().join("ops")).unwrap();
    let mut names: Vec<String> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut tested: Vec<String> = OPERATIONS
        .iter()
        .map(|operation| format!("{operation}.golden"))
        .collect();
    tested.sort();
    assert_eq!(names, tested);
}

/// The worked example, by hand: stride 2 and dilation 2 together on an 8x8 ramp.
///
/// With 2 rows and columns of padding all round, the first window meets the ramp at 0, 2, 16, 18 with the taps 5, 6, 8,
/// 9: `0 + 12 + 128 + 162 = 302`; the second at 0, 2, 4, 16, 18, 20 with 4..9: 470. `SAME` of the one-operation form
/// pads 1 before (total 3), meets 9, 11, 25, 27 first and gives 554, as LiteRT does.
#[test]
fn ramp_rows_by_hand() {
    let starts = [
        [302.0, 470.0],
        [302.0, 470.0],
        [302.0, 470.0],
        [302.0, 330.0],
        [554.0, 821.0],
        [554.0, 821.0],
    ];
    for (case, start) in cases("ramp").iter().zip(starts) {
        let Data::F32(ramp) = &case.inputs[0].data else {
            panic!("{}: not float", case.name);
        };
        let mut session = Session::from_bytes(&case.model).unwrap();
        session.set_input(0, ramp).unwrap();
        session.run();
        let row = session.output_data::<f32>(0).unwrap();
        assert_eq!(row[..2], start, "{}", case.name);
    }
}

#[test]
fn table() {
    let rows: String = OPERATIONS
        .iter()
        .map(|operation| table_rows(operation, &survey(operation).0))
        .collect();
    let head =
        "| operation | type | cases | elements | differ | largest |\n|---|---|---|---|---|---|\n";
    println!("{head}{rows}");
    if std::env::var_os("HYPERCUT_WRITE_GOLDEN").is_some() {
        let path = folder().join("README.md");
        let text = std::fs::read_to_string(&path).unwrap();
        let before = text.split(head).next().unwrap().trim_end();
        std::fs::write(path, format!("{before}\n\n{head}{rows}")).unwrap();
    }
}
