//! Intervals from drawing the pictures again and again (Efron 1979), percentile method.

/// How often.
pub(super) const RESAMPLES: usize = 1000;

/// Where the random numbers start: the same pictures give the same intervals.
pub(super) const SEED: u64 = 6;

/// Resamples cut off at each end, which leaves 95 %.
const CUT: usize = RESAMPLES / 40;

/// A figure of a set, and where it lies in 95 of 100 sets like it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Interval {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The mean of `values`; `None` of none.
pub(super) fn mean(values: &[f64]) -> Option<Interval> {
    let sum = |picks: &[usize]| picks.iter().map(|&pick| values[pick]).sum::<f64>();
    resample(values.len(), |picks| sum(picks) / picks.len() as f64)
}

/// The mean of the second numbers over that of the first, drawn together; `None` where the first are all 0.
pub(super) fn ratio(pairs: &[(f64, f64)]) -> Option<Interval> {
    if pairs.iter().all(|pair| pair.0 == 0.0) {
        return None;
    }
    resample(pairs.len(), |picks| {
        let sums = picks.iter().fold((0.0, 0.0), |sums, &pick| {
            (sums.0 + pairs[pick].0, sums.1 + pairs[pick].1)
        });
        match sums {
            // Neither erred on these pictures: as good as each other.
            (0.0, 0.0) => 1.0,
            (first, second) => second / first,
        }
    })
}

/// `statistic` of all of `0..n`, and between which values it falls for `n` numbers drawn from them.
fn resample(n: usize, statistic: impl Fn(&[usize]) -> f64) -> Option<Interval> {
    if n == 0 {
        return None;
    }
    let mut picks: Vec<usize> = (0..n).collect();
    let value = statistic(&picks);
    let mut random = Random(SEED);
    let mut draws: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            picks.fill_with(|| random.below(n));
            statistic(&picks)
        })
        .collect();
    draws.sort_by(f64::total_cmp);
    Some(Interval {
        value,
        low: draws[CUT],
        high: draws[RESAMPLES - 1 - CUT],
    })
}

/// SplitMix64 (Steele et al. 2014).
struct Random(u64);

impl Random {
    /// A number below `n`, which is far below 2^32, so that none is noticeably likelier.
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        ((u128::from(z) * n as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_many_has_the_interval_of_the_textbook() {
        // 400 coins: standard error 0.025, so 1.96 of them is 0.049.
        let coins: Vec<f64> = (0..400).map(|i| f64::from(i % 2)).collect();
        let interval = mean(&coins).unwrap();
        assert_eq!(interval.value, 0.5);
        assert!((interval.low - 0.451).abs() < 0.006, "{interval:?}");
        assert!((interval.high - 0.549).abs() < 0.006, "{interval:?}");
        assert_eq!(mean(&coins), Some(interval), "drawn the same again");
    }

    #[test]
    fn one_value_has_no_spread_and_none_no_mean() {
        let one = Interval {
            value: 0.25,
            low: 0.25,
            high: 0.25,
        };
        assert_eq!(mean(&[0.25]), Some(one));
        assert_eq!(mean(&[]), None);
    }

    #[test]
    fn ratios_are_drawn_in_pairs() {
        let halves: Vec<_> = (1..50)
            .map(|i| (f64::from(i), f64::from(i) / 2.0))
            .collect();
        let half = Interval {
            value: 0.5,
            low: 0.5,
            high: 0.5,
        };
        assert_eq!(
            ratio(&halves),
            Some(half),
            "always half of the same pictures"
        );
        assert_eq!(ratio(&[(0.0, 1.0)]), None);
    }

    #[test]
    fn random_numbers_reach_everything() {
        let mut random = Random(SEED);
        let mut seen = [0; 5];
        (0..5000).for_each(|_| seen[random.below(5)] += 1);
        assert!(
            seen.iter().all(|&count| (900..1100).contains(&count)),
            "{seen:?}"
        );
    }
}
