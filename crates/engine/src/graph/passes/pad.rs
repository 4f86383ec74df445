//! Folds `PAD` into the explicit padding of the convolution after it.
//!
//! Both pad with the real number 0, so the results are the same bytes.
use super::super::{Graph, Node, ValueId};
use super::{Links, constant_pairs};
use crate::ops::{Padding, conv_2d::Conv2d, depthwise_conv_2d::DepthwiseConv2d};

pub(super) fn run(graph: &mut Graph) {
    let links = Links::new(graph);
    for index in 0..graph.nodes.len() {
        let padded = padding(graph, &links, &graph.nodes[index]);
        if let Some(padded) = padded.filter(|padded| graph.check_node(padded).is_ok()) {
            graph.nodes[index] = padded;
        }
    }
}

/// The convolution `node` on what its input was before it was padded.
fn padding(graph: &Graph, links: &Links, node: &Node) -> Option<Node> {
    let (source, pads) = padded_input(graph, links, node)?;
    let mut inputs = node.inputs.clone();
    inputs[0] = Some(source);
    Some(Node {
        operation: with_pads(node, pads)?,
        inputs,
        outputs: node.outputs.clone(),
        operator: node.operator,
    })
}

/// What the first input was before a `PAD` of height and width, and the padding `[above, left, below, right]`.
fn padded_input(graph: &Graph, links: &Links, node: &Node) -> Option<(ValueId, [usize; 4])> {
    let padded = node.inputs.first().copied().flatten()?;
    let (_, pad) = links.producer(graph, padded)?;
    if pad.operation.name() != "PAD" {
        return None;
    }
    let source = pad.inputs.first().copied().flatten()?;
    let pairs = constant_pairs(graph, pad, 1)?;
    let &[[0, 0], [above, below], [left, right], [0, 0]] = pairs.as_slice() else {
        return None;
    };
    let same_grid = graph.values[source].quantization == graph.values[padded].quantization;
    same_grid.then_some((source, [above, left, below, right]))
}

/// The convolution with `pads` added to its padding; `None` for anything else and for `SAME`, whose padding would change.
fn with_pads(node: &Node, pads: [usize; 4]) -> Option<Box<dyn crate::ops::Operation>> {
    let operation: &dyn std::any::Any = node.operation.as_ref();
    if let Some(conv) = operation.downcast_ref::<Conv2d>() {
        let padding = add(conv.padding, pads)?;
        return Some(Box::new(Conv2d {
            padding,
            ..conv.clone()
        }));
    }
    let conv = operation.downcast_ref::<DepthwiseConv2d>()?;
    let padding = add(conv.padding, pads)?;
    Some(Box::new(DepthwiseConv2d {
        padding,
        ..conv.clone()
    }))
}

fn add(padding: Padding, pads: [usize; 4]) -> Option<Padding> {
    let own = match padding {
        Padding::Same => return None,
        Padding::Valid => [0; 4],
        Padding::Explicit(own) => own,
    };
    let mut sum = own;
    for (sum, pad) in sum.iter_mut().zip(pads) {
        *sum = sum.checked_add(pad)?;
    }
    Some(Padding::Explicit(sum))
}
