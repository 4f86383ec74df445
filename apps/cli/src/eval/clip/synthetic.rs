//! Clips made of a cut-out over a background, with exact masks: the same on every machine.
use anyhow::Result;
use hypercut::{Mask, PixelFormat};

use crate::picture::Decoded;

/// Size and number of frames.
pub(super) const WIDTH: usize = 640;
pub(super) const HEIGHT: usize = 360;
pub(super) const FRAMES: usize = 24;

/// Standard deviation of the sensor's noise in steps of 255: a webcam in a lit room.
const NOISE: f32 = 4.0;

/// Pixels that a moving cut-out and its background go in a frame, against each other.
const SPEED: f32 = 2.5;
const PAN: f32 = -1.5;

/// Bytes to sample from, four a pixel.
#[derive(Debug)]
struct Layer {
    pixels: Vec<[u8; 4]>,
    width: usize,
    height: usize,
}

impl Layer {
    fn of(picture: &Decoded) -> Self {
        let bytes = picture.pixel_format.bytes();
        let pixels = picture
            .pixels
            .chunks_exact(bytes)
            .map(|pixel| match *pixel {
                [gray] => [gray, gray, gray, 255],
                [r, g, b] => [r, g, b, 255],
                _ => [pixel[0], pixel[1], pixel[2], pixel[3]],
            });
        Self {
            pixels: pixels.collect(),
            width: picture.width,
            height: picture.height,
        }
    }

    /// Bilinear, colours weighted by alpha; the alpha of places outside is 0 unless the border is `repeated`.
    fn at(&self, x: f32, y: f32, repeated: bool) -> [f32; 4] {
        let (left, top) = ((x - 0.5).floor(), (y - 0.5).floor());
        let (fx, fy) = (x - 0.5 - left, y - 0.5 - top);
        let mut sum = [0.0; 4];
        for (dx, dy, weight) in [
            (0.0, 0.0, (1.0 - fx) * (1.0 - fy)),
            (1.0, 0.0, fx * (1.0 - fy)),
            (0.0, 1.0, (1.0 - fx) * fy),
            (1.0, 1.0, fx * fy),
        ] {
            let (x, y) = (left + dx, top + dy);
            let (right, bottom) = (self.width as f32 - 1.0, self.height as f32 - 1.0);
            let inside = (0.0..=right).contains(&x) && (0.0..=bottom).contains(&y);
            if inside || repeated {
                let (x, y) = (x.clamp(0.0, right) as usize, y.clamp(0.0, bottom) as usize);
                let [r, g, b, a] = self.pixels[y * self.width + x].map(f32::from);
                let alpha = weight * a / 255.0;
                sum[0] += r * alpha;
                sum[1] += g * alpha;
                sum[2] += b * alpha;
                sum[3] += alpha;
            }
        }
        sum
    }
}

/// Makes the frames of a clip.
#[derive(Debug)]
pub(super) struct Synthesis {
    person: Layer,
    behind: Layer,
    moving: bool,
    frame: usize,
    random: u32,
}

impl Synthesis {
    pub(super) fn new(cutout: &Decoded, background: &Decoded, moving: bool) -> Self {
        Self {
            person: Layer::of(cutout),
            behind: Layer::of(background),
            moving,
            frame: 0,
            random: 0x9e37_79b9,
        }
    }

    /// Roughly normal: the sum of four even numbers.
    fn noise(&mut self) -> f32 {
        let mut sum = 0.0;
        for _ in 0..4 {
            // Xorshift (Marsaglia 2003).
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            sum += (self.random >> 8) as f32 / (1 << 24) as f32 - 0.5;
        }
        // Four variances of 1 / 12.
        sum * NOISE * 1.732_050_8
    }

    /// RGB pixels and true mask of the next frame; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<(Vec<u8>, Mask)>> {
        if self.frame == FRAMES {
            return Ok(None);
        }
        let step = if self.moving { self.frame as f32 } else { 0.0 };
        self.frame += 1;
        // The cut-out stands on the lower edge, nine tenths as high as the frame.
        let scale = self.person.height as f32 / (HEIGHT as f32 * 0.9);
        let width = self.person.width as f32 / scale;
        let left = (WIDTH as f32 - width) / 2.0 + SPEED * (step - FRAMES as f32 / 2.0);
        let top = HEIGHT as f32 * 0.1;
        // The background covers the frame and what the pan shows of it.
        let reach = PAN.abs() * FRAMES as f32;
        let across = self.behind.width as f32 / (WIDTH as f32 + reach);
        let down = self.behind.height as f32 / HEIGHT as f32;
        let cover = across.min(down);
        let (mut pixels, mut alphas) = (Vec::new(), Vec::new());
        for y in 0..HEIGHT {
            for x in 0..WIDTH {
                let (x, y) = (x as f32 + 0.5, y as f32 + 0.5);
                let [r, g, b, alpha] = self.person.at((x - left) * scale, (y - top) * scale, false);
                let [r0, g0, b0, _] =
                    self.behind
                        .at((x + reach + PAN * step) * cover, y * cover, true);
                let rest = 1.0 - alpha;
                for colour in [r + r0 * rest, g + g0 * rest, b + b0 * rest] {
                    pixels.push((colour + self.noise()).round().clamp(0.0, 255.0) as u8);
                }
                alphas.push((alpha * 255.0).round() as u8);
            }
        }
        Ok(Some((pixels, Mask::from_raw(WIDTH, HEIGHT, alphas)?)))
    }
}

/// Whether a picture can be cut out: it has alpha, and not only one.
pub(super) fn is_cutout(picture: &Decoded) -> bool {
    picture.pixel_format == PixelFormat::Rgba8
        && picture.pixels.chunks_exact(4).any(|pixel| pixel[3] < 128)
        && picture.pixels.chunks_exact(4).any(|pixel| pixel[3] >= 128)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{PixelLimit, decode};
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};

    fn png(alpha: impl Fn(u32, u32) -> u8) -> Decoded {
        let pixels: Vec<u8> = (0..40 * 60)
            .flat_map(|i| [200, 100, 50, alpha(i % 40, i / 40)])
            .collect();
        let mut bytes = Vec::new();
        PngEncoder::new(&mut bytes)
            .write_image(&pixels, 40, 60, ExtendedColorType::Rgba8)
            .unwrap();
        decode(&bytes, PixelLimit(1 << 20)).unwrap()
    }

    fn centre(mask: &Mask) -> f64 {
        let (mut sum, mut mass) = (0.0, 0.0);
        for (i, &alpha) in mask.data().iter().enumerate() {
            sum += f64::from(alpha) * (i % WIDTH) as f64;
            mass += f64::from(alpha);
        }
        sum / mass
    }

    #[test]
    fn the_true_mask_moves_by_the_speed_or_not_at_all_and_noise_has_its_deviation() {
        let (person, wall) = (png(|x, _| if x < 20 { 255 } else { 0 }), png(|_, _| 255));
        assert!(is_cutout(&person) && !is_cutout(&wall));
        for moving in [false, true] {
            let mut clip = Synthesis::new(&person, &wall, moving);
            let (pixels, first) = clip.next().unwrap().unwrap();
            let (_, second) = clip.next().unwrap().unwrap();
            let moved = centre(&second) - centre(&first);
            let expected = if moving { f64::from(SPEED) } else { 0.0 };
            assert!((moved - expected).abs() < 0.02, "{moved}");
            // Everything has one colour, so what differs is noise.
            let green: Vec<f64> = pixels
                .iter()
                .skip(1)
                .step_by(3)
                .map(|&g| f64::from(g))
                .collect();
            let variance =
                green.iter().map(|g| (g - 100.0).powi(2)).sum::<f64>() / green.len() as f64;
            assert!(
                (variance.sqrt() - f64::from(NOISE)).abs() < 0.1,
                "{}",
                variance.sqrt()
            );
        }
        let mut clip = Synthesis::new(&person, &wall, true);
        let frames = std::iter::from_fn(|| clip.next().unwrap()).count();
        assert_eq!(frames, FRAMES);
    }
}
