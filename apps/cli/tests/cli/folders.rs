//! Several pictures, folders, names.
use crate::command::Place;
use crate::pictures::plain;

#[test]
fn a_tree_is_kept_and_other_files_are_passed_over() {
    let place = Place::new();
    for name in ["in/a.jpg", "in/sub/a.jpg", "in/sub/deep/b.JPEG"] {
        place.write(name, &plain("jpg"));
    }
    place.write("in/c.png", &plain("png"));
    place.write("in/no-ending", &plain("webp"));
    place.write("in/notes.txt", b"hello");
    place.write("in/.hidden.jpg", b"");
    let said = place.run("photo in -r -o out --effect pop").fine();
    assert!(
        said.stderr.ends_with("5 done, 0 failed\n"),
        "{}",
        said.stderr
    );
    let written: Vec<_> = place
        .files()
        .into_iter()
        .filter(|name| name.starts_with("out/"))
        .collect();
    let expected = [
        "out/a.jpg",
        "out/c.png",
        "out/hypercut-manifest.jsonl",
        "out/no-ending.webp",
        "out/sub/a.jpg",
        "out/sub/deep/b.JPEG",
    ];
    assert_eq!(written, expected);
}

#[test]
fn results_inside_the_folder_are_not_inputs_of_the_next_run() {
    let place = Place::new();
    place.write("in/a.jpg", &plain("jpg"));
    for _ in 0..2 {
        place
            .run("photo in -r -o in/done --effect pop --overwrite")
            .fine();
    }
    let expected = [
        "in/a.jpg",
        "in/done/a.jpg",
        "in/done/hypercut-manifest.jsonl",
    ];
    assert_eq!(place.files(), expected);
}

#[test]
fn a_failing_picture_stops_no_other_and_leaves_nothing() {
    let place = Place::new();
    place.write("a.jpg", &plain("jpg"));
    let whole = plain("jpg");
    place.write("b.jpg", &whole[..whole.len() / 2]);
    place.write("c.jpg", &plain("jpg"));
    let said = place.run("photo a.jpg b.jpg missing.jpg c.jpg -o out/ --effect pop");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("error: missing.jpg: no such file\n"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .contains("error: b.jpg: damaged or cut-short JPEG"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.ends_with("2 done, 2 failed\n"),
        "{}",
        said.stderr
    );
    assert_eq!(
        place.files(),
        ["a.jpg", "b.jpg", "c.jpg", "out/a.jpg", "out/c.jpg"]
    );
}

#[test]
fn collisions_are_refused_before_any_work() {
    let place = Place::new();
    for name in ["a/x.jpg", "b/x.jpg", "x.png", "x.jpg"] {
        place.write(name, &plain(&name[name.len() - 3..]));
    }
    let before = place.files();
    let hint =
        "\nhint: rename one, or run once per folder with an own `-o` each; nothing was written";
    place.run("photo a/x.jpg b/x.jpg -o out").says(
        2,
        &format!("error: a/x.jpg and b/x.jpg would both be written to out/x.jpg{hint}"),
    );
    place.run("photo x.png x.jpg -o out --effect mask").says(
        2,
        &format!("error: x.png and x.jpg would both be written to out/x.png{hint}"),
    );
    assert_eq!(place.files(), before);
}

#[test]
fn originals_are_never_written_over() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    let hint = "\nhint: originals are never written over: choose another name or folder";
    place.run("photo x.jpg -o x.jpg").says(
        2,
        &format!("error: the output x.jpg is the input x.jpg{hint}"),
    );
    place.run("photo x.jpg -o . --overwrite").says(
        2,
        &format!("error: the output ./x.jpg is the input x.jpg{hint}"),
    );
    place.write("beach.jpg", &plain("jpg"));
    place
        .run("photo x.jpg --effect image --background beach.jpg -o beach.jpg")
        .says(
            2,
            &format!("error: the output beach.jpg is the input beach.jpg{hint}"),
        );
    assert_eq!(place.read("x.jpg"), plain("jpg"));
}

#[test]
fn what_is_there_stays_unless_told() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    place.write("x-pop.jpg", b"old");
    place.run("photo x.jpg --effect pop").says(
        2,
        "error: already there: x-pop.jpg\n\
         hint: `--overwrite` replaces them, `--skip-existing` leaves them; nothing was written",
    );
    place.run("photo x.jpg --effect pop --skip-existing").fine();
    assert_eq!(place.read("x-pop.jpg"), b"old");
    place.run("photo x.jpg --effect pop --overwrite").fine();
    assert_ne!(place.read("x-pop.jpg"), b"old");
    // One file named with -o is replaced, as cp does.
    place.write("out.jpg", b"old");
    place.run("photo x.jpg --effect pop -o out.jpg").fine();
    assert_ne!(place.read("out.jpg"), b"old");
}

#[test]
fn json_has_a_line_per_picture() {
    let place = Place::new();
    place.write("x.jpg", &plain("jpg"));
    let said = place.run("photo x.jpg missing.jpg -o out/ --effect pop --json -q");
    assert_eq!(said.code, 1);
    let lines: Vec<serde_json::Value> = String::from_utf8(said.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["error"], "missing.jpg: no such file");
    assert_eq!(
        (&lines[0]["ok"], &lines[0]["output"]),
        (&false.into(), &serde_json::Value::Null)
    );
    assert_eq!(
        (&lines[1]["input"], &lines[1]["output"]),
        (&"x.jpg".into(), &"out/x.jpg".into())
    );
    assert!(lines[1]["ms"].as_f64().unwrap() > 0.0 && lines[1]["verdict"].is_string());
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_half_written_file() {
    let place = Place::new();
    let picture = std::fs::read(crate::command::sample(1)).unwrap();
    for number in 0..40 {
        place.write(&format!("in/{number:02}.jpg"), &picture);
    }
    let mut child = place
        .command()
        .args(["photo", "in", "-r", "-o", "out", "-q", "--effect", "pop"])
        .args(["--format", "png"])
        .spawn()
        .unwrap();
    // The moment that matters is while a temporary file exists, a few milliseconds; the shell's built-ins are that fast.
    let script =
        "while kill -0 $0; do set -- out/.*.tmp; [ -e \"$1\" ] && kill -INT $0 && exit; done";
    let killed = std::process::Command::new("sh")
        .current_dir(place.path(""))
        .args(["-c", script, &child.id().to_string()])
        .status()
        .unwrap();
    assert!(killed.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let written: Vec<_> = place
        .files()
        .into_iter()
        .filter(|name| name.starts_with("out/") && !name.ends_with(".jsonl"))
        .collect();
    assert!(written.len() < 40, "stopped on the way");
    for name in written {
        assert!(!name.ends_with(".tmp"), "{name}");
        image::load_from_memory(&place.read(&name)).unwrap();
    }
}
