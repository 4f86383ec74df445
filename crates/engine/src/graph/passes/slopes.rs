//! Moves a rectifier with a slope per channel (`PRELU`) into the operation before it, on floats: the bits stay.
use super::super::{Graph, Node};
use super::{Links, absorb, dead};
use crate::ops::prelu;
use crate::tensor::DType;

pub(in super::super) fn run(graph: &mut Graph) {
    absorb(graph, fuse);
    dead::run(graph);
}

/// Index of the node before the rectifier `node`, and that node with the slopes in it.
fn fuse(graph: &Graph, links: &Links, node: &Node) -> Option<(usize, Node)> {
    let (&[Some(input), Some(alpha)], &[output]) = (&node.inputs[..], &node.outputs[..]) else {
        return None;
    };
    let (before, alpha) = (&graph.values[input], &graph.values[alpha]);
    if node.operation.name() != prelu::ENTRY.name || before.dtype != DType::F32 {
        return None;
    }
    let (slopes, channels) = (alpha.constant_f32().ok()?, *before.shape.last()?);
    if slopes.len() != channels || alpha.shape.last() != Some(&channels) {
        return None;
    }
    let (producer, source) = links.sole_producer(graph, input)?;
    let (inputs, _) = graph.around(source);
    let fused = Node {
        operation: source.operation.with_slopes(&inputs, slopes)?,
        inputs: source.inputs.clone(),
        outputs: vec![output],
        operator: node.operator,
    };
    Some((producer, fused))
}
