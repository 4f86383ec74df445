//! The same over S3 as in folders.
use super::ground::Ground;
use super::{faults, work};

#[test]
fn s3_and_folders_agree_byte_for_byte() {
    let Some(s3) = Ground::s3("agree") else {
        return;
    };
    let folders = Ground::folders();
    for ground in [&s3, &folders] {
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
    assert_eq!(s3.results().len(), 8);
    assert_eq!(s3.results(), folders.results());
    assert_eq!(s3.merged(), folders.merged());
}

#[test]
fn doubled_workers_over_s3() {
    if let Some(s3) = Ground::s3("doubled") {
        work::doubled(&s3);
    }
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
