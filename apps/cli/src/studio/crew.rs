//! The same work on several threads, each with its own studio.
use anyhow::Result;
use std::thread;

/// A thread panicked.
#[derive(Debug)]
pub(crate) struct Broken;

/// Runs `worker` on `count` threads at once and waits for all; the inner result is the first error in the threads' order.
///
/// # Errors
/// [`Broken`] when a thread before the first error panicked.
pub(crate) fn on_threads(
    count: usize,
    worker: impl Fn() -> Result<()> + Copy + Send,
) -> Result<Result<()>, Broken> {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..count).map(|_| scope.spawn(worker)).collect();
        for thread in threads {
            let result = thread.join().map_err(|_| Broken)?;
            if result.is_err() {
                return Ok(result);
            }
        }
        Ok(Ok(()))
    })
}
