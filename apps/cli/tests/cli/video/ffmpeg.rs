//! Real files, made and looked into by ffmpeg and ffprobe. Without the two these tests skip; `.ci/video` installs them.
use super::moving;
use crate::command::Place;
use std::process::{Command, Stdio};

/// Whether ffmpeg is there; says so when not.
fn there() -> bool {
    let found = Command::new("ffmpeg")
        .arg("-version")
        .stdout(Stdio::null())
        .status();
    if found.is_err() {
        println!("SKIPPED: ffmpeg is not installed (Debian: apt install ffmpeg)");
    }
    found.is_ok()
}

/// Runs a program in the place, its words separated by spaces; what it wrote to standard output.
fn tool(place: &Place, line: &str) -> String {
    let mut words = line.split_whitespace();
    let mut command = Command::new(words.next().unwrap());
    let output = command
        .args(words)
        .current_dir(place.path(""))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{line}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with `person.rgb`: 20 raw frames of 192 x 144 of somebody moving. `None` without ffmpeg.
fn with_person() -> Option<Place> {
    if !there() {
        return None;
    }
    let place = Place::new();
    place.write("person.rgb", &moving(192, 144, 20).concat());
    Some(place)
}

const MAKE: &str = "ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -s 192x144 -r 25 -i person.rgb";

/// Times and durations of a video's frames as ffprobe decodes them.
fn times(place: &Place, file: &str) -> Vec<String> {
    let line = format!(
        "ffprobe -v error -select_streams v:0 -show_entries frame=best_effort_timestamp_time -of csv=p=0 {file}"
    );
    tool(place, &line)
        .lines()
        .map(|line| line.trim_end_matches(',').to_owned())
        .collect()
}

fn entry(place: &Place, file: &str, stream: &str, name: &str) -> String {
    let line = format!(
        "ffprobe -v error -select_streams {stream} -show_entries stream={name} -of csv=p=0 {file}"
    );
    tool(place, &line).trim().trim_end_matches(',').to_owned()
}

/// Sum of the digests of a stream's packets: equal only for equal bytes.
fn packets(place: &Place, file: &str, stream: &str) -> String {
    tool(
        place,
        &format!("ffmpeg -v error -i {file} -map 0:{stream} -c copy -f md5 -"),
    )
}

#[test]
fn sound_and_uneven_times_are_kept() {
    let Some(place) = with_person() else {
        return;
    };
    // Frames at 0, 1, 2, 5, 6, 7, 10 ... of 25 a second, and sound.
    tool(
        &place,
        &format!(
            "{MAKE} -f lavfi -i sine=440:duration=0.8 -vf select=lt(mod(n\\,5)\\,3) -fps_mode vfr -c:v libx264 -pix_fmt yuv420p -c:a aac in.mp4"
        ),
    );
    let before = times(&place, "in.mp4");
    assert!((12..=13).contains(&before.len()), "{before:?}");
    place
        .run("video in.mp4 -o out.mp4 --preset ultrafast")
        .fine();
    assert_eq!(times(&place, "out.mp4"), before);
    assert_eq!(
        packets(&place, "out.mp4", "a"),
        packets(&place, "in.mp4", "a")
    );
    assert_eq!(
        entry(&place, "out.mp4", "v:0", "codec_name,width,height"),
        "h264,192,144"
    );
    // WebM takes no AAC.
    place.run("video in.mp4 -o out.webm").fine();
    assert_eq!(entry(&place, "out.webm", "a:0", "codec_name"), "opus");
    assert_eq!(
        place.files(),
        ["in.mp4", "out.mp4", "out.webm", "person.rgb"]
    );
}

#[test]
fn a_rotated_file_comes_out_upright() {
    let Some(place) = with_person() else {
        return;
    };
    tool(
        &place,
        &format!("{MAKE} -t 0.2 -vf transpose=cclock -c:v libx264 -pix_fmt yuv420p flat.mp4"),
    );
    tool(
        &place,
        "ffmpeg -v error -y -i flat.mp4 -c copy -metadata:s:v:0 rotate=270 in.mp4",
    );
    place
        .run("video in.mp4 -o mask.mkv --effect mask --codec ffv1")
        .fine();
    assert_eq!(entry(&place, "mask.mkv", "v:0", "width,height"), "192,144");
    let mask = tool(
        &place,
        "ffmpeg -v error -i mask.mkv -frames:v 1 -vf scale=1:2:flags=area -f framemd5 -",
    );
    assert!(mask.contains("rawvideo"));
}

#[test]
fn the_last_frame_is_shown_as_long_as_it_was() {
    let Some(place) = with_person() else {
        return;
    };
    let length = |file: &str| entry(&place, file, "v:0", "duration");
    tool(
        &place,
        &format!("{MAKE} -frames:v 1 -c:v libx264 -pix_fmt yuv420p one.mp4"),
    );
    place.run("video one.mp4 -o out.mp4").fine();
    assert_eq!(
        (length("one.mp4"), length("out.mp4")),
        ("0.040000".into(), "0.040000".into())
    );
    // Slides, at 0, 2, 7 and 8 seconds; the last one for 4 of them, as the mean of the others would not tell.
    let make = MAKE.replace("-r 25", "-r 1/4");
    tool(
        &place,
        &format!(
            "{make} -frames:v 4 -vf settb=1/1000,setpts=(2*gte(N\\,1)+5*gte(N\\,2)+gte(N\\,3))/TB -fps_mode vfr -enc_time_base 1/1000 -c:v libx264 \
             -pix_fmt yuv420p -video_track_timescale 1000 slides.mp4"
        ),
    );
    assert_eq!(length("slides.mp4"), "12.000000");
    for file in ["out.mp4", "out.mkv"] {
        place.run(&format!("video slides.mp4 -o {file}")).fine();
        assert_eq!(times(&place, file), times(&place, "slides.mp4"));
        assert_eq!(times(&place, file).last().unwrap(), "8.000000");
        let ends = tool(
            &place,
            &format!("ffprobe -v error -show_entries format=duration -of csv=p=0 {file}"),
        );
        assert_eq!(ends.trim(), "12.000000", "{file}");
    }
}

#[test]
fn what_a_container_cannot_hold_is_written_anew_or_told() {
    let Some(place) = with_person() else {
        return;
    };
    place.write("words.srt", b"1\n00:00:00,100 --> 00:00:00,400\nHello\n");
    tool(
        &place,
        &format!(
            "{MAKE} -i words.srt -f lavfi -i sine=440:duration=0.5 -map 0:v -map 0:v -map 2:a -map 1:s -t 0.5 \
             -vf scale=191:143 -c:v ffv1 -c:a flac -c:s srt in.mkv"
        ),
    );
    place.run("video in.mkv -o out.mp4").says(
        0,
        "warning: h264 wants even sizes; the last column and row are left out\n\
         warning: 2 videos are in it; the first one is taken",
    );
    assert_eq!(entry(&place, "out.mp4", "v", "width,height"), "190,142");
    assert_eq!(
        packets(&place, "out.mp4", "a"),
        packets(&place, "in.mkv", "a")
    );
    let words = |file: &str| {
        tool(
            &place,
            &format!("ffmpeg -v error -i {file} -map 0:s -f srt -"),
        )
    };
    assert!(words("out.mp4").contains("00:00:00,100 --> 00:00:00,400\nHello"));
    // VP9 takes any size, and what is Matroska's stays as it is.
    place
        .run("video in.mkv -o out.mkv --codec vp9")
        .says(0, "warning: 2 videos are in it; the first one is taken");
    assert_eq!(entry(&place, "out.mkv", "v", "width,height"), "191,143");
    assert_eq!(words("out.mkv"), words("in.mkv"));
}

#[test]
fn transparent_frames_are_laid_on_white_or_stay_so() {
    let Some(place) = with_person() else {
        return;
    };
    // The left half is hidden, whatever its colours are.
    tool(
        &place,
        &format!(
            "{MAKE} -t 0.12 -vf format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='255*gte(X,96)' -c:v ffv1 in.mkv"
        ),
    );
    let left = |file: &str, pixels: &str| {
        tool(
            &place,
            &format!(
                "ffmpeg -v error -y -i {file} -vf crop=88:144:0:0 -pix_fmt {pixels} -f rawvideo left"
            ),
        );
        place.read("left")
    };
    let warning = "warning: transparent parts are laid on white, h264 in .mp4 has none; .webm and `--codec prores` in .mov hold them";
    place.run("video in.mkv -o out.mp4").says(0, warning);
    assert!(left("out.mp4", "rgb24").iter().all(|&byte| byte >= 252));
    place.run("video in.mkv -o out.mov --codec prores").fine();
    let alphas = left("out.mov", "rgba");
    assert!(alphas.chunks(4).all(|pixel| pixel[3] == 0));
    // Nothing shows through, so nothing is lost.
    tool(
        &place,
        &format!("{MAKE} -t 0.12 -c:v ffv1 -pix_fmt bgra opaque.mkv"),
    );
    place.run("video opaque.mkv -o out.mp4").says(0, "");
}

/// The cut-out's alpha equals the mask, through codecs that keep it.
#[test]
fn cut_outs_are_transparent() {
    let Some(place) = with_person() else {
        return;
    };
    tool(&place, &format!("{MAKE} -t 0.12 -c:v ffv1 in.mkv"));
    for (file, decoder, close) in [
        ("out.mov", "prores", 3),
        ("out.webm", "libvpx-vp9", 24),
        ("out.mkv", "ffv1", 0),
    ] {
        place
            .run(&format!("video in.mkv -o {file} --effect cutout"))
            .fine();
        place.run("video in.mkv -o mask.y4m --effect mask").fine();
        tool(
            &place,
            &format!(
                "ffmpeg -v error -y -c:v {decoder} -i {file} -pix_fmt rgba -f rawvideo alpha.rgba"
            ),
        );
        let alphas: Vec<u8> = place
            .read("alpha.rgba")
            .chunks(4)
            .map(|pixel| pixel[3])
            .collect();
        let masks = place.read("mask.y4m");
        let header = masks.iter().position(|&byte| byte == b'\n').unwrap() + 1;
        let masks: Vec<u8> = masks[header..]
            .chunks(6 + 192 * 144)
            .flat_map(|frame| &frame[6..])
            .copied()
            .collect();
        assert_eq!(alphas.len(), masks.len(), "{file}");
        let total: u64 = alphas
            .iter()
            .zip(&masks)
            .map(|(a, b)| u64::from(a.abs_diff(*b)))
            .sum();
        let mean = total as f64 / masks.len() as f64;
        let worst = alphas
            .iter()
            .zip(&masks)
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .unwrap();
        assert!(
            mean < 1.5 && (file == "out.webm" || worst <= close),
            "{file}: mean {mean}, worst {worst}"
        );
        assert!(masks.contains(&255) && masks.contains(&0));
    }
}

#[test]
fn damage_inside_is_told_with_its_time() {
    let Some(place) = with_person() else {
        return;
    };
    // Every frame by itself, so that one damaged packet is one damaged frame.
    tool(
        &place,
        &format!("{MAKE} -c:v libx264 -g 1 -threads 1 -pix_fmt yuv420p whole.mp4"),
    );
    let packet = tool(
        &place,
        "ffprobe -v error -select_streams v:0 -show_entries packet=pos,size,pts_time -of csv=p=0 whole.mp4",
    );
    let line = packet.lines().nth(7).unwrap();
    let mut parts = line.split(',');
    assert_eq!(parts.next(), Some("0.280000"));
    let size: usize = parts.next().unwrap().parse().unwrap();
    let position: usize = parts.next().unwrap().trim_end_matches(',').parse().unwrap();
    let mut bytes = place.read("whole.mp4");
    // Behind the slice's header.
    bytes[position + size / 3..position + size].fill(0);
    place.write("in.mp4", &bytes);
    let said = place.run("video in.mp4 -o out.mp4 --preset ultrafast");
    assert_eq!(said.code, 3, "{}", said.stderr);
    assert!(
        said.stderr
            .contains("warning: frame at 00:00.280 is damaged: "),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr
            .ends_with("1 of 20 frames were damaged and replaced\n"),
        "{}",
        said.stderr
    );
    assert_eq!(times(&place, "out.mp4"), times(&place, "whole.mp4"));
    let said = place.run("video in.mp4 -o stopped.mp4 --on-error stop");
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert_eq!(
        place.files(),
        ["in.mp4", "out.mp4", "person.rgb", "whole.mp4"]
    );
}

/// A file of which a copy or a download is not finished.
#[test]
fn a_file_cut_in_half_is_held_blanked_or_stopped_at() {
    let Some(place) = with_person() else {
        return;
    };
    let cut = |flags: &str| {
        tool(
            &place,
            &format!("{MAKE} -c:v libx264 -g 1 -pix_fmt yuv420p {flags} whole.mp4"),
        );
        let whole = place.read("whole.mp4");
        place.write("in.mp4", &whole[..whole.len() / 2]);
    };
    let line = "video in.mp4 -o out.mkv --codec ffv1 --effect color --color #ff00ff --on-error";
    for flags in [
        "-movflags +faststart",
        "-movflags +empty_moov+frag_keyframe",
    ] {
        cut(flags);
        for (mode, code) in [("hold", 3), ("blank", 3), ("stop", 1)] {
            let said = place.run(&format!("{line} {mode}"));
            assert_eq!(said.code, code, "{flags}, {mode}: {}", said.stderr);
            let told =
                said.stderr.contains("frame at 00:00.") && said.stderr.contains(" is damaged: ");
            assert!(told, "{flags}, {mode}: {}", said.stderr);
            if mode == "stop" {
                assert!(!place.files().contains(&"out.mkv".into()));
                continue;
            }
            tool(
                &place,
                "ffmpeg -v error -y -i out.mkv -f rawvideo -pix_fmt rgb24 out.rgb",
            );
            let pixels = place.read("out.rgb");
            let frames: Vec<_> = pixels.chunks(192 * 144 * 3).collect();
            let [.., before, last] = frames[..] else {
                panic!("{} frames", frames.len());
            };
            assert!((4..20).contains(&frames.len()), "{} frames", frames.len());
            match mode {
                "hold" => assert!(before == last),
                _ => assert!(last.iter().all(|&value| value.abs_diff(128) <= 1)),
            }
            std::fs::remove_file(place.path("out.mkv")).unwrap();
        }
    }
    // With its index behind, nothing of the first half can be read.
    cut("");
    let said = place.run(&format!("{line} hold"));
    assert_eq!(said.code, 1, "{}", said.stderr);
    assert!(
        said.stderr.starts_with("error: in.mp4: ffprobe: "),
        "{}",
        said.stderr
    );
    assert!(!place.files().contains(&"out.mkv".into()));
}

#[test]
fn what_is_no_video_is_told_and_so_is_a_missing_ffmpeg() {
    let place = Place::new();
    place.write("in.mp4", b"not a video at all");
    let mut command = place.command();
    let output = command
        .args(["video", "in.mp4", "-o", "out.mp4"])
        .env("PATH", "")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(
        said,
        "error: the program ffprobe is not installed, or not on PATH\n\
         hint: install ffmpeg (Debian: `apt install ffmpeg`); YUV4MPEG2 (.y4m) and raw frames work without it\n"
    );
    if there() {
        let said = place.run("video in.mp4 -o out.mp4");
        assert_eq!(said.code, 1);
        assert!(
            said.stderr.starts_with("error: in.mp4: ffprobe: "),
            "{}",
            said.stderr
        );
    }
    assert_eq!(place.files(), ["in.mp4"]);
}

/// Ctrl-C in the middle: no file, no ffmpeg left behind.
#[cfg(unix)]
#[test]
fn an_interrupt_leaves_no_file_and_no_ffmpeg() {
    use std::time::{Duration, Instant};
    if !there() {
        return;
    }
    let place = Place::new();
    place.write("one.rgb", &moving(192, 144, 1).concat());
    // Long enough not to end by itself.
    tool(
        &place,
        "ffmpeg -v error -y -f rawvideo -pix_fmt rgb24 -s 192x144 -r 25 -stream_loop 5000 -i one.rgb -c:v libx264 -preset ultrafast in.mkv",
    );
    let mut child = place
        .command()
        .args(["video", "in.mkv", "-o", "out.mkv"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let begun = Instant::now();
    let temporary = || {
        place
            .files()
            .into_iter()
            .find(|file| file.starts_with(".out.mkv."))
    };
    while temporary().is_none() {
        assert!(
            begun.elapsed() < Duration::from_secs(60),
            "nothing is written"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let name = temporary().unwrap();
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.files(), ["in.mkv", "one.rgb"]);
    // Nobody still has the temporary file as an argument.
    for process in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let line = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&line).contains(&name));
    }
}
