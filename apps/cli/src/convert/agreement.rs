//! How far the answers of the int8 network lie from those of the float one.
use anyhow::Result;
use hypercut_engine::Session;
use hypercut_engine::tensor::DType;

use super::examples::{Examples, fill};

/// Distances of answers over all pictures, output by output; outputs that are no floats are left out.
#[derive(Debug, Default)]
pub(super) struct Agreement {
    pub(super) outputs: Vec<Distance>,
}

/// Distances of one output, in its own unit.
#[derive(Debug)]
pub(super) struct Distance {
    pub(super) name: String,
    pub(super) mean: f64,
    pub(super) most: f32,
}

impl Agreement {
    /// Runs both networks on every picture.
    ///
    /// # Errors
    /// As [`Session::from_bytes`].
    pub(super) fn measure(float: &[u8], converted: &[u8], examples: &Examples) -> Result<Self> {
        let (mut float, mut converted) =
            (Session::from_bytes(float)?, Session::from_bytes(converted)?);
        let mut outputs = Vec::new();
        for index in 0..float.outputs() {
            if float.output(index)?.dtype == DType::F32 {
                let name = float.output(index)?.name.clone();
                let (mean, most) = (0.0, 0.0);
                outputs.push((index, Distance { name, mean, most }));
            }
        }
        for index in 0..examples.len() {
            let picture = examples.picture(index);
            fill(picture, float.input_mut(0)?);
            show(picture, &mut converted)?;
            float.run();
            converted.run();
            for (index, distance) in &mut outputs {
                let expected = float.output_data::<f32>(*index)?;
                let (mut sum, found) = (0.0, answers(&converted, *index)?);
                for (expected, found) in expected.iter().zip(&found) {
                    let apart = (expected - found).abs();
                    sum += f64::from(apart);
                    distance.most = distance.most.max(apart);
                }
                distance.mean += sum / (found.len() * examples.len()) as f64;
            }
        }
        let outputs = outputs.into_iter().map(|(_, distance)| distance).collect();
        Ok(Self { outputs })
    }
}

/// Gives a picture to a network of any border.
fn show(picture: &[u8], session: &mut Session) -> Result<()> {
    match session.input(0)?.dtype {
        DType::U8 => session.set_input(0, picture)?,
        DType::F32 => fill(picture, session.input_mut(0)?),
        _ => {
            let input = session.input_mut::<i8>(0)?;
            for (value, &byte) in input.iter_mut().zip(picture) {
                *value = (byte ^ 0x80) as i8;
            }
        }
    }
    Ok(())
}

/// An output as real numbers.
fn answers(session: &Session, index: usize) -> Result<Vec<f32>> {
    let info = session.output(index)?;
    let grid = info.quantization.as_ref();
    let (scale, zero) = grid.map_or((1.0, 0), |grid| (grid.scales[0], grid.zero_points[0]));
    let real = |byte: i32| scale * (byte - zero) as f32;
    Ok(match info.dtype {
        DType::F32 => session.output_data::<f32>(index)?.to_vec(),
        DType::U8 => {
            let mut bytes = vec![0_u8; info.elements()];
            session.read_output(index, &mut bytes)?;
            bytes.iter().map(|&byte| real(byte.into())).collect()
        }
        _ => {
            let bytes = session.output_data::<i8>(index)?;
            bytes.iter().map(|&byte| real(byte.into())).collect()
        }
    })
}
