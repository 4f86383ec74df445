//! Order, arena offsets and packed weights of a graph.
mod arena;
mod step;
mod storage;

use std::ops::Range;

use crate::error::{Error, Result};
use crate::graph::{Constant, Graph, Node, Port, Value};
use crate::model::place;
use crate::ops::Operation;
use crate::tensor::{DType, TensorInfo};
use hypercut_kernels::isa::Isa;
use storage::Storage;

pub(crate) use arena::AlignedBytes;
pub(crate) use step::Source;
pub use step::{Inputs, Io, Step};

/// A graph lowered to steps: nothing is left to decide when it runs.
#[derive(Debug)]
pub struct Plan {
    pub(crate) steps: Vec<PlannedStep>,
    pub(crate) inputs: Vec<PlannedPort>,
    pub(crate) outputs: Vec<PlannedPort>,
    arena_bytes: usize,
    scratch_bytes: usize,
    isa: Isa,
}

/// A step with its places in the arena.
#[derive(Debug)]
pub(crate) struct PlannedStep {
    pub(crate) step: Box<dyn Step>,
    pub(crate) sources: Vec<Source>,
    pub(crate) output: Range<usize>,
    pub(crate) name: &'static str,
    /// Index of the node in the graph.
    pub(crate) node: usize,
    /// Multiply-adds; those of a node with several outputs count at the first.
    pub(crate) macs: u64,
}

/// An input or output with its place.
#[derive(Debug)]
pub(crate) struct PlannedPort {
    pub(crate) info: TensorInfo,
    pub(crate) source: Source,
}

impl Plan {
    /// Plans `graph` for the fastest instruction set of this CPU.
    ///
    /// # Errors
    /// As [`Plan::for_isa`].
    pub fn new(graph: &Graph) -> Result<Self> {
        Self::for_isa(graph, Isa::detect())
    }

    /// Plans `graph` for `isa`.
    ///
    /// # Errors
    /// Unsupported when the kernels don't offer what an operation needs, too large when the arena goes beyond the limit.
    pub fn for_isa(graph: &Graph, isa: Isa) -> Result<Self> {
        let storage = Storage::new(graph)?;
        let limit = graph.limits.arena_bytes;
        let too_large = |bytes: usize| {
            Error::too_large(format!(
                "the network needs {bytes} bytes of memory, more than {limit}"
            ))
        };
        // Checked before lowering: until here nothing has been allocated for values.
        if storage.bytes > limit {
            return Err(too_large(storage.bytes));
        }
        let mut steps = Vec::new();
        for (index, node) in graph.nodes.iter().enumerate() {
            lower(graph, &storage, index, node, isa, &mut steps)
                .map_err(|error| error.at(place(node.operator, node.operation.name())))?;
        }
        let scratch = steps.iter().map(|step| step.step.scratch_bytes());
        let scratch_bytes = scratch.max().unwrap_or(0);
        if scratch_bytes > limit - storage.bytes {
            return Err(too_large(storage.bytes.saturating_add(scratch_bytes)));
        }
        let port = |port: &Port| PlannedPort {
            info: TensorInfo::of(&graph.values[port.value], port),
            source: storage.source(graph, Some(port.value)),
        };
        Ok(Self {
            steps,
            inputs: graph.inputs.iter().map(port).collect(),
            outputs: graph.outputs.iter().map(port).collect(),
            arena_bytes: storage.bytes,
            scratch_bytes,
            isa,
        })
    }

    /// Bytes that hold every value, and scratch, while the network runs.
    pub fn arena_bytes(&self) -> usize {
        self.arena_bytes + self.scratch_bytes
    }

    /// Bytes that hold values.
    pub(crate) fn value_bytes(&self) -> usize {
        self.arena_bytes
    }

    /// Bytes of scratch.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.scratch_bytes
    }

    /// The instruction set that the steps use.
    pub fn isa(&self) -> Isa {
        self.isa
    }
}

/// Adds a step per output that somebody reads.
fn lower(
    graph: &Graph,
    storage: &Storage,
    index: usize,
    node: &Node,
    isa: Isa,
    steps: &mut Vec<PlannedStep>,
) -> Result<()> {
    let (inputs, outputs) = graph.around(node);
    for (output, &id) in node.outputs.iter().enumerate() {
        let Some(range) = storage.written(id) else {
            continue;
        };
        steps.push(PlannedStep {
            step: node.operation.lower(&inputs, &outputs, output, isa)?,
            sources: node
                .inputs
                .iter()
                .map(|&id| storage.source(graph, id))
                .collect(),
            output: range,
            name: node.operation.name(),
            node: index,
            macs: if output == 0 {
                graph.node_macs(node)
            } else {
                0
            },
        });
    }
    Ok(())
}

/// Computes one output of an operation whose inputs are all constants.
pub(crate) fn evaluate(
    operation: &dyn Operation,
    inputs: &[Option<&Value>],
    outputs: &[&Value],
    output: usize,
) -> Result<Constant> {
    let mut step = operation.lower(inputs, outputs, output, Isa::Scalar)?;
    let source = |input: &Option<&Value>| match input.and_then(|value| value.constant.clone()) {
        Some(constant) => Source::Constant(constant),
        None => Source::Absent,
    };
    let sources: Vec<Source> = inputs.iter().map(source).collect();
    let bytes = outputs[output].byte_len();
    let mut result = AlignedBytes::new(bytes);
    let mut scratch = AlignedBytes::new(step.scratch_bytes());
    step.run(&mut Io::new(
        &sources,
        result.bytes_mut(),
        0..bytes,
        scratch.bytes_mut(),
    ));
    let result = result.bytes();
    Ok(match outputs[output].dtype {
        DType::F32 | DType::F16 => Constant::F32(bytemuck::cast_slice(result).into()),
        DType::I8 | DType::U8 => Constant::I8(bytemuck::cast_slice(result).into()),
        DType::I32 => Constant::I32(bytemuck::cast_slice(result).into()),
        DType::I64 => Constant::I64(bytemuck::cast_slice(result).into()),
        DType::Bool => Constant::Bool(result.into()),
    })
}
