//! What a clip's masks are measured by.
use hypercut::Mask;
use std::collections::VecDeque;

use super::super::metric::overlap;

/// Frames that a mask may be late.
const MOST_LAG: usize = 5;

/// Figures of one clip; differences of alpha are in 0 to 1.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures {
    /// Mean of the person's and the background's IoU over the frames.
    pub(super) miou: f64,
    /// Mean absolute difference to the true alpha.
    pub(super) mad: f64,
    /// Mean absolute change of the mask from a frame to the next beyond the true mask's own: `max(|da| - |dg|, 0)`.
    pub(super) flicker: f64,
    /// Root of the mean squared difference between the mask's change and the true mask's, averaged over the frames (Erofeev et
    /// al., "Perceptually Motivated Benchmark for Video Matting", 2015).
    pub(super) dtssd: f64,
    /// By how many frames, 0 to 5, the masks fit the true masks best when these are taken late; `None` where the true mask
    /// doesn't move enough to tell.
    pub(super) lag: Option<f64>,
}

/// The sums of a clip while it runs.
#[derive(Debug, Default)]
pub(super) struct Run {
    frames: usize,
    miou: f64,
    mad: f64,
    flicker: f64,
    dtssd: f64,
    moved: f64,
    /// Sums of the mean absolute difference to the true mask so many frames before, and their number.
    late: [f64; MOST_LAG + 1],
    late_frames: usize,
    /// True masks, newest first.
    truths: VecDeque<Mask>,
    before: Vec<u8>,
}

impl Run {
    /// Adds a frame's mask and its true one, which have the same size as those before.
    pub(super) fn add(&mut self, mask: &Mask, truth: Mask) {
        self.frames += 1;
        self.miou += overlap(mask, &truth).mean_iou();
        self.mad += mean(mask.data(), truth.data(), |a, g| f64::from(a.abs_diff(g)));
        if let Some(true_before) = self.truths.front() {
            let (mut flicker, mut squares, mut moved) = (0.0, 0.0, 0.0);
            let nows = mask.data().iter().zip(truth.data());
            let befores = self.before.iter().zip(true_before.data());
            for ((&a, &g), (&a0, &g0)) in nows.zip(befores) {
                let step = |now: u8, before: u8| f64::from(now) - f64::from(before);
                let (da, dg) = (step(a, a0) / 255.0, step(g, g0) / 255.0);
                flicker += (da.abs() - dg.abs()).max(0.0);
                squares += (da - dg) * (da - dg);
                moved += dg.abs();
            }
            let pixels = mask.data().len() as f64;
            self.flicker += flicker / pixels;
            self.dtssd += (squares / pixels).sqrt();
            self.moved += moved / pixels;
        }
        self.truths.push_front(truth);
        if self.truths.len() > MOST_LAG {
            self.truths.truncate(MOST_LAG + 1);
            self.late_frames += 1;
            for (sum, truth) in self.late.iter_mut().zip(&self.truths) {
                *sum += mean(mask.data(), truth.data(), |a, g| f64::from(a.abs_diff(g)));
            }
        }
        self.before.clear();
        self.before.extend_from_slice(mask.data());
    }

    /// The clip's figures.
    pub(super) fn finish(self) -> Figures {
        let frames = self.frames.max(1) as f64;
        let steps = self.frames.saturating_sub(1).max(1) as f64;
        // A true mask that moves less than this share of the picture per frame says nothing about delay.
        let tells = self.late_frames > 0 && self.moved / steps > 5e-4;
        Figures {
            miou: self.miou / frames,
            mad: self.mad / 255.0 / frames,
            flicker: self.flicker / steps,
            dtssd: self.dtssd / steps,
            lag: tells.then(|| least(&self.late)),
        }
    }
}

fn mean(a: &[u8], b: &[u8], of: impl Fn(u8, u8) -> f64) -> f64 {
    let sum: f64 = a.iter().zip(b).map(|(&a, &b)| of(a, b)).sum();
    sum / a.len() as f64
}

/// Where the sums are least: between frames by the parabola through the least and its neighbours.
fn least(sums: &[f64]) -> f64 {
    let mut best = 0;
    for (i, sum) in sums.iter().enumerate() {
        if *sum < sums[best] {
            best = i;
        }
    }
    if best == 0 || best + 1 == sums.len() {
        return best as f64;
    }
    let [a, b, c] = [sums[best - 1], sums[best], sums[best + 1]];
    let bend = a - 2.0 * b + c;
    best as f64
        + if bend > 0.0 {
            (a - c) / (2.0 * bend)
        } else {
            0.0
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A square of 10 pixels that goes right by one a frame, in 40 x 20.
    fn square(left: usize) -> Mask {
        let inside =
            |i: usize| (left..left + 10).contains(&(i % 40)) && (5..15).contains(&(i / 40));
        let data = (0..800).map(|i| if inside(i) { 255 } else { 0 }).collect();
        Mask::from_raw(40, 20, data).unwrap()
    }

    fn measured(masks: impl Fn(usize) -> Mask, truths: impl Fn(usize) -> Mask) -> Figures {
        let mut run = Run::default();
        (0..20).for_each(|frame| run.add(&masks(frame), truths(frame)));
        run.finish()
    }

    #[test]
    fn the_truth_itself_is_perfect_and_on_time() {
        let figures = measured(square, square);
        let perfect = Figures {
            miou: 1.0,
            lag: Some(0.0),
            ..Figures::default()
        };
        assert_eq!(figures, perfect);
    }

    #[test]
    fn a_mask_two_frames_late_has_a_lag_of_two() {
        let figures = measured(|frame| square(frame.saturating_sub(2)), square);
        assert_eq!(figures.lag, Some(2.0));
        assert!(figures.mad > 0.0);
    }

    #[test]
    fn a_blinking_pixel_by_hand() {
        // One pixel of 800 goes between 0 and 255 in every frame over a truth of nobody.
        let blinking = |frame: usize| {
            let mut data = vec![0; 800];
            data[5] = if frame.is_multiple_of(2) { 0 } else { 255 };
            Mask::from_raw(40, 20, data).unwrap()
        };
        let figures = measured(blinking, |_| Mask::from_raw(40, 20, vec![0; 800]).unwrap());
        assert!((figures.flicker - 1.0 / 800.0).abs() < 1e-12);
        assert!((figures.dtssd - (1.0f64 / 800.0).sqrt()).abs() < 1e-12);
        assert!((figures.mad - 0.5 / 800.0).abs() < 1e-12);
        assert_eq!(figures.lag, None);
    }
}
