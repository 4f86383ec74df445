//! A made-up frame to measure on: the same on every machine.
use anyhow::Result;
use hypercut::{Picture, PixelFormat};
use std::fmt;
use std::str::FromStr;

/// Most pixels per side.
const SIDE: usize = 16_384;

/// Width and height in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

impl FromStr for Size {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| text.parse().ok().filter(|side| (1..=SIDE).contains(side));
        text.split_once(['x', 'X'])
            .and_then(|(width, height)| {
                Some(Self {
                    width: side(width)?,
                    height: side(height)?,
                })
            })
            .ok_or_else(|| format!("a size such as 1920x1080, at most {SIDE} a side"))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

/// Something like a bust before a textured wall: a head and shoulders in skin and cloth colours, with noise;
/// opaque RGBA, as cameras and canvases give it.
pub(super) fn person(size: Size) -> Result<Picture> {
    let Size { width, height } = size;
    let mut pixels = Vec::with_capacity(width * height * 4);
    let mut noise = 0x9e37_79b9_u32;
    for y in 0..height {
        for x in 0..width {
            // Xorshift (Marsaglia 2003): as random as pixels need.
            noise ^= noise << 13;
            noise ^= noise >> 17;
            noise ^= noise << 5;
            let grain = (noise >> 29) as u8;
            let colour = colour(x as f32 / width as f32, y as f32 / height as f32);
            pixels.extend(colour.map(|c: u8| c.saturating_add(grain)));
            pixels.push(255);
        }
    }
    Ok(Picture::new(pixels, width, height, PixelFormat::Rgba8)?)
}

/// The colour at `x`, `y` in 0 to 1.
fn colour(x: f32, y: f32) -> [u8; 3] {
    let within = |cx: f32, cy: f32, rx: f32, ry: f32| {
        let (dx, dy) = ((x - cx) / rx, (y - cy) / ry);
        dx * dx + dy * dy < 1.0
    };
    if within(0.5, 0.35, 0.11, 0.22) {
        [205, 160, 135]
    } else if within(0.5, 1.0, 0.3, 0.42) {
        [40, 60, 110]
    } else {
        let brick = ((x * 24.0) as u32 + (y * 14.0) as u32) % 2;
        [90 + 60 * brick as u8, (y * 160.0) as u8, (x * 200.0) as u8]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(
            "64x48".parse(),
            Ok(Size {
                width: 64,
                height: 48
            })
        );
        for bad in [
            "", "64", "0x5", "5x0", "x", "5x", "-5x5", "99999x5", "5x5x5",
        ] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
    }
}
