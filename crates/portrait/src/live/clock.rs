//! What time it is, for whoever measures.
use std::fmt::Debug;
use std::time::{Duration, Instant};

/// A clock that never goes back. Browsers and tests bring their own.
pub trait Clock: Debug + Send {
    /// Time since some fixed moment.
    fn now(&mut self) -> Duration;
}

/// The system's clock. Not for `wasm32-unknown-unknown`, which has none.
#[derive(Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&mut self) -> Duration {
        self.0.elapsed()
    }
}
