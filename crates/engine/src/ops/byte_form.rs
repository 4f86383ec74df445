//! What a float operation becomes in an int8 file.
//!
//! Which grids each operation asks for is TensorFlow Lite's 8-bit quantization specification
//! (ai.google.dev/edge/litert/models/quantization_spec); versions are those of its converter.
use std::sync::Arc;

use hypercut_schema::write::Options;

use super::OpEntry;

/// A float operation on bytes: how a file spells it and which grids its values need.
#[derive(Debug)]
pub struct ByteForm {
    pub(crate) code: i32,
    pub(crate) version: i32,
    pub(crate) options: Option<Arc<dyn Options>>,
    /// What it reads, where that is not its inputs in their order.
    pub(crate) feeds: Option<Vec<Feed>>,
    /// Pixels `[above, left, below, right]` that a `PAD` before it must add.
    pub(crate) pads: Option<[usize; 4]>,
    pub(crate) grids: Grids,
    pub(crate) useful: [f32; 2],
}

/// Something that the operation of the file reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Feed {
    /// Input `index` of the float operation.
    Input(usize),
    /// The shape of its output.
    OutputShape,
}

/// The grids around an operation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Grids {
    /// Every value has its own.
    Own,
    /// All values have one together.
    Joined,
    /// The output has this scale and zero point.
    Fixed(f32, i8),
    /// A sum of products with constant weights.
    Filter(Filter),
}

/// The constants of a sum of products, by their places among the inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) weights: usize,
    pub(crate) bias: usize,
    /// The dimension of the weights that counts output channels.
    pub(crate) axis: usize,
    /// Whether every output channel may have its own scale.
    pub(crate) per_channel: bool,
    /// Whether results grow with weights and bias: no bounds, or 0 alone.
    pub(crate) homogeneous: bool,
}

impl Grids {
    /// Answers from 0 to 1.
    pub(crate) const PROBABILITY: Self = Self::Fixed(1.0 / 256.0, -128);
}

impl ByteForm {
    /// A builtin operation without options whose values have their own grids.
    pub(crate) fn new(entry: &OpEntry, version: i32) -> Self {
        Self {
            code: entry.number(),
            version,
            options: None,
            feeds: None,
            pads: None,
            grids: Grids::Own,
            useful: [f32::NEG_INFINITY, f32::INFINITY],
        }
    }

    /// The same with options.
    pub(crate) fn with(mut self, options: impl Options + 'static) -> Self {
        self.options = Some(Arc::new(options));
        self
    }

    /// The same with other grids.
    pub(crate) fn on(mut self, grids: Grids) -> Self {
        self.grids = grids;
        self
    }

    /// The same, reading something else than the inputs in order.
    pub(crate) fn fed(mut self, feeds: Vec<Feed>) -> Self {
        self.feeds = Some(feeds);
        self
    }

    /// The same behind a `PAD`.
    pub(crate) fn padded(mut self, pads: Option<[usize; 4]>) -> Self {
        self.pads = pads;
        self
    }

    /// The same, saying that inputs outside of `[low, high]` give the answer of the nearer end, within half a step of the
    /// output: a finer grid that ends there loses nothing.
    pub(crate) fn useful(mut self, low: f32, high: f32) -> Self {
        self.useful = [low, high];
        self
    }
}

/// A count in an option.
pub(crate) fn number(count: usize) -> Option<i32> {
    i32::try_from(count).ok()
}
