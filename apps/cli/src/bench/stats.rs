//! Median and 95th percentile.
use serde_json::{Value, json};
use std::time::Duration;

/// Milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stats {
    /// The middle value, or the mean of the two in the middle.
    pub(super) median: f64,
    /// The smallest value that at least 95 % are not above (nearest rank).
    pub(super) p95: f64,
}

impl Stats {
    /// Of at least one time; zeros of none.
    pub(super) fn of(times: impl IntoIterator<Item = Duration>) -> Self {
        let mut ms: Vec<f64> = times
            .into_iter()
            .map(|time| time.as_secs_f64() * 1e3)
            .collect();
        ms.sort_by(f64::total_cmp);
        let at = |index: usize| ms.get(index).copied().unwrap_or(0.0);
        let n = ms.len();
        Self {
            median: (at(n.saturating_sub(1) / 2) + at(n / 2)) / 2.0,
            p95: at((n * 95).div_ceil(100).saturating_sub(1)),
        }
    }

    /// `{"median": .., "p95": ..}`
    pub(super) fn as_json(&self) -> Value {
        json!({"median": self.median, "p95": self.p95})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ms: &[u64]) -> (f64, f64) {
        let stats = Stats::of(ms.iter().copied().map(Duration::from_millis));
        (stats.median, stats.p95)
    }

    #[test]
    fn worked_by_hand() {
        assert_eq!(of(&[]), (0.0, 0.0));
        assert_eq!(of(&[7]), (7.0, 7.0));
        assert_eq!(of(&[3, 1]), (2.0, 3.0));
        assert_eq!(of(&[5, 1, 3]), (3.0, 5.0));
        let hundred: Vec<_> = (1..=100).collect();
        assert_eq!(of(&hundred), (50.5, 95.0));
        let twenty: Vec<_> = (1..=20).collect();
        assert_eq!(of(&twenty), (10.5, 19.0));
    }
}
