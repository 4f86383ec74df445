//! A portrait network on the engine: pixels in, a small soft mask out.
use hypercut_engine::graph::{Graph, ValueId};
use hypercut_engine::model::Model;
use hypercut_engine::plan::Plan;
use hypercut_engine::tensor::{DType, TensorInfo};
use hypercut_engine::{Session, error};
use hypercut_kernels::pixel::mirror::{self, Seen};

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

/// A network that takes one colour picture, some also an earlier mask of it, and gives one person mask.
#[derive(Debug)]
pub(crate) struct Network {
    session: Session,
    input: Size,
    /// Whether its input has a fourth channel, for an earlier mask.
    remembers: bool,
    output: usize,
    size: Size,
    decode: Decode,
    /// Scratch of networks that take or give uint8.
    staged: Vec<u8>,
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
        let (input, planes) = picture_size(session.input(0)?)?;
        let mut found = Vec::new();
        for output in 0..session.outputs() {
            let info = session.output(output)?;
            if let Some((size, channels)) = mask_size(info) {
                let last = last_operation(&graph, graph.outputs()[output].value);
                let decode = decode(info, channels, last)?;
                return Ok(Self {
                    session,
                    input,
                    remembers: planes == 4,
                    output,
                    size,
                    decode,
                    staged: Vec::new(),
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

    /// Whether it can make use of an earlier mask.
    pub(crate) fn remembers(&self) -> bool {
        self.remembers
    }

    /// Runs on `rgb` `[height, width, 3]` and fills `mask`; `earlier` is what is known of the picture's mask, at the same size.
    pub(crate) fn run(
        &mut self,
        rgb: &[u8],
        earlier: Option<&Mask>,
        mask: &mut Mask,
    ) -> Result<()> {
        self.look(rgb, earlier, false, mask)
    }

    /// [`run`](Self::run) on the mirror image of both; `mask` is the mirror image's too.
    pub(crate) fn run_mirrored(
        &mut self,
        rgb: &[u8],
        earlier: Option<&Mask>,
        mask: &mut Mask,
    ) -> Result<()> {
        self.look(rgb, earlier, true, mask)
    }

    fn look(
        &mut self,
        rgb: &[u8],
        earlier: Option<&Mask>,
        mirrored: bool,
        mask: &mut Mask,
    ) -> Result<()> {
        let seen = Seen {
            rgb,
            mask: earlier.map(Mask::data),
            width: self.input.width,
            mirrored,
        };
        let channels = 3 + usize::from(self.remembers);
        match self.session.input(0)?.dtype {
            DType::U8 => {
                self.staged
                    .resize(channels * self.input.width * self.input.height, 0);
                fill(&mut self.staged, channels, seen, |byte| byte);
                self.session.set_input(0, &self.staged)?;
            }
            DType::I8 if self.remembers => {
                let isa = self.session.plan().isa();
                mirror::fill(isa, seen, self.session.input_mut::<i8>(0)?);
            }
            DType::I8 => {
                let input = self.session.input_mut::<i8>(0)?;
                fill(input, channels, seen, |byte| (byte ^ 0x80) as i8);
            }
            _ => {
                let input = self.session.input_mut::<f32>(0)?;
                fill(input, channels, seen, |byte| f32::from(byte) / 255.0);
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

/// Fills a network's input, `[height, width, channels]`: a fourth channel is the mask, or zeros.
fn fill<T>(input: &mut [T], channels: usize, seen: Seen<'_>, value: impl Fn(u8) -> T) {
    if channels == 3 && !seen.mirrored {
        // As it lies: frames of a video come this way.
        input
            .iter_mut()
            .zip(seen.rgb)
            .for_each(|(to, &byte)| *to = value(byte));
        return;
    }
    let width = seen.width;
    let rows = input.chunks_exact_mut(channels * width);
    for ((y, row), rgb) in rows.enumerate().zip(seen.rgb.chunks_exact(3 * width)) {
        for (i, to) in row.chunks_exact_mut(channels).enumerate() {
            let x = if seen.mirrored { width - 1 - i } else { i };
            let (colour, known) = to.split_at_mut(3);
            for (to, &byte) in colour.iter_mut().zip(&rgb[3 * x..]) {
                *to = value(byte);
            }
            for to in known {
                *to = value(seen.mask.map_or(0, |mask| mask[y * width + x]));
            }
        }
    }
}

fn describe(info: &TensorInfo) -> String {
    format!("{} {:?}", info.dtype, info.shape)
}

/// The picture's size and channels when the tensor is one colour picture, with a mask or without.
fn picture_size(info: &TensorInfo) -> Result<(Size, usize)> {
    match (info.dtype, info.shape.as_slice()) {
        (DType::U8 | DType::I8 | DType::F32, &[1, height, width, channels @ 3..=4]) => {
            Ok((Size { width, height }, channels))
        }
        _ => Err(unfit(format!(
            "its input is {}; expected a picture, uint8, int8 or float32 [1, height, width, 3 or 4]",
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

#[cfg(test)]
mod tests {
    use hypercut_engine::tensor::Quantization;

    use super::*;

    fn tensor(dtype: DType, shape: &[usize], grid: Option<(f32, i32)>) -> TensorInfo {
        let quantization = grid.map(|(scale, zero_point)| Quantization {
            scales: vec![scale],
            zero_points: vec![zero_point],
            axis: 0,
        });
        TensorInfo {
            name: "t".into(),
            shape: shape.to_vec(),
            dtype,
            quantization,
        }
    }

    /// Alpha of the greatest value that an output can hold, and of its zero point.
    fn alphas(info: &TensorInfo, last: Option<&str>) -> [u8; 2] {
        let zero = info.quantization.as_ref().map_or(0, |q| q.zero_points[0]);
        let mut out = [0; 2];
        match decode(info, 1, last).unwrap() {
            Decode::Signed(table) => table.run([255, (zero + 128) as u8].into_iter(), &mut out),
            Decode::Unsigned(table) => table.run([255, zero as u8].into_iter(), &mut out),
            Decode::Float(meaning) => from_floats(meaning, &[1.0, 0.0], &mut out),
        }
        out
    }

    #[test]
    fn an_earlier_mask_is_the_fourth_channel_and_a_mirror_turns_both() {
        let (rgb, known) = ([1, 2, 3, 4, 5, 6], [7, 8]);
        let filled = |channels, mask, mirrored| {
            let mut input = vec![9; 2 * channels];
            let seen = Seen {
                rgb: &rgb,
                mask,
                width: 2,
                mirrored,
            };
            fill(&mut input, channels, seen, |byte| byte);
            input
        };
        let known = Some(known.as_slice());
        assert_eq!(filled(4, known, false), [1, 2, 3, 7, 4, 5, 6, 8]);
        assert_eq!(filled(4, known, true), [4, 5, 6, 8, 1, 2, 3, 7]);
        assert_eq!(filled(4, None, false), [1, 2, 3, 0, 4, 5, 6, 0]);
        assert_eq!(filled(3, known, false), rgb);
        assert_eq!(filled(3, None, true), [4, 5, 6, 1, 2, 3]);
    }

    #[test]
    fn one_channel_is_a_probability_after_logistic_or_on_a_unit_grid_and_a_logit_otherwise() {
        let shape = [1, 8, 8, 1];
        let float = tensor(DType::F32, &shape, None);
        assert_eq!(alphas(&float, Some("LOGISTIC")), [255, 0]);
        assert_eq!(alphas(&float, Some("CONV_2D")), [186, 128]); // sigmoid(1) = 0.731
        let unit = tensor(DType::I8, &shape, Some((1.0 / 256.0, -128)));
        assert_eq!(alphas(&unit, Some("Convolution2DTransposeBias")), [254, 0]);
        let logit = tensor(DType::I8, &shape, Some((0.0625, 0)));
        assert_eq!(alphas(&logit, Some("CONV_2D")), [255, 128]);
        let old = tensor(DType::U8, &shape, Some((0.0625, 128)));
        assert_eq!(alphas(&old, None), [255, 128]);
    }

    #[test]
    fn two_channels_are_probabilities_after_softmax_alone() {
        let info = tensor(DType::F32, &[1, 8, 8, 2], None);
        let meaning = |last| match decode(&info, 2, last).unwrap() {
            Decode::Float(meaning) => meaning,
            other => panic!("{other:?}"),
        };
        assert_eq!(meaning(Some("SOFTMAX")), Meaning::Probabilities);
        assert_eq!(meaning(Some("CONV_2D")), Meaning::Logits);
    }

    #[test]
    fn what_is_no_picture_or_no_mask_is_named() {
        let text = |info: TensorInfo| picture_size(&info).unwrap_err().to_string();
        assert_eq!(
            text(tensor(DType::F32, &[1, 224, 224, 1], None)),
            "not a portrait network: its input is float32 [1, 224, 224, 1]; \
             expected a picture, uint8, int8 or float32 [1, height, width, 3 or 4]"
        );
        assert!(picture_size(&tensor(DType::F32, &[2, 224, 224, 3], None)).is_err());
        assert!(picture_size(&tensor(DType::I32, &[1, 224, 224, 3], None)).is_err());
        assert_eq!(mask_size(&tensor(DType::F32, &[1, 1001], None)), None);
        assert_eq!(mask_size(&tensor(DType::I8, &[1, 9, 7, 21], None)), None);
        let size = Size {
            width: 7,
            height: 9,
        };
        assert_eq!(
            mask_size(&tensor(DType::I8, &[1, 9, 7], None)),
            Some((size, 1))
        );
        let error = decode(&tensor(DType::I8, &[1, 9, 7, 1], None), 1, None).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not a portrait network: its output int8 [1, 9, 7, 1] has no quantization"
        );
    }
}
