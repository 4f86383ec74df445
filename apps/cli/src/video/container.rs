//! Kinds of video files, by the endings of their names.
use anyhow::Result;
use std::path::Path;

use super::args::Codec;
use crate::fault::Fault;

/// A kind of file that ffmpeg writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Container {
    Mp4,
    Mov,
    Mkv,
    Webm,
}

impl Container {
    /// The kind that a name promises.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Some(match ending.as_str() {
            "mp4" | "m4v" => Self::Mp4,
            "mov" => Self::Mov,
            "mkv" => Self::Mkv,
            "webm" => Self::Webm,
            _ => return None,
        })
    }

    /// The ending of its files' names.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Mkv => "mkv",
            _ => self.muxer(),
        }
    }

    /// ffmpeg's name for it.
    pub(crate) fn muxer(self) -> &'static str {
        match self {
            Self::Mp4 => "mp4",
            Self::Mov => "mov",
            Self::Mkv => "matroska",
            Self::Webm => "webm",
        }
    }

    /// The codec that is wanted, or the usual one.
    ///
    /// # Errors
    /// A usage error when the container can't hold the codec, or the codec no transparency.
    pub(crate) fn codec(self, wanted: Option<Codec>, alpha: bool) -> Result<Codec> {
        let usual = match (self, alpha) {
            (Self::Webm, _) => Codec::Vp9,
            (Self::Mov, true) => Codec::Prores,
            (Self::Mkv, true) => Codec::Ffv1,
            _ => Codec::H264,
        };
        let codec = wanted.unwrap_or(usual);
        let held = match self {
            Self::Mp4 => matches!(codec, Codec::H264 | Codec::H265 | Codec::Vp9),
            Self::Mov => matches!(codec, Codec::H264 | Codec::H265 | Codec::Prores),
            Self::Mkv => true,
            Self::Webm => codec == Codec::Vp9,
        };
        if !held {
            let message = format!(".{} files don't hold {}", self.ending(), codec.name());
            return Err(Fault::usage(message)
                .hint("leave out `--codec`, or write .mkv")
                .into());
        }
        if alpha && !self.holds_alpha(codec) {
            let message = format!(
                "a cut-out is transparent, which {} in .{} can't hold",
                codec.name(),
                self.ending()
            );
            let hint = "write .webm (VP9) or .mov (ProRes 4444), or take `--effect color` for a plain background";
            return Err(Fault::usage(message).hint(hint).into());
        }
        Ok(codec)
    }

    /// Whether it holds the transparency of `codec`.
    pub(crate) fn holds_alpha(self, codec: Codec) -> bool {
        match codec {
            Codec::Prores | Codec::Ffv1 => true,
            // Only Matroska has a place for VP9's alpha.
            Codec::Vp9 => matches!(self, Self::Mkv | Self::Webm),
            Codec::H264 | Codec::H265 => false,
        }
    }

    /// Whether sound of that codec goes in as it is.
    pub(crate) fn takes_audio(self, codec: &str) -> bool {
        match self {
            Self::Mp4 => matches!(
                codec,
                "aac" | "mp3" | "ac3" | "eac3" | "alac" | "opus" | "flac"
            ),
            Self::Mov => {
                matches!(codec, "aac" | "mp3" | "ac3" | "eac3" | "alac")
                    || codec.starts_with("pcm_")
            }
            Self::Mkv => true,
            Self::Webm => matches!(codec, "opus" | "vorbis"),
        }
    }

    /// What subtitles of that codec become, `copy` for what they are; `None` when it can't hold them.
    pub(crate) fn subtitle_codec(self, codec: &str) -> Option<&'static str> {
        let is_text = matches!(
            codec,
            "subrip" | "srt" | "ass" | "ssa" | "webvtt" | "mov_text" | "text"
        );
        let is_picture = matches!(codec, "hdmv_pgs_subtitle" | "dvd_subtitle" | "dvb_subtitle");
        match self {
            Self::Mp4 | Self::Mov if codec == "mov_text" => Some("copy"),
            Self::Mp4 | Self::Mov => is_text.then_some("mov_text"),
            Self::Mkv if codec == "mov_text" => Some("srt"),
            Self::Mkv => (is_text || is_picture).then_some("copy"),
            Self::Webm if codec == "webvtt" => Some("copy"),
            Self::Webm => is_text.then_some("webvtt"),
        }
    }

    /// What other sound becomes.
    pub(crate) fn audio_codec(self) -> &'static str {
        match self {
            Self::Webm => "libopus",
            _ => "aac",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_codecs_and_transparency() {
        assert_eq!(Container::of(Path::new("a/B.MP4")), Some(Container::Mp4));
        assert_eq!(Container::of(Path::new("a.avi")), None);
        assert_eq!(Container::Mov.codec(None, true).unwrap(), Codec::Prores);
        assert_eq!(Container::Webm.codec(None, true).unwrap(), Codec::Vp9);
        assert_eq!(Container::Mp4.codec(None, false).unwrap(), Codec::H264);
        let says = |container: Container, codec, alpha| {
            container.codec(codec, alpha).unwrap_err().to_string()
        };
        assert_eq!(
            says(Container::Mp4, None, true),
            "a cut-out is transparent, which h264 in .mp4 can't hold"
        );
        assert_eq!(
            says(Container::Webm, Some(Codec::H264), false),
            ".webm files don't hold h264"
        );
        assert_eq!(Container::Mp4.subtitle_codec("subrip"), Some("mov_text"));
        assert_eq!(Container::Mp4.subtitle_codec("dvd_subtitle"), None);
        assert_eq!(Container::Mkv.subtitle_codec("ass"), Some("copy"));
        assert!(Container::Mp4.takes_audio("aac") && !Container::Webm.takes_audio("aac"));
    }
}
