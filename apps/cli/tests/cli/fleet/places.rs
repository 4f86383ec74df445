//! The same over object stores as in folders.
use super::bucket::CLOUDS;
use super::ground::Ground;
use super::{faults, work};

#[test]
fn clouds_and_folders_agree_byte_for_byte() {
    for cloud in CLOUDS {
        if let Some(ground) = Ground::cloud(cloud, "agree") {
            agree(&ground);
        }
    }
}

#[test]
fn doubled_workers_over_clouds() {
    for cloud in CLOUDS {
        if let Some(ground) = Ground::cloud(cloud, "doubled") {
            work::doubled(&ground);
        }
    }
}

fn agree(cloud: &Ground) {
    let folders = Ground::folders();
    for ground in [cloud, &folders] {
        faults::bad_pictures(ground);
        ground.clear();
        let plan = ground.plan("--effect cutout --shards 3");
        ground
            .run(&format!("fleet worker --plan {plan} --jobs 2"))
            .fine();
        ground.run(&format!("fleet merge --plan {plan}")).fine();
        ground
            .run(&format!("fleet status --plan {plan} --watch"))
            .fine();
    }
    assert_eq!(cloud.results().len(), 8);
    assert_eq!(cloud.results(), folders.results());
    assert_eq!(cloud.merged(), folders.merged());
}

#[test]
fn changed_objects_over_s3() {
    if let Some(s3) = Ground::s3("changed") {
        faults::changed(&s3);
    }
}

#[test]
fn a_bucket_that_is_not_there_is_no_fault_of_the_pictures() {
    let Some(s3) = Ground::s3("missing") else {
        return;
    };
    let said = s3.run("fleet plan s3://no-such-bucket-anywhere/in -o out");
    assert_eq!(said.code, 1);
    assert!(
        said.stderr.contains("could not be listed"),
        "{}",
        said.stderr
    );
}
