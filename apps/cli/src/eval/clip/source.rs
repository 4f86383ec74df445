//! Where clips come from.
use anyhow::{Context, Result};
use hypercut::{Mask, PixelFormat};
use std::path::{Path, PathBuf};

use super::super::{LIMIT, gray_mask};
use super::ClipArgs;
use super::synthetic::{Synthesis, is_cutout};
use crate::fault::Fault;
use crate::picture::{Decoded, convert, decode};
use crate::source::{self, entries, pictures};

/// What moves in a clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but noise.
    Static,
    /// A cut-out over a panning background.
    Moving,
    /// A real clip: whatever it shows.
    Recorded,
}

impl Kind {
    /// Every kind, as tables are ordered.
    pub(super) const ALL: [Self; 3] = [Self::Static, Self::Moving, Self::Recorded];

    /// The name in reports.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Moving => "moving",
            Self::Recorded => "recorded",
        }
    }
}

/// Frames with their true masks.
#[derive(Debug)]
pub(super) enum Clip {
    Recorded {
        folder: PathBuf,
        frames: Vec<(PathBuf, PathBuf)>,
    },
    Synthetic {
        cutout: PathBuf,
        background: PathBuf,
        moving: bool,
    },
}

impl Clip {
    /// The clips asked for.
    ///
    /// # Errors
    /// A folder that can't be read, a frame without a mask, no clip at all.
    pub(super) fn all(args: &ClipArgs) -> Result<Vec<Self>> {
        let mut clips = Vec::new();
        if let Some(folder) = &args.clips {
            for folder in entries(folder)?.into_iter().filter(|path| path.is_dir()) {
                clips.push(recorded(folder)?);
            }
        }
        if let (Some(cutouts), Some(backgrounds)) = (&args.cutouts, &args.backgrounds) {
            let (cutouts, backgrounds) = (pictures(cutouts)?, pictures(backgrounds)?);
            let pairs = cutouts.into_iter().zip(backgrounds.into_iter().cycle());
            let mut usable = pairs.filter_map(|(cutout, background)| {
                let fits = read(&cutout).map(|picture| is_cutout(&picture));
                match fits {
                    Ok(true) => Some(Ok((cutout, background))),
                    Ok(false) => None,
                    Err(error) => Some(Err(error)),
                }
            });
            for pair in usable.by_ref().take(usize::from(args.synthetic)) {
                let (cutout, background) = pair?;
                for moving in [false, true] {
                    clips.push(Self::Synthetic {
                        cutout: cutout.clone(),
                        background: background.clone(),
                        moving,
                    });
                }
            }
        }
        if clips.is_empty() {
            let fault = Fault::new("no clips");
            let hint = "--clips takes a folder of folders, --cutouts pictures with alpha";
            return Err(fault.hint(hint).into());
        }
        Ok(clips)
    }

    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Recorded { .. } => Kind::Recorded,
            Self::Synthetic { moving: false, .. } => Kind::Static,
            Self::Synthetic { moving: true, .. } => Kind::Moving,
        }
    }

    /// What it is made from.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::Recorded { folder, .. } => folder,
            Self::Synthetic { cutout, .. } => cutout,
        }
    }

    /// Its name, without folders and ending.
    pub(super) fn name(&self) -> String {
        let stem = self.path().file_stem().unwrap_or_default();
        stem.to_string_lossy().into_owned()
    }

    /// From the first frame.
    pub(super) fn open(&self) -> Result<Frames<'_>> {
        Ok(match self {
            Self::Recorded { frames, .. } => Frames::Recorded(frames.iter()),
            Self::Synthetic {
                cutout,
                background,
                moving,
            } => Frames::Synthetic(Box::new(Synthesis::new(
                &read(cutout)?,
                &read(background)?,
                *moving,
            ))),
        })
    }
}

/// A clip being read.
#[derive(Debug)]
pub(super) enum Frames<'a> {
    Recorded(std::slice::Iter<'a, (PathBuf, PathBuf)>),
    Synthetic(Box<Synthesis>),
}

impl Frames<'_> {
    /// RGB pixels and true mask of the next frame; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<(Vec<u8>, Mask)>> {
        match self {
            Self::Synthetic(synthesis) => synthesis.next(),
            Self::Recorded(files) => {
                let Some((frame, mask)) = files.next() else {
                    return Ok(None);
                };
                let picture = read(frame)?;
                let truth = gray_mask(read(mask)?, mask, (&picture, frame))?;
                Ok(Some((rgb(&picture), truth)))
            }
        }
    }
}

fn rgb(picture: &Decoded) -> Vec<u8> {
    let mut pixels = Vec::new();
    convert(
        &picture.pixels,
        picture.pixel_format,
        PixelFormat::Rgb8,
        &mut pixels,
    );
    pixels
}

fn read(path: &Path) -> Result<Decoded> {
    let bytes = source::read_file(path, LIMIT.file_bytes())?;
    decode(&bytes, LIMIT).with_context(|| path.display().to_string())
}

fn recorded(folder: PathBuf) -> Result<Clip> {
    let mut frames = Vec::new();
    for frame in pictures(&folder.join("frames"))? {
        let stem = frame.file_stem().unwrap_or_default().to_string_lossy();
        let mask = folder.join("masks").join(format!("{stem}.png"));
        if !mask.is_file() {
            let message = format!(
                "{}: its mask {} is missing",
                frame.display(),
                mask.display()
            );
            return Err(Fault::new(message).into());
        }
        frames.push((frame, mask));
    }
    Ok(Clip::Recorded { folder, frames })
}
