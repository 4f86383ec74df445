//! When to kill, and how often.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How many kills, of runs of how many pictures: `HYPERCUT_KILLS` and `HYPERCUT_KILL_PICTURES` make longer tests of them.
pub(crate) fn asked() -> (u32, u32) {
    let number =
        |name: &str, usual: u32| std::env::var(name).map_or(usual, |text| text.parse().unwrap());
    (
        number("HYPERCUT_KILLS", 6),
        number("HYPERCUT_KILL_PICTURES", 12),
    )
}

/// Asserts that there are as many results as pictures, and that none could stand for another.
pub(crate) fn all_differ(results: &BTreeMap<String, Vec<u8>>, pictures: u32) {
    let different: BTreeSet<_> = results.values().collect();
    assert_eq!(
        different.len(),
        pictures as usize,
        "none stands for another"
    );
}

/// A fixed sequence of waits.
pub(crate) struct Moments {
    state: u64,
    most: Duration,
}

impl Moments {
    /// Waits for runs that take `whole`: up to a quarter of it, as what was killed goes on from there.
    pub(crate) fn new(whole: Duration) -> Self {
        Self {
            state: 0x2545_f491_4f6c_dd1d,
            most: whole / 4,
        }
    }

    pub(crate) fn next(&mut self) -> Duration {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        self.most
            .mul_f64((self.state >> 40) as f64 / (1u64 << 24) as f64)
    }
}
