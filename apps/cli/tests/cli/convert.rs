//! `hypercut convert`.
use serde_json::Value;

use crate::command::Place;
use crate::pictures::{SIZE, plain};

fn golden(name: &str) -> Vec<u8> {
    let folder = format!("{}/../../tests/golden/models", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// A float network that takes pictures of 8 x 8, and two pictures.
fn place() -> Place {
    let place = Place::new();
    place.write("float.tflite", &golden("conv_resize_half.tflite"));
    place.write("pictures/a.png", &plain("png"));
    place.write("pictures/b.jpg", &plain("jpg"));
    place.write("pictures/notes.txt", b"no picture");
    place
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_float_network_becomes_one_on_bytes() {
    assert!(SIZE.0 > 8, "pictures are stretched");
    let place = place();
    let line = "convert float.tflite --calibrate pictures -o int8.tflite --json";
    let said = place.run(line).fine();
    let outcome = json(&said.stdout);
    assert_eq!(outcome["pictures"], 2);
    let values = outcome["values"].as_array().unwrap();
    assert_eq!(values[0]["zero_point"], -128);
    assert!((values[0]["scale"].as_f64().unwrap() - 1.0 / 255.0).abs() < 1e-7);
    let answer = &outcome["outputs"][0];
    let (least, greatest) = (
        &values.last().unwrap()["least"],
        &values.last().unwrap()["greatest"],
    );
    let peak = least
        .as_f64()
        .unwrap()
        .abs()
        .max(greatest.as_f64().unwrap().abs());
    assert!(
        answer["largest_distance"].as_f64().unwrap() <= 0.05 * peak,
        "{outcome}"
    );
    let bytes = place.read("int8.tflite").len();
    assert_eq!(outcome["output_bytes"], bytes);
    for (borders, dtype) in [("int8", "int8"), ("uint8", "uint8"), ("float", "float32")] {
        let line = "convert float.tflite --calibrate pictures -o out.tflite --borders ";
        place.run(&format!("{line}{borders}")).fine();
        let info = json(&place.run("model info out.tflite --json").fine().stdout);
        assert_eq!(info["inputs"][0]["dtype"], dtype);
        assert_eq!(info["outputs"][0]["dtype"], dtype);
        assert_eq!(info["macs"], outcome["macs"]);
        let nodes = info["nodes"].as_array().unwrap();
        let convolution = nodes.iter().find(|node| node["op"] == "CONV_2D").unwrap();
        assert_eq!(convolution["inputs"][0]["dtype"], "int8");
    }
    // The same pictures give the same bytes.
    place
        .run("convert float.tflite --calibrate pictures -o again.tflite")
        .fine();
    assert_eq!(place.read("again.tflite"), place.read("int8.tflite"));
}

#[test]
fn what_cannot_be_converted_is_named_and_nothing_is_written() {
    let place = place();
    let says = |line: &str, code: i32, text: &str| {
        let before = place.files();
        let said = place.run(&format!("convert {line}"));
        assert_eq!((said.stderr.trim_end(), said.code), (text, code));
        assert_eq!(place.files(), before);
    };
    let rest = "--calibrate pictures -o out.tflite";
    says(
        &format!("pictures/a.png {rest}"),
        1,
        "error: pictures/a.png: not a .tflite file, or a damaged one: the identifier TFL3 is missing",
    );
    place.write("int8.tflite", &golden("conv_resize_int8.tflite"));
    let said = place.run(&format!("convert int8.tflite {rest}"));
    let already = "error: int8.tflite: the network is quantized already: ";
    assert!(said.stderr.starts_with(already), "{}", said.stderr);
    place.write("other.tflite", &golden("mixture_float.tflite"));
    says(
        &format!("other.tflite {rest}"),
        1,
        "error: other.tflite: takes float32[1,4,4,2], not one picture (float32[1,height,width,3])",
    );
    place.write("empty/notes.txt", b"no picture");
    says(
        "float.tflite --calibrate empty -o out.tflite",
        1,
        "error: empty: no pictures",
    );
    place.write("bad/a.png", b"not a PNG");
    let left_out =
        "warning: bad/a.png: not a picture that can be read; JPEG, PNG and WebP are; left out";
    says(
        "float.tflite --calibrate bad -o out.tflite",
        1,
        &format!("{left_out}\nerror: bad: no picture in it could be read"),
    );
    let said = place.run("convert float.tflite --calibrate pictures -o float.tflite");
    assert_eq!(said.code, 2);
    assert_eq!(
        place.read("float.tflite"),
        golden("conv_resize_half.tflite")
    );
    // One that can't be read among others is left out.
    place.write("pictures/bad.png", b"not a PNG");
    let said = place
        .run("convert float.tflite --calibrate pictures -o with.tflite")
        .fine();
    assert!(
        said.stderr
            .starts_with("warning: pictures/bad.png: not a picture")
    );
    std::fs::remove_file(place.path("pictures/bad.png")).unwrap();
    place
        .run("convert float.tflite --calibrate pictures -o without.tflite")
        .fine();
    assert!(place.read("with.tflite") == place.read("without.tflite"));
}
