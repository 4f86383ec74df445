//! The int8 network as a file.
use hypercut_schema::write::{File, Operator, Tensor};

use super::constants::{self, Sides, filter, plain, shape};
use super::seen::Seen;
use super::{Border, Grid};
use crate::error::{Error, Result};
use crate::graph::{Graph, Node, ValueId};
use crate::model::place;
use crate::ops::quantize::{DEQUANTIZE, QUANTIZE};
use crate::ops::{ByteForm, Feed, Filter, Grids, OpEntry, input as input_of, pad};
use crate::tensor::DType;

/// The whole network; `grids` are those of computed floats.
///
/// # Errors
/// Unsupported where a constant has no form on bytes; the place names the operation.
pub(super) fn file(
    graph: &Graph,
    forms: &[ByteForm],
    seen: &[Seen],
    grids: &[Option<Grid>],
    border: Border,
) -> Result<File> {
    let mut emitter = Emitter {
        graph,
        seen,
        grids,
        file: File {
            description: format!("{} (int8 by hypercut)", graph.description),
            ..File::default()
        },
        tensors: vec![None; graph.values.len()],
    };
    for port in &graph.inputs {
        emitter.input(port.value, border);
    }
    for (node, form) in graph.nodes.iter().zip(forms) {
        emitter
            .node(node, form)
            .map_err(|error| error.at(place(node.operator, node.operation.name())))?;
    }
    for port in &graph.outputs {
        emitter.output(port.value, border)?;
    }
    Ok(emitter.file)
}

struct Emitter<'g> {
    graph: &'g Graph,
    seen: &'g [Seen],
    grids: &'g [Option<Grid>],
    file: File,
    /// By value: its tensor, once it is written.
    tensors: Vec<Option<i32>>,
}

impl Emitter<'_> {
    /// Adds the tensor of a computed value.
    fn computed(&mut self, id: ValueId) -> i32 {
        let value = &self.graph.values[id];
        let index = match self.grids[id] {
            Some(grid) => {
                let mut tensor = constants::tensor(value, DType::I8, Vec::new());
                grid.write(&mut tensor);
                self.file.add(tensor)
            }
            None => self
                .file
                .add(constants::tensor(value, value.dtype, Vec::new())),
        };
        self.tensors[id] = Some(index);
        index
    }

    fn input(&mut self, id: ValueId, border: Border) {
        let outside = match (self.outside(id, border), self.grids[id]) {
            (Some(tensor), Some(_)) => tensor,
            _ => {
                let index = self.computed(id);
                self.file.inputs.push(index);
                return;
            }
        };
        let outside = self.file.add(outside);
        self.file.inputs.push(outside);
        let inside = self.computed(id);
        self.file.tensors[inside as usize].name += "/int8";
        self.operator(
            &QUANTIZE,
            version_of_quantize(border),
            vec![outside],
            inside,
        );
    }

    fn output(&mut self, id: ValueId, border: Border) -> Result<()> {
        let inside = match self.tensors[id] {
            Some(index) => index,
            None => self.constant(id, None)?,
        };
        let Some(outside) = self.outside(id, border) else {
            self.file.outputs.push(inside);
            return Ok(());
        };
        self.file.tensors[inside as usize].name += "/int8";
        let outside = self.file.add(outside);
        self.file.outputs.push(outside);
        match border {
            Border::Float => self.operator(&DEQUANTIZE, 2, vec![inside], outside),
            _ => self.operator(
                &QUANTIZE,
                version_of_quantize(border),
                vec![inside],
                outside,
            ),
        }
        Ok(())
    }

    /// The tensor that the caller sees in place of a value, where that is another.
    fn outside(&self, id: ValueId, border: Border) -> Option<Tensor> {
        let (value, grid) = (&self.graph.values[id], self.grids[id]?);
        match border {
            Border::Int8 => None,
            Border::Float => Some(constants::tensor(value, DType::F32, Vec::new())),
            Border::Uint8 => {
                let mut tensor = constants::tensor(value, DType::U8, Vec::new());
                grid.write(&mut tensor);
                tensor.zero_points[0] += 128;
                Some(tensor)
            }
        }
    }

    /// Adds a node with what it needs around it.
    fn node(&mut self, node: &Node, form: &ByteForm) -> Result<()> {
        let filtered = match form.grids {
            Grids::Filter(filter) => Some((filter, self.filter(node, filter)?)),
            _ => None,
        };
        let in_order: Vec<Feed> = (0..node.inputs.len()).map(Feed::Input).collect();
        let feeds = form.feeds.as_ref().unwrap_or(&in_order);
        let mut inputs = Vec::with_capacity(feeds.len());
        for feed in feeds {
            let input = match *feed {
                Feed::OutputShape => Some(self.output_shape(node)),
                Feed::Input(index) => match filtered {
                    Some((filter, [weights, _])) if index == filter.weights => weights,
                    Some((filter, [_, bias])) if index == filter.bias => bias,
                    _ => self.fed(node, form, index)?,
                },
            };
            inputs.push(input.unwrap_or(ABSENT));
        }
        while inputs.last() == Some(&ABSENT) {
            inputs.pop();
        }
        if let Some(pads) = form.pads {
            inputs[0] = self.padded(node, inputs[0], pads)?;
        }
        let outputs = node.outputs.iter().map(|&id| self.computed(id)).collect();
        self.file.operators.push(Operator {
            code: form.code,
            version: form.version,
            inputs,
            outputs,
            options: form.options.clone(),
        });
        Ok(())
    }

    /// The tensors of weights and bias.
    fn filter(&mut self, node: &Node, places: Filter) -> Result<[Option<i32>; 2]> {
        let (inputs, _) = self.graph.around(node);
        let is_data = |index: &usize| *index != places.weights && *index != places.bias;
        let mut others = (0..node.inputs.len()).filter(is_data);
        let data = others.find_map(|index| {
            let id = node.inputs[index]?;
            Some((id, self.grids[id]?))
        });
        let output = node.outputs.first().and_then(|&id| self.grids[id]);
        let (Some((data, input)), Some(output)) = (data, output) else {
            return Err(Error::unsupported("the convolved input is constant"));
        };
        let weights = input_of(&inputs, places.weights)?;
        let bias = inputs.get(places.bias).copied().flatten();
        let means = self.seen[data].means();
        let sides = Sides {
            input,
            output,
            means: &means,
        };
        let (weights, bias) = filter(weights, bias, places, sides)?;
        let weights = self.file.add(weights);
        Ok([Some(weights), bias.map(|bias| self.file.add(bias))])
    }

    /// The tensor of input `index`, on the output's grid where all have one.
    fn fed(&mut self, node: &Node, form: &ByteForm, index: usize) -> Result<Option<i32>> {
        let Some(&Some(id)) = node.inputs.get(index) else {
            return Ok(None);
        };
        let common = match form.grids {
            Grids::Joined => node.outputs.first().and_then(|&id| self.grids[id]),
            _ => None,
        };
        if self.graph.values[id].constant.is_some() {
            return self.constant(id, common).map(Some);
        }
        let tensor = self.tensors[id];
        match (tensor, self.grids[id], common) {
            (Some(tensor), Some(own), Some(common)) if own != common => {
                Ok(Some(self.requantized(tensor, id, common)))
            }
            _ => Ok(tensor),
        }
    }

    fn constant(&mut self, id: ValueId, grid: Option<Grid>) -> Result<i32> {
        let tensor = plain(&self.graph.values[id], grid)?;
        Ok(self.file.add(tensor))
    }

    /// A value's bytes on another grid.
    fn requantized(&mut self, tensor: i32, id: ValueId, grid: Grid) -> i32 {
        let mut moved = constants::tensor(&self.graph.values[id], DType::I8, Vec::new());
        grid.write(&mut moved);
        moved.name += "/moved";
        let moved = self.file.add(moved);
        self.operator(&QUANTIZE, 2, vec![tensor], moved);
        moved
    }

    /// The shape of the first output, as a constant.
    fn output_shape(&mut self, node: &Node) -> i32 {
        let value = &self.graph.values[node.outputs[0]];
        let extents = shape(&value.shape);
        self.integers(
            format!("{}/shape", value.name),
            vec![extents.len() as i32],
            &extents,
        )
    }

    fn integers(&mut self, name: String, shape: Vec<i32>, data: &[i32]) -> i32 {
        self.file.add(Tensor {
            name,
            shape,
            element_type: DType::I32.to_schema(),
            data: data
                .iter()
                .flat_map(|number| number.to_le_bytes())
                .collect(),
            ..Tensor::default()
        })
    }

    /// A border of zeros around the picture `tensor`.
    fn padded(&mut self, node: &Node, tensor: i32, pads: [usize; 4]) -> Result<i32> {
        let [above, left, below, right] = pads.map(|pad| pad as i32);
        let mut padded = self.file.tensors[tensor as usize].clone();
        padded.name += "/padded";
        let shape = node.operation.name();
        let extents = padded.shape.get_mut(1..3);
        let extents =
            extents.ok_or_else(|| Error::unsupported(format!("padding before {shape}")))?;
        extents[0] += above + below;
        extents[1] += left + right;
        let pairs = [0, 0, above, below, left, right, 0, 0];
        let pairs = self.integers(format!("{}/pads", padded.name), vec![4, 2], &pairs);
        let padded = self.file.add(padded);
        self.operator(&pad::PAD, 2, vec![tensor, pairs], padded);
        Ok(padded)
    }

    /// Adds an operator without options.
    fn operator(&mut self, entry: &OpEntry, version: i32, inputs: Vec<i32>, output: i32) {
        self.file.operators.push(Operator {
            code: entry.number(),
            version,
            inputs,
            outputs: vec![output],
            options: None,
        });
    }
}

/// How files mark an optional input that is not there.
const ABSENT: i32 = -1;

/// The version of `QUANTIZE` that reads floats, or other bytes.
fn version_of_quantize(border: Border) -> i32 {
    if border == Border::Float { 1 } else { 2 }
}
