//! Removes nodes whose results nobody reads.
use super::super::Graph;

pub(super) fn run(graph: &mut Graph) {
    let mut needed = vec![false; graph.values.len()];
    for port in &graph.outputs {
        needed[port.value] = true;
    }
    // Readers come after writers, so one walk from the end sees every need before it decides.
    let mut kept = Vec::with_capacity(graph.nodes.len());
    for node in std::mem::take(&mut graph.nodes).into_iter().rev() {
        if node.outputs.iter().any(|&id| needed[id]) {
            for &id in node.inputs.iter().flatten() {
                needed[id] = true;
            }
            kept.push(node);
        }
    }
    kept.reverse();
    graph.nodes = kept;
}
