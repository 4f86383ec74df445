//! Bytes to a validated [`Model`].
mod operator;
mod source;
mod tensor;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::limits::Limits;
use hypercut_schema as schema;

pub use operator::Operator;
pub(crate) use operator::place;
pub use source::{OperatorSource, positive};
pub use tensor::Tensor;
pub(crate) use tensor::byte_len;

/// A `.tflite` file's main graph, read and checked; owns everything, so the bytes may go.
///
/// Operators stand in an order in which every tensor is written once and before it is read.
#[derive(Debug)]
pub struct Model {
    pub(crate) description: String,
    /// By the file's index; `None` for tensors that nothing refers to, which are not checked.
    pub(crate) tensors: Vec<Option<Tensor>>,
    /// Shared with the constants of a graph that are their bytes.
    pub(crate) buffers: Vec<Arc<[u8]>>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) inputs: Vec<usize>,
    pub(crate) outputs: Vec<usize>,
    pub(crate) limits: Limits,
}

impl Model {
    /// Reads a file with the default [`Limits`].
    ///
    /// # Errors
    /// As [`Model::with_limits`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::with_limits(bytes, Limits::default())
    }

    /// Reads a file. Memory stays in proportion to the file.
    ///
    /// # Errors
    /// Malformed when the bytes are no `.tflite` file; invalid when the graph contradicts itself; unsupported, naming
    /// the operation or type, when it asks for more than this engine does; too large beyond `limits`.
    pub fn with_limits(bytes: &[u8], limits: Limits) -> Result<Self> {
        let moved;
        let root = match schema::model(bytes) {
            Err(error) if error.is_misaligned() => {
                moved = schema::moved_by_4(bytes).unwrap_or_default();
                schema::model(&moved).map_err(|_| error)
            }
            read => read,
        };
        let root = root.map_err(|error| {
            Error::malformed(format!("not a .tflite file, or a damaged one: {error}"))
        })?;
        if root.version() != 3 {
            return Err(Error::unsupported(format!(
                "version {} of the .tflite format",
                root.version()
            )));
        }
        let graph = root
            .subgraphs()
            .filter(|graphs| !graphs.is_empty())
            .ok_or_else(|| Error::invalid("the file has no graph"))?
            .get(0);
        let description = root
            .description()
            .map(|text| String::from_utf8_lossy(text.bytes()).into_owned());
        let mut model = Self {
            description: description.unwrap_or_default(),
            tensors: Vec::new(),
            buffers: buffers(&root)?,
            operators: operator::read(&root, &graph, &limits)?,
            inputs: indices(graph.inputs())?,
            outputs: indices(graph.outputs())?,
            limits,
        };
        model.read_tensors(&graph)?;
        operator::check_order(&model)?;
        Ok(model)
    }

    /// What the file says about itself.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Operators in order of execution.
    pub fn operators(&self) -> &[Operator] {
        &self.operators
    }

    /// Tensor `index`, one that an operator, an input or an output refers to.
    pub fn tensor(&self, index: usize) -> Option<&Tensor> {
        self.tensors.get(index)?.as_ref()
    }

    /// Reads the tensors that something refers to.
    fn read_tensors(&mut self, graph: &schema::SubGraph<'_>) -> Result<()> {
        let tensors = graph.tensors();
        let count = tensors.map_or(0, |tensors| tensors.len());
        self.tensors = vec![None; count];
        let of_operators = self.operators.iter().flat_map(|operator| {
            let inputs = operator.inputs.iter().flatten();
            inputs.chain(&operator.outputs)
        });
        for &index in self.inputs.iter().chain(&self.outputs).chain(of_operators) {
            let (Some(tensors), true) = (tensors, index < count) else {
                return Err(Error::invalid(format!(
                    "tensor {index} does not exist; there are {count}"
                )));
            };
            if self.tensors[index].is_none() {
                self.tensors[index] = Some(Tensor::read(&tensors.get(index), &self.buffers)?);
            }
        }
        Ok(())
    }
}

/// The data of every buffer.
fn buffers(root: &schema::Model<'_>) -> Result<Vec<Arc<[u8]>>> {
    let Some(buffers) = root.buffers() else {
        return Ok(Vec::new());
    };
    let data = |buffer: schema::Buffer<'_>| {
        // 0 and 1 stand for "none": writers use either.
        if buffer.offset() > 1 || buffer.size() > 1 {
            return Err(Error::unsupported(
                "data outside the flatbuffer (files above 2 GB)",
            ));
        }
        Ok(buffer
            .data()
            .map(|data| data.bytes())
            .unwrap_or_default()
            .into())
    };
    buffers.iter().map(data).collect()
}

/// Indices of tensors, as the file gives them.
fn indices(vector: Option<schema::Vector<'_, i32>>) -> Result<Vec<usize>> {
    let vector = vector.into_iter().flatten();
    vector.map(index).collect()
}

/// An index of a tensor.
fn index(index: i32) -> Result<usize> {
    usize::try_from(index).map_err(|_| Error::invalid(format!("tensor {index} does not exist")))
}
