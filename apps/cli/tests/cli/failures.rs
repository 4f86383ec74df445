//! What is said when something is wrong, word for word.
use crate::command::Place;
use crate::metadata::crc32;
use crate::pictures::{encode, plain, with_alpha};

/// A PNG of 65,535 x 65,535 pixels that ends after its header and a few bytes of data.
fn huge_png() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [
        (
            b"IHDR",
            &[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff, 8, 2, 0, 0, 0][..],
        ),
        (b"IDAT", &[0x78, 1][..]),
    ] {
        bytes.extend((data.len() as u32).to_be_bytes());
        let start = bytes.len();
        bytes.extend(kind);
        bytes.extend(data);
        let sum = crc32(&bytes[start..]);
        bytes.extend(sum.to_be_bytes());
    }
    bytes
}

#[test]
fn a_huge_picture_is_refused_from_its_header() {
    let place = Place::new();
    place.write("huge.png", &huge_png());
    place.run("photo huge.png").says(
        1,
        "error: huge.png: the picture has 65535 x 65535 pixels (4295 megapixels); the limit is 100 megapixels\n\
         hint: `--max-pixels 4295M` lets it through, if there is memory for it",
    );
    place.write("small.png", &plain("png"));
    let said = place.run("photo small.png --max-pixels 1187");
    assert_eq!(said.code, 1, "44 x 27 is 1188");
    place.run("photo small.png --max-pixels 1188").fine();
}

#[test]
fn files_cut_short_or_damaged() {
    let place = Place::new();
    for (ending, name) in [("jpg", "JPEG"), ("png", "PNG"), ("webp", "WebP")] {
        let whole = plain(ending);
        for length in [whole.len() / 3, whole.len() * 2 / 3, whole.len() - 2] {
            // The last bytes of a PNG are a checksum of nothing; its picture is complete.
            if ending == "png" && length == whole.len() - 2 {
                continue;
            }
            let file = format!("cut.{ending}");
            place.write(&file, &whole[..length]);
            let said = place.run(&format!("photo {file} -o out.{ending} --effect pop"));
            let start = format!("error: {file}: damaged");
            assert!(said.stderr.starts_with(&start), "{length}: {}", said.stderr);
            assert!(said.stderr.contains(name), "{}", said.stderr);
            assert_eq!(said.code, 1);
        }
    }
    assert_eq!(place.files(), ["cut.jpg", "cut.png", "cut.webp"]);
}

#[test]
fn what_is_no_picture_here() {
    let place = Place::new();
    place.write("empty.jpg", b"");
    place
        .run("photo empty.jpg")
        .says(1, "error: empty.jpg: the file is empty");
    place.write("text.jpg", b"hello, hello, hello");
    place.run("photo text.jpg").says(
        1,
        "error: text.jpg: not a picture that can be read; JPEG, PNG and WebP are",
    );
    for (head, name) in [
        (&b"GIF89a\x01\0\x01\0\0\0\0"[..], "GIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0heicmif1", "HEIC"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", "AVIF"),
        (
            b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\x01\0\0\0\x01\0\0\0\x01\0\x18\0",
            "BMP",
        ),
    ] {
        place.write("x.jpg", head);
        place.run("photo x.jpg").says(
            1,
            &format!("error: x.jpg: {name} pictures are not read; JPEG, PNG and WebP are"),
        );
    }
    place.run("photo missing.jpg").says(
        1,
        "error: missing.jpg: no such file\nhint: check the spelling of its path",
    );
    std::fs::create_dir(place.path("folder")).unwrap();
    place.run("photo folder").says(
        1,
        "error: folder: is a folder\nhint: `--recursive` goes through folders",
    );
    place.run("photo folder -r -o out").says(
        1,
        "error: folder: no JPEG, PNG or WebP picture in this folder\n0 done, 1 failed",
    );
}

#[test]
fn options_that_contradict() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    place.write("y.jpg", &plain("jpg"));
    place.run("photo x.jpg --effect cutout --strength 5").says(
        2,
        "error: `--strength` is no option of `--effect cutout`\nhint: it belongs to effect `blur`",
    );
    place.run("photo x.jpg --strength 500").says(
        2,
        "error: option `strength`: 500 is not a number from 0 to 100",
    );
    place.run("photo x.jpg --effect cutout -o x2.jpg").says(
        2,
        "error: `--effect cutout` makes pixels transparent, which JPEG can't hold\n\
         hint: write .png or .webp (`--format png`), or take `--effect color` for a plain background",
    );
    place.run("photo x.jpg --trim").says(
        2,
        "error: `--trim` crops cut-outs; `--effect blur` makes none\nhint: add `--effect cutout`",
    );
    place
        .run("photo x.jpg --effect image")
        .says(2, "error: `--effect image` needs `--background FILE`");
    place.run("photo x.jpg -o x.gif").says(
        2,
        "error: x.gif: the name doesn't say which format to write\n\
         hint: end it in .jpg, .png or .webp, or add `--format`",
    );
    place.run("photo x.jpg -o out.png --format webp").says(
        2,
        "error: out.png is named as PNG, but `--format` says WebP\n\
         hint: name it .webp or leave out `--format`",
    );
    place.run("photo x.jpg y.jpg -o out.jpg").says(
        2,
        "error: several inputs can't all be written to the one file out.jpg\n\
         hint: give a folder with `-o`",
    );
    place
        .run("photo x.jpg --effect image --background missing.png")
        .says(
            1,
            "error: missing.png: no such file\nhint: check the spelling of its path",
        );
    assert_eq!(place.run("photo").code, 2);
    assert_eq!(place.run("photo x.jpg --effect sepia").code, 2);
    assert_eq!(place.run("photo x.jpg --quality 101").code, 2);
    assert_eq!(place.files(), ["x.jpg", "y.jpg"]);
}

#[test]
fn a_place_that_cannot_be_written() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    place.write("file", b"");
    let said = place.run("photo x.jpg -o file/out.jpg --effect pop -q");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr
            .starts_with("error: x.jpg: could not make folder file: "),
        "{}",
        said.stderr
    );
}

#[cfg(not(feature = "serve"))]
#[test]
fn what_a_build_leaves_out_is_told() {
    Place::new().run("serve --port 0").says(
        2,
        "error: this build of hypercut has no `serve`\n\
         hint: `cargo build --release --features serve` makes one that has",
    );
}

#[test]
fn no_colours_when_nobody_watches() {
    let place = Place::new();
    assert!(!place.run("photo missing.jpg").stderr.contains('\x1b'));
}

#[test]
fn transparent_parts_in_jpeg_are_told() {
    let place = Place::new();
    place.write("x.png", &encode(&with_alpha().into(), "png", None, None));
    let said = place.run("photo x.png -o x2.jpg --effect pop").fine();
    let warning = "warning: x.png: transparent parts are laid on white, JPEG has none";
    assert!(said.stderr.contains(warning), "{}", said.stderr);
}

#[test]
fn completions_are_printed_for_every_shell() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let said = place.run(&format!("completions {shell}")).fine();
        let script = String::from_utf8(said.stdout).unwrap();
        assert!(script.contains("strength"), "{shell}");
    }
}

#[cfg(not(feature = "fleet"))]
#[test]
fn a_build_without_the_fleet_says_so() {
    let place = Place::new();
    place.run("fleet plan in -o s3://bucket/out").says(
        2,
        "error: this build of hypercut has no `fleet`\n\
         hint: `cargo build --release --features fleet` makes one that has",
    );
}

#[test]
fn more_jobs_than_make_sense_are_refused() {
    let place = Place::new();
    place.write("in/a.png", &plain("png"));
    for jobs in ["0", "100000", "many"] {
        let said = place.run(&format!("folder in -o out --jobs {jobs}"));
        assert_eq!(said.code, 2);
        assert!(
            said.stderr.contains("4 for each core of this machine"),
            "{}",
            said.stderr
        );
    }
    assert_eq!(place.files(), ["in/a.png"]);
    place.run("folder in -o out --effect pop --jobs 4").fine();
}
