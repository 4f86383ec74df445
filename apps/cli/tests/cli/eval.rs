//! `hypercut eval`.
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde_json::Value;

use crate::command::{Place, sample};
use crate::pictures::{SIZE, plain};

/// A gray PNG.
fn mask(width: u32, height: u32, alpha: impl Fn(u32, u32) -> u8) -> Vec<u8> {
    let pixels: Vec<u8> = (0..width * height)
        .map(|i| alpha(i % width, i / width))
        .collect();
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(&pixels, width, height, ExtendedColorType::L8)
        .unwrap();
    bytes
}

/// A set of two portraits, whose true masks are what `hypercut photo` finds, and a picture of nobody.
fn portraits() -> Place {
    let place = Place::new();
    for number in 1..=2 {
        let id = format!("portrait-{number}");
        place.write(
            &format!("set/images/{id}.jpg"),
            &std::fs::read(sample(number)).unwrap(),
        );
        place.write(&format!("set/masks/{id}.png"), b"");
        place
            .run(&format!(
                "photo set/images/{id}.jpg --fast --effect mask -o set/masks/{id}.png"
            ))
            .fine();
    }
    place.write("set/images/nobody.png", &plain("png"));
    place.write("set/masks/nobody.png", &mask(SIZE.0, SIZE.1, |_, _| 0));
    place
}

fn json(place: &Place, line: &str) -> Value {
    serde_json::from_slice(&place.run(line).fine().stdout).unwrap()
}

#[test]
fn masks_that_the_library_makes_itself_are_perfect_and_bare_answers_are_not() {
    let place = portraits();
    place.write(
        "set/index.csv",
        b"id,licence,set\nportrait-1,\"CC0, free\",people\nportrait-2,,people\nnobody,,empty\n",
    );
    let result = json(&place, "eval --set set --raw --json");
    let people = &result["sets"][0];
    assert_eq!(
        (&people["set"], &people["pictures"]),
        (&"people".into(), &2.into())
    );
    let [library, raw] = [0, 1].map(|line| &people["results"][line]);
    for figure in ["iou", "miou", "boundary_iou"] {
        assert_eq!(library["figures"][figure]["value"], 1.0, "{figure}");
    }
    assert_eq!(library["figures"]["mad"]["value"], 0.0);
    assert_eq!(raw["name"], "built-in raw");
    let iou = &raw["figures"]["iou"];
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((0.5..1.0).contains(&number(&iou["value"])), "{iou}");
    assert!(number(&iou["low"]) <= number(&iou["value"]));
    assert!(number(&raw["figures"]["gradient"]["difference"]["value"]) > 0.0);
    assert_eq!(
        iou["error_ratio"],
        Value::Null,
        "there is no error to compare with"
    );

    let empty = &result["sets"][1];
    assert_eq!(empty["empty"], 1);
    let figures = &empty["results"][0]["figures"];
    let (area, miou) = (&figures["false_area"]["value"], &figures["miou"]["value"]);
    assert!((number(area) + number(miou) - 1.0).abs() < 1e-12);
    assert_eq!(figures["iou"], Value::Null);
    assert_eq!(result["pictures"][1]["figures"]["built-in"]["iou"], 1.0);

    let one = json(&place, "eval --set set --only empty --json");
    assert_eq!(one["sets"].as_array().unwrap().len(), 1);
    place.run("eval --set set --only dogs").says(
        2,
        "error: no set dogs in set\nhint: there are empty, people",
    );
}

#[test]
fn a_sheet_is_never_written_over_what_it_is_drawn_from() {
    let place = portraits();
    let before = place.read("set/masks/portrait-1.png");
    place
        .run("eval --set set --sheet set/masks/portrait-1.png")
        .says(
            2,
            "error: the output set/masks/portrait-1.png is the input set/masks/portrait-1.png\nhint: originals are never written over: choose another name or folder",
        );
    assert!(place.read("set/masks/portrait-1.png") == before);
}

#[test]
fn the_network_inside_is_the_file_in_models() {
    let place = portraits();
    let models = concat!(env!("CARGO_MANIFEST_DIR"), "/../../models");
    let figures = |network: &str| {
        let result = json(&place, &format!("eval --set set --still --json {network}"));
        let results = result["sets"][0]["results"].as_array().unwrap().clone();
        results
            .iter()
            .map(|result| result["figures"]["mad"]["value"].to_string())
            .collect::<Vec<_>>()
    };
    let inside = figures("");
    assert_eq!(
        figures(&format!("--model {models}/hypercut-v13.tflite")),
        inside
    );
    let small = figures(&format!("--model {models}/hypercut-v13-small.tflite"));
    assert_ne!(small, inside);
}

#[test]
fn a_folder_without_index_is_one_set_and_other_figures_stand_beside() {
    let place = portraits();
    place.write(
        "set/mediapipe.csv",
        b"id,iou_general,miou_general,iou_landscape,miou_landscape\n\
          portrait-1,0.9,0.8,0.7,0.6\nportrait-2,0.7,0.6,0.5,0.4\nnobody,1,0.25,1,1\n",
    );
    let result = json(
        &place,
        "eval --set set --json --sheet sheet.png --sheet-pictures 2",
    );
    let set = &result["sets"][0];
    assert_eq!((&set["set"], &set["pictures"]), (&"set".into(), &3.into()));
    let general = &set["results"][1]["figures"];
    let close = |figure: &str, value: f64| {
        let got = general[figure]["value"].as_f64().unwrap();
        assert!((got - value).abs() < 1e-12, "{figure}: {got}");
    };
    close("iou", 0.8);
    close("miou", (0.8 + 0.6 + 0.25) / 3.0);
    close("false_area", 0.75);
    assert_eq!(result["sheet"].as_array().unwrap().len(), 2);
    let sheet = image::load_from_memory(&place.read("sheet.png")).unwrap();
    assert_eq!((sheet.width(), sheet.height()), (2 * 390, 134));

    let said = place.run("eval --set set --sheet sheet.png").fine();
    let text = String::from_utf8(said.stdout).unwrap();
    let least = result["sheet"][0].as_str().unwrap();
    let sheet = format!("sheet.png, worst first: {least}, ");
    assert!(text.contains(&sheet), "{text}");
    assert!(
        text.starts_with("set: 3 pictures, 1 of them without people\n"),
        "{text}"
    );
    for words in [
        "person IoU %",
        "mediapipe.csv general",
        "against built-in",
        "error ratio",
    ] {
        assert!(text.contains(words), "{words}");
    }
    place.write("set/mediapipe.csv", b"id,iou_general\n");
    place
        .run("eval --set set")
        .says(1, "error: set/mediapipe.csv: no column miou_general");
}

#[test]
fn sets_with_holes_are_refused() {
    let place = Place::new();
    let says = |line: &str, code: i32, message: &str| place.run(line).says(code, message);
    let said = place.run("eval --set nowhere");
    assert_eq!(said.code, 1);
    let start = "error: nowhere/images: can't be read: ";
    assert!(said.stderr.starts_with(start), "{}", said.stderr);
    let hint = "hint: a set is a folder with images/ and masks/";
    assert!(said.stderr.contains(hint), "{}", said.stderr);

    place.write("set/images/readme.txt", b"no picture");
    says("eval --set set", 1, "error: set: no pictures");
    place.write("set/images/a.png", &plain("png"));
    says(
        "eval --set set",
        1,
        "error: set/images/a.png: its mask set/masks/a.png is missing",
    );
    place.write("set/masks/a.png", &mask(44, 26, |_, _| 0));
    says(
        "eval --set set",
        1,
        "error: set/masks/a.png: 44 x 26 pixels; its picture set/images/a.png has 44 x 27",
    );
    place.write("set/masks/a.png", &plain("png"));
    says(
        "eval --set set",
        1,
        "error: set/masks/a.png: a mask has to be gray",
    );
    place.write("set/masks/a.png", b"hello");
    says(
        "eval --set set",
        1,
        "error: set/masks/a.png: not a picture that can be read; JPEG, PNG and WebP are",
    );
    place.write("set/images/a.jpg", &plain("jpg"));
    says(
        "eval --set set",
        1,
        "error: set/images/a.jpg and set/images/a.png would have the same mask",
    );
    std::fs::remove_file(place.path("set/images/a.jpg")).unwrap();
    for (index, message) in [
        ("id\na\n", "error: set/index.csv: no column set"),
        (
            "id,set\nb,x\n",
            "error: set/index.csv: no picture b, or listed twice",
        ),
    ] {
        place.write("set/index.csv", index.as_bytes());
        let said = place.run("eval --set set");
        assert!(said.stderr.starts_with(message), "{}", said.stderr);
        assert_eq!(said.code, 1);
    }
    says(
        "eval --set set --sheet worst.jpg",
        2,
        "error: worst.jpg: a sheet is written as .png",
    );
    assert_eq!(place.run("eval --set set --sheet-pictures 4").code, 2);
    assert_eq!(place.run("eval").code, 2);
}

#[test]
fn clips_are_measured_frame_by_frame_and_steadied() {
    let place = Place::new();
    let wall = mask(SIZE.0, SIZE.1, |_, _| 200);
    for frame in 0..3 {
        place.write(&format!("clips/wall/frames/{frame}.png"), &wall);
        place.write(
            &format!("clips/wall/masks/{frame}.png"),
            &mask(SIZE.0, SIZE.1, |_, _| 0),
        );
    }
    let result = json(&place, "eval --clips clips --json");
    let kind = &result["kinds"][0];
    assert_eq!(
        (&kind["kind"], &kind["clips"]),
        (&"recorded".into(), &1.into())
    );
    let names = [0, 1].map(|line| &kind["results"][line]["name"]);
    assert_eq!(names, ["built-in", "built-in steady"]);
    // The same wall thrice, with nobody before it whom a look could be told of: no mask of it can change.
    for line in 0..2 {
        let figures = &result["clips"][0]["results"][line];
        assert_eq!(
            (&figures["flicker"], &figures["dtssd"]),
            (&0.0.into(), &0.0.into())
        );
        assert!(figures["lag"].is_null());
    }
    place.write("clips/wall/frames/9.png", &wall);
    let failed = place.run("eval --clips clips");
    assert_ne!(failed.code, 0);
    assert!(
        failed.stderr.contains("9.png is missing"),
        "{}",
        failed.stderr
    );
}
