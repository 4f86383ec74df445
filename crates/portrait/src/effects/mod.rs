//! What can be drawn with a mask. Command line, server and web page read [`EFFECTS`].
//!
//! An effect is one file here and one line in [`EFFECTS`].
mod blur;
mod color;
mod cutout;
mod image;
mod mask;
mod options;
mod plane;
mod pop;
mod replace;

use std::fmt::Debug;

pub use options::{OptionInfo, OptionKind, OptionValue, OptionValues};

use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, FrameMut, Picture, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

/// Every effect, the usual one first.
pub const EFFECTS: &[EffectInfo] = &[
    blur::INFO,
    cutout::INFO,
    color::INFO,
    image::INFO,
    pop::INFO,
    mask::INFO,
];

/// Draws one frame from a frame and its mask.
///
/// After the first frame of a size `apply` allocates nothing.
pub trait Effect: Debug + Send {
    /// Format that [`apply`](Effect::apply) wants of its output when the frame has format `input`.
    fn output_format(&self, input: PixelFormat) -> PixelFormat;

    /// Works on several threads from now on, where it can; what is drawn stays the same, byte for byte. Unless an effect says
    /// otherwise it goes on with one.
    fn set_threads(&mut self, _threads: &Threads) {}

    /// Draws `frame` with the effect into `out`.
    ///
    /// # Errors
    /// [`ErrorKind::Size`] unless frame, mask and output have one size; [`ErrorKind::Format`] unless `out` has the
    /// [`output_format`](Effect::output_format) of the frame's format.
    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()>;
}

/// One line of [`EFFECTS`]: what an effect is called, what it can be told, and how it is made.
#[derive(Debug)]
pub struct EffectInfo {
    /// Lower-case word, as in `--effect blur`.
    pub name: &'static str,
    /// One line for help texts, without a full stop.
    pub summary: &'static str,
    /// What it can be told.
    pub options: &'static [OptionInfo],
    /// Makes the effect from checked options.
    make: fn(&Options<'_>) -> Result<Box<dyn Effect>>,
}

impl EffectInfo {
    /// Makes the effect; options that are not set have their defaults.
    ///
    /// # Errors
    /// [`ErrorKind::Option`] for an option that the effect doesn't have, a value of the wrong kind or out of range,
    /// or a missing picture.
    pub fn build(&self, values: &OptionValues) -> Result<Box<dyn Effect>> {
        for (name, value) in values.iter() {
            let Some(option) = self.option(name) else {
                let known: Vec<_> = self.options.iter().map(|option| option.name).collect();
                let known = if known.is_empty() {
                    "none".into()
                } else {
                    known.join(", ")
                };
                let message = format!(
                    "effect `{}` has no option `{name}` (it has: {known})",
                    self.name
                );
                return Err(Error::new(ErrorKind::Option, message));
            };
            option.check(value)?;
        }
        (self.make)(&Options { info: self, values })
    }

    /// The option of that name.
    pub fn option(&self, name: &str) -> Option<&'static OptionInfo> {
        self.options.iter().find(|option| option.name == name)
    }
}

/// The effect of that name.
///
/// # Errors
/// [`ErrorKind::Option`] when there is none; the message lists those there are.
pub fn find(name: &str) -> Result<&'static EffectInfo> {
    EFFECTS
        .iter()
        .find(|info| info.name == name)
        .ok_or_else(|| {
            let known: Vec<_> = EFFECTS.iter().map(|info| info.name).collect();
            Error::new(
                ErrorKind::Option,
                format!("no effect `{name}` (there are: {})", known.join(", ")),
            )
        })
}

/// Checked option values with defaults filled in, as an effect's `make` reads them.
struct Options<'a> {
    info: &'a EffectInfo,
    values: &'a OptionValues,
}

impl Options<'_> {
    fn kind(&self, name: &str) -> OptionKind {
        self.info
            .option(name)
            .map_or(OptionKind::Flag, |option| option.kind)
    }

    fn number(&self, name: &str) -> f32 {
        match (self.values.get(name), self.kind(name)) {
            (Some(&OptionValue::Number(value)), _) => value,
            (_, OptionKind::Number { default, .. }) => default,
            _ => 0.0,
        }
    }

    fn color(&self, name: &str) -> [u8; 3] {
        match (self.values.get(name), self.kind(name)) {
            (Some(&OptionValue::Color(value)), _) => value,
            (_, OptionKind::Color { default }) => default,
            _ => [0; 3],
        }
    }

    fn choice(&self, name: &str) -> &str {
        match (self.values.get(name), self.kind(name)) {
            (Some(OptionValue::Choice(value)), _) => value,
            (_, OptionKind::Choice { default, .. }) => default,
            _ => "",
        }
    }

    fn picture(&self, name: &str) -> Result<&Picture> {
        match self.values.get(name) {
            Some(OptionValue::Picture(picture)) => Ok(picture),
            _ => {
                let message = format!(
                    "effect `{}` needs option `{name}`: a picture",
                    self.info.name
                );
                Err(Error::new(ErrorKind::Option, message))
            }
        }
    }

    fn flag(&self, name: &str) -> bool {
        self.values.get(name) == Some(&OptionValue::Flag(true))
    }
}

/// Errors unless frame, mask and output have one size and the output the format `wanted`.
fn check(frame: &Frame<'_>, mask: &Mask, out: &FrameMut<'_>, wanted: PixelFormat) -> Result<()> {
    mask.check_size(frame)?;
    mask.check_size(&out.as_frame())?;
    if out.format() == wanted {
        return Ok(());
    }
    let message = format!(
        "the output has {:?} pixels; this effect writes {wanted:?}",
        out.format()
    );
    Err(Error::new(ErrorKind::Format, message))
}
