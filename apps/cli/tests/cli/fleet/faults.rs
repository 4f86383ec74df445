//! Bad pictures and bad places.
use super::ground::Ground;
use super::work::album;
use crate::command::Said;
use crate::metadata::crc32;
use crate::pictures::plain;
use crate::small_disk::SmallDisk;

/// A PNG whose header says 50,000 x 50,000 pixels, and that ends soon after.
fn huge() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = b"IHDR\0\0\xc3\x50\0\0\xc3\x50\x08\x02\0\0\0";
    for chunk in [&header[..], b"IDAT\x78\x01"] {
        bytes.extend((chunk.len() as u32 - 4).to_be_bytes());
        bytes.extend(chunk);
        bytes.extend(crc32(chunk).to_be_bytes());
    }
    bytes
}

#[test]
fn bad_pictures_are_lines_and_can_be_done_later() {
    bad_pictures(&Ground::folders());
}

/// Truncated, empty, huge, misnamed and gone; mended and planned again from the list to retry.
pub(super) fn bad_pictures(ground: &Ground) {
    album(ground);
    let whole = plain("jpg");
    ground.put("in/cut.jpg", &whole[..whole.len() / 2]);
    ground.put("in/empty.png", b"");
    ground.put("in/huge.png", &huge());
    ground.put("in/text.webp", b"hello, hello, hello");
    let plan = ground.plan("--effect pop --shards 2");
    let said = ground.run(&format!("fleet run local --plan {plan} --workers 1"));
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(
        said.stderr.contains("\n4 done, 4 failed\n"),
        "{}",
        said.stderr
    );
    let manifest = ground.manifest();
    let error = |name: &str| {
        let line = manifest.iter().find(|line| line["input"] == name).unwrap();
        line["error"].as_str().unwrap().to_owned()
    };
    assert!(
        error("cut.jpg").starts_with("damaged or cut-short JPEG"),
        "{}",
        error("cut.jpg")
    );
    assert_eq!(error("empty.png"), "the file is empty");
    assert!(
        error("huge.png").contains("50000 x 50000 pixels"),
        "{}",
        error("huge.png")
    );
    assert_eq!(
        error("text.webp"),
        "not a picture that can be read; JPEG, PNG and WebP are"
    );
    let merged = ground.merged();
    assert_eq!(
        merged["retry.txt"],
        b"cut.jpg\nempty.png\nhuge.png\ntext.webp\n"
    );
    let summary: serde_json::Value = serde_json::from_slice(&merged["summary.json"]).unwrap();
    assert_eq!(
        (&summary["pictures"], &summary["failed"]),
        (&8.into(), &4.into())
    );

    for name in ["in/cut.jpg", "in/empty.png", "in/huge.png", "in/text.webp"] {
        ground.put(name, &plain(name.rsplit('.').next().unwrap()));
    }
    let retry = plan.replace("plan.json", "retry.txt");
    let again = ground.plan(&format!("--effect pop --only {retry}"));
    let said = ground
        .run(&format!("fleet run local --plan {again}"))
        .fine();
    assert!(
        said.stderr.contains("4 done, 0 failed\n"),
        "{}",
        said.stderr
    );
    assert_eq!(ground.results().len(), 8);
}

#[test]
fn a_picture_that_changed_since_the_plan_is_told() {
    changed(&Ground::folders());
}

pub(super) fn changed(ground: &Ground) {
    album(ground);
    let plan = ground.plan("--effect pop --shards 1");
    ground.put("in/a.jpg", &plain("png"));
    ground.run(&format!("fleet worker --plan {plan}")).fine();
    assert_eq!(ground.run(&format!("fleet merge --plan {plan}")).code, 1);
    assert_eq!(
        ground.manifest()[0]["error"],
        "changed since the plan was made"
    );
    assert_eq!(ground.results().len(), 3);
}

#[cfg(unix)]
fn set_mode(ground: &Ground, name: &str, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(ground.place.path(name), mode).unwrap();
}

/// Runs `line` as somebody for whom permissions hold, which they don't for root.
#[cfg(unix)]
fn run_as_nobody(ground: &Ground, line: &str) -> Said {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;
    let ours = ground.command(line);
    if std::fs::metadata("/proc/self").map_or(1, |data| data.uid()) != 0 {
        return Said::by(ours, b"");
    }
    // The program itself may lie where root alone can look.
    let program = ground.place.path("program");
    if !program.exists() {
        std::fs::copy(ours.get_program(), &program).unwrap();
        set_mode(ground, "program", 0o755);
    }
    set_mode(ground, "", 0o777);
    let mut command = std::process::Command::new(program);
    command
        .args(ours.get_args())
        .current_dir(ground.place.path(""));
    command.uid(65_534).gid(65_534);
    Said::by(command, b"")
}

#[cfg(unix)]
#[test]
fn unreadable_pictures_and_places_that_cannot_be_written() {
    let ground = Ground::folders();
    album(&ground);
    set_mode(&ground, "in/c.png", 0);
    let run = |line: &str| run_as_nobody(&ground, line);
    let plan = || {
        let said = run("fleet plan in -o out --effect pop --shards 1").fine();
        String::from_utf8(said.stdout).unwrap().trim().to_owned()
    };
    let first = plan();
    // The place of the results can be read and not written: no shard is finished, and another try is worth it.
    set_mode(&ground, "out", 0o555);
    let said = run(&format!("fleet worker --plan {first}"));
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("ermission denied"), "{}", said.stderr);
    set_mode(&ground, "out", 0o777);
    let said = run(&format!("fleet run local --plan {first}"));
    assert_eq!(said.code, 1);
    assert_eq!(
        ground.manifest()[1]["error"],
        "may not be read (permission denied)"
    );
    assert_eq!(ground.results().len(), 3);
    // Not one may be read: that is no fault of the pictures.
    for name in ["in/a.jpg", "in/sub/a.jpg", "in/sub/deep/b.JPEG"] {
        set_mode(&ground, name, 0);
    }
    ground.clear();
    let said = run(&format!("fleet worker --plan {}", plan()));
    assert_eq!(said.code, 1);
    assert!(
        said.stderr
            .contains("not one picture of this shard may be read"),
        "{}",
        said.stderr
    );
}

#[test]
fn a_full_disk_stops_a_worker_and_costs_nothing() {
    let Some(disk) = SmallDisk::get() else {
        return;
    };
    let ground = Ground::folders();
    ground.fill(8);
    let out = disk.fresh("fleet");
    let said = ground
        .run(&format!(
            "fleet plan in -o {out} --effect cutout --shards 2"
        ))
        .fine();
    let plan = String::from_utf8(said.stdout).unwrap();
    let line = format!("fleet run local --attempts 2 --workers 1 --plan {plan}");
    disk.fill(12 << 10);
    let said = ground.run(&line);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("No space left"), "{}", said.stderr);
    disk.relieve();
    let said: Said = ground.run(&line).fine();
    assert!(
        said.stderr.contains("8 done, 0 failed\n"),
        "{}",
        said.stderr
    );
    let expected = ground
        .place
        .run("photo in -r -o photo --effect cutout --quiet");
    expected.fine();
    for index in 0..8 {
        let name = format!("{}/{index:03}.png", index % 3);
        let there = std::fs::read(format!("{out}/{name}")).unwrap();
        assert_eq!(there, ground.place.read(&format!("photo/{name}")), "{name}");
    }
    std::fs::remove_dir_all(&out).unwrap();
}
