//! Golden tensors into a session and out of it.
use hypercut_engine::{Result, Session};
use hypercut_testkit::{Data, Tensor};

/// Sets every input.
pub(crate) fn set_inputs(session: &mut Session, inputs: &[Tensor]) -> Result<()> {
    let set = |(index, input): (usize, &Tensor)| match &input.data {
        Data::F32(v) => session.set_input(index, v),
        Data::I8(v) => session.set_input(index, v),
        Data::U8(v) => session.set_input(index, v),
        Data::I32(v) => session.set_input(index, v),
        Data::I64(v) => session.set_input(index, v),
    };
    inputs.iter().enumerate().try_for_each(set)
}

/// Reads every output over what `outputs` hold, which says their types and lengths. Allocates nothing.
pub(crate) fn read_outputs(session: &Session, outputs: &mut [Data]) -> Result<()> {
    let read = |(index, output): (usize, &mut Data)| match output {
        Data::F32(v) => session.read_output(index, v),
        Data::I8(v) => session.read_output(index, v),
        Data::U8(v) => session.read_output(index, v),
        Data::I32(v) => session.read_output(index, v),
        Data::I64(v) => session.read_output(index, v),
    };
    outputs.iter_mut().enumerate().try_for_each(read)
}
