//! What `color` and `image` share: a new background behind the person's own colours.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, over_row};

use super::plane::Edges;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

/// Draws the person over rows of another background.
#[derive(Debug)]
pub(super) struct Replace {
    isa: Isa,
    edges: Edges,
    behind: Vec<[u8; 4]>,
}

impl Replace {
    pub(super) fn new() -> Self {
        Self {
            isa: Isa::detect(),
            edges: Edges::default(),
            behind: Vec::new(),
        }
    }

    /// The frame's format, or colour for a gray frame. The alpha of such an output is 255: nothing shines through.
    pub(super) fn output_format(input: PixelFormat) -> PixelFormat {
        match input {
            PixelFormat::Gray8 => PixelFormat::Rgb8,
            other => other,
        }
    }

    /// `background(y, row)` writes row `y` of the new background, `[W, 4]`.
    pub(super) fn draw(
        &mut self,
        frame: &Frame<'_>,
        mask: &Mask,
        out: &mut FrameMut<'_>,
        background: impl Fn(usize, &mut [[u8; 4]]),
    ) {
        self.edges.prepare(self.isa, frame, mask);
        self.behind.resize(frame.width(), [0; 4]);
        let out_channels = out.format().bytes();
        for (y, picture) in frame.rows().enumerate() {
            background(y, &mut self.behind);
            let sides = Some(self.edges.sides(self.isa, frame, y));
            let row = Row {
                picture,
                channels: frame.format().bytes(),
                alpha: mask.row(y),
                sides,
            };
            over_row(self.isa, row, &self.behind, out.row_mut(y), out_channels);
        }
    }
}
