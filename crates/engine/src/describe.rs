//! What a network is, as plain data: for `hypercut model info`.
use crate::graph::{Graph, Node, Value};
use crate::plan::Plan;
use crate::tensor::{DType, Quantization, TensorInfo};

/// A planned network.
#[derive(Debug, Clone, PartialEq)]
pub struct Description {
    /// What the file says about itself.
    pub description: String,
    /// What the caller gives.
    pub inputs: Vec<TensorInfo>,
    /// What the caller gets.
    pub outputs: Vec<TensorInfo>,
    /// Nodes in order of execution, after all rewriting.
    pub nodes: Vec<NodeInfo>,
    /// Multiply-adds of one run.
    pub macs: u64,
    /// Elements of all constants that nodes read.
    pub parameters: u64,
    /// Bytes of those.
    pub weight_bytes: u64,
    /// Bytes that hold values and scratch while the network runs.
    pub arena_bytes: usize,
}

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeInfo {
    /// The schema's name of the operation.
    pub name: &'static str,
    /// The operation with its attributes, in the form of `Debug`.
    pub attributes: String,
    /// Values read that are present, constants included.
    pub inputs: Vec<ValueInfo>,
    /// Values written.
    pub outputs: Vec<ValueInfo>,
    /// Multiply-adds of one run.
    pub macs: u64,
}

/// One value, as the engine keeps it (`uint8` has become `int8`).
#[derive(Debug, Clone, PartialEq)]
pub struct ValueInfo {
    /// Name in the file.
    pub name: String,
    /// Extents.
    pub shape: Vec<usize>,
    /// Element type.
    pub dtype: DType,
    /// Grid.
    pub quantization: Option<Quantization>,
    /// Whether it is known before the network runs.
    pub constant: bool,
}

impl Description {
    /// Describes `graph` and the `plan` made of it.
    pub fn new(graph: &Graph, plan: &Plan) -> Self {
        let mut read = vec![false; graph.values().len()];
        for &id in graph
            .nodes()
            .iter()
            .flat_map(|node| node.inputs.iter().flatten())
        {
            read[id] = true;
        }
        let constants = || {
            let values = graph.values().iter().zip(&read);
            values.filter(|(value, read)| **read && value.constant.is_some())
        };
        Self {
            description: graph.description.clone(),
            inputs: plan.inputs.iter().map(|port| port.info.clone()).collect(),
            outputs: plan.outputs.iter().map(|port| port.info.clone()).collect(),
            nodes: graph
                .nodes()
                .iter()
                .map(|node| node_info(graph, node))
                .collect(),
            macs: graph.macs(),
            parameters: constants().map(|(value, _)| value.len() as u64).sum(),
            weight_bytes: constants().map(|(value, _)| value.byte_len() as u64).sum(),
            arena_bytes: plan.arena_bytes(),
        }
    }
}

fn node_info(graph: &Graph, node: &Node) -> NodeInfo {
    let (inputs, outputs) = graph.around(node);
    NodeInfo {
        name: node.operation.name(),
        attributes: format!("{:?}", node.operation),
        inputs: inputs.into_iter().flatten().map(value_info).collect(),
        outputs: outputs.into_iter().map(value_info).collect(),
        macs: graph.node_macs(node),
    }
}

fn value_info(value: &Value) -> ValueInfo {
    ValueInfo {
        name: value.name.clone(),
        shape: value.shape.clone(),
        dtype: value.dtype,
        quantization: value.quantization.clone(),
        constant: value.constant.is_some(),
    }
}
