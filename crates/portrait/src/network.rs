//! A portrait network on the engine: pixels in, a small soft mask out.
use hypercut_engine::graph::{Graph, ValueId};
use hypercut_engine::model::Model;
use hypercut_engine::plan::Plan;
use hypercut_engine::tensor::{DType, TensorInfo};
use hypercut_engine::{Session, error};

use crate::error::{Error, ErrorKind, Result};
use crate::mask::Mask;
use crate::mask::head::{Meaning, Table, from_floats};

/// Operations that pass an answer on without changing what it means.
const PASSING: &[&str] = &[
    "DEQUANTIZE",
    "QUANTIZE",
    "RESHAPE",
    "RESIZE_BILINEAR",
    "RESIZE_NEAREST_NEIGHBOR",
    "SQUEEZE",
];

/// A network that takes one colour picture and gives one person mask.
#[derive(Debug)]
pub(crate) struct Network {
    session: Session,
    input: Size,
    output: usize,
    size: Size,
    decode: Decode,
    answer: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// How the output becomes alpha.
#[derive(Debug)]
enum Decode {
    Signed(Table),
    Unsigned(Table),
    Float(Meaning),
}

impl From<error::Error> for Error {
    fn from(error: error::Error) -> Self {
        Self::new(ErrorKind::Model, error.to_string())
    }
}

fn unfit(message: String) -> Error {
    Error::new(
        ErrorKind::Model,
        format!("not a portrait network: {message}"),
    )
}

impl Network {
    /// Reads a `.tflite` file and finds out what its input wants and its output means.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self> {
        let graph = Graph::new(Model::from_bytes(bytes)?)?;
        let session = Session::new(Plan::new(&graph)?);
        if session.inputs() != 1 {
            return Err(unfit(format!(
                "it has {} inputs, expected one picture",
                session.inputs()
            )));
        }
        let input = picture_size(session.input(0)?)?;
        let mut found = Vec::new();
        for output in 0..session.outputs() {
            let info = session.output(output)?;
            if let Some((size, channels)) = mask_size(info) {
                let last = last_operation(&graph, graph.outputs()[output].value);
                let decode = decode(info, channels, last)?;
                return Ok(Self {
                    session,
                    input,
                    output,
                    size,
                    decode,
                    answer: Vec::new(),
                });
            }
            found.push(describe(info));
        }
        let found = if found.is_empty() {
            "nothing".into()
        } else {
            found.join(", ")
        };
        Err(unfit(format!(
            "its output is {found}; expected a mask, uint8, int8 or float32 [1, height, width, 1 or 2]"
        )))
    }

    /// Size of the picture that the network takes.
    pub(crate) fn input(&self) -> Size {
        self.input
    }

    /// Runs on `rgb` `[height, width, 3]` and fills `mask`.
    pub(crate) fn run(&mut self, rgb: &[u8], mask: &mut Mask) -> Result<()> {
        match self.session.input(0)?.dtype {
            DType::U8 => self.session.set_input(0, rgb)?,
            DType::I8 => {
                let input = self.session.input_mut::<i8>(0)?;
                input
                    .iter_mut()
                    .zip(rgb)
                    .for_each(|(q, &byte)| *q = (byte ^ 0x80) as i8);
            }
            _ => {
                let input = self.session.input_mut::<f32>(0)?;
                input
                    .iter_mut()
                    .zip(rgb)
                    .for_each(|(value, &byte)| *value = f32::from(byte) / 255.0);
            }
        }
        self.session.run();
        mask.resize(self.size.width, self.size.height);
        match &self.decode {
            Decode::Signed(table) => {
                let answer = self.session.output_data::<i8>(self.output)?;
                table.run(answer.iter().map(|&q| q as u8 ^ 0x80), mask.data_mut());
            }
            Decode::Unsigned(table) => {
                self.answer
                    .resize(self.session.output(self.output)?.elements(), 0);
                self.session.read_output(self.output, &mut self.answer)?;
                table.run(self.answer.iter().copied(), mask.data_mut());
            }
            Decode::Float(meaning) => {
                from_floats(
                    *meaning,
                    self.session.output_data::<f32>(self.output)?,
                    mask.data_mut(),
                );
            }
        }
        Ok(())
    }
}

fn describe(info: &TensorInfo) -> String {
    format!("{} {:?}", info.dtype, info.shape)
}

/// The picture's size when the tensor is one colour picture.
fn picture_size(info: &TensorInfo) -> Result<Size> {
    match (info.dtype, info.shape.as_slice()) {
        (DType::U8 | DType::I8 | DType::F32, &[1, height, width, 3]) => Ok(Size { width, height }),
        _ => Err(unfit(format!(
            "its input is {}; expected a picture, uint8, int8 or float32 [1, height, width, 3]",
            describe(info)
        ))),
    }
}

/// Size and channels when the tensor can be a mask.
fn mask_size(info: &TensorInfo) -> Option<(Size, usize)> {
    let (height, width, channels) = match (info.dtype, info.shape.as_slice()) {
        (DType::U8 | DType::I8 | DType::F32, &[1, height, width, channels @ 1..=2]) => {
            (height, width, channels)
        }
        (DType::U8 | DType::I8 | DType::F32, &[1, height, width]) => (height, width, 1),
        _ => return None,
    };
    Some((Size { width, height }, channels))
}

/// The operation that gives the answer its meaning.
fn last_operation(graph: &Graph, mut value: ValueId) -> Option<&'static str> {
    for node in graph.nodes().iter().rev() {
        if node.outputs.contains(&value) {
            let name = node.operation.name();
            match node.inputs.first() {
                Some(&Some(before)) if PASSING.contains(&name) => value = before,
                _ => return Some(name),
            }
        }
    }
    None
}

/// What the output means: LOGISTIC and SOFTMAX make probabilities; without them the numbers are logits, except that one 8-bit
/// channel whose grid spans no more than 0 to 1 can only be a probability.
fn decode(info: &TensorInfo, channels: usize, last: Option<&str>) -> Result<Decode> {
    let grid = match &info.quantization {
        Some(quantization) => quantization
            .scales
            .first()
            .copied()
            .zip(quantization.zero_points.first().copied()),
        None => None,
    };
    let meaning = |unit: bool| match (channels, last) {
        (1, Some("LOGISTIC")) => Meaning::Probability,
        (1, _) if unit => Meaning::Probability,
        (1, _) => Meaning::Logit,
        (_, Some("SOFTMAX" | "LOGISTIC")) => Meaning::Probabilities,
        _ => Meaning::Logits,
    };
    if info.dtype == DType::F32 {
        return Ok(Decode::Float(meaning(false)));
    }
    let (scale, zero_point) =
        grid.ok_or_else(|| unfit(format!("its output {} has no quantization", describe(info))))?;
    // Counted from the type's least value, as the tables are.
    let zero_point = if info.dtype == DType::I8 {
        zero_point + 128
    } else {
        zero_point
    };
    let unit = zero_point == 0 && scale * 255.0 < 1.01;
    let table = Table::new(meaning(unit), scale, zero_point);
    Ok(if info.dtype == DType::I8 {
        Decode::Signed(table)
    } else {
        Decode::Unsigned(table)
    })
}
