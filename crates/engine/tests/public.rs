//! Whole public networks against LiteRT: `tests/public/prepare.py` fetches them and says what is in the folder that
//! `HYPERCUT_PUBLIC_DIR` names. Without it the test prints that it skips, and why.
mod feed;

use std::path::Path;

use feed::{read_outputs, set_inputs};
use hypercut_engine::Session;
use hypercut_testkit::golden::parse;
use hypercut_testkit::{Agreement, Case, Data, Tensor, Tolerance, compare, picture};

/// Measures the distance, whatever it is.
const ANY: Tolerance = Tolerance {
    steps: u32::MAX,
    relative: f64::INFINITY,
};

/// How far beyond twice the distance between LiteRT's own two sets of kernels the engine may be: floats (of the peak).
///
/// Dozens of layers magnify a last bit or a rounding step, by as much as 48 steps between LiteRT's reference kernels and
/// its default ones on the same file; a fault in the engine shows far beyond that.
const FLOOR_FLOAT: f64 = 1e-4;

/// The same in steps of bytes.
const FLOOR_STEPS: f64 = 1.0;

/// Steps between the engine and LiteRT's default kernels on networks that `hypercut convert` made.
const CONVERTED: f64 = 1.0;

/// What a person could see in a mask; their peak is 1.
const MASK: f64 = 2.0 / 255.0;

#[test]
fn public_networks_agree_with_litert() {
    let Some(folder) = std::env::var_os("HYPERCUT_PUBLIC_DIR") else {
        println!(
            "skipped: HYPERCUT_PUBLIC_DIR is not set; fill a folder with tests/public/prepare.py"
        );
        return;
    };
    let mut networks: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", Path::new(&folder).display()))
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "golden"))
        .collect();
    networks.sort();
    assert!(
        !networks.is_empty(),
        "no network in {}",
        Path::new(&folder).display()
    );
    let failures: Vec<String> = networks.iter().filter_map(|path| network(path)).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Distances over a network's inputs.
#[derive(Default)]
struct Distances {
    /// Engine to LiteRT's reference kernels.
    engine: Agreement,
    /// Engine to LiteRT's default kernels.
    default: Agreement,
    /// LiteRT's default kernels to its reference kernels.
    litert: Agreement,
}

/// Runs every case of a network and prints how close it came; what failed.
fn network(path: &Path) -> Option<String> {
    let name = path.file_stem().unwrap().to_string_lossy();
    let cases = parse(&std::fs::read(path).unwrap())
        .unwrap_or_else(|| panic!("{}: damaged", path.display()));
    let mut distances = Distances::default();
    let mut session = match Session::from_bytes(&cases[0].model) {
        Ok(session) => session,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let mut worst = None;
    for case in &cases {
        if let Err(text) = measure(&mut session, case, &mut distances, &mut worst) {
            return Some(format!("{name} {}: {text}", case.name));
        }
    }
    let [engine, default, litert] = [distances.engine, distances.default, distances.litert];
    let (inputs, elements) = (cases.len(), engine.elements);
    let summary = format!(
        "{name}: {inputs} inputs, {elements} elements; largest distance to LiteRT's reference kernels {:.2e} ({} differ), \
         to its default ones {:.2e} ({} differ), of those two {:.2e} ({} differ)",
        engine.largest,
        engine.differing,
        default.largest,
        default.differing,
        litert.largest,
        litert.differing
    );
    println!("{summary}");
    if name.starts_with("converted") {
        // Our converter's own files: what LiteRT makes of them by default is what we promise.
        return (default.largest > CONVERTED).then(|| format!("{summary}, beyond {CONVERTED}"));
    }
    let bytes = !matches!(cases[0].outputs[0].data, Data::F32(_));
    let floor = if bytes { FLOOR_STEPS } else { FLOOR_FLOAT };
    let bound = if name.starts_with("selfie") {
        MASK
    } else {
        2.0 * litert.largest + floor
    };
    (engine.largest > bound).then(|| {
        let dumped = worst.map_or_else(String::new, |(case, tensor)| dump_mask(&case, &tensor));
        format!("{summary}, beyond {bound:.2e}{dumped}")
    })
}

/// Runs one case; `worst` keeps the first output of the case farthest from the reference.
fn measure(
    session: &mut Session,
    case: &Case,
    distances: &mut Distances,
    worst: &mut Option<(String, Tensor)>,
) -> Result<(), String> {
    set_inputs(session, &case.inputs).map_err(|error| error.to_string())?;
    session.run();
    let (reference, default) = case.outputs.split_at(case.outputs.len() / 2);
    let mut data: Vec<Data> = reference.iter().map(|o| o.data.zeroed()).collect();
    read_outputs(session, &mut data).map_err(|error| error.to_string())?;
    let answers = reference.iter().zip(default).zip(data);
    for (index, ((reference, default), data)) in answers.enumerate() {
        let shape = session
            .output(index)
            .map_err(|error| error.to_string())?
            .shape
            .clone();
        let found = Tensor { shape, data };
        let to_reference = compare(reference, &found, ANY)?;
        if index == 0 && to_reference.largest > distances.engine.largest {
            *worst = Some((case.name.clone(), found.clone()));
        }
        distances.engine = distances.engine.and(to_reference);
        distances.default = distances.default.and(compare(default, &found, ANY)?);
        distances.litert = distances.litert.and(compare(reference, default, ANY)?);
    }
    Ok(())
}

/// Writes an output that is a mask, `[1, H, W, 1]`, as a picture; where it lies.
fn dump_mask(name: &str, tensor: &Tensor) -> String {
    let (&[1, height, width, 1], Data::F32(values)) = (tensor.shape.as_slice(), &tensor.data)
    else {
        return String::new();
    };
    let pixels: Vec<u8> = values.iter().map(|v| (v * 255.0) as u8).collect();
    picture::dump(name, width, height, 1, &pixels)
        .map_or_else(|error| error.to_string(), |path| format!("; {path:?}"))
}
