//! One unit of work in a plan, and its view of the arena.
use bytemuck::Pod;
use std::fmt::Debug;
use std::ops::Range;

use crate::graph::Constant;

/// Work on tensors in the arena: reads its inputs, writes one output, allocates nothing.
pub trait Step: Debug + Send {
    /// Bytes of scratch that [`Io::split`] must offer; undefined between runs, 64-byte aligned.
    fn scratch_bytes(&self) -> usize {
        0
    }

    /// Runs once.
    fn run(&mut self, io: &mut Io<'_>);
}

/// Where a step finds one of its operation's inputs.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Not given in the file.
    Absent,
    /// Bytes of the arena.
    Arena(Range<usize>),
    /// Data of the model.
    Constant(Constant),
}

/// The arena as one step sees it: inputs, the output, scratch.
///
/// Slices of computed values are 64-byte aligned. Inputs never overlap the output: the plan keeps their lifetimes apart.
#[derive(Debug)]
pub struct Io<'a> {
    sources: &'a [Source],
    left: &'a [u8],
    output: &'a mut [u8],
    right: &'a [u8],
    scratch: &'a mut [u8],
}

impl<'a> Io<'a> {
    /// Cuts `arena` around the output; `scratch` is at least what the step asks for.
    pub(crate) fn new(
        sources: &'a [Source],
        arena: &'a mut [u8],
        output: Range<usize>,
        scratch: &'a mut [u8],
    ) -> Self {
        let (left, rest) = arena.split_at_mut(output.start);
        let (output, right) = rest.split_at_mut(output.len());
        Self {
            sources,
            left,
            output,
            right,
            scratch,
        }
    }

    /// The inputs, the output as elements of `O`, and the scratch bytes: `let (inputs, out, _) = io.split::<i8>();`.
    ///
    /// The scratch holds [`Step::scratch_bytes`] or more; `bytemuck::cast_slice_mut` gives it another type.
    ///
    /// # Panics
    /// When `O`'s size is not that of the output's element type.
    pub fn split<O: Pod>(&mut self) -> (Inputs<'_>, &mut [O], &mut [u8]) {
        let inputs = Inputs {
            sources: self.sources,
            left: self.left,
            right: self.right,
            right_start: self.left.len() + self.output.len(),
        };
        (inputs, bytemuck::cast_slice_mut(self.output), self.scratch)
    }
}

/// Shared view of a step's inputs.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    sources: &'a [Source],
    left: &'a [u8],
    right: &'a [u8],
    right_start: usize,
}

impl<'a> Inputs<'a> {
    /// Elements of input `i`, counted as the operation's inputs are (constants included).
    ///
    /// # Panics
    /// When the input is absent, or `T` is not its element type. Lowering has checked both.
    pub fn get<T: Pod>(&self, i: usize) -> &'a [T] {
        match &self.sources[i] {
            Source::Absent => panic!("a step reads input {i}, which is absent"),
            Source::Constant(constant) => bytemuck::cast_slice(constant.bytes()),
            Source::Arena(range) if range.end <= self.left.len() => {
                bytemuck::cast_slice(&self.left[range.clone()])
            }
            Source::Arena(range) => {
                let (start, end) = (range.start - self.right_start, range.end - self.right_start);
                bytemuck::cast_slice(&self.right[start..end])
            }
        }
    }
}
