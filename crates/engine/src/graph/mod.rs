//! Typed, shaped nodes, and the passes that rewrite them.
mod build;
mod passes;
#[cfg(test)]
mod tests;
mod value;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::model::{Model, place};
use crate::ops::Operation;
use crate::tensor::{DType, Quantization};

pub use value::{Constant, Value};

/// Index of a [`Value`] in its graph.
pub type ValueId = usize;

/// A network ready to be planned: no `U8`, no `F16`, every shape proven, every foldable node folded.
#[derive(Debug)]
pub struct Graph {
    pub(crate) description: String,
    pub(crate) values: Vec<Value>,
    /// In an order in which every value is computed before it is read.
    pub(crate) nodes: Vec<Node>,
    pub(crate) inputs: Vec<Port>,
    pub(crate) outputs: Vec<Port>,
    pub(crate) limits: Limits,
}

/// One operation and the values around it.
#[derive(Debug)]
pub struct Node {
    /// What is done.
    pub operation: Box<dyn Operation>,
    /// Values read, in the file's order; `None` where an optional one is absent.
    pub inputs: Vec<Option<ValueId>>,
    /// Values written.
    pub outputs: Vec<ValueId>,
    /// Index of the operator in the file (of the last one, where a pass joined several).
    pub operator: usize,
}

/// An input or output of the network, as the file declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Port {
    /// The value behind it.
    pub value: ValueId,
    /// Type in the file; where it is `U8`, the value is `I8` with the top bit of every byte flipped.
    pub dtype: DType,
    /// Grid in the file.
    pub quantization: Option<Quantization>,
}

impl Graph {
    /// Turns a model into a graph and rewrites it: constants are folded, dilated convolutions that the file spells as
    /// three operations are joined, padding, activations and slopes move into convolutions, dead nodes go.
    ///
    /// # Errors
    /// Invalid when an operation's inputs don't fit it or a shape is not the declared one; unsupported where the file asks
    /// for more than this engine does; too large beyond the model's limits.
    pub fn new(model: Model) -> Result<Self> {
        let mut graph = build::build(model)?;
        passes::run(&mut graph);
        passes::slopes::run(&mut graph);
        graph.check_shapes()?;
        Ok(graph)
    }

    /// As [`Graph::new`], for another file to be written of: with batch normalization folded into convolutions too, so that sums round
    /// otherwise, and slopes left where they are, as no file has them elsewhere.
    ///
    /// # Errors
    /// As [`Graph::new`].
    pub(crate) fn folded(model: Model) -> Result<Self> {
        let mut graph = build::build(model)?;
        passes::batch_norm::run(&mut graph);
        passes::run(&mut graph);
        graph.check_shapes()?;
        Ok(graph)
    }

    /// Every value, by [`ValueId`].
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    /// Nodes in order of execution.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// What the caller gives.
    pub fn inputs(&self) -> &[Port] {
        &self.inputs
    }

    /// What the caller gets.
    pub fn outputs(&self) -> &[Port] {
        &self.outputs
    }

    /// Multiply-adds of one run.
    pub fn macs(&self) -> u64 {
        let nodes = self.nodes.iter().map(|node| self.node_macs(node));
        nodes.fold(0, u64::saturating_add)
    }

    /// Multiply-adds of one node.
    pub(crate) fn node_macs(&self, node: &Node) -> u64 {
        let (inputs, outputs) = self.around(node);
        node.operation.macs(&inputs, &outputs)
    }

    /// The values that a node reads and writes.
    pub(crate) fn around(&self, node: &Node) -> (Vec<Option<&Value>>, Vec<&Value>) {
        let inputs = node.inputs.iter().map(|id| id.map(|id| &self.values[id]));
        let outputs = node.outputs.iter().map(|&id| &self.values[id]);
        (inputs.collect(), outputs.collect())
    }

    /// Checks that every node's outputs have the shapes that its operation gives them.
    fn check_shapes(&self) -> Result<()> {
        self.nodes.iter().try_for_each(|node| self.check_node(node))
    }

    /// Checks one node's shapes.
    pub(crate) fn check_node(&self, node: &Node) -> Result<()> {
        let (inputs, outputs) = self.around(node);
        let check = || {
            let shapes = node.operation.infer(&inputs)?;
            if shapes.len() != outputs.len() {
                let (found, due) = (outputs.len(), shapes.len());
                return Err(Error::invalid(format!("{found} outputs, not {due}")));
            }
            match outputs
                .iter()
                .zip(&shapes)
                .find(|(output, shape)| output.shape != **shape)
            {
                Some((output, shape)) => Err(Error::invalid(format!(
                    "the shape follows as {shape:?}, but the file declares {output}"
                ))),
                None => Ok(()),
            }
        };
        check().map_err(|error| error.at(place(node.operator, node.operation.name())))
    }
}
