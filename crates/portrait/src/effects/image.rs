//! Puts a picture behind the person.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::Source;

use super::replace::Replace;
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, Picture, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;
use crate::thumbnail::Resampler;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "image",
    summary: "puts a picture behind the person, scaled to cover",
    options: &[OptionInfo {
        name: "background",
        kind: OptionKind::Picture,
        help: "the background picture",
    }],
    make: |options| Ok(Box::new(Image::new(options.picture("background")?.clone()))),
};

#[derive(Debug)]
struct Image {
    isa: Isa,
    threads: Threads,
    picture: Picture,
    /// The picture at the frame's size, `[H, W, C]`, and that size.
    scaled: Vec<u8>,
    size: (usize, usize),
    replace: Replace,
}

impl Image {
    fn new(picture: Picture) -> Self {
        Self {
            isa: Isa::detect(),
            threads: Threads::default(),
            picture,
            scaled: Vec::new(),
            size: (0, 0),
            replace: Replace::new(),
        }
    }

    fn scale(&mut self, size: (usize, usize)) {
        if self.size == size {
            return;
        }
        self.size = size;
        let whole = self.picture.as_frame();
        self.scaled
            .resize(size.0 * size.1 * whole.format().bytes(), 0);
        let (threads, part) = (&self.threads, cover(&whole, size));
        Resampler::default().run(threads, self.isa, part, size, &mut self.scaled);
    }
}

/// The largest part of `picture`, from its middle, that has the aspect of `width` x `height`.
fn cover<'a>(picture: &Frame<'a>, (width, height): (usize, usize)) -> Source<'a> {
    let mut part = picture.source();
    // The part that a side keeps when the other is kept whole, rounded to nearest.
    let share = |other: usize, num: usize, den: usize| ((2 * other * num + den) / (2 * den)).max(1);
    let (cut_width, cut_height) = (
        share(part.height, width, height),
        share(part.width, height, width),
    );
    let (left, top) = if cut_width < part.width {
        ((part.width - cut_width) / 2, 0)
    } else {
        (0, part.height.saturating_sub(cut_height) / 2)
    };
    part.width = part.width.min(cut_width);
    part.height = part.height.min(cut_height);
    part.data = &part.data[top * part.stride + left * part.channels..];
    part
}

impl Effect for Image {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        Replace::output_format(input)
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
        self.replace.set_threads(threads);
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        self.scale((frame.width(), frame.height()));
        let channels = self.picture.as_frame().format().bytes();
        let (scaled, stride) = (&self.scaled, frame.width() * channels);
        self.replace.draw(frame, mask, out, |y, behind| {
            for (behind, pixel) in behind
                .iter_mut()
                .zip(scaled[y * stride..].chunks_exact(channels))
            {
                *behind = match channels {
                    1 => [pixel[0], pixel[0], pixel[0], 255],
                    _ => [pixel[0], pixel[1], pixel[2], 255],
                };
            }
        });
        Ok(())
    }
}
