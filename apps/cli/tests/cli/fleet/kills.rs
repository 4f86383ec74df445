//! Killed at any moment, by the process or as a whole: the same bytes in the end, nothing twice, nothing missing.
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::ground::Ground;
use crate::kills::{Moments, all_differ, asked};

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

/// As many kills as asked for, each of which hit: in turn the whole run and one of its workers. Both go on where they were, so that
/// over several runs every part of one is hit.
fn killed(ground: &Ground) {
    let (kills, pictures) = asked();
    ground.fill(pictures);
    // A shard that is cut off is drawn anew, so it must be shorter than the time between two kills.
    let options = format!("--effect pop --fast --shards {}", pictures.min(30));
    let plan = ground.plan(&options);
    let line = format!("fleet run local --workers 2 --attempts 10 --plan {plan}");
    let clock = Instant::now();
    ground.run(&line).fine();
    let whole = clock.elapsed();
    let expected = ground.all();
    let seals = ground.seals();
    all_differ(&ground.results(), pictures);
    ground.clear();
    assert_eq!(ground.plan(&options), plan);

    let mut moments = Moments::new(whole);
    let (mut runs, mut processes, mut ends) = (0, 0, 0);
    let start = || {
        let mut command = ground.command(&line);
        let command = command.stdin(Stdio::null()).stdout(Stdio::null());
        command.stderr(Stdio::null()).spawn().unwrap()
    };
    let mut run = start();
    while runs + processes < kills {
        std::thread::sleep(moments.next());
        if run.try_wait().unwrap().is_some() {
            finish(ground, &line, &expected);
            ends += 1;
            assert_eq!(ground.plan(&options), plan);
            run = start();
        } else if runs <= processes {
            run.kill().unwrap();
            runs += u32::from(!run.wait().unwrap().success());
            run = start();
        } else if let Some(worker) = workers(&run).first() {
            // A worker alone: the run gives its index to another.
            kill(worker);
            processes += 1;
        }
        for (name, seal) in ground.seals() {
            if !name.ends_with(".tmp") {
                assert_eq!(
                    seals.get(&name),
                    Some(&seal),
                    "{name} is whole at every moment"
                );
            }
        }
    }
    println!(
        "{runs} runs and {processes} workers of {pictures} pictures were killed; {ends} whole ends between"
    );
    assert!(run.wait().unwrap().success());
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
