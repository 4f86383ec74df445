//! What an effect does to opaque colour pixels, which decides about formats.
use hypercut::PixelFormat;
use hypercut::effects::Effect;

/// What an effect does to opaque colour pixels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nature {
    /// Makes pixels transparent.
    pub(crate) cuts_out: bool,
    /// Keeps the picture's colours: neither a cut-out nor a mask.
    pub(crate) keeps_format: bool,
    /// Writes a mask, not colours.
    pub(crate) is_mask: bool,
}

impl Nature {
    /// Asks the effect what it makes of RGB.
    pub(super) fn of(effect: &dyn Effect) -> Self {
        let output = effect.output_format(PixelFormat::Rgb8);
        Self {
            cuts_out: output.has_alpha(),
            keeps_format: output == PixelFormat::Rgb8,
            is_mask: output == PixelFormat::Gray8,
        }
    }
}
