//! Moves a stand-alone activation into the operation before it.
//!
//! On int8 only when both have the same grid: clamping the byte then gives what the fused operation clamps to.
use super::super::{Graph, Node};
use super::{Links, absorb};

pub(super) fn run(graph: &mut Graph) {
    absorb(graph, fuse);
}

/// Index of the node before the activation `node`, and that node with the activation in it.
fn fuse(graph: &Graph, links: &Links, node: &Node) -> Option<(usize, Node)> {
    let activation = node.operation.as_activation()?;
    let (&[Some(input)], &[output]) = (&node.inputs[..], &node.outputs[..]) else {
        return None;
    };
    let (before, after) = (&graph.values[input], &graph.values[output]);
    if (before.dtype, &before.quantization) != (after.dtype, &after.quantization) {
        return None;
    }
    let (producer, source) = links.sole_producer(graph, input)?;
    let fused = Node {
        operation: source.operation.with_activation(activation)?,
        inputs: source.inputs.clone(),
        outputs: vec![output],
        operator: node.operator,
    };
    Some((producer, fused))
}
