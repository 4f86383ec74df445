//! YUV4MPEG2 and raw frames: no other program.
use super::moving;
use crate::command::Place;

/// A header, and frames of planes filled by `sample(frame, byte)`.
fn y4m(header: &str, bytes: usize, frames: usize, sample: impl Fn(usize, usize) -> u8) -> Vec<u8> {
    let mut file = format!("YUV4MPEG2 {header}\n").into_bytes();
    for frame in 0..frames {
        file.extend(b"FRAME\n");
        file.extend((0..bytes).map(|byte| sample(frame, byte)));
    }
    file
}

/// Frames of a person that moves, luma of BT.601 in 4:4:4 with plain gray chroma.
fn person(width: u32, height: u32, frames: u32) -> Vec<u8> {
    let pictures = moving(width, height, frames);
    let pixels = (width * height) as usize;
    let header = format!("W{width} H{height} F25:1 Ip A1:1 C444");
    y4m(&header, 3 * pixels, frames as usize, |frame, byte| {
        if byte >= pixels {
            return 128;
        }
        let [r, g, b] = [0, 1, 2].map(|c| f64::from(pictures[frame][3 * byte + c]));
        (16.0 + (0.299 * r + 0.587 * g + 0.114 * b) * 219.0 / 255.0).round() as u8
    })
}

/// The planes of every frame of a file whose header is exactly `header`.
fn frames(file: &[u8], header: &str, bytes: usize) -> Vec<Vec<u8>> {
    let start = format!("YUV4MPEG2 {header}\n");
    assert!(
        file.starts_with(start.as_bytes()),
        "{}",
        String::from_utf8_lossy(&file[..80.min(file.len())])
    );
    let frames = file[start.len()..].chunks(bytes + 6).map(|frame| {
        assert_eq!(&frame[..6], b"FRAME\n");
        frame[6..].to_vec()
    });
    frames.collect()
}

/// By hand: `255 - a + c * a / 255`.
#[test]
fn transparent_frames_are_laid_on_white_where_alpha_has_no_place() {
    let place = Place::new();
    let pixels = [
        [10, 20, 30, 255],
        [10, 20, 30, 0],
        [0, 100, 255, 51],
        [255, 255, 255, 9],
    ];
    place.write("in.rgba", pixels.as_flattened());
    let line = "video in.rgba --raw-in rgba --size 2x2 -o out --effect pop --amount 0 --raw-out";
    let warning = "warning: transparent parts are laid on white, that layout of raw frames has none; \
                   .webm and `--codec prores` in .mov hold them";
    place.run(&format!("{line} rgb24")).says(0, warning);
    assert_eq!(
        place.read("out"),
        [10, 20, 30, 255, 255, 255, 204, 224, 255, 255, 255, 255]
    );
    place.run(&format!("{line} rgba")).fine();
    assert_eq!(place.read("out"), pixels.as_flattened());
}

/// Pop with an amount of 0 draws every pixel as it is, so what comes out is what went in, through RGB and back.
#[test]
fn every_kind_of_chroma_comes_back_bit_for_bit() {
    let place = Place::new();
    for (kind, bytes) in [
        ("420jpeg", 35 + 2 * 12),
        ("420paldv", 59),
        ("422", 35 + 2 * 20),
        ("444", 105),
        ("mono", 35),
    ] {
        // 7 x 5; gray luma and a little chroma lie inside RGB.
        let header = format!("W7 H5 F30000:1001 Ip A4:3 C{kind}");
        let sample = |frame: usize, byte: usize| match byte {
            0..35 => (90 + (byte * 7 + frame * 13) % 60) as u8,
            _ => (120 + (byte * 5 + frame) % 16) as u8,
        };
        let input = y4m(&header, bytes, 3, sample);
        place.write("in.y4m", &input);
        place
            .run("video in.y4m -o out.y4m --effect pop --amount 0")
            .fine();
        let range = if kind == "mono" {
            " XCOLORRANGE=FULL"
        } else {
            ""
        };
        let back = frames(&place.read("out.y4m"), &format!("{header}{range}"), bytes);
        let sent = frames(&input, &header, bytes);
        assert!(back == sent, "{kind}");
    }
    assert_eq!(place.files(), ["in.y4m", "out.y4m"]);
}

#[test]
fn a_person_stays_and_the_background_goes() {
    let (width, height, pixels) = (192, 144, 192 * 144);
    let place = Place::new();
    let input = person(width, height, 3);
    place.write("in.y4m", &input);
    let header = "W192 H144 F25:1 Ip A1:1 C444";
    place.run("video in.y4m -o mask.y4m --effect mask").fine();
    let masks = frames(
        &place.read("mask.y4m"),
        "W192 H144 F25:1 Ip A1:1 Cmono XCOLORRANGE=FULL",
        pixels,
    );
    place
        .run("video in.y4m -o out.y4m --effect color --color #00f")
        .fine();
    let drawn = frames(&place.read("out.y4m"), header, 3 * pixels);
    let sent = frames(&input, header, 3 * pixels);
    assert_eq!((masks.len(), drawn.len()), (3, 3));
    for ((mask, drawn), sent) in masks.iter().zip(&drawn).zip(&sent) {
        let count = |value: u8| mask.iter().filter(|&&alpha| alpha == value).count();
        assert!(
            count(255) > pixels / 10 && count(0) > pixels / 10,
            "{} {}",
            count(255),
            count(0)
        );
        for (pixel, &alpha) in mask.iter().enumerate() {
            let yuv = |planes: &[u8]| [0, 1, 2].map(|plane| planes[plane * pixels + pixel]);
            match alpha {
                255 => assert_eq!(yuv(drawn), yuv(sent)),
                // Blue by BT.601.
                0 => assert_eq!(yuv(drawn), [41, 240, 110]),
                _ => {}
            }
        }
    }
}

#[test]
fn raw_frames_go_through_pipes() {
    let (width, height) = (96, 80);
    let place = Place::new();
    let pictures = moving(width, height, 2);
    let input = pictures.concat();
    let line = "video - --raw-in rgb24 --size 96x80 --fps 30 -o - --effect";
    let said = place
        .run_with_input(&format!("{line} cutout --raw-out rgba"), &input)
        .fine();
    assert_eq!(said.stdout.len(), 2 * 96 * 80 * 4);
    let masks = place
        .run_with_input(&format!("{line} mask --raw-out gray"), &input)
        .fine()
        .stdout;
    let alphas: Vec<u8> = said.stdout.chunks(4).map(|pixel| pixel[3]).collect();
    assert!(alphas == masks && masks.contains(&255) && masks.contains(&0));
    let y4m = place
        .run_with_input(&format!("{line} blur"), &input)
        .fine()
        .stdout;
    assert!(y4m.starts_with(b"YUV4MPEG2 W96 H80 F30:1 Ip A0:0 C420jpeg\nFRAME\n"));
    let i420 = place
        .run_with_input(&format!("{line} blur --raw-out i420"), &input)
        .fine()
        .stdout;
    let header = y4m.iter().position(|&byte| byte == b'\n').unwrap() + 1;
    let planes: Vec<u8> = y4m[header..]
        .chunks(6 + 96 * 80 * 3 / 2)
        .flat_map(|frame| &frame[6..])
        .copied()
        .collect();
    assert!(planes == i420);
    assert!(place.files().is_empty());
}

#[test]
fn behind_a_covered_camera_nobody_stays() {
    let (pixels, place) = (160 * 120, Place::new());
    let person = moving(160, 120, 3);
    for dark in [0, 10] {
        let mut input = person.concat();
        input.extend(vec![dark; 4 * 3 * pixels]);
        let line =
            "video - --raw-in rgb24 --size 160x120 --fps 30 -o - --effect mask --raw-out gray";
        let masks = place.run_with_input(line, &input).fine().stdout;
        let (seen, covered) = masks.split_at(3 * pixels);
        assert!(seen.contains(&255));
        assert!(covered.iter().all(|&alpha| alpha == 0), "of {dark}");
    }
}

#[test]
fn damaged_frames_are_told_held_blanked_or_stop() {
    let place = Place::new();
    let (header, bytes) = ("W48 H40 F25:1 Ip A1:1 C444", 48 * 40 * 3);
    let whole = y4m(header, bytes, 4, |frame, byte| {
        if byte < 48 * 40 {
            60 + 40 * frame as u8
        } else {
            128
        }
    });
    let start = header.len() + "YUV4MPEG2 \n".len();
    let mut damaged = whole[..whole.len() - 100].to_vec();
    damaged[start + bytes + 6 + 2] = b'?'; // FR?ME of the second
    place.write("in.y4m", &damaged);
    let line = "video in.y4m -o out.y4m --effect pop";
    let drawn = || frames(&place.read("out.y4m"), header, bytes);
    place.write("whole.y4m", &whole);
    place.run("video whole.y4m -o out.y4m --effect pop").fine();
    let good = drawn();
    place.run(line).says(
        3,
        "warning: frame at 00:00.040 is damaged: no FRAME line where it should begin; the picture before it is held\n\
         warning: frame at 00:00.120 is damaged: the stream ends within it; the picture before it is held\n\
         2 of 4 frames were damaged and replaced",
    );
    let held = drawn();
    assert!(held[0] == good[0] && held[1] == held[0] && held[3] == held[2]);
    assert_eq!(place.run(&format!("{line} --on-error blank -q")).code, 3);
    let blank = drawn();
    assert!(blank[0] == good[0]);
    // Gray 128 is luma 126 of 16 to 235.
    assert!(
        [1, 3]
            .iter()
            .all(|&i| blank[i][..48 * 40] == [126; 48 * 40])
    );
    std::fs::remove_file(place.path("out.y4m")).unwrap();
    place.run(&format!("{line} --on-error stop")).says(
        1,
        "error: in.y4m: frame at 00:00.040 is damaged: no FRAME line where it should begin\n\
         hint: `--on-error hold` or `blank` goes on",
    );
    assert_eq!(place.files(), ["in.y4m", "whole.y4m"]);
    // A frame that lacks bytes takes the next one's with it; neither is shown.
    let mut short = whole.clone();
    short.drain(start + bytes + 200..start + bytes + 300);
    place.write("in.y4m", &short);
    place.run(line).says(
        3,
        "warning: 2 frames from 00:00.040 are damaged: it has too few or too many bytes; the picture before it is held\n\
         2 of 4 frames were damaged and replaced",
    );
    assert_eq!(drawn().len(), 4);
}

#[test]
fn a_stream_cut_within_a_frame_is_held_blanked_or_stopped_at() {
    let place = Place::new();
    let (header, bytes) = ("W48 H40 F25:1 Ip A1:1 C444", 48 * 40 * 3);
    let whole = y4m(header, bytes, 4, |frame, byte| {
        (40 * frame + byte % 97) as u8
    });
    let rows = |frame: &[u8]| frame[..48 * 40].to_vec();
    place.write("whole.y4m", &whole);
    place.run("video whole.y4m -o good.y4m --effect pop").fine();
    let good = frames(&place.read("good.y4m"), header, bytes);
    // In the middle of the third frame, and behind its line.
    for kept in [2 * (bytes + 6) + 6 + bytes / 2, 2 * (bytes + 6) + 6] {
        let start = header.len() + "YUV4MPEG2 \n".len();
        place.write("in.y4m", &whole[..start + kept]);
        for (mode, code) in [("hold", 3), ("blank", 3), ("stop", 1)] {
            let line = format!("video in.y4m -o out.y4m --effect pop --on-error {mode}");
            let said = place.run(&line);
            assert_eq!(said.code, code, "{mode}, {kept}: {}", said.stderr);
            assert!(
                said.stderr.contains("frame at 00:00.080 is damaged: "),
                "{mode}, {kept}: {}",
                said.stderr
            );
            if mode == "stop" {
                assert!(!place.files().contains(&"out.y4m".into()));
                continue;
            }
            let drawn = frames(&place.read("out.y4m"), header, bytes);
            assert_eq!(drawn.len(), 3);
            assert!(drawn[..2] == good[..2], "{mode}, {kept}");
            let last = if mode == "hold" {
                rows(&drawn[1])
            } else {
                vec![126; 48 * 40]
            };
            assert!(rows(&drawn[2]) == last, "{mode}, {kept}");
            std::fs::remove_file(place.path("out.y4m")).unwrap();
        }
    }
}

#[test]
fn what_is_refused_leaves_nothing() {
    let place = Place::new();
    place.write("in.y4m", &y4m("W4 H4 F25:1 C444", 48, 1, |_, _| 100));
    let says = |line: &str, code, text: &str| place.run(line).says(code, text);
    says(
        "video in.y4m -o in.y4m",
        2,
        "error: the output in.y4m is the input in.y4m\nhint: originals are never written over: choose another name or folder",
    );
    says(
        "video in.y4m -o out.avi",
        2,
        "error: out.avi: the name doesn't say which video to write\nhint: end it in .mp4, .mov, .mkv, .webm or .y4m, or add `--raw-out`",
    );
    says(
        "video in.y4m -o out.y4m --effect cutout",
        2,
        "error: a cut-out is transparent, which YUV4MPEG2 can't hold\nhint: write .webm or .mov, or raw frames with `--raw-out rgba`",
    );
    says(
        "video in.y4m -o out.mp4 --effect cutout",
        2,
        "error: a cut-out is transparent, which h264 in .mp4 can't hold\nhint: write .webm (VP9) or .mov (ProRes 4444), or take `--effect color` for a plain background",
    );
    says(
        "video missing.y4m -o out.y4m",
        1,
        "error: missing.y4m: no such file\nhint: check the spelling of its path",
    );
    place.write("empty.y4m", b"YUV4MPEG2 W4 H4 F25:1 C444\n");
    says(
        "video empty.y4m -o out.y4m",
        1,
        "error: empty.y4m: there is no frame in it",
    );
    place.write("deep.y4m", b"YUV4MPEG2 W4 H4 F25:1 C420p10\n");
    says(
        "video deep.y4m -o out.y4m",
        1,
        "error: deep.y4m: YUV4MPEG2 with `C420p10` is not read; 420, 422, 444 and mono with 8 bits are\nhint: `ffmpeg -i IN -pix_fmt yuv420p -f yuv4mpegpipe -` makes it 8 bits",
    );
    place.write("huge.y4m", b"YUV4MPEG2 W30000 H30000 F25:1 C444\n");
    let said = place.run("video huge.y4m -o out.y4m");
    assert!(
        said.code == 1 && said.stderr.contains("the limit is 36 megapixels"),
        "{}",
        said.stderr
    );
    assert_eq!(
        place.files(),
        ["deep.y4m", "empty.y4m", "huge.y4m", "in.y4m"]
    );
}
