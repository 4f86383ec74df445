//! The fetch-and-run protocol.
use sha2::{Digest, Sha256};
use std::io::{Cursor, Write};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::ground::Ground;
use crate::command::Said;

/// AWS's own example, as its tutorial has it, and an exit code.
const SCRIPT: &[u8] =
    b"#!/bin/sh\necho \"Args: $@\"\necho \"This is my simple test job!.\"\nexit ${1:-0}\n";

fn run(ground: &Ground, kind: &str, url: &str, sum: &str, words: &[&str]) -> Said {
    let mut command = ground.command("fleet fetch-and-run");
    command
        .args(words)
        .envs([("BATCH_FILE_TYPE", kind), ("BATCH_FILE_SHA256", sum)])
        .env("BATCH_FILE_S3_URL", ground.url(url));
    Said::by(command, b"")
}

fn archive() -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("bin/run.sh", SimpleFileOptions::default())
        .unwrap();
    writer
        .write_all(b"#!/bin/sh\ncat data.txt\nexit 7\n")
        .unwrap();
    writer
        .start_file("data.txt", SimpleFileOptions::default())
        .unwrap();
    writer.write_all(b"from the archive").unwrap();
    writer.finish().unwrap().into_inner()
}

fn protocol(ground: &Ground) {
    ground.put("out/myjob.sh", SCRIPT);
    let said = run(
        ground,
        "script",
        "out/myjob.sh",
        "",
        &["myjob.sh", "60", "--x"],
    );
    assert_eq!(said.code, 60);
    assert_eq!(said.stdout, b"Args: 60 --x\nThis is my simple test job!.\n");
    run(ground, "script", "out/myjob.sh", "", &[]).fine();
    let sum: String = Sha256::digest(SCRIPT)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    run(ground, "script", "out/myjob.sh", &sum, &[]).fine();
    let said = run(ground, "script", "out/myjob.sh", &"0".repeat(64), &[]);
    assert_eq!((said.code, said.stdout.len()), (1, 0), "{}", said.stderr);
    assert!(
        said.stderr.contains("hint: it was not run"),
        "{}",
        said.stderr
    );

    ground.put("out/job.zip", &archive());
    let said = run(ground, "zip", "out/job.zip", "", &["bin/run.sh"]);
    assert_eq!((said.code, &said.stdout[..]), (7, &b"from the archive"[..]));
    let said = run(ground, "zip", "out/job.zip", "", &["run.sh"]);
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("the archive holds no file `run.sh`"),
        "{}",
        said.stderr
    );
    assert_eq!(run(ground, "zip", "out/job.zip", "", &[]).code, 2);
    assert_eq!(run(ground, "tar", "out/job.zip", "", &[]).code, 2);
    let said = run(ground, "script", "out/none.sh", "", &[]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("no such file"), "{}", said.stderr);
}

#[test]
fn scripts_and_archives_are_run_with_their_arguments() {
    protocol(&Ground::folders());
}

#[test]
fn scripts_and_archives_from_s3() {
    if let Some(s3) = Ground::s3("fetch") {
        protocol(&s3);
    }
}

#[cfg(unix)]
#[test]
fn the_script_hears_that_it_is_to_end() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    let ground = Ground::folders();
    let script =
        b"#!/bin/sh\ntrap 'echo saved; exit 5' TERM\necho ready\nwhile :; do sleep 0.05; done\n";
    ground.put("out/long.sh", script);
    let mut command = ground.command("fleet fetch-and-run long.sh");
    command
        .env("BATCH_FILE_TYPE", "script")
        .env("BATCH_FILE_S3_URL", "out/long.sh")
        .stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(said.next().unwrap().unwrap(), "ready");
    Command::new("kill")
        .arg(child.id().to_string())
        .status()
        .unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "saved");
    assert_eq!(child.wait().unwrap().code(), Some(5));
}
