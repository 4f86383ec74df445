//! Several threads for one picture, where the feature `threads` is on.
#[cfg(feature = "threads")]
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// Threads that share the work on one frame: rows of it in bands, planes beside each other, looks of the network two at a time. One
/// unless told otherwise, the caller's own.
///
/// Results are byte for byte the same for any number. Clones share the same threads; give them to the
/// [`Segmenter`](crate::Segmenter::set_threads) and to the [effect](crate::effects::Effect::set_threads) alike. More than one wants the
/// feature `threads`, and allocates a little for every frame. For many pictures a segmenter per thread gets more done.
///
/// ```
/// use hypercut::Threads;
/// assert_eq!(Threads::new(1)?.count(), 1);
/// assert!(Threads::new(0).is_err());
/// # Ok::<(), hypercut::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Threads {
    #[cfg(feature = "threads")]
    pool: Option<Arc<rayon::ThreadPool>>,
}

/// Bands for each thread: more than one, as one that holds an edge takes longer than one that holds none.
const BANDS: usize = 4;

impl Threads {
    /// The most that may be asked for.
    pub const MOST: usize = 256;

    /// Starts `count` threads, which wait until there is work and end with the last clone; none where one is enough.
    ///
    /// # Errors
    /// [`ErrorKind::Option`] for 0 or more than [`MOST`](Self::MOST), for more than one without the feature `threads`, and where
    /// the system gives no more.
    pub fn new(count: usize) -> Result<Self> {
        match count {
            1 => Ok(Self::default()),
            2..=Self::MOST => Self::start(count),
            _ => {
                let most = Self::MOST;
                Err(fault(format!("{count} threads; 1 to {most} can work")))
            }
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.current_num_threads();
        }
        1
    }

    #[cfg(feature = "threads")]
    fn start(count: usize) -> Result<Self> {
        let builder = rayon::ThreadPoolBuilder::new().num_threads(count);
        let pool = builder
            .thread_name(|index| format!("hypercut-{index}"))
            .build()
            .map_err(|error| fault(format!("{count} threads can't be started: {error}")))?;
        Ok(Self {
            pool: Some(Arc::new(pool)),
        })
    }

    #[cfg(not(feature = "threads"))]
    fn start(count: usize) -> Result<Self> {
        Err(fault(format!(
            "{count} threads; this build works with one (it is without the feature `threads`)"
        )))
    }

    /// How many rows of `rows` go into a band, a multiple of `multiple` unless it is the last; all of them where there is one thread.
    pub(crate) fn band(&self, rows: usize, multiple: usize) -> usize {
        match self.count() {
            1 => rows.max(1),
            count => rows.div_ceil(BANDS * count).next_multiple_of(multiple),
        }
    }

    /// Does `work` on every item: one after another with the same scratch, or at the same time with a scratch each.
    pub(crate) fn each<T: Send, S: Default + Send>(
        &self,
        scratch: &mut Vec<S>,
        items: impl ExactSizeIterator<Item = T> + Send,
        work: impl Fn(T, &mut S) + Sync,
    ) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            scratch.resize_with(items.len().max(scratch.len()), S::default);
            let work = &work;
            return pool.scope(|scope| {
                for (item, scratch) in items.zip(scratch) {
                    scope.spawn(move |_| work(item, scratch));
                }
            });
        }
        if scratch.is_empty() {
            scratch.push(S::default());
        }
        items.for_each(|item| work(item, &mut scratch[0]));
    }

    /// Does both, at the same time where there are threads.
    pub(crate) fn join<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        #[cfg(feature = "threads")]
        if let Some(pool) = &self.pool {
            return pool.join(one, other);
        }
        (one(), other())
    }
}

fn fault(message: String) -> Error {
    Error::new(ErrorKind::Option, message)
}

#[cfg(test)]
mod tests {
    #[cfg(feature = "threads")]
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn numbers_that_make_no_sense_are_refused_in_words() {
        let says = |count| {
            let error = Threads::new(count).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Option);
            error.to_string()
        };
        assert_eq!(says(0), "0 threads; 1 to 256 can work");
        assert_eq!(says(257), "257 threads; 1 to 256 can work");
        #[cfg(not(feature = "threads"))]
        assert_eq!(
            says(2),
            "2 threads; this build works with one (it is without the feature `threads`)"
        );
    }

    #[test]
    fn bands_cover_the_rows_in_multiples() {
        assert_eq!(Threads::default().band(1080, 8), 1080);
        #[cfg(feature = "threads")]
        {
            let threads = Threads::new(3).unwrap();
            assert_eq!((threads.count(), threads.clone().count()), (3, 3));
            assert_eq!((threads.band(1080, 8), threads.band(1, 8)), (96, 8));
        }
    }

    #[cfg(feature = "threads")]
    #[test]
    fn items_are_worked_on_once_each_with_a_scratch_each_and_panics_come_back() {
        let threads = Threads::new(2).unwrap();
        let (mut scratch, mut numbers) = (Vec::new(), [0; 9]);
        threads.each(
            &mut scratch,
            numbers.iter_mut(),
            |number, own: &mut Vec<u8>| {
                *number += 1;
                own.push(0);
            },
        );
        assert_eq!((numbers, scratch), ([1; 9], vec![vec![0]; 9]));
        let breaks = || threads.each(&mut Vec::new(), 0..3, |i, (): &mut ()| assert_ne!(i, 1));
        assert!(catch_unwind(AssertUnwindSafe(breaks)).is_err());
    }
}
