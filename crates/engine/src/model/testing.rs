//! Writes tiny `.tflite` files for tests, faulty ones too: nothing is checked.
use flatbuffers::{
    FlatBufferBuilder, ForwardsUOffset, TableFinishedWIPOffset, TableUnfinishedWIPOffset, Vector,
    WIPOffset,
};

/// A file with one graph.
#[derive(Debug, Clone, Default)]
pub(crate) struct File {
    pub(crate) tensors: Vec<Tensor>,
    pub(crate) operators: Vec<Operator>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Tensor {
    pub(crate) name: &'static str,
    pub(crate) shape: Vec<i32>,
    /// A `TensorType` number.
    pub(crate) element_type: i8,
    pub(crate) scales: Vec<f32>,
    pub(crate) zero_points: Vec<i64>,
    pub(crate) axis: i32,
    /// Empty for computed tensors.
    pub(crate) data: Vec<u8>,
    pub(crate) is_variable: bool,
    /// Place of data outside the flatbuffer.
    pub(crate) offset: u64,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Operator {
    pub(crate) code: i32,
    pub(crate) custom: Option<&'static str>,
    pub(crate) inputs: Vec<i32>,
    pub(crate) outputs: Vec<i32>,
    /// Number in the union, then the fields.
    pub(crate) options: (u8, Vec<(u16, Number)>),
    pub(crate) custom_options: Vec<u8>,
}

/// A scalar field of an options table.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    I8(i8),
    I32(i32),
}

pub(crate) const F32: i8 = 0;
pub(crate) const F16: i8 = 1;
pub(crate) const I32: i8 = 2;
pub(crate) const U8: i8 = 3;
pub(crate) const I8: i8 = 9;

type Builder = FlatBufferBuilder<'static>;
type Table = WIPOffset<TableUnfinishedWIPOffset>;
type Finished = WIPOffset<TableFinishedWIPOffset>;
type Tables = WIPOffset<Vector<'static, ForwardsUOffset<TableFinishedWIPOffset>>>;

impl File {
    pub(crate) fn add(&mut self, tensor: Tensor) -> i32 {
        self.tensors.push(tensor);
        self.tensors.len() as i32 - 1
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut b = Builder::new();
        let codes = self.codes(&mut b);
        let graph = self.graph(&mut b);
        let graphs = b.create_vector(&[graph]);
        let description = b.create_vector(b"made by a test");
        let buffers = self.buffers(&mut b);
        let root = table(&mut b, |b| {
            b.push_slot_always(slot(0), 3u32);
            b.push_slot_always(slot(1), codes);
            b.push_slot_always(slot(2), graphs);
            b.push_slot_always(slot(3), description);
            b.push_slot_always(slot(4), buffers);
        });
        b.finish(root, Some("TFL3"));
        b.finished_data().to_vec()
    }

    fn codes(&self, b: &mut Builder) -> Tables {
        let codes = self.operators.iter().map(|operator| {
            let custom = operator.custom.map(|name| b.create_string(name));
            table(b, |b| {
                b.push_slot_always(slot(0), operator.code.min(127) as i8);
                if let Some(custom) = custom {
                    b.push_slot_always(slot(1), custom);
                }
                b.push_slot_always(slot(3), operator.code);
            })
        });
        let codes: Vec<_> = codes.collect();
        b.create_vector(&codes)
    }

    fn buffers(&self, b: &mut Builder) -> Tables {
        let mut buffers = vec![table(b, |_| ())];
        for tensor in &self.tensors {
            let data = (!tensor.data.is_empty()).then(|| b.create_vector(&tensor.data));
            buffers.push(table(b, |b| {
                if let Some(data) = data {
                    b.push_slot_always(slot(0), data);
                }
                b.push_slot(slot(1), tensor.offset, 0);
            }));
        }
        b.create_vector(&buffers)
    }

    fn graph(&self, b: &mut Builder) -> Finished {
        let tensors = self.tensors.iter().enumerate();
        let tensors: Vec<_> = tensors
            .map(|(i, tensor)| tensor.table(b, i as u32 + 1))
            .collect();
        let tensors = b.create_vector(&tensors);
        let operators = self.operators.iter().enumerate();
        let operators: Vec<_> = operators
            .map(|(i, operator)| operator.table(b, i as u32))
            .collect();
        let operators = b.create_vector(&operators);
        let inputs = b.create_vector(&self.inputs);
        let outputs = b.create_vector(&self.outputs);
        table(b, |b| {
            b.push_slot_always(slot(0), tensors);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            b.push_slot_always(slot(3), operators);
        })
    }
}

impl Tensor {
    /// Of `F32`; computed where `data` is empty.
    pub(crate) fn floats(shape: &[i32], data: &[f32]) -> Self {
        Self {
            name: "floats",
            shape: shape.to_vec(),
            data: data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }

    /// Of `I32`.
    pub(crate) fn ints(shape: &[i32], data: &[i32]) -> Self {
        Self {
            name: "ints",
            shape: shape.to_vec(),
            element_type: I32,
            data: data.iter().flat_map(|v| v.to_le_bytes()).collect(),
            ..Self::default()
        }
    }

    fn table(&self, b: &mut Builder, buffer: u32) -> Finished {
        let shape = b.create_vector(&self.shape);
        let name = b.create_string(self.name);
        let scales = b.create_vector(&self.scales);
        let zero_points = b.create_vector(&self.zero_points);
        let quantization = table(b, |b| {
            b.push_slot_always(slot(2), scales);
            b.push_slot_always(slot(3), zero_points);
            b.push_slot_always(slot(6), self.axis);
        });
        table(b, |b| {
            b.push_slot_always(slot(0), shape);
            b.push_slot_always(slot(1), self.element_type);
            b.push_slot_always(slot(2), buffer);
            b.push_slot_always(slot(3), name);
            b.push_slot_always(slot(4), quantization);
            b.push_slot(slot(5), self.is_variable, false);
        })
    }
}

impl Operator {
    fn table(&self, b: &mut Builder, code: u32) -> Finished {
        let (kind, fields) = &self.options;
        let options = (*kind != 0).then(|| {
            table(b, |b| {
                for &(field, number) in fields {
                    match number {
                        Number::I8(v) => b.push_slot_always(slot(field), v),
                        Number::I32(v) => b.push_slot_always(slot(field), v),
                    }
                }
            })
        });
        let custom_options = b.create_vector(&self.custom_options);
        let inputs = b.create_vector(&self.inputs);
        let outputs = b.create_vector(&self.outputs);
        table(b, |b| {
            b.push_slot_always(slot(0), code);
            b.push_slot_always(slot(1), inputs);
            b.push_slot_always(slot(2), outputs);
            if let Some(options) = options {
                b.push_slot_always(slot(3), *kind);
                b.push_slot_always(slot(4), options);
            }
            b.push_slot_always(slot(5), custom_options);
        })
    }
}

fn table(b: &mut Builder, fill: impl FnOnce(&mut Builder)) -> Finished {
    let start: Table = b.start_table();
    fill(b);
    b.end_table(start)
}

fn slot(number: u16) -> u16 {
    4 + 2 * number
}

/// `CONV_2D` options: padding (0 same, 1 valid), stride, activation, dilation; the two axes alike.
pub(crate) fn conv_options(
    padding: i8,
    stride: i32,
    activation: i8,
    dilation: i32,
) -> (u8, Vec<(u16, Number)>) {
    let fields = vec![
        (0, Number::I8(padding)),
        (1, Number::I32(stride)),
        (2, Number::I32(stride)),
        (3, Number::I8(activation)),
        (4, Number::I32(dilation)),
        (5, Number::I32(dilation)),
    ];
    (1, fields)
}
