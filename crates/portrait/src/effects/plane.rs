//! The smooth colours of one side of a mask, at reduced size.
use std::ops::Range;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::Gaussian;
use hypercut_kernels::pixel::composite::Sides;
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::lerp::{self, Taps};
use hypercut_kernels::pixel::reduce::{self, Tone};

use crate::frame::{Frame, PixelFormat};
use crate::mask::Mask;

/// Which side of a mask.
#[derive(Debug, Clone, Copy)]
pub(super) enum Side {
    Person,
    Background,
}

/// Cells of `cell` x `cell` pixels that hold one side's colours, and rows of them at full size.
#[derive(Debug, Default)]
pub(super) struct Plane {
    /// `[h, width, 4]`: premultiplied colour and weight.
    pub(super) cells: Vec<[f32; 4]>,
    /// Cells per row.
    pub(super) width: usize,
    colours: Vec<[u16; 4]>,
    weights: Vec<u8>,
    columns: Vec<[f32; 4]>,
    trust: Vec<f32>,
    x: Taps,
    y: Taps,
    between: Vec<[u16; 4]>,
    row: Vec<[u8; 4]>,
}

impl Plane {
    /// Averages one side of the frame over cells; transparent pixels count for neither side.
    pub(super) fn gather(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        side: Side,
        cell: usize,
        tone: Tone<'_>,
    ) {
        let (width, height) = reduce::cells(&frame.source(), cell);
        self.width = width;
        self.cells.clear();
        self.cells.resize(width * height, [0.0; 4]);
        self.weights.resize(frame.width(), 0);
        self.columns.clear();
        self.columns.resize(frame.width(), [0.0; 4]);
        for (y, row) in frame.rows().enumerate() {
            weigh(mask.row(y), row, frame.format(), side, &mut self.weights);
            reduce::add_row(
                isa,
                row,
                frame.format().bytes(),
                &self.weights,
                tone,
                &mut self.columns,
            );
            if (y + 1) % cell == 0 || y + 1 == frame.height() {
                let cells = &mut self.cells[y / cell * width..][..width];
                reduce::fold(isa, &mut self.columns, cell, cells);
            }
        }
        reduce::distrust_edges(&mut self.cells, width, &mut self.trust);
        self.x.set(frame.width(), width, 1, cell);
        self.y.set(frame.height(), height, 1, cell);
        self.row.resize(frame.width(), [0; 4]);
    }

    /// Turns the cells, blurred or not, into colours without holes.
    pub(super) fn finish(&mut self, fill: &mut Fill, tone: Tone<'_>) {
        self.colours.resize(self.cells.len(), [0; 4]);
        fill.run(&self.cells, self.width, tone, &mut self.colours);
    }

    /// Full-size row `y` of the colours, `[W, 4]`, up to date inside `span` alone.
    pub(super) fn row(&mut self, isa: Isa, y: usize, span: Range<usize>) -> &mut [[u8; 4]] {
        let (x, y) = ((&self.x, span), self.y.at(y));
        lerp::row(isa, &self.colours, x, y, &mut self.between, &mut self.row);
        &mut self.row
    }
}

/// The places of a row from the first to the last that `wanted` picks; empty when there is none.
pub(super) fn span(alphas: &[u8], wanted: impl Fn(u8) -> bool) -> Range<usize> {
    let first = alphas.iter().position(|&alpha| wanted(alpha));
    let last = alphas.iter().rposition(|&alpha| wanted(alpha));
    first
        .zip(last)
        .map_or(0..0, |(first, last)| first..last + 1)
}

/// Weight of a pixel by its share of a side: the eighth power of the share. A soft pixel is a mixture, so by its share alone
/// it would carry `share * (1 - share)` of the other side's colour into the average: 1/6 over a whole edge, here 1/90.
const TRUST: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let square = (i * i + 127) / 255;
        let fourth = (square * square + 127) / 255;
        table[i] = ((fourth * fourth + 127) / 255) as u8;
        i += 1;
    }
    table
};

/// How much each pixel tells about a side.
fn weigh(mask: &[u8], row: &[u8], format: PixelFormat, side: Side, weights: &mut [u8]) {
    for (weight, &alpha) in weights.iter_mut().zip(mask) {
        *weight = match side {
            Side::Person => TRUST[usize::from(alpha)],
            Side::Background => TRUST[usize::from(255 - alpha)],
        };
    }
    if format.has_alpha() {
        for (weight, pixel) in weights.iter_mut().zip(row.chunks_exact(format.bytes())) {
            *weight = (u16::from(*weight) * u16::from(pixel[format.bytes() - 1]) / 255) as u8;
        }
    }
}

/// Standard deviation, in cells, of the estimates beside an edge.
const EDGE_SIGMA: f32 = 1.5;

/// Cells along the shorter side of a picture: as many as a network's mask has, whose softness they must span.
const EDGE_CELLS: usize = 256;

/// Local colours of person and background beside an edge, for taking one out of the other.
#[derive(Debug, Default)]
pub(super) struct Edges {
    person: Plane,
    background: Plane,
    gaussian: Gaussian,
    fill: Fill,
}

impl Edges {
    pub(super) fn prepare(&mut self, isa: Isa, frame: &Frame<'_>, mask: &Mask) {
        let cell = (frame.width().min(frame.height()) / EDGE_CELLS).clamp(1, reduce::MAX_SIDE);
        for (plane, side) in [
            (&mut self.person, Side::Person),
            (&mut self.background, Side::Background),
        ] {
            plane.gather(isa, frame, mask, side, cell, Tone::Plain);
            self.gaussian
                .run(isa, EDGE_SIGMA, &mut plane.cells, plane.width);
            plane.finish(&mut self.fill, Tone::Plain);
        }
    }

    /// Both sides under row `y`, whose alpha is `alphas`; up to date where alpha is neither 0 nor 255.
    pub(super) fn row(&mut self, isa: Isa, y: usize, alphas: &[u8]) -> Sides<'_> {
        let soft = span(alphas, |alpha| !matches!(alpha, 0 | 255));
        Sides {
            person: self.person.row(isa, y, soft.clone()),
            background: self.background.row(isa, y, soft),
        }
    }
}
