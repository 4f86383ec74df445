//! `hypercut live` on files in the place of cameras.
use crate::command::Place;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// Frames of noise in 4:4:4 of 48 x 40.
fn file(frames: usize) -> Vec<u8> {
    let mut bytes = b"YUV4MPEG2 W48 H40 F25:1 Ip A1:1 C444\n".to_vec();
    let mut state = 1u32;
    for _ in 0..frames {
        bytes.extend(b"FRAME\n");
        bytes.extend((0..48 * 40 * 3).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }));
    }
    bytes
}

#[test]
fn a_file_without_a_pace_goes_through_whole() {
    let place = Place::new();
    place.write("in.y4m", &file(5));
    let said = place.run("live --input in.y4m -o out.y4m -v").fine();
    assert!(
        said.stderr
            .starts_with("5 pictures shown, 0 frames left out, 0 faults"),
        "{}",
        said.stderr
    );
    let out = place.read("out.y4m");
    let header = b"YUV4MPEG2 W48 H40 F25:1 Ip A1:1 C420jpeg\n";
    assert!(out.starts_with(header));
    assert_eq!(out.len(), header.len() + 5 * (6 + 48 * 40 * 3 / 2));
}

#[test]
fn a_damaged_frame_holds_the_one_before() {
    let place = Place::new();
    let mut bytes = file(3);
    let second = bytes.len() - 2 * (6 + 48 * 40 * 3);
    bytes[second] = b'?';
    place.write("in.y4m", &bytes);
    let said = place.run("live --input in.y4m -o out.y4m").fine();
    assert!(
        said.stderr
            .starts_with("warning: a frame failed: no FRAME line"),
        "{}",
        said.stderr
    );
    let out = place.read("out.y4m");
    let frames: Vec<_> = out[out.len() - 3 * (6 + 48 * 60)..]
        .chunks(6 + 48 * 60)
        .collect();
    assert!(frames[0] == frames[1] && frames[1] != frames[2]);
}

#[test]
fn a_budget_that_is_too_small_takes_the_smaller_network_too() {
    let place = Place::new();
    place.write("in.y4m", &file(60));
    place.write(
        "own.tflite",
        include_bytes!("../../../../models/hypercut-v13.tflite"),
    );
    // Nobody draws a frame in 10 us: every level is gone through, ten frames each.
    let line = "live --input in.y4m -o out.y4m --effect color --target-fps 100000";
    let last = |line: &str| {
        let said = place.run(line).fine().stderr;
        let lowest = said.lines().rfind(|line| line.starts_with("lower quality"));
        lowest.unwrap_or(&said)["lower quality: level ".len()..][..1].to_owned()
    };
    // The smaller network, every second mask, every second frame.
    assert_eq!(last(line), "3");
    std::fs::remove_file(place.path("out.y4m")).unwrap();
    // To a network of one's own there is no smaller one.
    assert_eq!(last(&format!("{line} --model own.tflite")), "2");
}

#[test]
fn what_is_refused() {
    let place = Place::new();
    place.write("in.y4m", &file(1));
    place.run("live --input in.y4m -o out.y4m --effect cutout").says(
        2,
        "error: a cut-out is transparent, which a camera's picture can't be\nhint: take `--effect color` for a plain background",
    );
    place.run("live --input in.y4m --page 0.0.0.0:0").says(
        2,
        "error: 0.0.0.0:0: the page is for this machine alone\nhint: take 127.0.0.1 or [::1]",
    );
    place.run("live --input /dev/video-none -o -").says(
        1,
        "error: /dev/video-none: there is no such camera\nhint: `ls /dev/video*` lists cameras; `--input` takes one",
    );
    assert_eq!(place.files(), ["in.y4m"]);
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ask(address: &str, host: &str, path: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    BufReader::new(stream)
}

#[test]
fn the_page_shows_composed_pictures_to_this_machine_alone() {
    let place = Place::new();
    // Frames come from a pipe that stays open, so that the page stays.
    let child = place
        .command()
        .args([
            "live",
            "--input",
            "-",
            "--page",
            "127.0.0.1:0",
            "--effect",
            "color",
            "--color",
            "#00ff00",
        ])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut child = Ended(child);
    let mut line = String::new();
    BufReader::new(child.0.stderr.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .trim()
        .strip_prefix("showing on http://")
        .unwrap()
        .trim_end_matches('/')
        .to_owned();
    let mut stdin = child.0.stdin.take().unwrap();
    stdin.write_all(&file(3)).unwrap();
    stdin.write_all(b"FRAME\n").unwrap();
    stdin.flush().unwrap();

    let mut page = String::new();
    ask(&address, &address, "/")
        .read_to_string(&mut page)
        .unwrap();
    assert!(
        page.starts_with("HTTP/1.1 200 OK\r\n") && page.contains("<img src=/stream"),
        "{page}"
    );
    let mut refused = String::new();
    ask(&address, "evil.example", "/stream")
        .read_to_string(&mut refused)
        .unwrap();
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    let mut stream = ask(&address, &address, "/stream");
    let mut length = 0;
    loop {
        let mut line = String::new();
        assert!(stream.read_line(&mut line).unwrap() > 0);
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().unwrap();
        } else if line == "\r\n" && length > 0 {
            break;
        }
    }
    let mut jpeg = vec![0; length];
    stream.read_exact(&mut jpeg).unwrap();
    let picture = image::load_from_memory(&jpeg).unwrap().to_rgb8();
    assert_eq!((picture.width(), picture.height()), (48, 40));
    // Nobody is in noise: all is background.
    let green = picture
        .pixels()
        .filter(|pixel| pixel[1] > 200 && pixel[0] < 60 && pixel[2] < 60)
        .count();
    assert!(green > 48 * 40 * 8 / 10, "{green}");
}

/// A camera goes on for ever; whoever looked on may not.
#[cfg(target_os = "linux")]
#[test]
fn it_ends_when_nobody_takes_the_pictures() {
    let place = Place::new();
    let mut command = place.command();
    command
        .args(["live", "--input", "-", "-o", "/dev/full"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Kept open: there might come more.
    let mut input = child.stdin.take().unwrap();
    // It may end before it has all.
    let _ = input.write_all(&file(40));
    let mut said = String::new();
    let mut stderr = child.stderr.take().unwrap();
    stderr.read_to_string(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    assert!(said.contains("No space left"), "{said}");
    drop(input);
}

#[cfg(unix)]
#[test]
fn a_pipe_with_a_name_below_dev_is_no_camera() {
    let place = Place::new();
    let said = place
        .run_with_input("live --input /dev/stdin -o out.y4m -v", &file(3))
        .fine();
    assert!(
        said.stderr.starts_with("3 pictures shown"),
        "{}",
        said.stderr
    );
}
