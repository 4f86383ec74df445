//! The pictures that ranges are taken from.
use anyhow::{Context, Result};
use hypercut_engine::tensor::{DType, TensorInfo};
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::log::Log;
use crate::model::shape_text;
use crate::picture::{PixelLimit, decode};
use crate::source;

/// Enough for any camera, and a bound on memory.
const LIMIT: PixelLimit = PixelLimit(100_000_000);

/// Pictures at the network's size, red green blue.
#[derive(Debug)]
pub(super) struct Examples {
    pictures: Vec<Vec<u8>>,
}

impl Examples {
    /// Reads at most `most` pictures of `folder`, evenly spaced by name, and stretches them to `[width, height]`.
    ///
    /// # Errors
    /// A folder without pictures that can be read; those that can't are told.
    pub(super) fn read(
        folder: &Path,
        most: usize,
        [width, height]: [usize; 2],
        log: &mut Log,
    ) -> Result<Self> {
        let paths = spaced(source::pictures(folder)?, most);
        log.start_bar(paths.len());
        let mut pictures = Vec::with_capacity(paths.len());
        for path in &paths {
            log.working_on(path);
            match read(path, width, height) {
                Ok(picture) => pictures.push(picture),
                Err(error) => log.warn(&format!("{error:#}; left out")),
            }
            log.step();
        }
        log.finish_bar();
        if pictures.is_empty() {
            let message = format!("{}: no picture in it could be read", folder.display());
            return Err(Fault::new(message).into());
        }
        Ok(Self { pictures })
    }

    /// Number of pictures.
    pub(super) fn len(&self) -> usize {
        self.pictures.len()
    }

    /// Bytes of picture `index`, `[height, width, 3]`.
    pub(super) fn picture(&self, index: usize) -> &[u8] {
        &self.pictures[index]
    }
}

fn read(path: &Path, width: usize, height: usize) -> Result<Vec<u8>> {
    let bytes = source::read_file(path, LIMIT.file_bytes())?;
    let picture = decode(&bytes, LIMIT).with_context(|| path.display().to_string())?;
    Ok(picture.frame()?.stretched(width, height)?)
}

/// Width and height of the picture that the network takes.
///
/// # Errors
/// When it takes anything but one float picture.
pub(super) fn size(inputs: &[TensorInfo]) -> Result<[usize; 2]> {
    if let [TensorInfo { dtype, shape, .. }] = inputs
        && let (DType::F32, &[1, height, width, 3]) = (dtype, shape.as_slice())
    {
        return Ok([width, height]);
    }
    let inputs = inputs.iter();
    let inputs = inputs.map(|info| format!("{}{}", info.dtype, shape_text(&info.shape)));
    let inputs = inputs.collect::<Vec<_>>().join(", ");
    let message = format!("takes {inputs}, not one picture (float32[1,height,width,3])");
    Err(Fault::new(message).into())
}

/// At most `most` of `paths`, evenly spaced.
fn spaced(paths: Vec<PathBuf>, most: usize) -> Vec<PathBuf> {
    let (all, kept) = (paths.len(), paths.len().min(most));
    (0..kept)
        .map(|index| paths[index * all / kept].clone())
        .collect()
}

/// Bytes as channels from 0 to 1.
pub(super) fn fill(picture: &[u8], input: &mut [f32]) {
    for (value, &byte) in input.iter_mut().zip(picture) {
        *value = f32::from(byte) / 255.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_spaced_evenly() {
        let paths: Vec<PathBuf> = (0..10).map(|i| PathBuf::from(i.to_string())).collect();
        let names = |most| -> Vec<String> {
            let kept = spaced(paths.clone(), most);
            kept.iter().map(|path| path.display().to_string()).collect()
        };
        assert_eq!(names(3), ["0", "3", "6"]);
        assert_eq!(names(10).len(), 10);
        assert_eq!(names(11).len(), 10);
    }
}
