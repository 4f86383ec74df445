//! A network and the way from its answer to a mask.
use anyhow::{Context, Result};
use hypercut::mask::TemporalOptions;
use hypercut::{Effort, Frame, Mask, Segmenter};
use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma};
use std::path::{Path, PathBuf};

use crate::model::Named;

/// How a network's answer gets the picture's size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As the library does it: sharpened, without specks, along the picture's edges.
    Library,
    /// The same with several looks, as for pictures.
    Still,
    /// The bare answer, brought to size bilinearly.
    Raw,
}

/// What makes masks to be measured.
#[derive(Debug)]
pub(super) struct Contestant {
    /// The network's name, and the way unless it is the library's.
    pub(super) name: String,
    /// The network's file, or `built-in`.
    pub(super) file: String,
    pub(super) way: Way,
    segmenter: Segmenter,
    answer: Mask,
}

impl Contestant {
    /// Every network of `files` (`built-in` is the one inside; none means that one), each of `ways`.
    ///
    /// # Errors
    /// A file that can't be read or is no portrait network.
    pub(super) fn all(files: &[PathBuf], ways: &[Way]) -> Result<Vec<Self>> {
        let built_in = [PathBuf::from(BUILT_IN)];
        let files = if files.is_empty() { &built_in } else { files };
        let mut all = Vec::new();
        for file in files {
            let inside = file.as_os_str() == BUILT_IN && !file.exists();
            let named = Named::read((!inside).then_some(file))?;
            let name = short_name(file, files);
            for &way in ways {
                let mut segmenter = if inside {
                    Segmenter::new()?
                } else {
                    Segmenter::from_tflite(&named.bytes).with_context(|| named.name.clone())?
                };
                let suffix = match way {
                    Way::Library => "",
                    Way::Still => " still",
                    Way::Raw => " raw",
                };
                if way == Way::Still {
                    segmenter.set_effort(Effort::Still);
                }
                all.push(Self {
                    name: format!("{name}{suffix}"),
                    file: named.name.clone(),
                    way,
                    segmenter,
                    answer: Mask::new(),
                });
            }
        }
        Ok(all)
    }

    /// Suffixes of the ways over a clip: frame by frame, and steadied where the library makes the masks.
    pub(super) fn ways_over_time(&self) -> &'static [&'static str] {
        match self.way {
            Way::Library | Way::Still => &["", " steady"],
            Way::Raw => &[""],
        }
    }

    /// Steadies masks over the frames from here on, or not; what was before is forgotten.
    pub(super) fn set_temporal(&mut self, options: Option<TemporalOptions>) {
        self.segmenter.set_temporal(options);
    }

    /// Fills `mask` with the person's alpha at the frame's size.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    pub(super) fn segment(&mut self, frame: &Frame<'_>, mask: &mut Mask) -> Result<()> {
        match self.way {
            Way::Library | Way::Still => self.segmenter.segment(frame, mask)?,
            Way::Raw => {
                self.segmenter.segment_raw(frame, &mut self.answer)?;
                *mask = resized(&self.answer, frame.width(), frame.height())?;
            }
        }
        Ok(())
    }
}

/// The name of the network inside.
const BUILT_IN: &str = "built-in";

/// The file's name without folders and ending, or its whole path when another file's is the same.
fn short_name(file: &Path, files: &[PathBuf]) -> String {
    let stem = file.file_stem().unwrap_or(file.as_os_str());
    let same = files.iter().filter(|other| other.file_stem() == Some(stem));
    if same.count() > 1 {
        file.display().to_string()
    } else {
        stem.to_string_lossy().into_owned()
    }
}

/// Bilinear, pixel centres at halves (a triangle as wide as a pixel of the larger grid, so that a smaller picture averages).
fn resized(mask: &Mask, width: usize, height: usize) -> Result<Mask> {
    let side = |length: usize| u32::try_from(length);
    let (from_width, from_height) = (side(mask.width())?, side(mask.height())?);
    let view: ImageBuffer<Luma<u8>, &[u8]> =
        ImageBuffer::from_raw(from_width, from_height, mask.data())
            .context("a mask of no pixels")?;
    let out = imageops::resize(&view, side(width)?, side(height)?, FilterType::Triangle);
    Ok(Mask::from_raw(width, height, out.into_raw())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bilinear_between_pixel_centres() {
        let mask = Mask::from_raw(2, 1, vec![0, 200]).unwrap();
        // Centres of 4 pixels fall at -1/4, 1/4, 3/4 and 5/4 of the 2.
        assert_eq!(resized(&mask, 4, 1).unwrap().data(), [0, 50, 150, 200]);
        assert_eq!(resized(&mask, 1, 1).unwrap().data(), [100]);
    }

    #[test]
    fn names_are_short_unless_they_clash() {
        let files = ["a/net.tflite", "b/net.tflite", "b/other.tflite"].map(PathBuf::from);
        let names = files.each_ref().map(|file| short_name(file, &files));
        assert_eq!(names, ["a/net.tflite", "b/net.tflite", "other"]);
    }
}
