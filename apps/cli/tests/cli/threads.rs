//! `--threads`: the same bytes, and what is refused.
use crate::command::Place;
use crate::pictures::plain;

#[test]
fn a_picture_and_a_video_are_the_same_on_several_threads() {
    let place = Place::new();
    place.write("x.png", &plain("png"));
    let mut clip = b"YUV4MPEG2 W40 H30 F25:1 C444\n".to_vec();
    for frame in 0..3 {
        clip.extend(b"FRAME\n");
        clip.extend((0..40 * 30 * 3).map(|i| (i % 40 * 5 + frame * 7) as u8));
    }
    place.write("x.y4m", &clip);
    let mut results = ["1", "2", "4"].map(|threads| {
        let photo = format!("photo x.png -o out.png --threads {threads}");
        let video = format!("video x.y4m -o out.y4m --effect color --threads {threads}");
        place.run(&photo).fine();
        place.run(&video).fine();
        (place.read("out.png"), place.read("out.y4m"))
    });
    let [one, others @ ..] = &mut results;
    assert!(others.iter().all(|other| other == one));
}

#[test]
fn a_bench_says_how_many_worked() {
    let line = "bench --frame 64x48 --rounds 1 --json --threads 3";
    let said = Place::new().run(line).fine();
    let bench: serde_json::Value = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(bench["threads"], 3);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    let place = Place::new();
    place.write("x.png", &plain("png"));
    for line in ["photo x.png", "video x.y4m -o y.y4m", "bench"] {
        for number in ["0", "-1", "1.5", "9999"] {
            let said = place.run(&format!("{line} --threads={number}"));
            assert_eq!(said.code, 2, "{line} {number}");
            assert!(
                said.stderr.contains("4 for each core of this machine"),
                "{}",
                said.stderr
            );
        }
    }
    let said = place.run("photo x.png -o out --recursive --threads 2");
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("--threads"), "{}", said.stderr);
    assert_eq!(place.files(), ["x.png"]);
}
