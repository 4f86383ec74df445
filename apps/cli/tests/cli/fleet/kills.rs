//! Killed at any moment, by the process or as a whole: the same bytes in the end, nothing twice, nothing missing.
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;

/// A fixed sequence of shares of 1.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f64 / (1u64 << 24) as f64
    }
}

/// The processes that `parent` started, where the system tells.
fn workers(parent: &Child) -> Vec<String> {
    let id = parent.id();
    let tasks = std::fs::read_dir(format!("/proc/{id}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let children =
        tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    children
        .flat_map(|ids| {
            ids.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn kill(process: &str) {
    // It may have ended by itself just now.
    let _ = std::process::Command::new("kill")
        .args(["-9", process])
        .stderr(Stdio::null())
        .status();
}

/// `HYPERCUT_KILLS` and `HYPERCUT_KILL_PICTURES` make a longer test of it.
fn killed(ground: &Ground) {
    let number =
        |name: &str, usual: u64| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    let (kills, pictures) = (
        number("HYPERCUT_KILLS", 6),
        number("HYPERCUT_KILL_PICTURES", 12),
    );
    ground.fill(pictures);
    let shards = (pictures / 25).max(2);
    let options = format!("--effect cutout --fast --shards {shards}");
    let plan = ground.plan(&options);
    let line = format!("fleet run local --workers 2 --attempts 10 --plan {plan}");
    let clock = Instant::now();
    ground.run(&line).fine();
    let whole = clock.elapsed();
    let expected = ground.all();
    let results = ground.results();
    assert_eq!(results.len() as u64, pictures);
    ground.clear();

    let mut moments = Moments(0x2545_f491_4f6c_dd1d);
    let (mut runs, mut processes) = (0, 0);
    for index in 0..kills {
        assert_eq!(ground.plan(&options), plan);
        let mut command = ground.command(&line);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut run = command.spawn().unwrap();
        std::thread::sleep(whole.mul_f64(moments.next()));
        if index % 2 == 0 {
            run.kill().unwrap();
            runs += u64::from(!run.wait().unwrap().success());
        } else {
            // A worker alone: the run gives its index to another, and ends well.
            if let Some(worker) = workers(&run).first() {
                kill(worker);
                processes += 1;
            }
            assert!(run.wait().unwrap().success());
        }
        for (name, bytes) in ground.results() {
            if !name.ends_with(".tmp") {
                assert_eq!(
                    results.get(&name),
                    Some(&bytes),
                    "{name} is whole at every moment"
                );
            }
        }
        if ground
            .all()
            .keys()
            .any(|name| name.ends_with("summary.json"))
        {
            finish(ground, &line, &expected);
        }
    }
    println!(
        "{runs} runs and {processes} workers were killed, of {kills} tries at {pictures} pictures"
    );
    assert!(runs > 0);
    assert_eq!(ground.plan(&options), plan);
    finish(ground, &line, &expected);
}

/// Runs to the end, compares, and begins anew.
fn finish(ground: &Ground, line: &str, expected: &std::collections::BTreeMap<String, Vec<u8>>) {
    // Workers of a killed run end with it, but not in the same instant.
    let clock = Instant::now();
    loop {
        ground.run(line).fine();
        let all = ground.all();
        if all == *expected {
            break;
        }
        let left: Vec<_> = all
            .keys()
            .filter(|name| !expected.contains_key(*name))
            .collect();
        let only_temporary = left.iter().all(|name| name.ends_with(".tmp"));
        assert!(
            only_temporary && all.len() > expected.len(),
            "left over: {left:?}"
        );
        assert!(
            clock.elapsed() < Duration::from_secs(20),
            "left over: {left:?}"
        );
    }
    ground.clear();
}

#[test]
fn killed_at_any_moment_it_ends_in_the_same_bytes() {
    let ground = Ground::folders();
    killed(&ground);
}

#[test]
fn killed_at_any_moment_over_s3() {
    if let Some(s3) = Ground::s3("kills") {
        killed(&s3);
    }
}

#[cfg(unix)]
#[test]
fn an_index_that_fails_for_good_is_told() {
    let ground = Ground::folders();
    ground.fill(2);
    let plan = ground.plan("--effect pop --shards 2");
    // A folder where a shard's manifest is to be.
    let done = plan
        .strip_prefix("file://")
        .unwrap()
        .replace("plan.json", "done/000001.jsonl");
    std::fs::create_dir_all(&done).unwrap();
    let said = ground.run(&format!("fleet run local --attempts 2 --plan {plan}"));
    assert_eq!(said.code, 1);
    assert!(
        said.stderr
            .contains("index 1, attempt 1: exit status: 1; again\n"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .contains("index 1, attempt 2: exit status: 1; no more\n"),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .contains("error: 1 of 2 indexes failed for good\n"),
        "{}",
        said.stderr
    );
    std::fs::remove_dir(&done).unwrap();
    ground.run(&format!("fleet run local --plan {plan}")).fine();
}
