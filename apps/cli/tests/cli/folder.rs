//! `hypercut folder`: nothing lost, nothing twice, nothing touched that isn't ours.
use serde_json::Value;
use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::command::Place;
use crate::kills::{Moments, all_differ, asked};
use crate::pictures::{numbered, plain};
use crate::small_disk::SmallDisk;

const MANIFEST: &str = "out/hypercut-manifest.jsonl";

fn entries(place: &Place) -> Vec<Value> {
    let text = String::from_utf8(place.read(MANIFEST)).unwrap();
    text.lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect()
}

/// The results, manifest aside.
fn results(place: &Place, folder: &str) -> BTreeMap<String, Vec<u8>> {
    let prefix = format!("{folder}/");
    let names = place.files().into_iter();
    names
        .filter(|name| name.starts_with(&prefix) && !name.ends_with(".jsonl"))
        .map(|name| (name[prefix.len()..].to_owned(), place.read(&name)))
        .collect()
}

fn album() -> Place {
    let place = Place::new();
    for name in ["in/a.jpg", "in/sub/a.jpg", "in/sub/deep/b.JPEG"] {
        place.write(name, &plain("jpg"));
    }
    place.write("in/c.png", &plain("png"));
    place.write("in/notes.txt", b"hello");
    place
}

/// The same by `photo`, picture for picture, in `photo`.
fn one_by_one(place: &Place, effect: &str) {
    for name in place.files() {
        if let Some(name) = name.strip_prefix("in/")
            && !name.ends_with(".txt")
        {
            let line = format!("photo in/{name} -o photo/{name} --effect {effect}");
            place.run(&line).fine();
        }
    }
}

#[test]
fn the_same_bytes_as_photo_and_a_line_for_each() {
    let place = album();
    let before = place.files();
    one_by_one(&place, "pop");
    let said = place.run("folder in -o out --effect pop --jobs 2").fine();
    assert!(
        said.stderr.ends_with("4 done, 0 failed\n"),
        "{}",
        said.stderr
    );
    assert_eq!(results(&place, "out"), results(&place, "photo"));
    let kept: Vec<_> = place
        .files()
        .into_iter()
        .filter(|name| name.starts_with("in/"))
        .collect();
    assert_eq!(kept, before);

    let mut lines = entries(&place);
    lines.sort_by_key(|line| line["input"].to_string());
    let inputs: Vec<_> = lines
        .iter()
        .map(|line| line["input"].as_str().unwrap())
        .collect();
    assert_eq!(inputs, ["a.jpg", "c.png", "sub/a.jpg", "sub/deep/b.JPEG"]);
    // `sha256sum` of the same bytes, where there is one.
    let sum = std::process::Command::new("sha256sum")
        .arg(place.path("out/c.png"))
        .output();
    if let Ok(sum) = sum {
        let sum = String::from_utf8(sum.stdout).unwrap();
        assert_eq!(lines[1]["output_sha256"], sum[..64]);
    }
    assert!(
        lines
            .iter()
            .all(|line| line["error"].is_null() && line["ms"].is_number())
    );
}

#[test]
fn a_second_run_does_only_what_is_new_changed_or_lost() {
    let place = album();
    let done = |line: &str, words: &str| {
        let said = place.run(line).fine();
        assert!(
            said.stderr.ends_with(&format!("{words}\n")),
            "{}",
            said.stderr
        );
    };
    done("folder in -o out --effect pop", "4 done, 0 failed");
    done(
        "folder in -o out --effect pop",
        "0 done, 4 finished before, 0 failed",
    );
    place.write(
        "in/c.png",
        &crate::pictures::encode(&crate::pictures::with_alpha().into(), "png", None, None),
    );
    std::fs::remove_file(place.path("out/a.jpg")).unwrap();
    place.write("in/new.jpg", &plain("jpg"));
    done(
        "folder in -o out --effect pop",
        "3 done, 2 finished before, 0 failed",
    );
    // Other options are other results; these are this command's own files, so they are replaced.
    done("folder in -o out --effect color", "5 done, 0 failed");
    one_by_one(&place, "color");
    assert_eq!(results(&place, "out"), results(&place, "photo"));
}

#[test]
fn photo_recursive_is_the_same_command() {
    let place = album();
    place.run("photo in -r -o out --effect pop").fine();
    one_by_one(&place, "pop");
    assert_eq!(results(&place, "out"), results(&place, "photo"));
    assert_eq!(entries(&place).len(), 4);
    let said = place.run("folder in -o out --effect pop").fine();
    assert_eq!(said.stderr, "0 done, 4 finished before, 0 failed\n");
    let said = place.run("photo in -r -o out --effect pop --json").fine();
    assert_eq!(said.stderr, "0 done, 4 finished before, 0 failed\n");
    let usage = "error: `--recursive` takes one folder, and one for the results\n\
                 hint: name that with `-o`; run once per folder";
    place.run("photo in -r").says(2, usage);
    place.run("photo in in/a.jpg -r -o out").says(2, usage);
}

#[test]
fn files_of_others_are_left_alone() {
    let place = album();
    place.write("out/a.jpg", b"mine");
    let said = place.run("folder in -o out --effect pop");
    assert_eq!(said.code, 1);
    let error = "error: in/a.jpg: out/a.jpg is there and was not made by this command\n\
                 hint: move it away, or `--overwrite` replaces it\n";
    assert!(said.stderr.contains(error), "{}", said.stderr);
    assert_eq!(place.read("out/a.jpg"), b"mine");
    // Edited after it was made: no longer this command's.
    place.write("out/c.png", b"touched up");
    assert_eq!(place.run("folder in -o out --effect pop").code, 1);
    assert_eq!(place.read("out/c.png"), b"touched up");
    place
        .run("folder in -o out --effect pop --overwrite")
        .fine();
    one_by_one(&place, "pop");
    assert_eq!(results(&place, "out"), results(&place, "photo"));
}

#[test]
fn an_error_and_its_hint_stay_together() {
    let place = Place::new();
    for name in 0..60 {
        place.write(&format!("in/{name}.jpg"), &plain("jpg"));
        if name % 2 == 0 {
            place.write(&format!("out/{name}.jpg"), b"mine");
        }
    }
    let said = place.run("folder in -o out --effect pop --jobs 4 --fast");
    let lines: Vec<_> = said.stderr.lines().collect();
    let hinted = lines.windows(2).filter(|two| two[0].starts_with("error: "));
    assert_eq!(hinted.clone().count(), 30, "{}", said.stderr);
    for two in hinted {
        assert_eq!(two[1], "hint: move it away, or `--overwrite` replaces it");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_any_work() {
    let place = album();
    let before = place.files();
    place.run("folder in -o in").says(
        2,
        "error: in: input and output are one folder\n\
         hint: results would be the next run's inputs: choose another folder with `-o`, it may lie inside",
    );
    place.run("folder in/a.jpg -o out").says(
        2,
        "error: in/a.jpg: is not a folder\nhint: `hypercut photo` takes files",
    );
    place.run("folder missing -o out").says(
        1,
        "error: missing: no such folder\nhint: check the spelling of its path",
    );
    assert_eq!(place.run("folder in").code, 2, "an output must be named");
    assert_eq!(place.files(), before);
    place.write("in/a.png", &plain("png"));
    let said = place.run("folder in -o out --effect mask");
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("would both be written to out/a.png"),
        "{}",
        said.stderr
    );
    assert!(!place.path("out").exists());
}

#[test]
fn one_run_at_a_time_in_one_output_folder() {
    let place = album();
    place.write(MANIFEST, b"");
    let other = std::fs::File::open(place.path(MANIFEST)).unwrap();
    other.lock().unwrap();
    place.run("folder in -o out --effect pop").says(
        1,
        "error: another hypercut is working on out\nhint: wait for it, or choose another `-o`",
    );
    drop(other);
    place.run("folder in -o out --effect pop").fine();
}

#[test]
fn bad_pictures_are_lines_in_the_manifest() {
    let place = album();
    let whole = plain("jpg");
    place.write("in/cut.jpg", &whole[..whole.len() / 2]);
    place.write("in/empty.png", b"");
    let said = place.run("folder in -o out --effect pop --json");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.ends_with("4 done, 2 failed\n"),
        "{}",
        said.stderr
    );
    assert_eq!(said.stdout, place.read(MANIFEST));
    let failed: BTreeMap<_, _> = entries(&place)
        .into_iter()
        .filter(|line| !line["error"].is_null())
        .map(|line| {
            (
                line["input"].as_str().unwrap().to_owned(),
                line["error"].to_string(),
            )
        })
        .collect();
    assert_eq!(failed.keys().collect::<Vec<_>>(), ["cut.jpg", "empty.png"]);
    assert!(
        failed["cut.jpg"].contains("damaged or cut-short JPEG"),
        "{failed:?}"
    );
    // Mended, it is done in the next run.
    place.write("in/cut.jpg", &whole);
    std::fs::remove_file(place.path("in/empty.png")).unwrap();
    let said = place.run("folder in -o out --effect pop").fine();
    assert!(
        said.stderr
            .ends_with("1 done, 4 finished before, 0 failed\n"),
        "{}",
        said.stderr
    );
}

fn start(place: &Place, line: &str) -> Child {
    let mut command = place.command();
    command.args(line.split_whitespace()).stdin(Stdio::null());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn killed_at_any_moment_it_ends_in_the_same_bytes() {
    let (kills, pictures) = asked();
    let place = Place::new();
    for index in 0..pictures {
        let name = format!("in/{}/{index:03}.png", index % 3);
        place.write(&name, &numbered(index));
    }
    let line = "folder in -o out --effect pop --fast --jobs 2";
    let clock = Instant::now();
    place.run(line).fine();
    let mut moments = Moments::new(clock.elapsed());
    let expected = results(&place, "out");
    all_differ(&expected, pictures);
    let clear = || std::fs::remove_dir_all(place.path("out")).unwrap();
    let finish = || {
        place.run(line).fine();
        assert_eq!(
            results(&place, "out"),
            expected,
            "nothing missing, nothing left over"
        );
        clear();
    };

    clear();
    let (mut killed, mut ends) = (0, 0);
    while killed < kills {
        let mut child = start(&place, line);
        std::thread::sleep(moments.next());
        if child.try_wait().unwrap().is_some() {
            finish();
            ends += 1;
            continue;
        }
        child.kill().unwrap();
        killed += u32::from(!child.wait().unwrap().success());
        for (name, bytes) in results(&place, "out") {
            if !name.ends_with(".tmp") {
                assert_eq!(
                    expected.get(&name),
                    Some(&bytes),
                    "{name} is whole at every moment"
                );
            }
        }
    }
    println!("{killed} runs of {pictures} pictures were killed; {ends} whole ends between");
    finish();
}

#[test]
fn a_full_disk_stops_it_and_costs_nothing() {
    let Some(disk) = SmallDisk::get() else {
        return;
    };
    let place = Place::new();
    for index in 0..8 {
        place.write(&format!("in/{index}.png"), &numbered(index));
    }
    one_by_one(&place, "pop");
    let expected = results(&place, "photo");
    let out = disk.fresh("folder");
    let line = format!("folder in -o {out} --effect pop");
    let there = || {
        let files = std::fs::read_dir(&out).unwrap().flatten();
        files
            .map(|file| (file.file_name().into_string().unwrap(), file.path()))
            .filter(|(name, _)| !name.ends_with(".jsonl"))
            .map(|(name, path)| (name, std::fs::read(path).unwrap()))
            .collect::<BTreeMap<_, _>>()
    };
    disk.fill(2 * expected["0.png"].len() + (8 << 10));
    let said = place.run(&line);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("No space left"), "{}", said.stderr);
    let some = there();
    assert!(some.len() < 8);
    for (name, bytes) in &some {
        assert_eq!(expected.get(name), Some(bytes), "{name} is whole");
    }
    disk.relieve();
    place.run(&line).fine();
    assert_eq!(there(), expected);
}

#[test]
fn a_watched_folder_is_worked_on_as_pictures_arrive() {
    let place = album();
    let mut child = start(&place, "folder in -o out --watch --effect pop");
    let wait = |what: &str, ready: &dyn Fn() -> bool| {
        let clock = Instant::now();
        while !ready() {
            assert!(clock.elapsed() < Duration::from_secs(50), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait("what was there", &|| results(&place, "out").len() == 4);
    // A slow copy: half a file is no picture, and must not stay in the way of the whole one.
    let whole = plain("jpg");
    place.write("in/later/x.jpg", &whole[..whole.len() / 2]);
    std::thread::sleep(Duration::from_millis(100));
    place.write("in/later/x.jpg", &whole);
    wait("what arrived", &|| place.path("out/later/x.jpg").exists());
    // What changed is drawn anew.
    let before = place.read("out/c.png");
    let other = crate::pictures::encode(&crate::pictures::with_alpha().into(), "png", None, None);
    place.write("in/c.png", &other);
    wait("what changed", &|| place.read("out/c.png") != before);
    child.kill().unwrap();
    child.wait().unwrap();
    one_by_one(&place, "pop");
    assert_eq!(results(&place, "out"), results(&place, "photo"));
}
