//! A plan with its memory: set inputs, run, read outputs.
use std::time::Instant;

use bytemuck::Pod;

use crate::error::{Error, Result};
use crate::graph::Graph;
use crate::model::Model;
use crate::plan::{AlignedBytes, Io, Plan, PlannedPort, PlannedStep, Source};
use crate::profile::Profile;
use crate::tensor::{DType, TensorInfo};

/// A network ready to run, any number of times.
///
/// Inputs keep their values between runs; outputs hold theirs until the next run.
#[derive(Debug)]
pub struct Session {
    plan: Plan,
    arena: AlignedBytes,
    scratch: AlignedBytes,
    profile: Option<Profile>,
}

/// A Rust type that stands for a tensor's element type.
pub trait Element: Pod {
    /// The element type.
    const DTYPE: DType;
}

macro_rules! elements {
    ($($rust:ty => $dtype:ident,)*) => {
        $(impl Element for $rust {
            const DTYPE: DType = DType::$dtype;
        })*
    };
}

elements! {
    f32 => F32,
    i8 => I8,
    u8 => U8,
    i32 => I32,
    i64 => I64,
}

impl Session {
    /// Reads, plans and prepares a `.tflite` file with default limits, for the fastest instruction set of this CPU.
    ///
    /// # Errors
    /// As [`Model::from_bytes`], [`Graph::new`] and [`Plan::new`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let graph = Graph::new(Model::from_bytes(bytes)?)?;
        Ok(Self::new(Plan::new(&graph)?))
    }

    /// Allocates what `plan` needs; nothing is allocated after this.
    pub fn new(plan: Plan) -> Self {
        Self {
            arena: AlignedBytes::new(plan.value_bytes()),
            scratch: AlignedBytes::new(plan.scratch_bytes()),
            plan,
            profile: None,
        }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.plan.inputs.len()
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.plan.outputs.len()
    }

    /// Input `index` as the file declares it.
    ///
    /// # Errors
    /// Argument when there is no such input.
    pub fn input(&self, index: usize) -> Result<&TensorInfo> {
        Ok(&port(&self.plan.inputs, index, "input")?.info)
    }

    /// Output `index` as the file declares it.
    ///
    /// # Errors
    /// Argument when there is no such output.
    pub fn output(&self, index: usize) -> Result<&TensorInfo> {
        Ok(&port(&self.plan.outputs, index, "output")?.info)
    }

    /// Copies `data` into input `index`, in the file's element type.
    ///
    /// # Errors
    /// Argument when there is no such input, `T` is not its type, or the length is not its number of elements.
    pub fn set_input<T: Element>(&mut self, index: usize, data: &[T]) -> Result<()> {
        let port = typed::<T>(&self.plan.inputs, index, "input")?;
        expect_len(port, data.len())?;
        let bytes = arena_bytes_mut(&mut self.arena, port)?;
        bytes.copy_from_slice(bytemuck::cast_slice(data));
        if T::DTYPE == DType::U8 {
            flip(bytes);
        }
        Ok(())
    }

    /// Input `index` in place, to be filled without a copy. Not for `u8`, whose bytes are kept flipped.
    ///
    /// # Errors
    /// Argument when there is no such input, `T` is not its type, or `T` is `u8`.
    pub fn input_mut<T: Element>(&mut self, index: usize) -> Result<&mut [T]> {
        let port = typed::<T>(&self.plan.inputs, index, "input")?;
        refuse_u8::<T>("set_input")?;
        Ok(bytemuck::cast_slice_mut(arena_bytes_mut(
            &mut self.arena,
            port,
        )?))
    }

    /// Runs the network once. Allocates nothing, cannot fail.
    pub fn run(&mut self) {
        let Self {
            plan,
            arena,
            scratch,
            profile,
        } = self;
        match profile {
            None => plan
                .steps
                .iter_mut()
                .for_each(|step| run_step(step, arena, scratch)),
            Some(profile) => {
                for (step, time) in plan.steps.iter_mut().zip(profile.steps_mut()) {
                    let start = Instant::now();
                    run_step(step, arena, scratch);
                    time.total += start.elapsed();
                }
                profile.count_run();
            }
        }
    }

    /// Output `index` in place. Not for `u8`, whose bytes are kept flipped.
    ///
    /// # Errors
    /// Argument when there is no such output, `T` is not its type, or `T` is `u8`.
    pub fn output_data<T: Element>(&self, index: usize) -> Result<&[T]> {
        let port = typed::<T>(&self.plan.outputs, index, "output")?;
        refuse_u8::<T>("read_output")?;
        Ok(bytemuck::cast_slice(self.output_bytes(port)?))
    }

    /// Copies output `index` into `out`, in the file's element type.
    ///
    /// # Errors
    /// Argument when there is no such output, `T` is not its type, or the length is not its number of elements.
    pub fn read_output<T: Element>(&self, index: usize, out: &mut [T]) -> Result<()> {
        let port = typed::<T>(&self.plan.outputs, index, "output")?;
        expect_len(port, out.len())?;
        let out: &mut [u8] = bytemuck::cast_slice_mut(out);
        out.copy_from_slice(self.output_bytes(port)?);
        if T::DTYPE == DType::U8 {
            flip(out);
        }
        Ok(())
    }

    /// Starts measuring every step, from zero.
    pub fn start_profile(&mut self) {
        self.profile = Some(Profile::new(&self.plan));
    }

    /// Times since [`Session::start_profile`]; `None` without it.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// The plan that runs.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    fn output_bytes<'s>(&'s self, port: &'s PlannedPort) -> Result<&'s [u8]> {
        match &port.source {
            Source::Arena(range) => Ok(&self.arena.bytes()[range.clone()]),
            Source::Constant(constant) => Ok(constant.bytes()),
            Source::Absent => Err(nowhere(port)),
        }
    }
}

fn run_step(step: &mut PlannedStep, arena: &mut AlignedBytes, scratch: &mut AlignedBytes) {
    let (sources, output) = (&step.sources, step.output.clone());
    step.step.run(&mut Io::new(
        sources,
        arena.bytes_mut(),
        output,
        scratch.bytes_mut(),
    ));
}

fn port<'p>(ports: &'p [PlannedPort], index: usize, kind: &str) -> Result<&'p PlannedPort> {
    ports.get(index).ok_or_else(|| {
        let count = ports.len();
        Error::argument(format!("{kind} {index} of a network with {count}"))
    })
}

fn typed<'p, T: Element>(
    ports: &'p [PlannedPort],
    index: usize,
    kind: &str,
) -> Result<&'p PlannedPort> {
    let port = port(ports, index, kind)?;
    if port.info.dtype == T::DTYPE {
        return Ok(port);
    }
    Err(Error::argument(format!(
        "{kind} {index} ({:?}) is {}, not {}",
        port.info.name,
        port.info.dtype,
        T::DTYPE
    )))
}

fn expect_len(port: &PlannedPort, len: usize) -> Result<()> {
    let info = &port.info;
    if info.elements() == len {
        return Ok(());
    }
    Err(Error::argument(format!(
        "{:?} has {} elements ({:?}), not {len}",
        info.name,
        info.elements(),
        info.shape
    )))
}

fn refuse_u8<T: Element>(instead: &str) -> Result<()> {
    if T::DTYPE == DType::U8 {
        return Err(Error::argument(format!(
            "uint8 has no view in place: use {instead}"
        )));
    }
    Ok(())
}

fn arena_bytes_mut<'a>(arena: &'a mut AlignedBytes, port: &PlannedPort) -> Result<&'a mut [u8]> {
    match &port.source {
        Source::Arena(range) => Ok(&mut arena.bytes_mut()[range.clone()]),
        Source::Constant(_) | Source::Absent => Err(nowhere(port)),
    }
}

fn nowhere(port: &PlannedPort) -> Error {
    Error::argument(format!("{:?} has no place in the plan", port.info.name))
}

/// Turns `u8` into `i8` with a zero point 128 lower, or back.
fn flip(bytes: &mut [u8]) {
    for byte in bytes {
        *byte ^= 0x80;
    }
}
