//! A model's tensors and operators as values and nodes; constants converted and folded.
use std::sync::Arc;

use bytemuck::allocation::cast_slice_arc;

use super::{Constant, Graph, Node, Port, Value};
use crate::error::{Error, Result};
use crate::model::{Model, Tensor, place};
use crate::plan;
use crate::tensor::{DType, Quantization};

/// Constants may take this many times the bytes of the file's data: `f16` doubles, and folding dequantizes.
const CONSTANT_GROWTH: usize = 8;

/// Bytes of constants that every file may have.
const CONSTANT_FLOOR: usize = 16 << 20;

/// What a graph may still take.
#[derive(Debug)]
struct Room {
    /// Bytes of constants, converted or folded.
    constants: usize,
    /// Bytes of constants read by nodes, counted once per reader: what steps pack is in proportion to them.
    packed: usize,
    /// Elementary operations of one run.
    work: u64,
}

pub(super) fn build(model: Model) -> Result<Graph> {
    let data: usize = model.buffers.iter().map(|data| data.len()).sum();
    let constants = data.saturating_mul(CONSTANT_GROWTH).max(CONSTANT_FLOOR);
    let mut room = Room {
        constants,
        packed: constants,
        work: model.limits.work,
    };
    let mut values = Vec::with_capacity(model.tensors.len());
    for tensor in &model.tensors {
        values.push(match tensor {
            Some(tensor) => value(tensor, &model.buffers, &mut room.constants)
                .map_err(|error| error.at(format!("tensor {:?}", tensor.name)))?,
            None => unused(),
        });
    }
    let port = |&index: &usize| -> Result<Port> {
        let tensor = model.tensor(index);
        let tensor = tensor.ok_or_else(|| Error::invalid(format!("tensor {index} is missing")))?;
        Ok(Port {
            value: index,
            dtype: tensor.dtype,
            quantization: tensor.quantization.clone(),
        })
    };
    let mut graph = Graph {
        values,
        nodes: Vec::with_capacity(model.operators.len()),
        inputs: model.inputs.iter().map(port).collect::<Result<_>>()?,
        outputs: model.outputs.iter().map(port).collect::<Result<_>>()?,
        description: model.description,
        limits: model.limits,
    };
    for (operator, source) in model.operators.into_iter().enumerate() {
        let node = Node {
            operation: source.operation,
            inputs: source.inputs,
            outputs: source.outputs,
            operator,
        };
        let name = node.operation.name();
        add(&mut graph, node, &mut room).map_err(|error| error.at(place(operator, name)))?;
    }
    Ok(graph)
}

/// Adds a node, or computes its outputs at once when everything it reads is known.
fn add(graph: &mut Graph, node: Node, room: &mut Room) -> Result<()> {
    if is_widening(graph, &node) {
        let constant = node.inputs[0].and_then(|id| graph.values[id].constant.clone());
        graph.values[node.outputs[0]].constant = constant;
        return Ok(());
    }
    graph.check_node(&node)?;
    let limit = graph.limits.work;
    room.work = room
        .work
        .checked_sub(work(graph, &node))
        .ok_or_else(|| Error::too_large(format!("more than {limit} operations")))?;
    for value in graph.around(&node).0.into_iter().flatten() {
        if value.constant.is_some() {
            take(&mut room.packed, value.byte_len())?;
        }
    }
    let known = |id: &Option<usize>| id.is_none_or(|id| graph.values[id].constant.is_some());
    if node.inputs.is_empty() || !node.inputs.iter().all(known) {
        graph.nodes.push(node);
        return Ok(());
    }
    for (index, &id) in node.outputs.iter().enumerate() {
        take(&mut room.constants, graph.values[id].byte_len())?;
        let (inputs, outputs) = graph.around(&node);
        let constant = plan::evaluate(node.operation.as_ref(), &inputs, &outputs, index)?;
        graph.values[id].constant = Some(constant);
    }
    Ok(())
}

/// Elementary operations of one run of a node.
fn work(graph: &Graph, node: &Node) -> u64 {
    let (inputs, outputs) = graph.around(node);
    let values = inputs.iter().flatten().chain(&outputs);
    let elements = values.map(|value| value.len() as u64);
    elements.fold(node.operation.work(&inputs, &outputs), u64::saturating_add)
}

/// Whether the node dequantizes an `F16` constant, which became `F32` when its value was made.
fn is_widening(graph: &Graph, node: &Node) -> bool {
    let ([Some(input)], [output]) = (&node.inputs[..], &node.outputs[..]) else {
        return false;
    };
    let (input, output) = (&graph.values[*input], &graph.values[*output]);
    node.operation.name() == "DEQUANTIZE"
        && matches!(input.constant, Some(Constant::F32(_)))
        && output.dtype == DType::F32
        && output.shape == input.shape
}

/// Stands for a tensor that nothing refers to.
fn unused() -> Value {
    Value {
        name: String::new(),
        shape: Vec::new(),
        dtype: DType::Bool,
        quantization: None,
        unsigned: false,
        constant: None,
    }
}

/// A tensor as a value: `U8` flipped to `I8`, `F16` widened to `F32`.
fn value(tensor: &Tensor, buffers: &[Arc<[u8]>], room: &mut usize) -> Result<Value> {
    let (dtype, quantization) = match tensor.dtype {
        DType::U8 => (DType::I8, tensor.quantization.clone().map(shifted)),
        DType::F16 => (DType::F32, None),
        dtype => (dtype, tensor.quantization.clone()),
    };
    let constant = match tensor.buffer {
        Some(index) => {
            take(room, crate::model::byte_len(&tensor.shape, dtype)?)?;
            Some(constant(tensor.dtype, &buffers[index])?)
        }
        None if tensor.dtype == DType::F16 => {
            return Err(Error::unsupported("float16 outside constants"));
        }
        None => None,
    };
    Ok(Value {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        dtype,
        quantization,
        unsigned: tensor.dtype == DType::U8,
        constant,
    })
}

/// The grid of bytes with their top bit flipped.
fn shifted(mut quantization: Quantization) -> Quantization {
    for zero_point in &mut quantization.zero_points {
        *zero_point -= 128;
    }
    quantization
}

/// Takes `bytes` for a constant.
fn take(room: &mut usize, bytes: usize) -> Result<()> {
    *room = room
        .checked_sub(bytes)
        .ok_or_else(|| Error::too_large("constants take far more memory than the file"))?;
    Ok(())
}

/// Little-endian file data of type `dtype` as the graph's type.
fn constant(dtype: DType, data: &Arc<[u8]>) -> Result<Constant> {
    Ok(match dtype {
        DType::F32 => Constant::F32(elements(data, f32::from_le_bytes)),
        DType::F16 => Constant::F32(elements(data, |b| half::f16::from_le_bytes(b).to_f32())),
        DType::I8 => Constant::I8(cast_slice_arc(data.clone())),
        DType::U8 => Constant::I8(elements(data, |[byte]: [u8; 1]| (byte ^ 0x80) as i8)),
        DType::I32 => Constant::I32(elements(data, i32::from_le_bytes)),
        DType::I64 => Constant::I64(elements(data, i64::from_le_bytes)),
        DType::Bool if data.iter().all(|&byte| byte <= 1) => Constant::Bool(data.clone()),
        DType::Bool => return Err(Error::invalid("a bool that is neither 0 nor 1")),
    })
}

fn elements<const N: usize, T>(data: &[u8], read: fn([u8; N]) -> T) -> Arc<[T]> {
    data.as_chunks()
        .0
        .iter()
        .map(|&bytes| read(bytes))
        .collect()
}
