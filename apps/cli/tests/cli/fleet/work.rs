//! Plan, workers, merge, status.
use serde_json::Value;
use std::collections::BTreeSet;

use super::ground::Ground;
use crate::command::Place;
use crate::pictures::plain;

/// Four pictures in folders, and a file that is none.
pub(super) fn album(ground: &Ground) {
    for name in ["in/a.jpg", "in/sub/a.jpg", "in/sub/deep/b.JPEG"] {
        ground.put(name, &plain("jpg"));
    }
    ground.put("in/c.png", &plain("png"));
    ground.put("in/notes.txt", b"hello");
}

#[test]
fn the_same_bytes_and_lines_as_folder() {
    let ground = Ground::folders();
    album(&ground);
    let place = &ground.place;
    let before = place.files();
    place.run("folder in -o folder --effect pop").fine();
    let plan = ground.plan("--effect pop --shards 3");
    let said = ground.run(&format!("fleet worker --plan {plan}")).fine();
    assert_eq!(
        said.stderr.matches(" done, 0 failed").count(),
        3,
        "{}",
        said.stderr
    );
    let said = ground.run(&format!("fleet merge --plan {plan}")).fine();
    assert_eq!(said.stderr, "4 done, 0 failed\n");
    for (name, bytes) in ground.results() {
        assert_eq!(place.read(&format!("folder/{name}")), bytes, "{name}");
    }
    assert_eq!(ground.results().len(), 4);

    let text = String::from_utf8(place.read("folder/hypercut-manifest.jsonl")).unwrap();
    let mut expected: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    expected.sort_by_key(|line| line["input"].to_string());
    for line in &mut expected {
        // Times are a run's own; a fleet's lines have none, so that the same work gives the same lines.
        line["ms"] = Value::Null;
    }
    assert_eq!(ground.manifest(), expected);
    assert_eq!(
        place
            .files()
            .into_iter()
            .filter(|name| name.starts_with("in/"))
            .collect::<Vec<_>>(),
        before
    );
}

#[test]
fn a_plan_is_named_by_its_contents_and_never_changed() {
    let ground = Ground::folders();
    album(&ground);
    let plan = ground.plan("--effect pop --shards 2");
    let before = ground.all();
    assert_eq!(ground.plan("--effect pop --shards 2"), plan);
    assert_eq!(ground.all(), before);
    assert_ne!(ground.plan("--effect pop --shards 3"), plan);
    assert_ne!(ground.plan("--effect mask --shards 2"), plan);
    ground.put("in/new.jpg", &plain("jpg"));
    assert_ne!(ground.plan("--effect pop --shards 2"), plan);

    let file = plan.strip_prefix("file://").unwrap();
    let text = std::fs::read_to_string(file).unwrap();
    std::fs::write(file, text.replace("\"pictures\": 4", "\"pictures\": 3")).unwrap();
    let said = ground.run(&format!("fleet worker --plan {plan}"));
    assert_eq!(said.code, 2, "another try would end the same");
    assert!(
        said.stderr.contains("was changed or moved"),
        "{}",
        said.stderr
    );
    let said = ground.run("fleet worker --plan out/none.json");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("no such plan"), "{}", said.stderr);
}

#[test]
fn shards_are_spread_over_fewer_workers() {
    let ground = Ground::folders();
    ground.fill(7);
    let plan = ground.plan("--effect pop --shards 5");
    let mut seen = BTreeSet::new();
    for (index, shards) in [(0, vec![0, 2, 4]), (1, vec![1, 3])] {
        let said = ground.run(&format!("fleet status --plan {plan}")).fine();
        let table = String::from_utf8(said.stdout).unwrap();
        assert!(table.contains("unfinished: "), "{table}");
        let mut command = ground.command(&format!("fleet worker --plan {plan} --count 2"));
        // As Kubernetes says it.
        command.env("JOB_COMPLETION_INDEX", index.to_string());
        crate::command::Said::by(command, b"").fine();
        seen.extend(shards);
        let done: BTreeSet<usize> = ground
            .all()
            .keys()
            .filter_map(|name| {
                name.split_once("/done/")?
                    .1
                    .strip_suffix(".jsonl")?
                    .parse()
                    .ok()
            })
            .collect();
        assert_eq!(done, seen);
        let said = ground.run(&format!("fleet merge --plan {plan}"));
        if index == 0 {
            let error = "error: 2 of 5 shards are not finished: 1, 3\nhint: run their workers again; nothing was merged";
            said.says(1, error);
        } else {
            said.fine();
        }
    }
    let said = ground
        .run(&format!("fleet status --plan {plan} --watch"))
        .fine();
    let table = String::from_utf8(said.stdout).unwrap();
    assert!(
        table.contains("shards      5         5             0\n"),
        "{table}"
    );
    assert!(
        table.contains("pictures    7         7       0     0\n"),
        "{table}"
    );
    // All again: nothing is done twice, nothing changes.
    let before = ground.all();
    let said = ground.run(&format!("fleet worker --plan {plan}")).fine();
    assert_eq!(said.stderr.matches("finished before").count(), 5);
    ground.run(&format!("fleet merge --plan {plan}")).fine();
    assert_eq!(ground.all(), before);
}

#[test]
fn doubled_workers_end_in_the_same_bytes() {
    doubled(&Ground::folders());
}

/// Several workers for the same shards at the same time.
pub(super) fn doubled(ground: &Ground) {
    ground.fill(12);
    let plan = ground.plan("--effect pop --shards 2");
    ground.run(&format!("fleet worker --plan {plan}")).fine();
    ground.run(&format!("fleet merge --plan {plan}")).fine();
    let expected = ground.all();
    ground.clear();
    assert_eq!(ground.plan("--effect pop --shards 2"), plan);
    let workers: Vec<_> = (0..3)
        .map(|_| {
            ground
                .command(&format!("fleet worker --jobs 2 --plan {plan}"))
                .spawn()
                .unwrap()
        })
        .collect();
    for mut worker in workers {
        assert!(worker.wait().unwrap().success());
    }
    ground.run(&format!("fleet merge --plan {plan}")).fine();
    assert_eq!(ground.all(), expected);
}

#[test]
fn collisions_are_refused_before_any_work() {
    let ground = Ground::folders();
    album(&ground);
    ground.put("in/a.png", &plain("png"));
    let said = ground.run("fleet plan in -o out --effect mask");
    assert_eq!(said.code, 2);
    assert!(
        said.stderr.contains("would both be written to "),
        "{}",
        said.stderr
    );
    assert!(said.stderr.contains("out/a.png"), "{}", said.stderr);
    assert_eq!(ground.run("fleet plan in -o in").code, 2);
    let said = ground.run("fleet plan in/sub -o in --effect pop");
    assert_eq!(
        said.code, 0,
        "a.jpg lands on a.jpg of the parent, which is no input: {}",
        said.stderr
    );
    let said = ground.run("fleet plan in -o out --effect cutout --format jpeg");
    assert_eq!(said.code, 2, "{}", said.stderr);
    let said = ground.run("fleet plan nowhere -o out");
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("no such folder"), "{}", said.stderr);
    assert!(ground.all().is_empty());
}

#[test]
fn results_inside_the_inputs_are_no_inputs() {
    let place = Place::new();
    place.write("in/a.jpg", &plain("jpg"));
    place.write("in/out/b.jpg", &plain("jpg"));
    let said = place.run("fleet plan in -o in/out --effect pop").fine();
    assert!(said.stderr.starts_with("1 picture, "), "{}", said.stderr);
}

#[test]
fn files_of_others_are_left_alone() {
    let ground = Ground::folders();
    album(&ground);
    ground.put("out/c.png", b"mine");
    let plan = ground.plan("--effect pop --shards 1");
    ground.run(&format!("fleet worker --plan {plan}")).fine();
    let said = ground.run(&format!("fleet merge --plan {plan}"));
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.starts_with("3 done, 1 failed\n"),
        "{}",
        said.stderr
    );
    assert_eq!(ground.place.read("out/c.png"), b"mine");
    assert_eq!(
        ground.manifest()[1]["error"],
        "c.png is there and was not made by this plan"
    );
    let plan = ground.plan("--effect pop --shards 1 --overwrite");
    ground.run(&format!("fleet run local --plan {plan}")).fine();
    assert_ne!(ground.place.read("out/c.png"), b"mine");
}

#[test]
fn a_recipes_files_go_with_the_plan() {
    let ground = Ground::folders();
    album(&ground);
    ground.place.write("beach.png", &plain("png"));
    let recipe = "--effect image --background beach.png --logo beach.png";
    ground
        .place
        .run(&format!("photo in -r -o photo {recipe}"))
        .fine();
    let plan = ground.plan(&format!("{recipe} --shards 2"));
    std::fs::remove_file(ground.place.path("beach.png")).unwrap();
    ground
        .run(&format!("fleet run local --plan {plan} --array 1"))
        .fine();
    for (name, bytes) in ground.results() {
        assert_eq!(ground.place.read(&format!("photo/{name}")), bytes, "{name}");
    }
}
