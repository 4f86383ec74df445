//! The line of text that a YUV4MPEG2 file begins with.
use anyhow::Result;
use std::fmt::Write as _;

use super::MAGIC;
use crate::fault::Fault;
use crate::video::clip::Ratio;
use hypercut::yuv::Chroma;

/// Longest header line that is read: the reference implementation's limit is 96, ffmpeg's 128.
pub(super) const MOST_BYTES: usize = 1024;

/// Most pixels per side; more is a damaged header.
const SIDE: usize = 32_768;

/// Frames per second when the header says none or `0:0`.
const USUAL_RATE: Ratio = Ratio { num: 25, den: 1 };

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) rate: Ratio,
    /// Width to height of a pixel, if it is known.
    pub(crate) aspect: Option<Ratio>,
    pub(crate) chroma: Chroma,
    /// The word after `C`, such as `420jpeg`.
    pub(crate) colour_space: String,
    /// The word after `I`; `p` is progressive.
    pub(crate) interlacing: char,
    /// Whether luma spans 0 to 255 instead of 16 to 235.
    pub(crate) full_range: bool,
}

impl Header {
    /// Understands the line without its end.
    ///
    /// # Errors
    /// Not such a line, or a kind of pixels that is not read; the message says which are.
    pub(crate) fn parse(line: &[u8]) -> Result<Self> {
        let line = std::str::from_utf8(line)
            .map_err(|_| Fault::new("damaged YUV4MPEG2 header: not text"))?;
        let mut words = line.split(' ').filter(|word| !word.is_empty());
        if words.next().map(str::as_bytes) != Some(MAGIC) {
            return Err(Fault::new("not a YUV4MPEG2 file").into());
        }
        let mut header = Self {
            width: 0,
            height: 0,
            rate: USUAL_RATE,
            aspect: None,
            chroma: Chroma::C420,
            colour_space: "420jpeg".into(),
            interlacing: 'p',
            full_range: false,
        };
        let mut range = None;
        for word in words {
            let (tag, value) = word.split_at(word.chars().next().map_or(0, char::len_utf8));
            match tag {
                "W" => header.width = side(value, word)?,
                "H" => header.height = side(value, word)?,
                "F" => header.rate = Ratio::parse(value).unwrap_or(USUAL_RATE),
                "A" => header.aspect = Ratio::parse(value),
                "I" => header.interlacing = value.chars().next().unwrap_or('p'),
                "C" => {
                    header.chroma = chroma(value)?;
                    header.colour_space = value.into();
                }
                "X" => range = value.strip_prefix("COLORRANGE=").or(range),
                _ => {}
            }
        }
        if header.width == 0 || header.height == 0 {
            return Err(Fault::new("damaged YUV4MPEG2 header: no width or no height").into());
        }
        // A mono plane is luma without a convention; ffmpeg takes it for full range, and so a mask keeps its values.
        header.full_range = match range {
            Some(range) => range == "FULL",
            None => header.chroma == Chroma::Mono,
        };
        Ok(header)
    }

    /// The line, its end included.
    pub(crate) fn line(&self) -> String {
        let mut line = format!(
            "YUV4MPEG2 W{} H{} F{}:{} I{}",
            self.width, self.height, self.rate.num, self.rate.den, self.interlacing
        );
        // Writing to a string cannot fail.
        let _ = match self.aspect {
            Some(aspect) => write!(line, " A{}:{}", aspect.num, aspect.den),
            None => write!(line, " A0:0"),
        };
        let _ = write!(line, " C{}", self.colour_space);
        if self.full_range {
            line.push_str(" XCOLORRANGE=FULL");
        }
        line.push('\n');
        line
    }
}

fn side(value: &str, word: &str) -> Result<usize> {
    let side = value
        .parse()
        .ok()
        .filter(|side| (1..=SIDE).contains(side))
        .ok_or_else(|| {
            Fault::new(format!(
                "damaged YUV4MPEG2 header: `{word}` is no size from 1 to {SIDE}"
            ))
        })?;
    Ok(side)
}

fn chroma(value: &str) -> Result<Chroma> {
    match value {
        "420" | "420jpeg" | "420mpeg2" | "420paldv" => Ok(Chroma::C420),
        "422" => Ok(Chroma::C422),
        "444" => Ok(Chroma::C444),
        "mono" => Ok(Chroma::Mono),
        _ => Err(Fault::new(format!(
            "YUV4MPEG2 with `C{value}` is not read; 420, 422, 444 and mono with 8 bits are"
        ))
        .hint("`ffmpeg -i IN -pix_fmt yuv420p -f yuv4mpegpipe -` makes it 8 bits")
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_by_hand() {
        let line = b"YUV4MPEG2 W352 H288 F30000:1001 It A128:117 C422 XYSCSS=422 XCOLORRANGE=FULL";
        let header = Header::parse(line).unwrap();
        assert_eq!((header.width, header.height), (352, 288));
        assert_eq!((header.rate.num, header.rate.den), (30000, 1001));
        assert_eq!(header.aspect, Ratio::new(128, 117));
        assert_eq!((header.chroma, header.interlacing), (Chroma::C422, 't'));
        assert!(header.full_range);
        assert_eq!(
            header.line(),
            "YUV4MPEG2 W352 H288 F30000:1001 It A128:117 C422 XCOLORRANGE=FULL\n"
        );
    }

    #[test]
    fn what_is_left_out_has_its_usual_value() {
        let header = Header::parse(b"YUV4MPEG2  H2 W4 F0:0 A0:0").unwrap();
        assert_eq!(header.line(), "YUV4MPEG2 W4 H2 F25:1 Ip A0:0 C420jpeg\n");
        assert!(Header::parse(b"YUV4MPEG2 W4 H2 Cmono").unwrap().full_range);
        let limited = Header::parse(b"YUV4MPEG2 W4 H2 Cmono XCOLORRANGE=LIMITED").unwrap();
        assert!(!limited.full_range);
    }

    #[test]
    fn what_is_refused() {
        let says = |line: &[u8]| Header::parse(line).unwrap_err().to_string();
        assert_eq!(says(b"YUV4MPEG W4 H2"), "not a YUV4MPEG2 file");
        assert_eq!(
            says(b"YUV4MPEG2 W4"),
            "damaged YUV4MPEG2 header: no width or no height"
        );
        for size in ["W0", "W-4", "W99999999999999999999", "W32769", "W"] {
            let text = says(format!("YUV4MPEG2 {size} H2").as_bytes());
            assert_eq!(
                text,
                format!("damaged YUV4MPEG2 header: `{size}` is no size from 1 to 32768")
            );
        }
        assert_eq!(
            says(b"YUV4MPEG2 W4 H2 C420p10"),
            "YUV4MPEG2 with `C420p10` is not read; 420, 422, 444 and mono with 8 bits are"
        );
        assert_eq!(
            says(b"YUV4MPEG2 W4 H2 \xff"),
            "damaged YUV4MPEG2 header: not text"
        );
    }
}
