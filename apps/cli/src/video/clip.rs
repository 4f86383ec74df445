//! What holds for a whole video: size, pixels, timing.
use hypercut::PixelFormat;
use std::fmt;

/// `num / den` seconds (a time base) or frames per second (a rate); neither part is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) num: u32,
    pub(crate) den: u32,
}

impl Ratio {
    /// In lowest terms; `None` when a part is 0.
    pub(crate) fn new(num: u32, den: u32) -> Option<Self> {
        let (mut a, mut b) = (num, den);
        while b != 0 {
            (a, b) = (b, a % b);
        }
        (num != 0 && den != 0).then(|| Self {
            num: num / a,
            den: den / a,
        })
    }

    /// `30000:1001` or `30000/1001`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (num, den) = text.split_once([':', '/'])?;
        Self::new(num.parse().ok()?, den.parse().ok()?)
    }

    /// 1 / this.
    pub(crate) fn inverse(self) -> Self {
        Self {
            num: self.den,
            den: self.num,
        }
    }

    pub(crate) fn as_f64(self) -> f64 {
        f64::from(self.num) / f64::from(self.den)
    }
}

/// A video without its frames.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clip {
    pub(crate) width: usize,
    pub(crate) height: usize,
    /// Layout of the frames handed on, packed.
    pub(crate) format: PixelFormat,
    /// Seconds per tick of the frames' times.
    pub(crate) base: Ratio,
    /// Frames per second where that is constant, or about that.
    pub(crate) rate: Ratio,
    /// Width to height of a pixel, if it is known.
    pub(crate) aspect: Option<Ratio>,
    /// Number of frames, if it is known beforehand.
    pub(crate) frames: Option<u64>,
}

impl Clip {
    /// Bytes of a frame.
    pub(crate) fn frame_bytes(&self) -> usize {
        self.width * self.height * self.format.bytes()
    }

    /// A frame's time in seconds.
    pub(crate) fn seconds(&self, ticks: i64) -> f64 {
        ticks as f64 * self.base.as_f64()
    }

    /// A frame's time for people.
    pub(crate) fn time(&self, ticks: i64) -> Time {
        Time(self.seconds(ticks))
    }
}

/// Seconds as `h:mm:ss.mmm`, hours left out when there are none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Time(pub(crate) f64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let total = (self.0.max(0.0) * 1e3).round() as u64;
        let (hours, minutes) = (total / 3_600_000, total / 60_000 % 60);
        let (seconds, milliseconds) = (total / 1000 % 60, total % 1000);
        if hours > 0 {
            write!(f, "{hours}:")?;
        }
        write!(f, "{minutes:02}:{seconds:02}.{milliseconds:03}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_are_in_lowest_terms() {
        assert_eq!(Ratio::parse("50:2"), Ratio::new(25, 1));
        assert_eq!(Ratio::parse("30000/1001").map(|r| r.num), Some(30000));
        for bad in ["", "25", "0:1", "1:0", "-1:2", "a:b", "1:2:3"] {
            assert_eq!(Ratio::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn times_for_people() {
        assert_eq!(Time(0.0).to_string(), "00:00.000");
        assert_eq!(Time(61.2345).to_string(), "01:01.235");
        assert_eq!(Time(3600.0 * 2.0 + 59.9996).to_string(), "2:01:00.000");
    }
}
