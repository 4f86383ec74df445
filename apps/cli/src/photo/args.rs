//! What `hypercut photo` can be told.
use clap::{Args, ValueHint};
use std::path::PathBuf;

use crate::args::ThreadArgs;
use crate::studio::RecipeArgs;

const EXAMPLES: &str = "\
Examples:
  hypercut photo me.jpg                                   blurs the background, writes me-blur.jpg
  hypercut photo me.jpg -o out.jpg --strength 80 --style bokeh
  hypercut photo me.jpg --effect cutout --trim -o me.png
  hypercut photo me.jpg --effect image --background beach.jpg --logo logo.png -o out.jpg
  hypercut photo huge.jpg -o out.jpg --threads 4          four threads share the picture's rows
  hypercut photo holiday/ --recursive -o done/            as `hypercut folder holiday/ -o done/` does it
  curl -s https://example.com/me.jpg | hypercut photo - --effect mask > mask.png

Names: without -o a result lies beside its input as <name>-<effect>.<ending>. With -o FILE it goes there, over what \
was there. With -o FOLDER/ it keeps its input's name. In a folder or beside the input nothing is replaced unless \
--overwrite says so. Two inputs for one output, or an output that is an input, are refused before any work.

Formats: JPEG, PNG and WebP are read, whatever their names. Cut-outs and masks become PNG unless -o or --format says \
otherwise, everything else keeps its input's format. WebP is written lossless, so --quality doesn't count for it. \
EXIF orientation is applied, the ICC profile is kept, other metadata only with --keep-metadata. Output has 8 bits \
per channel.

Threads: pictures are worked on one after another; --threads lets several share each. For many pictures `hypercut folder \
--jobs`, a whole picture per thread, gets more done; decoding and encoding, which take most of a picture's time, are never shared.

Exit codes: 0 all pictures worked, 1 some failed (the others are done), 2 usage.";

/// `hypercut photo`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct PhotoArgs {
    /// Pictures, a folder (with --recursive), or - for standard input
    #[arg(value_name = "IN", required = true, value_hint = ValueHint::AnyPath)]
    pub(crate) inputs: Vec<PathBuf>,

    /// File or folder to write to, or - for standard output
    #[arg(short, long, value_name = "OUT", value_hint = ValueHint::AnyPath)]
    pub(crate) output: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,

    #[command(flatten)]
    pub(crate) threads: ThreadArgs,

    /// Go through a folder and the folders in it, as `hypercut folder` does: with a manifest, resumed after any stop
    #[arg(short, long, conflicts_with_all = ["skip_existing", "threads"])]
    pub(crate) recursive: bool,

    /// Replace files that are already there
    #[arg(long, conflicts_with = "skip_existing")]
    pub(crate) overwrite: bool,

    /// Leave out pictures whose result is already there
    #[arg(long)]
    pub(crate) skip_existing: bool,

    /// Print one JSON object per picture on standard output; with --recursive the manifest's
    #[arg(long)]
    pub(crate) json: bool,
}
