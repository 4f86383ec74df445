//! Counters, in Prometheus's text format 0.0.4.
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 9] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];

/// What is counted.
#[derive(Debug, Default)]
pub(super) struct Metrics {
    requests: Mutex<BTreeMap<(&'static str, u16), u64>>,
    buckets: [AtomicU64; BOUNDS.len() + 1],
    work_micros: AtomicU64,
    pub(super) in_flight: AtomicUsize,
    pub(super) connections: AtomicUsize,
}

/// Numbers that others keep.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gauges {
    pub(super) queued: usize,
    pub(super) buffered_bytes: usize,
}

impl Metrics {
    /// A request answered. `route` is one of a fixed few, so that clients can't make new series.
    pub(super) fn answered(&self, route: &'static str, status: u16) {
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        *requests.entry((route, status)).or_default() += 1;
    }

    /// A picture drawn in this time.
    pub(super) fn drawn(&self, time: Duration) {
        let seconds = time.as_secs_f64();
        let bucket = BOUNDS.iter().position(|&bound| seconds <= bound);
        self.buckets[bucket.unwrap_or(BOUNDS.len())].fetch_add(1, Ordering::Relaxed);
        self.work_micros
            .fetch_add(time.as_micros() as u64, Ordering::Relaxed);
    }

    /// Mean time of a picture so far; a guess before the first.
    pub(super) fn mean(&self) -> Duration {
        let count: u64 = self
            .buckets
            .iter()
            .map(|bucket| bucket.load(Ordering::Relaxed))
            .sum();
        match self.work_micros.load(Ordering::Relaxed).checked_div(count) {
            Some(micros) => Duration::from_micros(micros),
            None => Duration::from_millis(100),
        }
    }

    /// The text that Prometheus reads.
    pub(super) fn text(&self, gauges: Gauges) -> String {
        let mut out = String::new();
        let head = |out: &mut String, name: &str, kind: &str, help: &str| {
            let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        };
        head(
            &mut out,
            "hypercut_requests_total",
            "counter",
            "Requests answered, by route and status.",
        );
        for ((route, status), count) in self
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
        {
            let _ = writeln!(
                out,
                "hypercut_requests_total{{route=\"{route}\",status=\"{status}\"}} {count}"
            );
        }
        head(
            &mut out,
            "hypercut_picture_seconds",
            "histogram",
            "Time from decoding to encoding of a picture.",
        );
        let mut total = 0;
        for (index, bucket) in self.buckets.iter().enumerate() {
            total += bucket.load(Ordering::Relaxed);
            let bound = BOUNDS.get(index).map_or("+Inf".into(), f64::to_string);
            let _ = writeln!(
                out,
                "hypercut_picture_seconds_bucket{{le=\"{bound}\"}} {total}"
            );
        }
        let sum = self.work_micros.load(Ordering::Relaxed) as f64 / 1e6;
        let _ = writeln!(
            out,
            "hypercut_picture_seconds_sum {sum}\nhypercut_picture_seconds_count {total}"
        );
        let gauges = [
            (
                "hypercut_requests_in_flight",
                "Requests being read, waiting or worked on.",
                self.in_flight.load(Ordering::Relaxed),
            ),
            (
                "hypercut_connections",
                "Open connections.",
                self.connections.load(Ordering::Relaxed),
            ),
            (
                "hypercut_queue_length",
                "Pictures waiting for their turn.",
                gauges.queued,
            ),
            (
                "hypercut_buffered_bytes",
                "Bytes of bodies and results in memory.",
                gauges.buffered_bytes,
            ),
        ];
        for (name, help, value) in gauges {
            head(&mut out, name, "gauge", help);
            let _ = writeln!(out, "{name} {value}");
        }
        if let Some(bytes) = resident_bytes() {
            head(
                &mut out,
                "process_resident_memory_bytes",
                "gauge",
                "Resident memory.",
            );
            let _ = writeln!(out, "process_resident_memory_bytes {bytes}");
        }
        out
    }
}

/// Resident memory, where the system tells it in `/proc` (proc(5): the second number of `statm`, in pages).
fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let metrics = Metrics::default();
        for ms in [5, 20, 60_000] {
            metrics.drawn(Duration::from_millis(ms));
        }
        metrics.answered("/v1/mask", 200);
        let text = metrics.text(Gauges {
            queued: 3,
            buffered_bytes: 0,
        });
        for line in [
            "hypercut_requests_total{route=\"/v1/mask\",status=\"200\"} 1",
            "hypercut_picture_seconds_bucket{le=\"0.01\"} 1",
            "hypercut_picture_seconds_bucket{le=\"30\"} 2",
            "hypercut_picture_seconds_bucket{le=\"+Inf\"} 3",
            "hypercut_picture_seconds_count 3",
            "hypercut_queue_length 3",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert_eq!(metrics.mean(), Duration::from_micros(20_008_333));
    }
}
