//! Which bytes of the arena each value has.
use std::ops::Range;

use super::Source;
use super::arena::{Block, place};
use crate::error::{Error, Result};
use crate::graph::{Graph, ValueId};

/// Places of all values. A reshaped value has its source's bytes.
#[derive(Debug)]
pub(super) struct Storage {
    /// Bytes that the arena needs.
    pub(super) bytes: usize,
    /// By value: where it lies, if it is neither constant nor unread.
    ranges: Vec<Option<Range<usize>>>,
    /// By value: whether a step writes it (inputs and reshaped values are not written).
    written: Vec<bool>,
}

impl Storage {
    /// Gives every value that is read a place.
    ///
    /// # Errors
    /// Too large when the sum of all overflows.
    pub(super) fn new(graph: &Graph) -> Result<Self> {
        let roots = roots(graph);
        let mut blocks: Vec<Option<Block>> = vec![None; graph.values.len()];
        // Inputs live from before the first step to after the last, so that they keep what the caller gave.
        let (before, after) = (0, steps_of(graph) + 1);
        for port in &graph.inputs {
            let block = touch(graph, &mut blocks, port.value, before);
            block.last = after;
        }
        let mut written = vec![false; graph.values.len()];
        let mut step = 0;
        for node in &graph.nodes {
            if node.operation.is_reshape() {
                continue;
            }
            for &id in &node.outputs {
                step += 1;
                touch(graph, &mut blocks, id, step);
                written[id] = true;
            }
            for &id in node.inputs.iter().flatten() {
                if graph.values[id].constant.is_none() {
                    touch(graph, &mut blocks, roots[id], step);
                }
            }
        }
        for port in &graph.outputs {
            if graph.values[port.value].constant.is_none() {
                touch(graph, &mut blocks, roots[port.value], after);
            }
        }
        let present: Vec<Block> = blocks.iter().flatten().cloned().collect();
        let (offsets, bytes) =
            place(&present).ok_or_else(|| Error::too_large("the sum of all values overflows"))?;
        let mut offsets = offsets.into_iter();
        let of_roots: Vec<Option<Range<usize>>> = blocks
            .iter()
            .map(|block| {
                let block = block.as_ref()?;
                let offset = offsets.next()?;
                Some(offset..offset + block.bytes)
            })
            .collect();
        let ranges = roots.iter().map(|&root| of_roots[root].clone()).collect();
        Ok(Self {
            bytes,
            ranges,
            written,
        })
    }

    /// The bytes that a step must fill for value `id`; `None` where no step writes it.
    pub(super) fn written(&self, id: ValueId) -> Option<Range<usize>> {
        self.written[id].then(|| self.ranges[id].clone())?
    }

    /// Where a step finds value `id`.
    pub(super) fn source(&self, graph: &Graph, id: Option<ValueId>) -> Source {
        let Some(id) = id else {
            return Source::Absent;
        };
        match (&graph.values[id].constant, &self.ranges[id]) {
            (Some(constant), _) => Source::Constant(constant.clone()),
            (None, Some(range)) => Source::Arena(range.clone()),
            (None, None) => Source::Absent,
        }
    }
}

/// Number of steps: one per output.
fn steps_of(graph: &Graph) -> usize {
    graph.nodes.iter().map(|node| node.outputs.len()).sum()
}

/// By value: the value whose bytes it shares, itself unless it is reshaped.
fn roots(graph: &Graph) -> Vec<ValueId> {
    let mut roots: Vec<ValueId> = (0..graph.values.len()).collect();
    for node in graph
        .nodes
        .iter()
        .filter(|node| node.operation.is_reshape())
    {
        if let (Some(Some(input)), Some(&output)) = (node.inputs.first(), node.outputs.first()) {
            roots[output] = roots[*input];
        }
    }
    roots
}

/// Extends the life of a value's block to `step`.
fn touch<'b>(
    graph: &Graph,
    blocks: &'b mut [Option<Block>],
    id: ValueId,
    step: usize,
) -> &'b mut Block {
    let block = blocks[id].get_or_insert_with(|| Block {
        bytes: graph.values[id].byte_len(),
        first: step,
        last: step,
    });
    block.last = block.last.max(step);
    block
}
