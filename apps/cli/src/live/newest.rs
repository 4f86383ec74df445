//! The newest frame alone, between who captures and who draws.
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Holds one item. Who puts another in pushes out what nobody took, or waits, as is wanted.
#[derive(Debug)]
pub(super) struct Newest<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    item: Option<T>,
    closed: bool,
    left_out: u64,
}

impl<T> Newest<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                item: None,
                closed: false,
                left_out: 0,
            }),
            changed: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts an item in, in the place of one that was not taken, which is given back.
    pub(super) fn replace(&self, item: T) -> Option<T> {
        let mut state = self.lock();
        let old = state.item.replace(item);
        state.left_out += u64::from(old.is_some());
        self.changed.notify_all();
        old
    }

    /// Puts an item in when the one before has been taken.
    pub(super) fn put(&self, item: T) {
        let mut state = self.lock();
        while state.item.is_some() && !state.closed {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
        state.item = Some(item);
        self.changed.notify_all();
    }

    /// Waits for an item; `None` when there are no more.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.lock();
        loop {
            if let Some(item) = state.item.take() {
                self.changed.notify_all();
                return Some(item);
            }
            if state.closed {
                return None;
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Nothing more comes, or nobody takes any more.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.changed.notify_all();
    }

    /// Whether it was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Items that were pushed out.
    pub(super) fn left_out(&self) -> u64 {
        self.lock().left_out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_is_taken_and_the_others_are_counted() {
        let newest = Newest::new();
        assert_eq!(newest.replace(1), None);
        assert_eq!(newest.replace(2), Some(1));
        assert_eq!((newest.take(), newest.left_out()), (Some(2), 1));
        newest.put(3);
        newest.close();
        assert_eq!((newest.take(), newest.take()), (Some(3), None));
    }
}
