//! Turns a float network into an int8 one, with ranges seen on example inputs.
//!
//! ```
//! # fn main() -> hypercut_engine::Result<()> {
//! use hypercut_engine::convert::{Border, Converter, Grid};
//! # let float = include_bytes!("../../../../tests/golden/models/mixture_float.tflite");
//! let mut converter = Converter::new(float)?;
//! converter.calibrate(4, |example, session| {
//!     session.input_mut(0)?.fill(0.2 * example as f32);
//!     Ok(())
//! })?;
//! let converted = converter.finish(Border::Int8, Some(Grid::PICTURE))?;
//! let session = hypercut_engine::Session::from_bytes(&converted.bytes)?;
//! # assert_eq!(session.inputs(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! The arithmetic is that of TensorFlow Lite's 8-bit quantization specification: activations have one scale and zero point
//! per tensor, weights one scale per output channel and no zero point, biases are `int32` at input scale times weight
//! scale, and some operations ask for fixed or common grids ([`ByteForm`]).
mod constants;
mod emit;
mod equalize;
mod grids;
mod seen;

use crate::error::{Error, Result};
use crate::graph::{Graph, Port, ValueId};
use crate::model::{Model, place};
use crate::ops::ByteForm;
use crate::plan::Plan;
use crate::session::Session;
use crate::tensor::{DType, TensorInfo};
use seen::Seen;

pub use grids::Grid;

/// The type of a converted network's inputs and outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Border {
    /// Bytes, as within.
    Int8,
    /// Bytes 128 higher, by a `QUANTIZE` at either end.
    Uint8,
    /// Floats as before, by a `QUANTIZE` at the inputs and a `DEQUANTIZE` at the outputs.
    Float,
}

/// A float network that learns the ranges of its values from examples.
#[derive(Debug)]
pub struct Converter {
    graph: Graph,
    /// How each node is written.
    forms: Vec<ByteForm>,
    /// Computed floats.
    watched: Vec<ValueId>,
    /// By value; empty before examples were seen.
    seen: Vec<Seen>,
    inputs: Vec<TensorInfo>,
}

/// An int8 network.
#[derive(Debug, Clone, PartialEq)]
pub struct Converted {
    /// The `.tflite` file.
    pub bytes: Vec<u8>,
    /// Values that the network computes, inputs first.
    pub values: Vec<ConvertedValue>,
    /// Operations of the file.
    pub operations: usize,
    /// Multiply-adds of one run.
    pub macs: u64,
}

/// A quantized value and what was seen of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ConvertedValue {
    /// Name in the file.
    pub name: String,
    /// Extents.
    pub shape: Vec<usize>,
    /// Its grid.
    pub grid: Grid,
    /// Least and greatest number of all examples.
    pub seen: [f32; 2],
}

impl Converter {
    /// Reads a float network and folds batch normalization into its convolutions.
    ///
    /// # Errors
    /// As [`Model::from_bytes`]; argument when the network is quantized already; unsupported, naming the operation, where
    /// one has no form on bytes.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let graph = Graph::folded(Model::from_bytes(bytes)?)?;
        refuse_quantized(&graph)?;
        let info = |port: &Port| TensorInfo::of(&graph.values[port.value], port);
        Ok(Self {
            forms: forms(&graph)?,
            watched: floats(&graph),
            seen: Vec::new(),
            inputs: graph.inputs.iter().map(info).collect(),
            graph,
        })
    }

    /// The float network's inputs.
    pub fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    /// Runs the float network on examples and takes note of the ranges; `show` puts example `index` into the inputs.
    ///
    /// Every example is shown twice: what the first round tells of channels evens them out before the second.
    ///
    /// # Errors
    /// Argument when a value is not finite, and those of `show`; too large when all values together are.
    pub fn calibrate(
        &mut self,
        examples: usize,
        mut show: impl FnMut(usize, &mut Session) -> Result<()>,
    ) -> Result<()> {
        let seen = self.observe(examples, &mut show)?;
        equalize::run(&mut self.graph, &self.forms, &seen);
        self.seen = self.observe(examples, &mut show)?;
        Ok(())
    }

    /// What is seen of every value, by value.
    fn observe(
        &mut self,
        examples: usize,
        show: &mut impl FnMut(usize, &mut Session) -> Result<()>,
    ) -> Result<Vec<Seen>> {
        let port = |&value: &ValueId| Port {
            value,
            dtype: DType::F32,
            quantization: None,
        };
        // As outputs, values keep their memory until the run is over.
        let watched = self.watched.iter().map(port).collect();
        let own = std::mem::replace(&mut self.graph.outputs, watched);
        let plan = Plan::new(&self.graph);
        self.graph.outputs = own;
        let mut session = Session::new(plan?);
        let mut seen = vec![Seen::default(); self.graph.values.len()];
        for example in 0..examples {
            show(example, &mut session)?;
            session.run();
            for (output, &id) in self.watched.iter().enumerate() {
                let value = &self.graph.values[id];
                let channels = value.shape.last().copied().unwrap_or(1);
                let data = session.output_data::<f32>(output)?;
                seen[id].add(data, channels).ok_or_else(|| {
                    Error::argument(format!("{:?} becomes infinite or no number", value.name))
                })?;
            }
        }
        Ok(seen)
    }

    /// The int8 network; `picture` is the grid of all inputs, where it is known beforehand.
    ///
    /// # Errors
    /// Argument without examples; unsupported where a constant has no form on bytes.
    pub fn finish(&self, border: Border, picture: Option<Grid>) -> Result<Converted> {
        let fresh = |&id: &ValueId| self.seen.get(id).is_none_or(Seen::is_empty);
        if self.watched.iter().any(fresh) {
            return Err(Error::argument("no examples to take ranges from"));
        }
        let grids = grids::assign(&self.graph, &self.forms, &self.seen, picture);
        let file = emit::file(&self.graph, &self.forms, &self.seen, &grids, border)?;
        let values = self.watched.iter().filter_map(|&id| {
            Some(ConvertedValue {
                name: self.graph.values[id].name.clone(),
                shape: self.graph.values[id].shape.clone(),
                grid: grids[id]?,
                seen: self.seen[id].all(),
            })
        });
        Ok(Converted {
            bytes: file.bytes(),
            values: values.collect(),
            operations: file.operators.len(),
            macs: self.graph.macs(),
        })
    }
}

/// Computed floats: inputs, then what nodes write.
fn floats(graph: &Graph) -> Vec<ValueId> {
    let inputs = graph.inputs.iter().map(|port| port.value);
    let written = graph.nodes.iter().flat_map(|node| node.outputs.clone());
    inputs
        .chain(written)
        .filter(|&id| graph.values[id].dtype == DType::F32)
        .collect()
}

fn refuse_quantized(graph: &Graph) -> Result<()> {
    let values = graph.nodes.iter().flat_map(|node| &node.outputs);
    let inputs = graph.inputs.iter().map(|port| &port.value);
    let quantized = |id: &&ValueId| graph.values[**id].dtype == DType::I8;
    match inputs.chain(values).find(quantized) {
        Some(&id) => Err(Error::argument(format!(
            "the network is quantized already: {:?} holds bytes",
            graph.values[id].name
        ))),
        None => Ok(()),
    }
}

/// How each node is written.
fn forms(graph: &Graph) -> Result<Vec<ByteForm>> {
    let form = |node: &crate::graph::Node| {
        let (inputs, outputs) = graph.around(node);
        let name = node.operation.name();
        node.operation
            .byte_form(&inputs, &outputs)
            .ok_or_else(|| Error::unsupported("no form on bytes is known"))
            .map_err(|error| error.at(place(node.operator, name)))
    };
    graph.nodes.iter().map(form).collect()
}
