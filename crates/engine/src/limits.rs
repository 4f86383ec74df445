//! How large a network may be.

/// Bounds checked before anything large is allocated or run; files come from anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Elementary operations of one run: multiply-adds, taps of pools, elements read and written.
    pub work: u64,
    /// Bytes of the arena, scratch included.
    pub arena_bytes: usize,
    /// Tensors that operators write.
    pub values: usize,
}

impl Default for Limits {
    /// 50 G operations, 192 MiB of arena, 20,000 tensors: far above any network for live video.
    fn default() -> Self {
        Self {
            work: 50_000_000_000,
            arena_bytes: 192 << 20,
            values: 20_000,
        }
    }
}
