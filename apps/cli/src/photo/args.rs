//! What `hypercut photo` can be told.
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueHint};
use hypercut::effects::EFFECTS;
use std::path::PathBuf;

use super::effect_args::EffectArgs;
use crate::picture::{Format, PixelLimit};

const EXAMPLES: &str = "\
Examples:
  hypercut photo me.jpg                                   blurs the background, writes me-blur.jpg
  hypercut photo me.jpg -o out.jpg --strength 80 --style bokeh
  hypercut photo me.jpg --effect cutout --trim -o me.png
  hypercut photo me.jpg --effect image --background beach.jpg --logo logo.png -o out.jpg
  hypercut photo holiday/ --recursive -o done/            keeps the tree of holiday/ under done/
  curl -s https://example.com/me.jpg | hypercut photo - --effect mask > mask.png

Names: without -o a result lies beside its input as <name>-<effect>.<ending>. With -o FILE it goes there, over what \
was there. With -o FOLDER/ it keeps its input's name. In a folder or beside the input nothing is replaced unless \
--overwrite says so. Two inputs for one output, or an output that is an input, are refused before any work.

Formats: JPEG, PNG and WebP are read, whatever their names. Cut-outs and masks become PNG unless -o or --format says \
otherwise, everything else keeps its input's format. WebP is written lossless, so --quality doesn't count for it. \
EXIF orientation is applied, the ICC profile is kept, other metadata only with --keep-metadata. Output has 8 bits \
per channel.

Exit codes: 0 all pictures worked, 1 some failed (the others are done), 2 usage.";

/// `hypercut photo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PhotoArgs {
    /// Pictures, folders (with --recursive), or - for standard input
    #[arg(value_name = "IN", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// File or folder to write to, or - for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,

    /// What to draw
    #[arg(short, long, value_name = "EFFECT", default_value = EFFECTS[0].name)]
    #[arg(value_parser = effect_names())]
    pub(crate) effect: String,

    #[command(flatten)]
    pub(crate) options: EffectArgs,

    /// Picture drawn in the bottom right corner, scaled to the photo
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) logo: Option<PathBuf>,

    /// A .tflite portrait network instead of the one inside
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) model: Option<PathBuf>,

    /// Go through folders and the folders in them
    #[arg(short, long)]
    pub(crate) recursive: bool,

    /// Format to write
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Quality of JPEG files (colour is kept at full resolution, 4:4:4)
    #[arg(long, value_name = "1-100", default_value_t = 92)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,

    /// Crop a cut-out to the person
    #[arg(long)]
    pub(crate) trim: bool,

    /// Replace files that are already there
    #[arg(long, conflicts_with = "skip_existing")]
    pub(crate) overwrite: bool,

    /// Leave out pictures whose result is already there
    #[arg(long)]
    pub(crate) skip_existing: bool,

    /// Copy EXIF (camera, time, place) to the result, without its thumbnail
    #[arg(long)]
    pub(crate) keep_metadata: bool,

    /// Refuse larger pictures, before decoding them
    #[arg(long, value_name = "N[M]", default_value = "100M", value_parser = pixel_limit)]
    pub(crate) max_pixels: PixelLimit,

    /// Print one JSON object per picture on standard output
    #[arg(long)]
    pub(crate) json: bool,
}

/// The names in [`EFFECTS`], each with its summary.
pub(crate) fn effect_names() -> PossibleValuesParser {
    let names = EFFECTS
        .iter()
        .map(|effect| PossibleValue::new(effect.name).help(effect.summary));
    PossibleValuesParser::new(names)
}

/// `100M` or `100000000`.
fn pixel_limit(text: &str) -> Result<PixelLimit, String> {
    let (digits, unit) = match text.strip_suffix(['M', 'm']) {
        Some(digits) => (digits, 1_000_000),
        None => (text, 1),
    };
    let limit = digits.parse().ok().and_then(|n: u64| n.checked_mul(unit));
    limit
        .filter(|&limit| limit > 0)
        .map(PixelLimit)
        .ok_or_else(|| "a number of pixels, such as 100M for 100 megapixels".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixel_limits() {
        assert_eq!(pixel_limit("100M"), Ok(PixelLimit(100_000_000)));
        assert_eq!(pixel_limit("12"), Ok(PixelLimit(12)));
        for bad in [
            "",
            "0",
            "M",
            "-1",
            "1.5M",
            "99999999999999999999",
            "18446744073709551615M",
        ] {
            assert!(pixel_limit(bad).is_err(), "{bad}");
        }
    }
}
