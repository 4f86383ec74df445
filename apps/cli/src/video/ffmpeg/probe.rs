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
    /// ffmpeg's names, where the file says them.
    pub(crate) colour: Colour,
    /// Codecs of the sound tracks.
    pub(crate) audio: Vec<String>,
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
         color_space,color_primaries,color_transfer,sample_aspect_ratio:stream_disposition=attached_pic\
         :stream_tags=alpha_mode:format=start_time,duration";
    let answer = ask(path, &["-of", "json", "-show_entries", entries])?;
    let answer: Value = serde_json::from_slice(&answer).context("ffprobe")?;
    understand(&answer)
        .ok_or_else(|| Fault::new(format!("{}: there is no video in it", path.display())).into())
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
    let video = streams
        .iter()
        .find(|stream| is(stream, "video") && stream["disposition"]["attached_pic"] != 1)?;
    let text = |name: &str| video[name].as_str();
    let ratio = |name: &str| text(name).and_then(Ratio::parse);
    let rate = ratio("avg_frame_rate")
        .or(ratio("r_frame_rate"))
        .unwrap_or(Ratio { num: 25, den: 1 });
    let seconds = |value: &Value| value.as_str()?.parse::<f64>().ok();
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
        colour: Colour {
            matrix: known("color_space"),
            primaries: known("color_primaries"),
            transfer: known("color_transfer"),
        },
        audio: streams
            .iter()
            .filter(|stream| is(stream, "audio"))
            .map(|stream| stream["codec_name"].as_str().unwrap_or_default().into())
            .collect(),
    })
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
                {"codec_type": "video", "codec_name": "mjpeg", "disposition": {"attached_pic": 1}},
                {"codec_type": "video", "codec_name": "h264", "pix_fmt": "yuv420p", "time_base": "1/15360",
                 "avg_frame_rate": "30/1", "r_frame_rate": "60/1", "nb_frames": "77", "color_space": "bt709",
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
        assert_eq!(probed.colour.matrix.as_deref(), Some("bt709"));
        assert_eq!(probed.colour.transfer, None);
        assert_eq!(probed.audio, ["aac"]);
        assert!(understand(&json!({"streams": []})).is_none());
    }

    #[test]
    fn what_is_not_said_is_reckoned() {
        let answer = json!({
            "streams": [{"codec_type": "video", "pix_fmt": "yuva420p", "time_base": "1/1000",
                         "avg_frame_rate": "0/0", "r_frame_rate": "24/1"}],
            "format": {"duration": "2.0"},
        });
        let probed = understand(&answer).unwrap();
        assert_eq!(
            (probed.frames, probed.alpha, probed.start),
            (Some(48), true, 0.0)
        );
    }
}
