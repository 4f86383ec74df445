//! Joins `SPACE_TO_BATCH_ND` -> convolution -> `BATCH_TO_SPACE_ND` into one dilated convolution.
//!
//! With block `d` the first deals every `d`-th pixel of the padded input into one picture of a batch, so that a dense
//! `VALID` convolution of stride 1 there is one of dilation `d` here. Cropping the joined output takes rows off the ends,
//! which is padding that was not needed: `pad = padding - crop`.
use super::super::{Graph, Node, ValueId};
use super::{Links, constant, constant_pairs};
use crate::ops::{Operation, Padding, conv_2d::Conv2d, depthwise_conv_2d::DepthwiseConv2d};

pub(super) fn run(graph: &mut Graph) {
    let links = Links::new(graph);
    for index in 0..graph.nodes.len() {
        let joined = join(graph, &links, &graph.nodes[index]);
        if let Some(joined) = joined.filter(|joined| graph.check_node(joined).is_ok()) {
            graph.nodes[index] = joined;
        }
    }
}

/// The dilated convolution that stands for `last` and the two nodes before it.
fn join(graph: &Graph, links: &Links, last: &Node) -> Option<Node> {
    if last.operation.name() != "BATCH_TO_SPACE_ND" {
        return None;
    }
    let convolved = last.inputs.first().copied().flatten()?;
    let (_, conv) = links.sole_producer(graph, convolved)?;
    let batched = conv.inputs.first().copied().flatten()?;
    let (_, first) = links.sole_producer(graph, batched)?;
    if first.operation.name() != "SPACE_TO_BATCH_ND" {
        return None;
    }
    let source = first.inputs.first().copied().flatten()?;
    let block: [usize; 2] = constant(graph, first, 1)?.try_into().ok()?;
    let same_block = constant(graph, last, 1)? == block;
    if !same_block
        || !same_grid(graph, source, batched)
        || !same_grid(graph, convolved, last.outputs[0])
    {
        return None;
    }
    let [vertical, horizontal] = constant_pairs(graph, first, 2)?.try_into().ok()?;
    let [vertical_crop, horizontal_crop] = constant_pairs(graph, last, 2)?.try_into().ok()?;
    let [above, below] = uncropped(vertical, vertical_crop)?;
    let [left, right] = uncropped(horizontal, horizontal_crop)?;
    let mut inputs = conv.inputs.clone();
    inputs[0] = Some(source);
    Some(Node {
        operation: dilated(conv, block, Padding::Explicit([above, left, below, right]))?,
        inputs,
        outputs: last.outputs.clone(),
        operator: last.operator,
    })
}

fn same_grid(graph: &Graph, a: ValueId, b: ValueId) -> bool {
    graph.values[a].quantization == graph.values[b].quantization
}

fn uncropped(padding: [usize; 2], crop: [usize; 2]) -> Option<[usize; 2]> {
    Some([
        padding[0].checked_sub(crop[0])?,
        padding[1].checked_sub(crop[1])?,
    ])
}

/// A dense convolution, dilated; `None` when it is padded, strided or dilated already.
fn dilated(node: &Node, dilation: [usize; 2], padding: Padding) -> Option<Box<dyn Operation>> {
    let operation: &dyn std::any::Any = node.operation.as_ref();
    if let Some(conv) = operation.downcast_ref::<Conv2d>() {
        let dense = conv.stride == [1; 2] && conv.dilation == [1; 2];
        return (dense && conv.padding == Padding::Valid).then(|| {
            Box::new(Conv2d {
                padding,
                dilation,
                ..conv.clone()
            }) as Box<dyn Operation>
        });
    }
    let conv = operation.downcast_ref::<DepthwiseConv2d>()?;
    let dense = conv.stride == [1; 2] && conv.dilation == [1; 2];
    (dense && conv.padding == Padding::Valid).then(|| {
        Box::new(DepthwiseConv2d {
            padding,
            dilation,
            ..conv.clone()
        }) as Box<dyn Operation>
    })
}
