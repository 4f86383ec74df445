//! What is seen of a value over the examples.

/// Bins of a histogram; ranges are searched in steps of a bin or more.
const BINS: usize = 2048;

/// Ends of a range that are tried, on either side.
const ENDS: usize = 64;

/// Numbers of one value: extremes, how often each size occurs, and what each channel (index of the last axis) holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Seen {
    low: f32,
    high: f32,
    /// Numbers other than 0, which every grid represents; empty before the first.
    counts: Vec<u64>,
    /// The bins cover `[-reach, reach]`.
    reach: f32,
    /// Greatest distance from 0, per channel.
    peaks: Vec<f32>,
    /// Per channel.
    sums: Vec<f64>,
    /// Sums of squares, per channel.
    squares: Vec<f64>,
    /// Numbers of one channel.
    pixels: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            low: f32::INFINITY,
            high: f32::NEG_INFINITY,
            counts: Vec::new(),
            reach: 0.0,
            peaks: Vec::new(),
            sums: Vec::new(),
            squares: Vec::new(),
            pixels: 0,
        }
    }
}

impl Seen {
    /// Takes note of one example's numbers, `channels` side by side; `None` when one is not finite.
    pub(super) fn add(&mut self, data: &[f32], channels: usize) -> Option<()> {
        for sums in [&mut self.sums, &mut self.squares] {
            sums.resize(channels, 0.0);
        }
        self.peaks.resize(channels, 0.0);
        for pixel in data.chunks_exact(channels) {
            for (channel, &number) in pixel.iter().enumerate() {
                if !number.is_finite() {
                    return None;
                }
                (self.low, self.high) = (self.low.min(number), self.high.max(number));
                self.peaks[channel] = self.peaks[channel].max(number.abs());
                let number = f64::from(number);
                self.sums[channel] += number;
                self.squares[channel] += number * number;
            }
        }
        self.pixels += (data.len() / channels) as u64;
        self.widen();
        let scale = BINS as f32 / 2.0 / self.reach;
        for &number in data.iter().filter(|&&number| number != 0.0) {
            let bin = (number + self.reach) * scale;
            self.counts[(bin as usize).min(BINS - 1)] += 1;
        }
        Some(())
    }

    /// Makes the bins cover all numbers: wider bins take over the counts of two each, around the middle.
    fn widen(&mut self) {
        let most = self.high.max(-self.low);
        if self.counts.is_empty() {
            self.counts = vec![0; BINS];
            self.reach = most.max(f32::MIN_POSITIVE * BINS as f32);
        }
        while self.reach < most {
            let mut wider = vec![0; BINS];
            for (bin, count) in self.counts.iter().enumerate() {
                wider[BINS / 4 + bin / 2] += count;
            }
            (self.counts, self.reach) = (wider, self.reach * 2.0);
        }
    }

    /// Whether nothing was seen yet.
    pub(super) fn is_empty(&self) -> bool {
        self.pixels == 0
    }

    /// Least and greatest number.
    pub(super) fn all(&self) -> [f32; 2] {
        [self.low, self.high]
    }

    /// Greatest distance from 0, per channel.
    pub(super) fn peaks(&self) -> &[f32] {
        &self.peaks
    }

    /// Mean per channel.
    pub(super) fn means(&self) -> Vec<f64> {
        self.over_pixels(&self.sums)
    }

    /// Mean square per channel.
    pub(super) fn mean_squares(&self) -> Vec<f64> {
        self.over_pixels(&self.squares)
    }

    fn over_pixels(&self, sums: &[f64]) -> Vec<f64> {
        let pixels = self.pixels.max(1) as f64;
        sums.iter().map(|sum| sum / pixels).collect()
    }

    /// The range whose bytes lose least of the numbers, clamped to `useful`: numbers within lose a twelfth of a squared step
    /// on average, numbers beyond their squared distance.
    pub(super) fn range(&self, useful: [f32; 2]) -> [f32; 2] {
        let low = self.low.max(useful[0]).min(0.0);
        let high = self.high.min(useful[1]).max(0.0);
        let total: u64 = self.counts.iter().sum();
        let losses = |extreme: f32, sign: f32| -> Vec<(f32, f64)> {
            let ends = (0..ENDS).map(|index| extreme * (ENDS - index) as f32 / ENDS as f32);
            ends.map(|end| (end, self.beyond(end, sign, [low, high])))
                .collect()
        };
        let (lows, highs) = (losses(low, -1.0), losses(high, 1.0));
        let mut best = (f64::INFINITY, [low, high]);
        for &(low, below) in &lows {
            for &(high, above) in &highs {
                let step = f64::from(high - low) / 255.0;
                let loss = below + above + total as f64 * step * step / 12.0;
                if loss < best.0 {
                    best = (loss, [low, high]);
                }
            }
        }
        best.1
    }

    /// Sum of squared distances of numbers beyond `end`, on the side that `sign` says, once clamped to `[low, high]`.
    fn beyond(&self, end: f32, sign: f32, [low, high]: [f32; 2]) -> f64 {
        let width = 2.0 * self.reach / BINS as f32;
        let bins = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, count)| **count > 0);
        let lost = bins.map(|(bin, &count)| {
            let middle = ((bin as f32 + 0.5) * width - self.reach).clamp(low, high);
            f64::from((sign * (middle - end)).max(0.0)).powi(2) * count as f64
        });
        lost.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [f32; 2] = [f32::NEG_INFINITY, f32::INFINITY];

    fn seen(examples: &[&[f32]], channels: usize) -> Seen {
        let mut seen = Seen::default();
        for example in examples {
            seen.add(example, channels).unwrap();
        }
        seen
    }

    #[test]
    fn channels_are_told_apart() {
        let seen = seen(&[&[1.0, -4.0, 3.0, 0.0], &[2.0, 1.0]], 2);
        assert_eq!(seen.all(), [-4.0, 3.0]);
        assert_eq!(seen.peaks(), [3.0, 4.0]);
        assert_eq!(seen.means(), [2.0, -1.0]);
        assert_eq!(seen.mean_squares(), [14.0 / 3.0, 17.0 / 3.0]);
    }

    #[test]
    fn wider_bins_keep_every_number() {
        // Each example is beyond all before.
        let seen = seen(&[&[1.0, -1.0], &[5.0, -3.0], &[-100.0, 99.0]], 1);
        assert_eq!(seen.counts.iter().sum::<u64>(), 6);
        assert!(seen.reach >= 100.0);
        let below: u64 = seen.counts[..BINS / 2].iter().sum();
        assert_eq!(below, 3);
    }

    #[test]
    fn a_rare_outlier_is_left_out_and_evenly_spread_numbers_are_kept() {
        let even: Vec<f32> = (0..=10_000).map(|i| i as f32 / 10_000.0).collect();
        let [low, high] = seen(&[&even], 1).range(ALL);
        assert_eq!(low, 0.0);
        assert!((0.98..=1.0).contains(&high), "{high}");
        let outlier = [&vec![&even[..]; 300][..], &[&[20.0]]].concat();
        let [_, high] = seen(&outlier, 1).range(ALL);
        assert!((1.0..15.0).contains(&high), "{high}");
    }

    #[test]
    fn what_no_reader_tells_apart_is_left_out() {
        let wide: Vec<f32> = (-1000..=1000).map(|i| i as f32 / 10.0).collect();
        let [low, high] = seen(&[&wide], 1).range([-3.0, f32::INFINITY]);
        assert_eq!(low, -3.0);
        assert!(high > 90.0);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        let mut seen = Seen::default();
        assert_eq!(seen.add(&[1.0, f32::NAN], 1), None);
        assert_eq!(seen.add(&[f32::INFINITY], 1), None);
    }
}
