//! How many bytes all requests together may hold.
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of one permit: semaphores count to `u32` at a time.
const UNIT: usize = 1024;

/// A number of bytes that requests share.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    free: Arc<Semaphore>,
    units: usize,
}

/// A share of the budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    permit: OwnedSemaphorePermit,
    bytes: usize,
}

impl Budget {
    pub(super) fn new(bytes: usize) -> Self {
        let units = bytes.div_ceil(UNIT);
        Self {
            free: Arc::new(Semaphore::new(units)),
            units,
        }
    }

    /// Bytes that are taken.
    pub(super) fn taken(&self) -> usize {
        (self.units - self.free.available_permits().min(self.units)) * UNIT
    }

    /// All bytes there are.
    pub(super) fn all(&self) -> usize {
        self.units * UNIT
    }

    /// A share of `bytes`, if there is as much.
    pub(super) fn take(&self, bytes: usize) -> Option<Share> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        let permit = Arc::clone(&self.free).try_acquire_many_owned(units).ok()?;
        Some(Share { permit, bytes })
    }

    /// Makes `share` one of `bytes`; `false` when there are not as many.
    pub(super) fn grow(&self, share: &mut Share, bytes: usize) -> bool {
        let more = bytes
            .div_ceil(UNIT)
            .saturating_sub(share.bytes.div_ceil(UNIT));
        if more > 0 {
            let Some(grown) = self.take(more * UNIT) else {
                return false;
            };
            share.permit.merge(grown.permit);
        }
        share.bytes = bytes;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_never_exceed_it_and_come_back() {
        let budget = Budget::new(10 * UNIT);
        let mut first = budget.take(1).unwrap();
        assert!(budget.grow(&mut first, 4 * UNIT));
        assert_eq!(budget.taken(), 4 * UNIT);
        assert!(budget.take(7 * UNIT).is_none());
        let second = budget.take(6 * UNIT).unwrap();
        assert!(!budget.grow(&mut first, 4 * UNIT + 1));
        drop(second);
        assert!(budget.grow(&mut first, 10 * UNIT));
        drop(first);
        assert_eq!(budget.taken(), 0);
    }
}
