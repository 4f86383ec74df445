//! How large a network may be.

/// Bounds checked before anything large is allocated or run; files come from anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Bytes of the arena, scratch included.
    pub arena_bytes: usize,
    /// Operators in the file.
    pub operators: usize,
}

impl Default for Limits {
    /// 50 G multiply-adds, 192 MiB of arena, 10,000 operators: far above any network for live video.
    fn default() -> Self {
        Self {
            macs: 50_000_000_000,
            arena_bytes: 192 << 20,
            operators: 10_000,
        }
    }
}
