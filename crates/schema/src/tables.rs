//! The tables of a model: graphs, tensors, operators, buffers.
use flatbuffers::{ForwardsUOffset, InvalidFlatbuffer, TableVerifier, Vector};

use crate::table::slot;

/// A vector of tables.
type Tables<'a, T> = Vector<'a, ForwardsUOffset<T>>;

table! {
    /// The root.
    Model<'a> {
        refs {
            /// Operations that operators refer to by index.
            1 operator_codes: Tables<'a, OperatorCode<'a>>,
            /// The graphs; the first is the main one.
            2 subgraphs: Tables<'a, SubGraph<'a>>,
            /// What the network is, in words.
            3 description: Vector<'a, u8>,
            /// Constant data; number 0 is empty by convention.
            4 buffers: Tables<'a, Buffer<'a>>,
        }
        scalars {
            /// 3 in every file that exists.
            0 version: u32 = 0,
        }
    }

    /// The kind of an operation.
    OperatorCode<'a> {
        refs {
            /// Name, for `CUSTOM`.
            1 custom_code: Vector<'a, u8>,
        }
        scalars {
            /// The code in old files; 127 where it does not fit.
            0 deprecated_builtin_code: i8 = 0,
            /// The code in newer files.
            3 builtin_code: i32 = 0,
        }
    }

    /// A graph.
    SubGraph<'a> {
        refs {
            /// Tensors that everything else refers to by index.
            0 tensors: Tables<'a, Tensor<'a>>,
            /// Tensors that the caller gives.
            1 inputs: Vector<'a, i32>,
            /// Tensors that the caller gets.
            2 outputs: Vector<'a, i32>,
            /// Work, in order of execution.
            3 operators: Tables<'a, Operator<'a>>,
        }
    }

    /// A tensor.
    Tensor<'a> {
        refs {
            /// Extents; absent for scalars.
            0 shape: Vector<'a, i32>,
            /// Name.
            3 name: Vector<'a, u8>,
            /// Grid of quantized elements.
            4 quantization: QuantizationParameters<'a>,
            /// Present when the data is sparse.
            6 sparsity: SparsityParameters<'a>,
        }
        scalars {
            /// Element type, a `TensorType`.
            1 element_type: i8 = 0,
            /// Index of the data; a buffer without data means that the tensor is computed.
            2 buffer: u32 = 0,
            /// Whether the tensor keeps its value between runs.
            5 is_variable: bool = false,
        }
    }

    /// How bytes stand for real numbers.
    QuantizationParameters<'a> {
        refs {
            /// One scale, or one per slice of `quantized_dimension`.
            2 scale: Vector<'a, f32>,
            /// One zero point per scale.
            3 zero_point: Vector<'a, i64>,
        }
        scalars {
            /// Which kind of other scheme is given; 0 for none.
            4 details_type: u8 = 0,
            /// The dimension along which scales differ.
            6 quantized_dimension: i32 = 0,
        }
    }

    /// The layout of sparse data, of which only the presence matters here.
    SparsityParameters<'a> {
        refs {
            /// Order in which dimensions are stored.
            0 traversal_order: Vector<'a, i32>,
        }
    }

    /// Constant data.
    Buffer<'a> {
        refs {
            /// The bytes.
            0 data: Vector<'a, u8>,
        }
        scalars {
            /// Place of data that lies outside the flatbuffer; 0 or 1 for none.
            1 offset: u64 = 0,
            /// Length of data that lies outside the flatbuffer.
            2 size: u64 = 0,
        }
    }

    /// One step of a graph; its options are read with `options`.
    Operator<'a> {
        refs {
            /// Tensors read; -1 where an optional one is absent.
            1 inputs: Vector<'a, i32>,
            /// Tensors written.
            2 outputs: Vector<'a, i32>,
            /// Bytes that a custom operation understands.
            5 custom_options: Vector<'a, u8>,
        }
        scalars {
            /// Index into the operator codes.
            0 opcode_index: u32 = 0,
            /// Which table the options are; 0 for none.
            3 options_type: u8 = 0,
        }
        verify with verify_options;
    }
}

impl<'a> Operator<'a> {
    /// Vtable entry of the options.
    pub(crate) const OPTIONS_SLOT: u16 = slot(4);

    pub(crate) fn table(&self) -> flatbuffers::Table<'a> {
        self.0
    }
}

/// Verifies the options by their type number. Types that are not read are skipped: no accessor reaches them.
fn verify_options<'ver, 'opts, 'buf>(
    mut table: TableVerifier<'ver, 'opts, 'buf>,
) -> Result<TableVerifier<'ver, 'opts, 'buf>, InvalidFlatbuffer> {
    let kind = match table.deref(slot(3))? {
        Some(position) => table.verifier().get_u8(position)?,
        None => 0,
    };
    if let Some(position) = table.deref(Operator::OPTIONS_SLOT)? {
        crate::options::verify_member(table.verifier(), kind, position)?;
    }
    Ok(table)
}
