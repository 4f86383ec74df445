//! What ffprobe tells of a file.
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

use super::{missing, program};
use crate::child::Running;
use crate::fault::Fault;
use crate::video::clip::Ratio;
use std::io::Read;

/// Most bytes of ffprobe's answer.
const MOST_ANSWER: u64 = 256 << 20;

/// Frames whose times are read in a moment.
const FEW_FRAMES: u64 = 10_000;

/// What matters of a file.
#[derive(Debug, Clone)]
pub(crate) struct Probed {
    /// The video's codec, as ffmpeg names it.
    pub(crate) codec: String,
    /// Whether pixels can be transparent.
    pub(crate) alpha: bool,
    pub(crate) base: Ratio,
    pub(crate) rate: Ratio,
    pub(crate) aspect: Option<Ratio>,
    /// As the container says, or as its duration and rate let one expect.
    pub(crate) frames: Option<u64>,
    /// Seconds at which the file begins; times are counted from there.
    pub(crate) start: f64,
    /// Seconds at which the video ends, as the file says.
    end: Option<f64>,
    /// Whether frames take unequal times.
    uneven: bool,
    /// The rate at which a frame takes as long as the video's last one, where they differ and the file says it.
    pub(crate) last: Option<Ratio>,
    /// ffmpeg's names, where the file says them.
    pub(crate) colour: Colour,
    /// Codecs of the sound tracks.
    pub(crate) audio: Vec<String>,
    /// Codecs of the subtitles.
    pub(crate) subtitles: Vec<String>,
    /// Videos in it; the first one is taken.
    pub(crate) videos: usize,
}

/// How a video's numbers mean colours.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Colour {
    pub(crate) matrix: Option<String>,
    pub(crate) primaries: Option<String>,
    pub(crate) transfer: Option<String>,
}

/// Asks about a file.
///
/// # Errors
/// No ffprobe, a file that it can't read, or one without a video.
pub(crate) fn probe(path: &Path) -> Result<Probed> {
    let entries = "stream=codec_type,codec_name,pix_fmt,time_base,avg_frame_rate,r_frame_rate,nb_frames,duration,\
         start_time,color_space,color_primaries,color_transfer,sample_aspect_ratio:stream_disposition=attached_pic\
         :stream_tags=alpha_mode,DURATION:format=start_time,duration";
    let answer = ask(path, &["-of", "json", "-show_entries", entries])?;
    let answer: Value = serde_json::from_slice(&answer).context("ffprobe")?;
    let mut probed = understand(&answer)
        .ok_or_else(|| Fault::new(format!("{}: there is no video in it", path.display())))?;
    if probed.uneven && probed.frames.is_some_and(|frames| frames <= FEW_FRAMES) {
        probed.last = last(&probed, &times(path)?.unwrap_or_default());
    }
    Ok(probed)
}

/// How long the last of the frames shown at `times` takes, as a rate.
fn last(probed: &Probed, times: &[i64]) -> Option<Ratio> {
    let shown = *times.last()? as f64 * probed.base.as_f64();
    let milliseconds = ((probed.end? - shown) * 1e3).round();
    Ratio::new(1000, milliseconds.clamp(1.0, 1e9) as u32)
}

/// Times of the video's frames in ticks of its time base, in order, from reading the file without decoding it; `None` when the
/// file doesn't say all.
///
/// # Errors
/// As [`probe`].
pub(crate) fn times(path: &Path) -> Result<Option<Vec<i64>>> {
    let arguments = [
        "-select_streams",
        "V:0",
        "-show_entries",
        "packet=pts,flags",
        "-of",
        "csv=p=0",
    ];
    let answer = ask(path, &arguments)?;
    let text = String::from_utf8_lossy(&answer);
    let shown = text.lines().filter(|line| {
        let flags = line.split(',').nth(1).unwrap_or("");
        // Needed for decoding others alone.
        !flags.contains('D')
    });
    let times: Option<Vec<i64>> = shown
        .map(|line| line.split(',').next()?.trim().parse().ok())
        .collect();
    Ok(times.map(|mut times| {
        times.sort_unstable();
        times.dedup();
        times
    }))
}

fn ask(path: &Path, arguments: &[&str]) -> Result<Vec<u8>> {
    let mut command = program("ffprobe");
    command
        .args(arguments)
        .arg("-i")
        .arg(super::super::file_argument(path));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let (mut running, pipes) = Running::start(command, missing("ffprobe"))?;
    let mut answer = Vec::new();
    if let Some(output) = pipes.output {
        output.take(MOST_ANSWER).read_to_end(&mut answer)?;
    }
    let status = running.wait()?;
    if !status.success() {
        return Err(running.fault(&path.display().to_string()).into());
    }
    Ok(answer)
}

fn understand(answer: &Value) -> Option<Probed> {
    let streams = answer["streams"].as_array()?;
    let is = |stream: &&Value, kind: &str| stream["codec_type"] == kind;
    let codecs = |kind: &str| {
        let of_kind = streams.iter().filter(|stream| is(stream, kind));
        of_kind
            .map(|stream| stream["codec_name"].as_str().unwrap_or_default().into())
            .collect()
    };
    let videos = streams
        .iter()
        .filter(|stream| is(stream, "video") && stream["disposition"]["attached_pic"] != 1);
    let video = videos.clone().next()?;
    let text = |name: &str| video[name].as_str();
    let ratio = |name: &str| text(name).and_then(Ratio::parse);
    let rate = ratio("avg_frame_rate")
        .or(ratio("r_frame_rate"))
        .unwrap_or(Ratio { num: 25, den: 1 });
    let seconds = |value: &Value| value.as_str()?.parse::<f64>().ok();
    let uneven = ratio("avg_frame_rate") != ratio("r_frame_rate");
    let duration = seconds(&video["duration"]).or(seconds(&answer["format"]["duration"]));
    let counted = text("nb_frames").and_then(|frames| frames.parse().ok());
    let expected = duration.map(|duration| (duration * rate.as_f64()).round() as u64);
    let pixels = text("pix_fmt").unwrap_or_default();
    let known = |name: &str| {
        text(name)
            .filter(|&word| !matches!(word, "unknown" | "reserved"))
            .map(str::to_owned)
    };
    Some(Probed {
        codec: text("codec_name").unwrap_or_default().into(),
        alpha: has_alpha(pixels) || video["tags"]["alpha_mode"] == "1",
        base: ratio("time_base")?,
        rate,
        aspect: ratio("sample_aspect_ratio"),
        frames: counted.or(expected).filter(|&frames| frames > 0),
        start: seconds(&answer["format"]["start_time"]).unwrap_or(0.0),
        end: end(video),
        uneven,
        last: None,
        colour: Colour {
            matrix: known("color_space"),
            primaries: known("color_primaries"),
            transfer: known("color_transfer"),
        },
        audio: codecs("audio"),
        subtitles: codecs("subtitle"),
        videos: videos.count(),
    })
}

/// Seconds at which a stream ends.
fn end(stream: &Value) -> Option<f64> {
    let seconds = |value: &Value| value.as_str()?.parse::<f64>().ok();
    if let Some(duration) = seconds(&stream["duration"]) {
        return Some(seconds(&stream["start_time"]).unwrap_or(0.0) + duration);
    }
    // Matroska's says when it ends, not how long it is: `00:00:01.023000000`.
    let parts: Option<Vec<f64>> = stream["tags"]["DURATION"]
        .as_str()?
        .split(':')
        .map(|part| part.parse().ok())
        .collect();
    Some(parts?.iter().fold(0.0, |sum, part| sum * 60.0 + part))
}

fn has_alpha(pixels: &str) -> bool {
    let starts = [
        "yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16", "pal8",
    ];
    starts.iter().any(|start| pixels.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_answer_is_understood() {
        let answer = json!({
            "streams": [
                {"codec_type": "audio", "codec_name": "aac"},
                {"codec_type": "subtitle", "codec_name": "subrip"},
                {"codec_type": "video", "codec_name": "mjpeg", "disposition": {"attached_pic": 1}},
                {"codec_type": "video", "codec_name": "h264", "pix_fmt": "yuv420p", "time_base": "1/15360",
                 "avg_frame_rate": "30/1", "r_frame_rate": "60/1", "nb_frames": "77", "color_space": "bt709",
                 "start_time": "0.5", "duration": "2.25",
                 "color_transfer": "unknown", "sample_aspect_ratio": "4:3", "disposition": {"attached_pic": 0}},
            ],
            "format": {"start_time": "-0.023", "duration": "2.6"},
        });
        let probed = understand(&answer).unwrap();
        assert_eq!(probed.codec, "h264");
        assert_eq!(
            (probed.base, probed.rate),
            (Ratio { num: 1, den: 15360 }, Ratio { num: 30, den: 1 })
        );
        assert_eq!(
            (probed.frames, probed.start, probed.alpha),
            (Some(77), -0.023, false)
        );
        assert_eq!(probed.end, Some(0.5 + 2.25));
        assert_eq!(probed.colour.matrix.as_deref(), Some("bt709"));
        assert_eq!(probed.colour.transfer, None);
        assert_eq!(probed.audio, ["aac"]);
        assert_eq!(
            (probed.videos, probed.subtitles),
            (1, vec!["subrip".to_owned()])
        );
        assert!(understand(&json!({"streams": []})).is_none());
    }

    #[test]
    fn what_is_not_said_is_reckoned() {
        let answer = json!({
            "streams": [{"codec_type": "video", "pix_fmt": "yuva420p", "time_base": "1/1000",
                         "avg_frame_rate": "0/0", "r_frame_rate": "24/1", "tags": {"DURATION": "01:01:02.500000000"}}],
            "format": {"duration": "2.0"},
        });
        let probed = understand(&answer).unwrap();
        assert_eq!(
            (probed.frames, probed.alpha, probed.start),
            (Some(48), true, 0.0)
        );
        assert_eq!(probed.end, Some(3662.5));
        let times = [0, 40, 3_660_000];
        assert_eq!(last(&probed, &times), Ratio::new(1000, 2500));
        assert_eq!(last(&probed, &[]), None);
    }
}
