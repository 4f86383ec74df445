//! `hypercut model run`: arrays in, arrays out.
use anyhow::{Context, Result};
use clap::{Args, ValueHint};
use hypercut_engine::Session;
use hypercut_engine::session::Element;
use hypercut_engine::tensor::{DType, TensorInfo};
use std::path::{Path, PathBuf};

use super::Named;
use super::info::shape_text;
use crate::fault::{Exit, Fault};
use crate::npy::{self, Array};
use crate::output::atomic::{self, Existing};
use crate::output::names;

/// `hypercut model run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The network
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    file: PathBuf,

    /// A .npy file per input, in the network's order, or one .npz with all
    #[arg(short, long = "input", value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    inputs: Vec<PathBuf>,

    /// A .npy file per output, in the network's order, or one .npz for all; what is there is replaced
    #[arg(short, long = "output", value_name = "FILE", required = true, value_hint = ValueHint::FilePath)]
    outputs: Vec<PathBuf>,
}

/// Runs a network once.
///
/// # Errors
/// Files that can't be read or written; arrays that don't fit the network.
pub(super) fn run(args: &RunArgs) -> Result<Exit> {
    let read = args.inputs.iter().chain([&args.file]);
    names::refuse_overwriting_inputs(
        read.map(PathBuf::as_path),
        args.outputs.iter().map(PathBuf::as_path),
    )?;
    let (_, plan) = Named::read(Some(&args.file))?.plan()?;
    let mut session = Session::new(plan);
    let inputs = infos(session.inputs(), |index| session.input(index))?;
    let outputs = infos(session.outputs(), |index| session.output(index))?;
    check_output_files(&args.outputs, outputs.len())?;
    for (index, given) in arrange(read_all(&args.inputs)?, &inputs)?
        .iter()
        .enumerate()
    {
        check(&inputs[index], given)?;
        set(&mut session, index, &given.array)?;
    }
    session.run();
    let mut results = Vec::with_capacity(outputs.len());
    for (index, info) in outputs.into_iter().enumerate() {
        let data = get(&session, index, &info)?;
        let array = Array {
            dtype: info.dtype,
            shape: info.shape,
            data,
        };
        results.push((info.name, array));
    }
    write(&args.outputs, results)
}

fn infos<'s>(
    count: usize,
    info: impl Fn(usize) -> hypercut_engine::Result<&'s TensorInfo>,
) -> Result<Vec<TensorInfo>> {
    (0..count).map(|index| Ok(info(index)?.clone())).collect()
}

/// An array from a file, and where it was found.
#[derive(Debug)]
struct Given {
    place: String,
    name: Option<String>,
    array: Array,
}

fn read_all(paths: &[PathBuf]) -> Result<Vec<Given>> {
    let mut given = Vec::new();
    for path in paths {
        for (name, array) in npy::read(path)? {
            let place = match &name {
                Some(name) => format!("{} ({name})", path.display()),
                None => path.display().to_string(),
            };
            given.push(Given { place, name, array });
        }
    }
    Ok(given)
}

/// The arrays in the order of the network's inputs: by name where every name is an input's, as they come otherwise.
fn arrange(mut given: Vec<Given>, inputs: &[TensorInfo]) -> Result<Vec<Given>> {
    if given.len() != inputs.len() {
        let message = format!(
            "{} arrays for a network with {} inputs",
            given.len(),
            inputs.len()
        );
        let hint = "`hypercut model info` lists its inputs";
        return Err(Fault::new(message).hint(hint).into());
    }
    let place = |given: &Given| {
        inputs
            .iter()
            .position(|info| Some(&info.name) == given.name.as_ref())
    };
    if given.iter().all(|given| place(given).is_some()) {
        given.sort_by_key(place);
    }
    Ok(given)
}

fn check(info: &TensorInfo, given: &Given) -> Result<()> {
    let (found, wanted) = (&given.array, info);
    if found.dtype == wanted.dtype && found.shape == wanted.shape {
        return Ok(());
    }
    let message = format!(
        "{}: the array is {}{}; input {:?} is {}{}",
        given.place,
        found.dtype,
        shape_text(&found.shape),
        info.name,
        wanted.dtype,
        shape_text(&wanted.shape)
    );
    Err(Fault::new(message)
        .hint("nothing is converted: save it with that type and shape")
        .into())
}

fn set(session: &mut Session, index: usize, array: &Array) -> Result<()> {
    match array.dtype {
        DType::F32 => session.set_input(index, &elements(&array.data, f32::from_le_bytes)),
        DType::I8 => session.set_input(index, &elements(&array.data, i8::from_le_bytes)),
        DType::U8 => session.set_input(index, &array.data),
        DType::I32 => session.set_input(index, &elements(&array.data, i32::from_le_bytes)),
        DType::I64 => session.set_input(index, &elements(&array.data, i64::from_le_bytes)),
        other => return Err(Fault::new(format!("{other} inputs can't be given")).into()),
    }?;
    Ok(())
}

fn elements<T, const N: usize>(data: &[u8], element: impl Fn([u8; N]) -> T) -> Vec<T> {
    data.as_chunks()
        .0
        .iter()
        .map(|&bytes| element(bytes))
        .collect()
}

fn get(session: &Session, index: usize, info: &TensorInfo) -> Result<Vec<u8>> {
    match info.dtype {
        DType::F32 => bytes(session, index, info, f32::to_le_bytes),
        DType::I8 => bytes(session, index, info, i8::to_le_bytes),
        DType::U8 => bytes(session, index, info, u8::to_le_bytes),
        DType::I32 => bytes(session, index, info, i32::to_le_bytes),
        DType::I64 => bytes(session, index, info, i64::to_le_bytes),
        other => Err(Fault::new(format!("{other} outputs can't be written")).into()),
    }
}

fn bytes<T: Element + Default, const N: usize>(
    session: &Session,
    index: usize,
    info: &TensorInfo,
    element: impl Fn(T) -> [u8; N],
) -> Result<Vec<u8>> {
    let mut data = vec![T::default(); info.elements()];
    session.read_output(index, &mut data)?;
    Ok(data.into_iter().flat_map(element).collect())
}

fn is_npz(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("npz"))
}

fn check_output_files(paths: &[PathBuf], outputs: usize) -> Result<()> {
    if paths.len() == outputs || paths.len() == 1 && is_npz(&paths[0]) {
        return Ok(());
    }
    let message = format!("{} files for a network with {outputs} outputs", paths.len());
    let hint = "give `-o` once per output, or one .npz for all";
    Err(Fault::new(message).hint(hint).into())
}

fn write(paths: &[PathBuf], results: Vec<(String, Array)>) -> Result<Exit> {
    if let [path] = paths
        && is_npz(path)
    {
        let bytes = npy::to_npz(&results).with_context(|| path.display().to_string())?;
        atomic::write(path, &bytes, Existing::Replace)?;
        return Ok(Exit::Done);
    }
    for (path, (_, array)) in paths.iter().zip(&results) {
        atomic::write(path, &npy::to_npy(array), Existing::Replace)?;
    }
    Ok(Exit::Done)
}
