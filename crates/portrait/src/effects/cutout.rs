//! Keeps the person on a transparent background.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, person_row};

use super::plane::Edges;
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

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
            edges,
        }))
    },
};

#[derive(Debug)]
struct Cutout {
    isa: Isa,
    edges: Option<Edges>,
}

impl Effect for Cutout {
    fn output_format(&self, _input: PixelFormat) -> PixelFormat {
        PixelFormat::Rgba8
    }

    /// Alpha is the mask's, never above the frame's own; pixels without any are black, which compresses well.
    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        if let Some(edges) = &mut self.edges {
            edges.prepare(self.isa, frame, mask);
        }
        for (y, picture) in frame.rows().enumerate() {
            let sides = self
                .edges
                .as_mut()
                .map(|edges| edges.sides(self.isa, frame, y));
            let row = Row {
                picture,
                channels: frame.format().bytes(),
                alpha: mask.row(y),
                sides,
            };
            let out = out.row_mut(y).as_chunks_mut::<4>().0;
            person_row(self.isa, row, out);
            out.iter_mut()
                .filter(|pixel| pixel[3] == 0)
                .for_each(|pixel| *pixel = [0; 4]);
        }
        Ok(())
    }
}
