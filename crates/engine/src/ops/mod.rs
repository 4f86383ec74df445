//! The operations that the engine knows: one file each, one line each in the list of [`OPS`].
//!
//! A file holds the attributes read from the `.tflite` options, the rule for the output shape, the lowering to a
//! [`Step`] on kernels, and tests. To add an operation write `ops/x.rs` and add its `ENTRY` to `EVERY`.
use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::graph::Value;
use crate::model::OperatorSource;
use crate::plan::Step;
use hypercut_kernels::isa::Isa;

mod activation;
mod byte_form;
mod convolved;
mod layout;
mod padding;

pub mod add;
pub mod arg_max;
pub mod concatenation;
pub mod conv_2d;
pub mod convolution_2d_transpose_bias;
pub mod depthwise_conv_2d;
pub mod fully_connected;
pub mod mean;
pub mod mul;
pub mod pad;
pub mod pool_2d;
pub mod prelu;
pub mod quantize;
pub mod reshape;
pub mod resize;
pub mod softmax;
pub mod space_to_batch_nd;
pub mod space_to_depth;
pub mod split;
pub mod strided_slice;
pub mod transpose;
pub mod transpose_conv;
pub mod unary;

pub use activation::Activation;
pub use byte_form::ByteForm;
pub(crate) use byte_form::{Feed, Filter, Grids};
pub use padding::Padding;

/// How a `.tflite` file names an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpCode {
    /// A builtin operator code of the schema (`CONV_2D` is 3).
    Builtin(i32),
    /// A custom operator, by its name.
    Custom(&'static str),
}

/// One line of [`OPS`]: how the file names the operation and how its options are read.
#[derive(Debug)]
pub struct OpEntry {
    /// The schema's name, for messages and `model info`.
    pub name: &'static str,
    /// The code that selects this entry.
    pub code: OpCode,
    /// Reads the attributes; errors name what is out of range.
    pub parse: fn(&OperatorSource<'_>) -> Result<Box<dyn Operation>>,
}

impl OpEntry {
    /// The operation's number in the schema.
    pub(crate) fn number(&self) -> i32 {
        match self.code {
            OpCode::Builtin(code) => code,
            OpCode::Custom(_) => CUSTOM,
        }
    }
}

/// The number that stands for every custom operation.
pub(crate) const CUSTOM: i32 = 32;

/// An operation with its attributes, knowing shapes but no data.
///
/// The graph has no `U8` and no `F16`: such tensors have become `I8` and `F32` before an operation sees them. `inputs`
/// is always in the file's order, constants included, `None` where an optional input is absent. The graph checks that
/// inferred shapes equal those that the file declares; types and quantization are the operation's to check.
pub trait Operation: Debug + Any + Send + Sync {
    /// The schema's name, such as `CONV_2D`.
    fn name(&self) -> &'static str;

    /// Shapes of the outputs. Extents of inputs are never 0 and their products fit `usize`.
    ///
    /// # Errors
    /// When the number, types, quantization or shapes of the inputs don't fit. All arithmetic is checked.
    fn infer(&self, inputs: &[Option<&Value>]) -> Result<Vec<Vec<usize>>>;

    /// Multiply-adds of one run (convolutions and matrix products alone count).
    fn macs(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> u64 {
        0
    }

    /// Elementary operations of one run where they are far more than the elements read and written; the limit counts them.
    fn work(&self, inputs: &[Option<&Value>], outputs: &[&Value]) -> u64 {
        self.macs(inputs, outputs)
    }

    /// Whether the output holds the first input's elements in the same order, so that no step is needed (`RESHAPE`).
    fn is_reshape(&self) -> bool {
        false
    }

    /// The bounds, for an operation that does nothing but bound its input (`RELU`).
    fn as_activation(&self) -> Option<Activation> {
        None
    }

    /// The same operation with `activation` applied to its results; `None` when it cannot or already has one.
    fn with_activation(&self, _activation: Activation) -> Option<Box<dyn Operation>> {
        None
    }

    /// The same operation with results below 0 multiplied by the slope of their channel, the last axis; `None` where it cannot.
    /// Asked on floats alone; there are as many slopes as the output has channels.
    fn with_slopes(
        &self,
        _inputs: &[Option<&Value>],
        _slopes: &Arc<[f32]>,
    ) -> Option<Box<dyn Operation>> {
        None
    }

    /// What the operation becomes in an int8 file when its values are floats; `None` where nothing is known.
    fn byte_form(&self, _inputs: &[Option<&Value>], _outputs: &[&Value]) -> Option<ByteForm> {
        None
    }

    /// The work of one output, ready to run: constants packed, scales multiplied out.
    ///
    /// `output` counts outputs; most operations have one. A step may keep a constant that it packed here, or read it
    /// when it runs: [`Inputs::get`](crate::plan::Inputs::get) serves constants and computed values alike.
    ///
    /// # Errors
    /// When the kernels don't offer this combination; the message says which.
    fn lower(
        &self,
        inputs: &[Option<&Value>],
        outputs: &[&Value],
        output: usize,
        isa: Isa,
    ) -> Result<Box<dyn Step>>;
}

/// The operations that the engine knows: all of them, or, without the feature `every-operation`, those of [`PORTRAIT`].
pub const OPS: &[OpEntry] = if cfg!(feature = "every-operation") {
    EVERY
} else {
    PORTRAIT
};

/// What our own networks are made of. An app that runs no other can leave the rest out: as WebAssembly that is a fifth of the code.
pub const PORTRAIT: &[OpEntry] = &[
    conv_2d::ENTRY,
    depthwise_conv_2d::ENTRY,
    add::ADD,
    resize::BILINEAR,
    space_to_depth::DEPTH_TO_SPACE,
];

const EVERY: &[OpEntry] = &[
    conv_2d::ENTRY,
    depthwise_conv_2d::ENTRY,
    transpose_conv::ENTRY,
    convolution_2d_transpose_bias::ENTRY,
    fully_connected::ENTRY,
    add::ADD,
    add::SUB,
    mul::ENTRY,
    concatenation::ENTRY,
    pad::PAD,
    pad::PADV2,
    resize::BILINEAR,
    resize::NEAREST,
    pool_2d::AVERAGE,
    pool_2d::MAX,
    mean::ENTRY,
    unary::RELU,
    unary::RELU6,
    unary::RELU_N1_TO_1,
    unary::LEAKY_RELU,
    unary::HARD_SWISH,
    unary::LOGISTIC,
    unary::TANH,
    prelu::ENTRY,
    softmax::ENTRY,
    reshape::RESHAPE,
    reshape::SQUEEZE,
    reshape::EXPAND_DIMS,
    transpose::ENTRY,
    strided_slice::STRIDED_SLICE,
    strided_slice::SLICE,
    split::ENTRY,
    space_to_batch_nd::SPACE_TO_BATCH,
    space_to_batch_nd::BATCH_TO_SPACE,
    space_to_depth::SPACE_TO_DEPTH,
    space_to_depth::DEPTH_TO_SPACE,
    arg_max::ENTRY,
    quantize::QUANTIZE,
    quantize::DEQUANTIZE,
];

/// Input `index`, which must be present.
///
/// # Errors
/// Invalid when it is absent.
pub fn input<'a>(inputs: &[Option<&'a Value>], index: usize) -> Result<&'a Value> {
    optional_input(inputs, index).ok_or_else(|| Error::invalid(format!("input {index} is missing")))
}

/// Input `index`, where the file gives one.
pub fn optional_input<'a>(inputs: &[Option<&'a Value>], index: usize) -> Option<&'a Value> {
    inputs.get(index).copied().flatten()
}

/// Checks the number of inputs.
///
/// # Errors
/// Invalid, naming both numbers.
pub fn expect_inputs(
    inputs: &[Option<&Value>],
    range: std::ops::RangeInclusive<usize>,
) -> Result<()> {
    if range.contains(&inputs.len()) {
        return Ok(());
    }
    let (low, high) = range.into_inner();
    Err(Error::invalid(format!(
        "{} inputs, not {low} to {high}",
        inputs.len()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Graph;
    use crate::model::Model;

    #[test]
    fn our_own_networks_need_no_operation_beyond_their_list() {
        for bytes in [
            &include_bytes!("../../../../models/hypercut-v13.tflite")[..],
            include_bytes!("../../../../models/hypercut-v13-small.tflite"),
        ] {
            let graph = Graph::new(Model::from_bytes(bytes).unwrap()).unwrap();
            for node in &graph.nodes {
                let name = node.operation.name();
                assert!(PORTRAIT.iter().any(|entry| entry.name == name), "{name}");
            }
        }
    }

    #[test]
    fn no_operation_is_listed_twice() {
        for (i, entry) in EVERY.iter().enumerate() {
            assert!(EVERY[..i].iter().all(|other| other.code != entry.code));
        }
    }
}
