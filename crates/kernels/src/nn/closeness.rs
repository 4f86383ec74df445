//! What tests of float kernels share: numbers, and how close two results must be.

/// Pseudo-random numbers in -1..1, the same in every run.
pub(crate) struct Numbers(u32);

impl Numbers {
    pub(crate) fn new(seed: u32) -> Self {
        Self(seed)
    }

    pub(crate) fn take(&mut self, len: usize) -> Vec<f32> {
        let mut next = || {
            self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (self.0 >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        (0..len).map(|_| next()).collect()
    }
}

/// How far an element may be from the oracle's, of the largest magnitude there (or of 1, where that is less): the golden
/// files' bound. A few hundred terms in another order move a sum by a quarter of it.
const BOUND: f32 = 1e-5;

/// Panics unless `found` is `expected` but for rounding.
pub(crate) fn assert_close(expected: &[f32], found: &[f32], place: &str) {
    assert_eq!(expected.len(), found.len(), "{place}");
    let peak = expected.iter().fold(1.0, |peak: f32, v| peak.max(v.abs()));
    for (index, (e, f)) in expected.iter().zip(found).enumerate() {
        let close = (e - f).abs() <= BOUND * peak || (e.is_nan() && f.is_nan());
        assert!(close, "{place}: {f} at {index}, not {e}; peak {peak}");
    }
}
