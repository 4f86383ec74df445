//! The smooth colours of one side of a mask, at reduced size.
use std::ops::Range;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::Gaussian;
use hypercut_kernels::pixel::composite::Sides;
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::lerp::{self, Taps};
use hypercut_kernels::pixel::opacity;
use hypercut_kernels::pixel::reduce::{self, Sums, Tone};
use hypercut_kernels::pixel::runs::{Kind, runs};

use super::weights::Weights;
use crate::frame::{Frame, PixelFormat};
use crate::mask::Mask;

/// Which side of a mask.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) enum Side {
    Person,
    #[default]
    Background,
}

impl Side {
    /// The runs of a mask that are this side's alone.
    fn own(self) -> Kind {
        match self {
            Self::Person => Kind::Full,
            Self::Background => Kind::Empty,
        }
    }
}

/// Cells of `cell` x `cell` pixels that hold one side's colours, and rows of them at full size.
#[derive(Debug, Default)]
pub(super) struct Plane {
    side: Side,
    /// `[h, width, 4]`: premultiplied colour and weight.
    pub(super) cells: Vec<[f32; 4]>,
    /// Cells per row.
    pub(super) width: usize,
    cell: usize,
    colours: Vec<[u16; 4]>,
    sums: Sums,
    columns: Vec<[f32; 4]>,
    trust: Vec<f32>,
    x: Taps,
    y: Taps,
    between: Vec<[u16; 4]>,
    row: Vec<[u8; 4]>,
}

impl Plane {
    /// Of no size yet.
    pub(super) fn new(side: Side) -> Self {
        Self {
            side,
            ..Self::default()
        }
    }

    /// Takes the frame's size, with cells of `cell` pixels a side.
    pub(super) fn start(&mut self, frame: &Frame<'_>, cell: usize) {
        let (width, height) = reduce::cells(&frame.source(), cell);
        (self.width, self.cell) = (width, cell);
        self.cells.resize(width * height, [0.0; 4]);
        self.x.set(frame.width(), width, 1, cell);
        self.y.set(frame.height(), height, 1, cell);
        self.row.resize(frame.width(), [0; 4]);
        self.sums.start(frame.width(), frame.format().bytes(), cell);
    }

    /// The cells that picture row `y` ends, if it ends any.
    fn ended(&mut self, y: usize, height: usize) -> Option<&mut [[f32; 4]]> {
        let ends = (y + 1).is_multiple_of(self.cell) || y + 1 == height;
        ends.then(|| &mut self.cells[y / self.cell * self.width..][..self.width])
    }

    /// Lowers what touches the mask's other side, after every row.
    fn end(&mut self) {
        reduce::distrust_edges(&mut self.cells, self.width, &mut self.trust);
    }

    /// Averages the plane's side in the scale of `curve`, a byte's entry each.
    pub(super) fn gather_curved(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        curve: &[f32; 256],
        weights: &mut Weights,
    ) {
        self.columns.clear();
        self.columns.resize(frame.width(), [0.0; 4]);
        let (channels, height) = (frame.format().bytes(), frame.height());
        let mut columns = std::mem::take(&mut self.columns);
        for (y, row) in frame.rows().enumerate() {
            weights.weigh(isa, mask.row(y), row, frame.format(), 0..frame.width());
            let weights = &weights.of(self.side).weights;
            reduce::add_row(
                isa,
                row,
                channels,
                weights,
                Tone::Curve(curve),
                &mut columns,
            );
            let cell = self.cell;
            if let Some(cells) = self.ended(y, height) {
                reduce::fold(isa, &mut columns, cell, cells);
            }
        }
        self.columns = columns;
        self.end();
    }

    /// Turns the cells, blurred or not, into colours without holes.
    pub(super) fn finish(&mut self, isa: Isa, fill: &mut Fill, tone: Tone<'_>) {
        self.colours.resize(self.cells.len(), [0; 4]);
        fill.run(isa, &self.cells, self.width, tone, &mut self.colours);
    }

    /// Full-size row `y` of the colours, `[W, 4]` with 255 as alpha, up to date inside `span` alone.
    pub(super) fn row(&mut self, isa: Isa, y: usize, span: Range<usize>) -> &mut [[u8; 4]] {
        let (x, y) = ((&self.x, span), self.y.at(y));
        lerp::row(isa, &self.colours, x, y, &mut self.between, &mut self.row);
        &mut self.row
    }

    /// Writes places `span` of full-size row `y` of the colours to the same places of `out`, with 255 as alpha.
    pub(super) fn draw_row(&mut self, isa: Isa, y: usize, span: Range<usize>, out: &mut [[u8; 4]]) {
        let (x, y) = ((&self.x, span), self.y.at(y));
        lerp::row(isa, &self.colours, x, y, &mut self.between, out);
    }
}

/// Averages each plane's side over its cells, reading the frame once; transparent pixels count for neither side.
pub(super) fn gather<const N: usize>(
    isa: Isa,
    frame: &Frame<'_>,
    mask: &Mask,
    mut planes: [&mut Plane; N],
    weights: &mut Weights,
) {
    let channels = frame.format().bytes();
    for (y, row) in frame.rows().enumerate() {
        for (kind, span) in runs_under(isa, row, frame.format(), mask.row(y)) {
            if kind == Kind::Soft {
                weights.weigh(isa, mask.row(y), row, frame.format(), span.clone());
                let bytes = span.start * channels..span.end * channels;
                weights.multiply(isa, &row[bytes], channels, span.clone());
                for plane in &mut planes {
                    let products = &weights.of(plane.side).products[span.clone()];
                    plane.sums.add_weighted(isa, span.start, products);
                }
                continue;
            }
            for plane in planes.iter_mut().filter(|plane| plane.side.own() == kind) {
                plane.sums.add(isa, row, span.clone());
            }
        }
        for plane in &mut planes {
            let mut sums = std::mem::take(&mut plane.sums);
            if let Some(cells) = plane.ended(y, frame.height()) {
                sums.fold(isa, cells);
            }
            plane.sums = sums;
        }
    }
    for plane in planes {
        plane.end();
    }
}

/// The runs of a row of the mask. A row of the picture that is transparent anywhere is soft as a whole: there every pixel has
/// its own opacity.
pub(super) fn runs_under<'a>(
    isa: Isa,
    picture: &[u8],
    format: PixelFormat,
    alphas: &'a [u8],
) -> impl Iterator<Item = (Kind, Range<usize>)> + use<'a> {
    let opaque = !format.has_alpha() || opacity::is_opaque(isa, picture);
    let whole = (!opaque).then_some((Kind::Soft, 0..alphas.len()));
    whole
        .into_iter()
        .chain(runs(if opaque { alphas } else { &[] }))
}

/// The places of a row from the first to the last that `wanted` picks; empty when there is none.
pub(super) fn span(alphas: &[u8], wanted: impl Fn(u8) -> bool) -> Range<usize> {
    let first = alphas.iter().position(|&alpha| wanted(alpha));
    let last = alphas.iter().rposition(|&alpha| wanted(alpha));
    first
        .zip(last)
        .map_or(0..0, |(first, last)| first..last + 1)
}

/// Standard deviation, in cells, of the estimates beside an edge.
const EDGE_SIGMA: f32 = 1.0;

/// Cells along the shorter side of a picture: as many as a network's mask has, whose softness they must span.
const EDGE_CELLS: usize = 160;

/// Local colours of person and background beside an edge, for taking one out of the other.
#[derive(Debug)]
pub(super) struct Edges {
    person: Plane,
    background: Plane,
    weights: Weights,
    gaussian: Gaussian,
    fill: Fill,
}

impl Default for Edges {
    fn default() -> Self {
        Self {
            person: Plane::new(Side::Person),
            background: Plane::new(Side::Background),
            weights: Weights::default(),
            gaussian: Gaussian::default(),
            fill: Fill::default(),
        }
    }
}

impl Edges {
    pub(super) fn prepare(&mut self, isa: Isa, frame: &Frame<'_>, mask: &Mask) {
        self.start(frame);
        let planes = [&mut self.person, &mut self.background];
        gather(isa, frame, mask, planes, &mut self.weights);
        self.finish(isa);
    }

    /// [`prepare`](Self::prepare), and `plane`, which has started, gathered from the same reading of the frame.
    pub(super) fn prepare_with(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        plane: &mut Plane,
    ) {
        self.start(frame);
        let planes = [&mut self.person, &mut self.background, plane];
        gather(isa, frame, mask, planes, &mut self.weights);
        self.finish(isa);
    }

    fn start(&mut self, frame: &Frame<'_>) {
        let cell = (frame.width().min(frame.height()) / EDGE_CELLS).clamp(1, reduce::MAX_SIDE);
        self.person.start(frame, cell);
        self.background.start(frame, cell);
    }

    fn finish(&mut self, isa: Isa) {
        for plane in [&mut self.person, &mut self.background] {
            self.gaussian
                .run(isa, EDGE_SIGMA, &mut plane.cells, plane.width);
            plane.finish(isa, &mut self.fill, Tone::Plain);
        }
    }

    /// Both sides under row `y`, up to date inside `span` alone.
    pub(super) fn row(&mut self, isa: Isa, y: usize, span: Range<usize>) -> Sides<'_> {
        Sides {
            person: self.person.row(isa, y, span.clone()),
            background: self.background.row(isa, y, span),
        }
    }

    /// Both sides under row `y` wherever `alphas` are neither 0 nor 255.
    pub(super) fn soft_row(&mut self, isa: Isa, y: usize, alphas: &[u8]) -> Sides<'_> {
        self.row(isa, y, span(alphas, |alpha| !matches!(alpha, 0 | 255)))
    }
}
