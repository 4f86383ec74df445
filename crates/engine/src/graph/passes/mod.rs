//! Rewrites that leave every result as it was: one file each, run in the order of [`run`].
mod activation;
mod atrous;
pub(super) mod batch_norm;
mod dead;
mod pad;
pub(super) mod slopes;

use super::{Graph, Node, ValueId};

/// Runs every pass. A rewrite that would not fit is not made.
pub(super) fn run(graph: &mut Graph) {
    for pass in [atrous::run, pad::run, activation::run] {
        pass(graph);
        dead::run(graph);
    }
}

/// Replaces two nodes by one wherever `fuse` gives the first one's index and what both become.
fn absorb(graph: &mut Graph, fuse: impl Fn(&Graph, &Links, &Node) -> Option<(usize, Node)>) {
    let links = Links::new(graph);
    for index in 0..graph.nodes.len() {
        let fused = fuse(graph, &links, &graph.nodes[index]);
        if let Some((producer, fused)) = fused.filter(|(_, fused)| graph.check_node(fused).is_ok())
        {
            // The second node now writes to nobody, so it is dead: what it wrote comes from the first.
            graph.nodes[index].outputs =
                std::mem::replace(&mut graph.nodes[producer], fused).outputs;
        }
    }
}

/// Who writes and who reads each value.
#[derive(Debug)]
struct Links {
    producer: Vec<Option<usize>>,
    readers: Vec<usize>,
}

impl Links {
    fn new(graph: &Graph) -> Self {
        let count = graph.values.len();
        let mut links = Self {
            producer: vec![None; count],
            readers: vec![0; count],
        };
        for (index, node) in graph.nodes.iter().enumerate() {
            for &id in &node.outputs {
                links.producer[id] = Some(index);
            }
            for &id in node.inputs.iter().flatten() {
                links.readers[id] += 1;
            }
        }
        for port in &graph.outputs {
            links.readers[port.value] += 1;
        }
        links
    }

    /// The node that writes `id`, when `id` is its only output.
    fn producer<'g>(&self, graph: &'g Graph, id: ValueId) -> Option<(usize, &'g Node)> {
        let index = self.producer[id]?;
        let node = &graph.nodes[index];
        (node.outputs.len() == 1).then_some((index, node))
    }

    /// As [`Links::producer`], when nothing but one node reads `id`.
    fn sole_producer<'g>(&self, graph: &'g Graph, id: ValueId) -> Option<(usize, &'g Node)> {
        (self.readers[id] == 1).then(|| self.producer(graph, id))?
    }
}

/// Constant `int32` input `index` of a node, as pairs.
fn constant_pairs(graph: &Graph, node: &Node, index: usize) -> Option<Vec<[usize; 2]>> {
    let data = constant(graph, node, index)?;
    let (pairs, []) = data.as_chunks::<2>() else {
        return None;
    };
    Some(pairs.to_vec())
}

/// Constant `int32` input `index` of a node, if nothing in it is negative.
fn constant(graph: &Graph, node: &Node, index: usize) -> Option<Vec<usize>> {
    let id = node.inputs.get(index).copied().flatten()?;
    let data = graph.values[id].constant_i32().ok()?;
    data.iter().map(|&v| usize::try_from(v).ok()).collect()
}
