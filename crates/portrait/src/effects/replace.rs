//! What `color` and `image` share: a new background behind the person's own colours.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, over_row};

use super::plane::{EdgeBand, Edges};
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

/// Draws the person over rows of another background.
#[derive(Debug)]
pub(super) struct Replace {
    isa: Isa,
    threads: Threads,
    edges: Edges,
    bands: Vec<Band>,
}

/// Scratch of a band of rows.
#[derive(Debug, Default)]
struct Band {
    edges: EdgeBand,
    behind: Vec<[u8; 4]>,
}

impl Replace {
    pub(super) fn new() -> Self {
        Self {
            isa: Isa::detect(),
            threads: Threads::default(),
            edges: Edges::default(),
            bands: Vec::new(),
        }
    }

    pub(super) fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
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
        background: impl Fn(usize, &mut [[u8; 4]]) + Sync,
    ) {
        let (isa, threads) = (self.isa, &self.threads);
        self.edges.prepare(threads, isa, frame, mask);
        let (edges, out_channels) = (&self.edges, out.format().bytes());
        let bands = out.bands(threads.band(frame.height(), 1));
        threads.each(&mut self.bands, bands, |band, scratch| {
            scratch.behind.resize(frame.width(), [0; 4]);
            for (y, out) in band.rows() {
                background(y, &mut scratch.behind);
                let row = Row {
                    picture: frame.row(y),
                    channels: frame.format().bytes(),
                    alpha: mask.row(y),
                    sides: Some(edges.sides(isa, frame, y, &mut scratch.edges)),
                };
                over_row(isa, row, &scratch.behind, out, out_channels);
            }
        });
    }
}
