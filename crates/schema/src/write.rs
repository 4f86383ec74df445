//! Writes a `.tflite` file of one graph.
//!
//! Nothing is checked beyond lengths: what the numbers mean is for the caller to know. Constant data begins at multiples of
//! 16 bytes, as the schema asks (`force_align: 16`).
use std::sync::Arc;

use flatbuffers::{
    FlatBufferBuilder, ForwardsUOffset, Push, PushAlignment, TableFinishedWIPOffset, Vector,
    WIPOffset,
};

use crate::IDENTIFIER;
use crate::table::slot;

/// What tables are written with.
pub type Builder = FlatBufferBuilder<'static>;

/// A written table.
pub type Table = WIPOffset<TableFinishedWIPOffset>;

type Tables = WIPOffset<Vector<'static, ForwardsUOffset<TableFinishedWIPOffset>>>;

/// Bytes that constant data is aligned to.
const ALIGN: usize = 16;

/// The number that stands for operations whose code does not fit the old 8-bit field.
const BEYOND_OLD_CODES: i32 = 127;

/// Options of a builtin operation: a member of the union `BuiltinOptions`, as in [`fields`](crate::fields).
pub trait Options: std::fmt::Debug + Send + Sync {
    /// The union's number.
    fn kind(&self) -> u8;

    /// Writes the table.
    fn write(&self, builder: &mut Builder) -> Table;
}

/// A file with one graph.
#[derive(Debug, Default)]
pub struct File {
    /// What the network is, in words.
    pub description: String,
    /// Tensors; operators refer to them by index.
    pub tensors: Vec<Tensor>,
    /// Work, in order of execution.
    pub operators: Vec<Operator>,
    /// Tensors that the caller gives.
    pub inputs: Vec<i32>,
    /// Tensors that the caller gets.
    pub outputs: Vec<i32>,
}

/// A tensor.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct Tensor {
    /// Name.
    pub name: String,
    /// Extents; empty for scalars.
    pub shape: Vec<i32>,
    /// A `TensorType`.
    pub element_type: i8,
    /// One scale, one per slice of `axis`, or none.
    pub scales: Vec<f32>,
    /// As many as `scales`.
    pub zero_points: Vec<i64>,
    /// The dimension along which scales differ.
    pub axis: i32,
    /// Little-endian elements of a constant; empty for computed tensors.
    pub data: Vec<u8>,
}

/// An operation at work.
#[derive(Debug)]
pub struct Operator {
    /// Its `BuiltinOperator`.
    pub code: i32,
    /// Its version: what a reader must know to understand it.
    pub version: i32,
    /// Tensors read; -1 where an optional one is absent.
    pub inputs: Vec<i32>,
    /// Tensors written.
    pub outputs: Vec<i32>,
    /// Its options, where it has any.
    pub options: Option<Arc<dyn Options>>,
}

impl File {
    /// Adds a tensor and gives its index.
    pub fn add(&mut self, tensor: Tensor) -> i32 {
        self.tensors.push(tensor);
        self.tensors.len() as i32 - 1
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> Vec<u8> {
        let mut b = Builder::new();
        let codes = self.codes();
        let buffers = self.buffers(&mut b);
        let graph = self.graph(&mut b, &codes);
        let graphs = b.create_vector(&[graph]);
        let codes = self.write_codes(&mut b, &codes);
        let description = b.create_string(&self.description);
        let start = b.start_table();
        b.push_slot_always(slot(0), 3u32);
        b.push_slot_always(slot(1), codes);
        b.push_slot_always(slot(2), graphs);
        b.push_slot_always(slot(3), description);
        b.push_slot_always(slot(4), buffers);
        let root = b.end_table(start);
        b.finish(root, std::str::from_utf8(IDENTIFIER).ok());
        b.finished_data().to_vec()
    }

    /// Every pair of code and version, once.
    fn codes(&self) -> Vec<(i32, i32)> {
        let mut codes = Vec::new();
        for operator in &self.operators {
            if !codes.contains(&(operator.code, operator.version)) {
                codes.push((operator.code, operator.version));
            }
        }
        codes
    }

    fn write_codes(&self, b: &mut Builder, codes: &[(i32, i32)]) -> Tables {
        let codes = codes.iter().map(|&(code, version)| {
            let start = b.start_table();
            b.push_slot_always(slot(0), code.min(BEYOND_OLD_CODES) as i8);
            b.push_slot_always(slot(2), version);
            b.push_slot_always(slot(3), code);
            b.end_table(start)
        });
        let codes: Vec<_> = codes.collect();
        b.create_vector(&codes)
    }

    /// Buffer 0 is empty by convention; constants have the others, in the order of the tensors.
    fn buffers(&self, b: &mut Builder) -> Tables {
        let start = b.start_table();
        let mut buffers = vec![b.end_table(start)];
        for tensor in self.tensors.iter().filter(|tensor| !tensor.data.is_empty()) {
            let data = aligned(b, &tensor.data);
            let start = b.start_table();
            b.push_slot_always(slot(0), data);
            buffers.push(b.end_table(start));
        }
        b.create_vector(&buffers)
    }

    fn graph(&self, b: &mut Builder, codes: &[(i32, i32)]) -> Table {
        let mut constants = 0;
        let tensors = self.tensors.iter().map(|tensor| {
            let constant = !tensor.data.is_empty();
            constants += u32::from(constant);
            tensor.write(b, if constant { constants } else { 0 })
        });
        let tensors: Vec<_> = tensors.collect();
        let tensors = b.create_vector(&tensors);
        let operators = self.operators.iter().map(|operator| {
            let known = |code: &(i32, i32)| *code == (operator.code, operator.version);
            let index = codes.iter().position(known).unwrap_or_default();
            operator.write(b, index as u32)
        });
        let operators: Vec<_> = operators.collect();
        let operators = b.create_vector(&operators);
        let inputs = b.create_vector(&self.inputs);
        let outputs = b.create_vector(&self.outputs);
        let name = b.create_string("main");
        let start = b.start_table();
        b.push_slot_always(slot(0), tensors);
        b.push_slot_always(slot(1), inputs);
        b.push_slot_always(slot(2), outputs);
        b.push_slot_always(slot(3), operators);
        b.push_slot_always(slot(4), name);
        b.end_table(start)
    }
}

impl Tensor {
    fn write(&self, b: &mut Builder, buffer: u32) -> Table {
        let shape = b.create_vector(&self.shape);
        let name = b.create_string(&self.name);
        let quantization = (!self.scales.is_empty()).then(|| {
            let scales = b.create_vector(&self.scales);
            let zero_points = b.create_vector(&self.zero_points);
            let start = b.start_table();
            b.push_slot_always(slot(2), scales);
            b.push_slot_always(slot(3), zero_points);
            b.push_slot(slot(6), self.axis, 0);
            b.end_table(start)
        });
        let start = b.start_table();
        b.push_slot_always(slot(0), shape);
        b.push_slot(slot(1), self.element_type, 0);
        b.push_slot(slot(2), buffer, 0);
        b.push_slot_always(slot(3), name);
        if let Some(quantization) = quantization {
            b.push_slot_always(slot(4), quantization);
        }
        b.end_table(start)
    }
}

impl Operator {
    fn write(&self, b: &mut Builder, code: u32) -> Table {
        let options = self
            .options
            .as_ref()
            .map(|options| (options.kind(), options.write(b)));
        let inputs = b.create_vector(&self.inputs);
        let outputs = b.create_vector(&self.outputs);
        let start = b.start_table();
        b.push_slot(slot(0), code, 0);
        b.push_slot_always(slot(1), inputs);
        b.push_slot_always(slot(2), outputs);
        if let Some((kind, options)) = options {
            b.push_slot_always(slot(3), kind);
            b.push_slot_always(slot(4), options);
        }
        b.end_table(start)
    }
}

/// Sixteen bytes that a builder aligns to their own size.
#[derive(Clone, Copy)]
struct Block([u8; ALIGN]);

impl Push for Block {
    type Output = Self;

    unsafe fn push(&self, out: &mut [u8], _written: usize) {
        out.copy_from_slice(&self.0);
    }

    fn size() -> usize {
        ALIGN
    }

    fn alignment() -> PushAlignment {
        PushAlignment::new(ALIGN)
    }
}

/// A vector of bytes whose first lies at a multiple of 16 from the file's beginning.
///
/// The builder writes backwards and counts a vector's length last, so blocks of 16 may carry it, filled up with zeros behind
/// the end, while the length counts bytes.
fn aligned(b: &mut Builder, data: &[u8]) -> WIPOffset<Vector<'static, u8>> {
    b.start_vector::<Block>(data.len().div_ceil(ALIGN));
    for chunk in data.chunks(ALIGN).rev() {
        let mut block = [0; ALIGN];
        block[..chunk.len()].copy_from_slice(chunk);
        b.push(Block(block));
    }
    b.end_vector::<u8>(data.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields;

    fn file() -> File {
        let mut file = File {
            description: "by a test".into(),
            ..File::default()
        };
        for len in [4, 33, 16] {
            file.add(Tensor {
                name: format!("c{len}"),
                shape: vec![len],
                element_type: 9,
                scales: vec![0.5],
                zero_points: vec![-3],
                axis: 0,
                data: (0..len as u8).collect(),
            });
        }
        let out = file.add(Tensor {
            name: "sum".into(),
            shape: vec![1, 2],
            ..Tensor::default()
        });
        for (code, version) in [(0, 2), (114, 1), (0, 2)] {
            file.operators.push(Operator {
                code,
                version,
                inputs: vec![0, -1],
                outputs: vec![out],
                options: Some(Arc::new(fields::Add {
                    fused_activation_function: 3,
                })),
            });
        }
        (file.inputs, file.outputs) = (vec![1], vec![out]);
        file
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = file().bytes();
        let model = crate::model(&bytes).unwrap();
        assert_eq!(model.version(), 3);
        assert_eq!(model.description().unwrap().bytes(), b"by a test");
        assert_eq!(model.buffers().unwrap().len(), 4);
        assert!(model.buffers().unwrap().get(0).data().is_none());
        let codes = model.operator_codes().unwrap();
        let codes: Vec<_> = codes.iter().map(|code| code.builtin_code()).collect();
        assert_eq!(codes, [0, 114]);
        let graph = model.subgraphs().unwrap().get(0);
        let tensor = graph.tensors().unwrap().get(1);
        assert_eq!(tensor.name().unwrap().bytes(), b"c33");
        assert_eq!((tensor.buffer(), tensor.element_type()), (2, 9));
        let grid = tensor.quantization().unwrap();
        assert_eq!(grid.scale().unwrap().get(0), 0.5);
        assert_eq!(grid.zero_point().unwrap().get(0), -3);
        let computed = graph.tensors().unwrap().get(3);
        assert_eq!((computed.buffer(), computed.element_type()), (0, 0));
        assert!(computed.quantization().is_none());
        let operator = graph.operators().unwrap().get(1);
        assert_eq!(operator.opcode_index(), 1);
        assert_eq!(
            operator.inputs().unwrap().iter().collect::<Vec<_>>(),
            [0, -1]
        );
        let options = operator.options::<crate::AddOptions<'_>>().unwrap();
        assert_eq!(options.fused_activation_function(), 3);
    }

    #[test]
    fn constants_are_whole_and_aligned() {
        let bytes = file().bytes();
        let model = crate::model(&bytes).unwrap();
        let buffers = model.buffers().unwrap();
        for (index, len) in [(1, 4), (2, 33), (3, 16)] {
            let data = buffers.get(index).data().unwrap().bytes();
            assert_eq!(data, (0..len).collect::<Vec<u8>>());
            let place = data.as_ptr() as usize - bytes.as_ptr() as usize;
            assert_eq!(place % ALIGN, 0, "buffer {index}");
        }
    }
}
