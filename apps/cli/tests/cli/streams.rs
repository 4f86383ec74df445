//! Standard input and output.
use crate::command::Place;
use crate::pictures::{ENDINGS, plain};

#[test]
fn a_picture_goes_through_a_pipe() {
    let place = Place::new();
    for from in ENDINGS {
        let said = place
            .run_with_input("photo - --effect pop", &plain(from))
            .fine();
        let format = image::guess_format(&said.stdout).unwrap();
        assert!(
            format.extensions_str().contains(&from),
            "the input's format"
        );
        for (to, name) in ENDINGS.iter().zip(["jpeg", "png", "webp"]) {
            let line = format!("photo - -o - --effect pop --format {name}");
            let said = place.run_with_input(&line, &plain(from)).fine();
            let format = image::guess_format(&said.stdout).unwrap();
            assert!(format.extensions_str().contains(to), "{from} to {to}");
        }
    }
    let said = place
        .run_with_input("photo - --effect mask", &plain("jpg"))
        .fine();
    assert!(said.stdout.starts_with(b"\x89PNG"), "masks are PNG");
    assert!(place.files().is_empty());
}

#[test]
fn a_file_goes_to_standard_output_and_input_to_a_file() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    let said = place.run("photo x.jpg -o - --effect pop").fine();
    assert!(said.stdout.starts_with(b"\xff\xd8\xff"));
    place
        .run_with_input("photo - -o out.webp --effect pop", &plain("png"))
        .fine();
    assert_eq!(&place.read("out.webp")[8..12], b"WEBP");
}

#[test]
fn what_cannot_go_through_a_pipe() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    place.run("photo x.jpg x.jpg -o -").says(
        2,
        "error: several pictures don't fit on standard output\nhint: give a folder with `-o`",
    );
    place.run("photo - -").says(
        2,
        "error: `-` can be given once: there is one standard input",
    );
    place.run_with_input("photo - --json", &plain("jpg")).says(
        2,
        "error: `--json` and the picture both want standard output\nhint: give a file with `-o`",
    );
    place
        .run_with_input("photo -", b"")
        .says(1, "error: standard input: the file is empty");
    place.run_with_input("photo -", b"hello").says(
        1,
        "error: standard input: not a picture that can be read; JPEG, PNG and WebP are",
    );
}

#[cfg(unix)]
#[test]
fn devices_are_written_to_not_replaced() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    place
        .run("photo x.jpg -o /dev/null --format png --effect pop")
        .fine();
    use std::os::unix::fs::FileTypeExt;
    let null = std::fs::metadata("/dev/null").unwrap();
    assert!(null.file_type().is_char_device());
}
