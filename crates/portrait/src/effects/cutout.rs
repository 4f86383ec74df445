//! Keeps the person on a transparent background.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, person_row};

use super::plane::{EdgeBand, Edges};
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "cutout",
    summary: "keeps the person on a transparent background",
    options: &[OptionInfo {
        name: "keep-spill",
        kind: OptionKind::Flag,
        help: "leave the background colour that shines through at edges and hair",
    }],
    make: |options| {
        let edges = (!options.flag("keep-spill")).then(Edges::default);
        Ok(Box::new(Cutout {
            isa: Isa::detect(),
            threads: Threads::default(),
            edges,
            bands: Vec::new(),
        }))
    },
};

#[derive(Debug)]
struct Cutout {
    isa: Isa,
    threads: Threads,
    edges: Option<Edges>,
    bands: Vec<EdgeBand>,
}

impl Effect for Cutout {
    fn output_format(&self, _input: PixelFormat) -> PixelFormat {
        PixelFormat::Rgba8
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
    }

    /// Alpha is the mask's, never above the frame's own; pixels without any are black, which compresses well.
    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        let (isa, threads) = (self.isa, &self.threads);
        if let Some(edges) = &mut self.edges {
            edges.prepare(threads, isa, frame, mask);
        }
        let edges = self.edges.as_ref();
        let bands = out.bands(threads.band(frame.height(), 1));
        threads.each(&mut self.bands, bands, |band, scratch| {
            for (y, out) in band.rows() {
                let row = Row {
                    picture: frame.row(y),
                    channels: frame.format().bytes(),
                    alpha: mask.row(y),
                    sides: edges.map(|edges| edges.sides(isa, frame, y, scratch)),
                };
                let out = out.as_chunks_mut::<4>().0;
                person_row(isa, row, out);
                out.iter_mut()
                    .filter(|pixel| pixel[3] == 0)
                    .for_each(|pixel| *pixel = [0; 4]);
            }
        });
        Ok(())
    }
}
