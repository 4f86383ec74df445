//! How far two sets of pixels agree.

/// Pixels in both sets, in one alone, in none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::eval) struct Overlap {
    both: u64,
    found_alone: u64,
    true_alone: u64,
    neither: u64,
}

impl Overlap {
    /// Counts pairs of (found, true).
    pub(super) fn of(pairs: impl Iterator<Item = (bool, bool)>) -> Self {
        let mut overlap = Self::default();
        for pair in pairs {
            let count = match pair {
                (true, true) => &mut overlap.both,
                (true, false) => &mut overlap.found_alone,
                (false, true) => &mut overlap.true_alone,
                (false, false) => &mut overlap.neither,
            };
            *count += 1;
        }
        overlap
    }

    /// Intersection over union; 1 when both sets are empty.
    pub(super) fn iou(&self) -> f64 {
        iou(self.both, self.found_alone + self.true_alone)
    }

    /// Mean of the IoU of the sets and that of what lies outside them.
    pub(in crate::eval) fn mean_iou(&self) -> f64 {
        let outside = iou(self.neither, self.found_alone + self.true_alone);
        (self.iou() + outside) / 2.0
    }

    /// Share of all pixels that are found but not true.
    pub(super) fn false_share(&self) -> f64 {
        let all = self.both + self.found_alone + self.true_alone + self.neither;
        self.found_alone as f64 / all.max(1) as f64
    }
}

fn iou(agreed: u64, disagreed: u64) -> f64 {
    match agreed + disagreed {
        0 => 1.0,
        union => agreed as f64 / union as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let pairs = [(true, true), (true, false), (false, false), (false, false)];
        let overlap = Overlap::of(pairs.into_iter());
        assert_eq!(overlap.iou(), 1.0 / 2.0);
        assert_eq!(overlap.mean_iou(), (1.0 / 2.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(overlap.false_share(), 0.25);
        assert_eq!(Overlap::of([(false, false)].into_iter()).mean_iou(), 1.0);
    }
}
