//! `hypercut model` and `hypercut bench`.
use serde_json::Value;

use crate::command::Place;

/// `numpy.save` of an array of `shape`, holding `bytes`.
fn npy(descr: &str, shape: &[usize], bytes: Vec<u8>) -> Vec<u8> {
    let extents: String = shape.iter().map(|extent| format!("{extent},")).collect();
    let mut header =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({extents}), }}");
    while (header.len() + 11) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.into_bytes());
    file.extend(bytes);
    file
}

fn network() -> String {
    format!(
        "{}/../../models/hypercut-v13.tflite",
        env!("CARGO_MANIFEST_DIR")
    )
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// Type, shape and element count of the first input or output.
fn first(info: &Value, ports: &str) -> (String, Vec<usize>, usize) {
    let port = &info[ports][0];
    let shape: Vec<usize> = serde_json::from_value(port["shape"].clone()).unwrap();
    let dtype = port["dtype"].as_str().unwrap().to_owned();
    let elements = shape.iter().product();
    (dtype, shape, elements)
}

#[test]
fn info_adds_up_and_the_file_is_the_network_inside() {
    let place = Place::new();
    let inside = json(&place.run("model info --json").fine().stdout);
    let file = json(
        &place
            .run(&format!("model info {} --json", network()))
            .fine()
            .stdout,
    );
    assert_eq!(inside["nodes"], file["nodes"]);
    let nodes = inside["nodes"].as_array().unwrap();
    let sum: u64 = nodes
        .iter()
        .map(|node| node["macs"].as_u64().unwrap())
        .sum();
    assert_eq!(inside["macs"], sum);
    assert!(
        inside["arena_bytes"].as_u64().unwrap() > 0 && inside["parameters"].as_u64().unwrap() > 0
    );
    let text = String::from_utf8(place.run("model info").fine().stdout).unwrap();
    for word in [
        "network",
        "input",
        "output",
        "CONV_2D",
        "MACs",
        "arena",
        "parameters",
    ] {
        assert!(text.contains(word), "{word}");
    }
}

#[test]
fn a_network_runs_on_arrays_the_same_through_npy_and_npz() {
    let place = Place::new();
    let info = json(&place.run("model info --json").fine().stdout);
    let (dtype, shape, elements) = first(&info, "inputs");
    assert_eq!(dtype, "int8");
    let picture: Vec<u8> = (0..elements).map(|i| (i * 31 % 256) as u8).collect();
    place.write("in.npy", &npy("|i1", &shape, picture));
    let network = network();
    place
        .run(&format!("model run {network} --input in.npy -o out.npy"))
        .fine();
    let out = place.read("out.npy");
    let (_, _, results) = first(&info, "outputs");
    let data = &out[out.len() - results..];
    assert!(out.starts_with(b"\x93NUMPY") && data.iter().any(|&byte| byte != data[0]));
    place
        .run(&format!("model run {network} --input in.npy -o out.npz"))
        .fine();
    let npz = place.read("out.npz");
    assert!(npz.starts_with(b"PK"));
    let stored = npz.windows(out.len()).any(|window| window == out);
    assert!(stored, "the .npz holds the same .npy");
}

#[test]
fn arrays_that_do_not_fit() {
    let place = Place::new();
    let network = network();
    place.write("short.npy", &npy("|i1", &[1, 2, 2, 3], vec![0; 12]));
    let said = place.run(&format!("model run {network} --input short.npy -o out.npy"));
    assert_eq!(said.code, 1);
    let start = "error: short.npy: the array is int8[1,2,2,3]; input ";
    assert!(said.stderr.starts_with(start), "{}", said.stderr);
    assert!(
        said.stderr.contains("hint: nothing is converted"),
        "{}",
        said.stderr
    );
    place.run(&format!("model run {network} --input short.npy --input short.npy -o out.npy")).says(
        1,
        "error: 2 arrays for a network with 1 inputs\nhint: `hypercut model info` lists its inputs",
    );
    place.run(&format!("model run {network} --input short.npy -o a.npy -o b.npy")).says(
        1,
        "error: 2 files for a network with 1 outputs\nhint: give `-o` once per output, or one .npz for all",
    );
    place.run(&format!("model run {network} --input short.npy -o ./short.npy")).says(
        2,
        "error: the output ./short.npy is the input short.npy\nhint: originals are never written over: choose another name or folder",
    );
    place.write("text.npy", b"hello");
    place
        .run(&format!("model run {network} --input text.npy -o out.npy"))
        .says(
            1,
            "error: text.npy: not a .npy or .npz file\nhint: `numpy.save` writes one",
        );
    assert_eq!(place.files(), ["short.npy", "text.npy"]);
}

#[test]
fn files_that_are_no_network() {
    let place = Place::new();
    let whole = std::fs::read(network()).unwrap();
    place.write("cut.tflite", &whole[..whole.len() / 2]);
    place.write("text.tflite", b"hello");
    place.write("x.jpg", &crate::pictures::plain("jpg"));
    for file in ["cut.tflite", "text.tflite"] {
        for line in [
            "model info FILE",
            "bench --model FILE",
            "photo x.jpg --model FILE",
        ] {
            let said = place.run(&line.replace("FILE", file));
            assert_eq!(said.code, 1, "{line}");
            assert!(
                said.stderr.starts_with(&format!("error: {file}: ")),
                "{}",
                said.stderr
            );
        }
    }
    assert_eq!(place.files(), ["cut.tflite", "text.tflite", "x.jpg"]);
}

#[test]
fn a_bench_is_one_object_and_its_parts_fit() {
    let place = Place::new();
    let said = place
        .run("bench --frame 64x48 --rounds 2 --effect color --json --threads 1")
        .fine();
    assert_eq!(said.stderr, "");
    let bench = json(&said.stdout);
    assert_eq!(
        (&bench["threads"], &bench["model"]),
        (&1.into(), &"built-in".into())
    );
    let (network, frame) = (&bench["network_ms"], &bench["frame_ms"]);
    for times in [network, frame] {
        assert!(times["median"].as_f64().unwrap() > 0.0);
        assert!(times["p95"].as_f64() >= times["median"].as_f64());
    }
    let steps: f64 = bench["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["us"].as_f64().unwrap())
        .sum();
    let slowest = network["p95"].as_f64().unwrap() * 1e3;
    assert!(
        steps > 0.0 && steps <= slowest * 1.05,
        "{steps} of {slowest} us"
    );
    assert!(bench["isa"].is_string());
    assert_eq!(place.run("bench --threads 0").code, 2);
    assert_eq!(place.run("bench --frame 0x4").code, 2);
}
