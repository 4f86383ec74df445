//! Memory that all values share, each for as long as it lives.
use std::ops::Range;

/// Every value starts at a multiple of this: a cache line, and the widest vector.
pub(crate) const ALIGN: usize = 64;

/// Bytes that start at a multiple of [`ALIGN`].
///
/// Room for one more [`ALIGN`] is allocated, and the bytes begin where the heap block reaches the alignment; the block
/// never moves, so `start` stays right.
#[derive(Debug, Default)]
pub(crate) struct AlignedBytes {
    block: Vec<u8>,
    start: usize,
    len: usize,
}

impl AlignedBytes {
    /// Zeroed bytes. Pages are not touched before they are used.
    pub(crate) fn new(len: usize) -> Self {
        let block = vec![0; len + ALIGN];
        let start = block.as_ptr().align_offset(ALIGN);
        Self { block, start, len }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.block[self.start..self.start + self.len]
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.block[self.start..self.start + self.len]
    }
}

/// When a block of memory is needed: from the step that first writes it to the last that reads it, both included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) bytes: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// Offsets for `blocks` such that no two that live at once overlap, and the bytes needed in all.
///
/// Largest first, each into the tightest gap between those already placed: small blocks then fill what large ones leave.
/// `None` when the sum overflows.
pub(crate) fn place(blocks: &[Block]) -> Option<(Vec<usize>, usize)> {
    let mut order: Vec<usize> = (0..blocks.len()).collect();
    order.sort_by_key(|&i| (std::cmp::Reverse(blocks[i].bytes), blocks[i].first));
    let mut offsets = vec![0; blocks.len()];
    let mut placed: Vec<(Range<usize>, &Block)> = Vec::with_capacity(blocks.len());
    let mut total = 0;
    for index in order {
        let block = &blocks[index];
        let alive = placed
            .iter()
            .filter(|(_, other)| other.first <= block.last && block.first <= other.last);
        let size = block.bytes.checked_next_multiple_of(ALIGN)?;
        let offset = tightest_gap(alive.map(|(range, _)| range), size);
        let end = offset.checked_add(size)?;
        // Sorted by offset, so that gaps show up in one walk.
        let position = placed.partition_point(|(range, _)| range.start <= offset);
        placed.insert(position, (offset..end, block));
        offsets[index] = offset;
        total = total.max(end);
    }
    Some((offsets, total))
}

/// Start of the smallest gap of `size` bytes between `ranges`, which come sorted by start; after them all if there is none.
fn tightest_gap<'a>(ranges: impl Iterator<Item = &'a Range<usize>>, size: usize) -> usize {
    let mut best: Option<Range<usize>> = None;
    let mut end = 0;
    for range in ranges {
        let gap = end..range.start;
        if gap.len() >= size && best.as_ref().is_none_or(|best| gap.len() < best.len()) {
            best = Some(gap);
        }
        end = end.max(range.end);
    }
    best.map_or(end, |gap| gap.start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(bytes: usize, first: usize, last: usize) -> Block {
        Block { bytes, first, last }
    }

    #[test]
    fn a_chain_needs_two_neighbours_at_once() {
        let chain: Vec<Block> = (0..10).map(|i| block(640, i, i + 1)).collect();
        assert_eq!(place(&chain).unwrap().1, 1280);
    }

    #[test]
    fn nothing_alive_at_once_overlaps() {
        // A fixed sequence of awkward sizes and lifetimes.
        let blocks: Vec<Block> = (0..200usize)
            .map(|i| block(1 + i * 7919 % 3001, i * 31 % 50, i * 31 % 50 + i * 17 % 9))
            .collect();
        let (offsets, total) = place(&blocks).unwrap();
        for (i, a) in blocks.iter().enumerate() {
            assert_eq!(offsets[i] % ALIGN, 0);
            assert!(offsets[i] + a.bytes <= total);
            for (j, b) in blocks.iter().enumerate().skip(i + 1) {
                let together = a.first <= b.last && b.first <= a.last;
                let apart =
                    offsets[i] + a.bytes <= offsets[j] || offsets[j] + b.bytes <= offsets[i];
                assert!(!together || apart, "{i} and {j}");
            }
        }
    }

    #[test]
    fn sizes_beyond_memory_are_refused() {
        assert_eq!(place(&[block(usize::MAX, 0, 0)]), None);
        assert_eq!(
            place(&[block(usize::MAX - 100, 0, 0), block(200, 0, 0)]),
            None
        );
    }

    #[test]
    fn bytes_are_aligned() {
        for len in [0, 1, 63, 64, 1000] {
            let mut bytes = AlignedBytes::new(len);
            assert_eq!(bytes.bytes_mut().len(), len);
            assert_eq!(bytes.bytes().as_ptr().align_offset(ALIGN), 0);
        }
    }
}
