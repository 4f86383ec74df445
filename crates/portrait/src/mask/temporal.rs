//! Masks of a video, steadied where the picture stands still.
use crate::error::{Error, ErrorKind, Result};

/// Fractional bits of what is remembered of a pixel.
const BITS: u32 = 7;

/// The weight of a pixel that follows the new mask at once.
const ALL: i32 = 256;

/// Luma steps of noise, as estimated, that still count as noise: a moving camera must not pass for one.
const MOST_NOISE: i32 = 2 << BITS;

/// Reach of motion in pixels: what moves changes the mask beside it too.
const REACH: usize = 2;

/// How a [`TemporalFilter`] weighs steadiness against following.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TemporalOptions {
    /// Part of 256 by which a pixel that stands still goes towards the new mask in a frame: 256 filters nothing.
    pub follow: u8,
    /// Change of a still pixel's mask, in its 255 steps, below which it stays exactly as it was.
    pub hold: u8,
    /// Change of luma, in its 255 steps beyond the noise, up to which a pixel counts as still.
    pub still: u8,
    /// Change of luma from which it counts as moving and takes the new mask as it is; between the two it does so in part.
    pub moving: u8,
}

impl Default for TemporalOptions {
    fn default() -> Self {
        Self {
            follow: 40,
            hold: 10,
            still: 2,
            moving: 8,
        }
    }
}

/// Steadies the masks of successive frames: where the picture stands still the mask follows slowly, and small changes not at
/// all; where it moves the mask is taken as it is, so nothing trails behind.
///
/// Both the mask and the luma that it belongs to are remembered and go the same way, so motion too slow to be seen from one
/// frame to the next is seen once it has added up. Motion is the change of luma averaged over 3 x 3 pixels, less the whole picture's
/// (a lamp, the camera's exposure), the largest within two pixels, beyond an estimate of the noise. Integer arithmetic: the same
/// frames give the same masks everywhere. Linear in the number of pixels; allocates when the size grows.
///
/// ```
/// use hypercut::mask::{TemporalFilter, TemporalOptions};
/// let mut filter = TemporalFilter::new(TemporalOptions::default());
/// let luma = [90; 64];
/// filter.apply(&luma, &mut [100; 64], 8, 8)?;
/// let mut mask = [104; 64];
/// filter.apply(&luma, &mut mask, 8, 8)?;
/// assert_eq!(mask, [100; 64]); // nothing moved: the flicker is gone
/// # Ok::<(), hypercut::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct TemporalFilter {
    options: TemporalOptions,
    /// Size of what is remembered; zeros when nothing is.
    size: (usize, usize),
    /// The last mask followed another picture.
    cut: bool,
    luma: Vec<i32>,
    mask: Vec<i32>,
    now: Vec<i32>,
    change: Vec<i32>,
    between: Vec<i32>,
}

impl TemporalFilter {
    /// A filter that remembers nothing yet.
    pub fn new(options: TemporalOptions) -> Self {
        Self {
            options,
            ..Self::default()
        }
    }

    /// Forgets what was: for a cut, a seek, another camera.
    pub fn reset(&mut self) {
        self.size = (0, 0);
    }

    /// Whether the last mask was of another picture than the ones before.
    pub(crate) fn was_cut(&self) -> bool {
        self.cut
    }

    /// Steadies `mask` `[height, width]` in place; `luma` `[height, width]` is the picture that it belongs to. The first mask
    /// after [`new`](Self::new), [`reset`](Self::reset) or a change of size stays as it is, as does one after a cut.
    ///
    /// # Errors
    /// [`ErrorKind::Size`] when a length is not `width * height`.
    pub fn apply(
        &mut self,
        luma: &[u8],
        mask: &mut [u8],
        width: usize,
        height: usize,
    ) -> Result<()> {
        let pixels = width.checked_mul(height);
        if pixels.is_none_or(|pixels| (luma.len(), mask.len()) != (pixels, pixels)) {
            let message = format!(
                "luma of {} and mask of {} bytes don't fit {width} x {height} pixels",
                luma.len(),
                mask.len()
            );
            return Err(Error::new(ErrorKind::Size, message));
        }
        if mask.is_empty() {
            return Ok(());
        }
        self.now.clear();
        self.now
            .extend(luma.iter().map(|&luma| i32::from(luma) << BITS));
        mean3(&mut self.now, &mut self.between, width);
        let is_new = self.size != (width, height);
        self.cut = !is_new && self.is_cut();
        if is_new || self.cut {
            self.size = (width, height);
            self.change.resize(mask.len(), 0);
            self.luma.clone_from(&self.now);
            self.mask.clear();
            self.mask
                .extend(mask.iter().map(|&alpha| i32::from(alpha) << BITS));
            return Ok(());
        }
        most_near(&mut self.change, &mut self.between, width);
        for (i, alpha) in mask.iter_mut().enumerate() {
            let (kept, new) = (&mut self.mask[i], i32::from(*alpha) << BITS);
            let weight = self.options.weight(self.change[i]);
            let held = weight == i32::from(self.options.follow)
                && (new - *kept).abs() < i32::from(self.options.hold) << BITS;
            if !held {
                *kept += towards(new - *kept, weight);
            }
            self.luma[i] += towards(self.now[i] - self.luma[i], weight);
            *alpha = ((*kept + (1 << (BITS - 1))) >> BITS) as u8;
        }
        Ok(())
    }

    /// Fills `self.change` with the motion of every pixel, and tells whether more than half of the picture moved by far.
    fn is_cut(&mut self) -> bool {
        let differences = self
            .now
            .iter()
            .zip(&self.luma)
            .map(|(now, before)| now - before);
        self.change.clear();
        self.change.extend(differences);
        let shift = median(&self.change, &mut self.between);
        self.change
            .iter_mut()
            .for_each(|change| *change = (*change - shift).abs());
        let usual = median(&self.change, &mut self.between);
        // Three times the median of absolute differences is two standard deviations of normal noise.
        let noise = 3 * usual.min(MOST_NOISE);
        self.change
            .iter_mut()
            .for_each(|change| *change = (*change - noise).max(0));
        usual > CUT
    }
}

/// Median change of luma from which a frame has nothing to do with the one before.
const CUT: i32 = 24 << BITS;

impl TemporalOptions {
    /// How far, of 256, a pixel with that motion goes towards the new.
    fn weight(&self, change: i32) -> i32 {
        let (still, moving) = (
            i32::from(self.still) << BITS,
            i32::from(self.moving) << BITS,
        );
        let follow = i32::from(self.follow);
        if change >= moving {
            ALL
        } else if change <= still {
            follow
        } else {
            follow + (ALL - follow) * (change - still) / (moving - still)
        }
    }
}

/// `difference * weight / 256`, away from zero, so that what is followed is reached.
fn towards(difference: i32, weight: i32) -> i32 {
    (difference * weight + 255 * i32::from(difference > 0)) >> 8
}

/// The middle value, the lower of two.
fn median(values: &[i32], scratch: &mut Vec<i32>) -> i32 {
    scratch.clear();
    scratch.extend_from_slice(values);
    let middle = (scratch.len() - 1) / 2;
    *scratch.select_nth_unstable(middle).1
}

/// Replaces every value by the mean of the 3 x 3 around it; beyond the border the border repeats.
fn mean3(values: &mut [i32], rows: &mut Vec<i32>, width: usize) {
    rows.clear();
    for row in values.chunks_exact(width) {
        let at = |x: usize| row[x.min(width - 1)];
        rows.extend((0..width).map(|x| at(x.saturating_sub(1)) + at(x) + at(x + 1)));
    }
    let last = rows.len() / width - 1;
    for (y, row) in values.chunks_exact_mut(width).enumerate() {
        let near = |y: usize| &rows[y.min(last) * width..][..width];
        let (above, middle, below) = (near(y.saturating_sub(1)), near(y), near(y + 1));
        for (x, value) in row.iter_mut().enumerate() {
            *value = (above[x] + middle[x] + below[x]) / 9;
        }
    }
}

/// Replaces every value by the largest within [`REACH`] along both axes.
fn most_near(values: &mut [i32], rows: &mut Vec<i32>, width: usize) {
    let inside = |i: usize, len: usize| i.saturating_sub(REACH)..(i + REACH + 1).min(len);
    let most = |values: &mut dyn Iterator<Item = i32>| values.fold(i32::MIN, i32::max);
    rows.clear();
    for row in values.chunks_exact(width) {
        rows.extend((0..width).map(|x| most(&mut row[inside(x, width)].iter().copied())));
    }
    let height = rows.len() / width;
    for (y, row) in values.chunks_exact_mut(width).enumerate() {
        for (x, value) in row.iter_mut().enumerate() {
            *value = most(&mut inside(y, height).map(|y| rows[y * width + x]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 40;

    /// A bright square person of 16 pixels on a darker wall, its left side at `left`: luma and true mask.
    fn scene(left: usize, light: u8) -> (Vec<u8>, Vec<u8>) {
        let inside =
            |i: usize| (left..left + 16).contains(&(i % SIDE)) && (12..28).contains(&(i / SIDE));
        let pixels = 0..SIDE * SIDE;
        let luma = |i: usize| if inside(i) { 170 } else { 60 + (i % 7) as u8 } + light;
        let mask = pixels.clone().map(|i| if inside(i) { 255 } else { 0 });
        (pixels.map(luma).collect(), mask.collect())
    }

    /// Adds -`most` to `most`, the same on every machine.
    fn noisy(bytes: &[u8], most: i32, seed: u32) -> Vec<u8> {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            (state >> 8) as i32 % (2 * most + 1) - most
        };
        let noisy = bytes.iter().map(|&b| (i32::from(b) + next()).clamp(0, 255));
        noisy.map(|b| b as u8).collect()
    }

    fn mean_change(a: &[u8], b: &[u8]) -> f64 {
        let sum: u64 = a
            .iter()
            .zip(b)
            .map(|(&a, &b)| u64::from(a.abs_diff(b)))
            .sum();
        sum as f64 / a.len() as f64
    }

    #[test]
    fn flicker_of_a_still_picture_falls_to_a_tenth() {
        let (luma, mask) = scene(10, 0);
        let mut filter = TemporalFilter::new(TemporalOptions::default());
        let (mut before, mut raw_before) = (mask.clone(), mask.clone());
        let (mut flicker, mut raw_flicker) = (0.0, 0.0);
        for frame in 0..30 {
            let raw = noisy(&mask, 20, 1000 + frame);
            let mut steady = raw.clone();
            filter
                .apply(&noisy(&luma, 3, frame), &mut steady, SIDE, SIDE)
                .unwrap();
            if frame > 0 {
                flicker += mean_change(&steady, &before);
                raw_flicker += mean_change(&raw, &raw_before);
            }
            (before, raw_before) = (steady, raw);
        }
        assert!(flicker < raw_flicker / 10.0, "{flicker} of {raw_flicker}");
    }

    #[test]
    fn what_moves_is_followed_without_delay_fast_or_slow() {
        for frames_per_pixel in [1, 2, 5] {
            let mut filter = TemporalFilter::new(TemporalOptions::default());
            for frame in 0..20 {
                let (luma, truth) = scene(2 + frame / frames_per_pixel, 0);
                let mut mask = truth.clone();
                filter.apply(&luma, &mut mask, SIDE, SIDE).unwrap();
                assert_eq!(mask, truth, "{frames_per_pixel}, frame {frame}");
            }
        }
    }

    #[test]
    fn a_lamp_is_no_motion() {
        let mut filter = TemporalFilter::new(TemporalOptions::default());
        let (luma, truth) = scene(10, 0);
        filter.apply(&luma, &mut truth.clone(), SIDE, SIDE).unwrap();
        let mut mask: Vec<u8> = truth.iter().map(|&a| a.clamp(9, 246)).collect();
        filter
            .apply(&scene(10, 12).0, &mut mask, SIDE, SIDE)
            .unwrap();
        assert_eq!(mask, truth);
    }

    #[test]
    fn a_mask_that_stays_different_is_reached() {
        let mut filter = TemporalFilter::new(TemporalOptions::default());
        let luma = [80; 64];
        filter.apply(&luma, &mut [0; 64], 8, 8).unwrap();
        let mut last = [0; 64];
        for _ in 0..40 {
            last = [200; 64];
            filter.apply(&luma, &mut last, 8, 8).unwrap();
        }
        assert!(last.iter().all(|&alpha| alpha > 190), "{last:?}");
    }

    #[test]
    fn a_cut_a_reset_and_another_size_start_over() {
        let mut filter = TemporalFilter::new(TemporalOptions::default());
        let mut apply = |luma: u8, slope: u8, alpha: u8, reset: bool| {
            if reset {
                filter.reset();
            }
            let luma: Vec<u8> = (0..64).map(|i| luma + i * slope).collect();
            let mut mask = [alpha; 64];
            filter.apply(&luma, &mut mask, 8, 8).unwrap();
            mask[0]
        };
        assert_eq!(apply(10, 0, 100, false), 100);
        assert_eq!(apply(10, 0, 105, false), 100);
        assert_eq!(apply(10, 3, 105, false), 105, "a cut");
        assert_eq!(apply(10, 3, 109, false), 105);
        assert_eq!(apply(10, 3, 109, true), 109, "a reset");
        let mut mask = [50; 32];
        filter.apply(&[10; 32], &mut mask, 8, 4).unwrap();
        assert_eq!(mask, [50; 32]);
        let error = filter.apply(&[10; 32], &mut [50; 31], 8, 4).unwrap_err();
        assert_eq!(
            error.to_string(),
            "luma of 32 and mask of 31 bytes don't fit 8 x 4 pixels"
        );
    }
}
