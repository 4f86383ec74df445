//! The smooth colours of one side of a mask, at reduced size.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::Gaussian;
use hypercut_kernels::pixel::composite::Sides;
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::reduce::{self, Tone};
use hypercut_kernels::pixel::spread::{self, Between};
use hypercut_kernels::pixel::tile;

use crate::frame::Frame;
use crate::mask::Mask;

/// Largest cell of a plane, as a logarithm.
const MAX_LOG: usize = 8;

/// The logarithm of the largest cell, a power of two in pixels, that is no larger than `pixels`.
pub(super) fn largest_cell(pixels: f32) -> usize {
    (pixels.max(1.0) as usize).ilog2().min(MAX_LOG as u32) as usize
}

/// Cells of `1 << log` pixels a side that hold one side's colours.
#[derive(Debug, Default)]
pub(super) struct Plane {
    /// `[h, width, 4]`: premultiplied colour and weight.
    pub(super) cells: Vec<[f32; 4]>,
    /// Cells per row.
    pub(super) width: usize,
    /// Logarithm of a cell's side in pixels.
    pub(super) log: usize,
    trust: Vec<f32>,
    colours: Colours,
}

/// Colours of a plane, in cells that pixels can be drawn from.
#[derive(Debug, Default)]
struct Colours {
    /// `[h, width, 4]` with [`spread::BITS`] fractional bits.
    cells: Vec<[u16; 4]>,
    width: usize,
    log: usize,
    doubled: Vec<[u16; 4]>,
    scratch: Vec<[u16; 4]>,
    between: Between,
}

impl Plane {
    /// Takes the frame's size, with cells of `1 << log` pixels a side.
    pub(super) fn start(&mut self, frame: &Frame<'_>, log: usize) {
        (self.width, self.log) = (frame.width().div_ceil(1 << log), log);
        let height = frame.height().div_ceil(1 << log);
        self.cells.resize(self.width * height, [0.0; 4]);
    }

    /// Takes the cells of another plane of the same frame.
    pub(super) fn copy(&mut self, other: &Self) {
        self.cells.clone_from(&other.cells);
        (self.width, self.log) = (other.width, other.log);
    }

    /// Makes cells of `1 << log` pixels of smaller ones.
    pub(super) fn coarsen(&mut self, isa: Isa, log: usize) {
        while self.log < log {
            self.width = reduce::halve(isa, &mut self.cells, self.width);
            self.log += 1;
        }
    }

    /// Lowers what touches the mask's other side.
    pub(super) fn distrust_edges(&mut self, isa: Isa) {
        reduce::distrust_edges(isa, &mut self.cells, self.width, &mut self.trust);
    }

    /// Turns the cells, blurred or not, into colours without holes.
    pub(super) fn finish(&mut self, isa: Isa, frame: &Frame<'_>, fill: &mut Fill, tone: Tone<'_>) {
        let colours = &mut self.colours;
        colours.cells.resize(self.cells.len(), [0; 4]);
        fill.run(isa, &self.cells, self.width, tone, &mut colours.cells);
        (colours.width, colours.log) = (self.width, self.log);
        while 1 << colours.log > spread::MAX_CELL {
            colours.double(isa, frame);
        }
    }

    /// Row `y` of the picture in the plane's colours.
    pub(super) fn row(&mut self, isa: Isa, y: usize) -> &Between {
        let colours = &mut self.colours;
        let (cells, width, log) = (&colours.cells, colours.width, colours.log);
        colours.between.take(isa, cells, width, log, y);
        &colours.between
    }
}

impl Colours {
    fn double(&mut self, isa: Isa, frame: &Frame<'_>) {
        let log = self.log - 1;
        let width = frame.width().div_ceil(1 << log);
        let height = frame.height().div_ceil(1 << log);
        self.doubled.resize(width * height, [0; 4]);
        spread::double(
            isa,
            (&self.cells, self.width),
            (&mut self.doubled, width),
            &mut self.scratch,
        );
        std::mem::swap(&mut self.cells, &mut self.doubled);
        (self.width, self.log) = (width, log);
    }
}

/// Standard deviation, in cells, of the estimates beside an edge.
const EDGE_SIGMA: f32 = 1.0;

/// Least number of cells along the shorter side of a picture: so many that the softness of a network's mask spans a few.
const EDGE_CELLS: f32 = 80.0;

/// Local colours of person and background beside an edge, for taking one out of the other.
#[derive(Debug, Default)]
pub(super) struct Edges {
    person: Plane,
    background: Plane,
    kinds: Vec<tile::Kind>,
    gaussian: Gaussian,
    fill: Fill,
    /// Rows of both sides over the whole width.
    rows: [Vec<[u8; 4]>; 2],
}

/// A row of [`Edges`].
#[derive(Debug, Clone, Copy)]
pub(super) struct EdgeRow<'a> {
    /// Kinds of the tiles that the row goes through.
    pub(super) kinds: &'a [tile::Kind],
    /// Up to date where there are edges in these tiles.
    pub(super) person: &'a Between,
    pub(super) background: &'a Between,
}

impl Edges {
    pub(super) fn prepare(&mut self, isa: Isa, frame: &Frame<'_>, mask: &Mask) {
        self.prepare_with(isa, frame, mask, None);
    }

    /// [`prepare`](Self::prepare), and the cells of `plane`, whose logarithm is set, with the background as they hold it before
    /// any blur, from the same reading of the frame.
    pub(super) fn prepare_with(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        plane: Option<&mut Plane>,
    ) {
        let log = largest_cell(frame.width().min(frame.height()) as f32 / EDGE_CELLS);
        let finest = plane.as_ref().map_or(log, |plane| plane.log.min(log));
        let finest = finest.min(tile::MAX_CELL.ilog2() as usize);
        self.person.start(frame, finest);
        self.background.start(frame, finest);
        let (across, down) = tile::tiles(frame.width(), frame.height());
        self.kinds.resize(across * down, tile::Kind::Empty);
        let found = tile::Found {
            kinds: &mut self.kinds,
            person: &mut self.person.cells,
            background: &mut self.background.cells,
        };
        tile::gather(isa, frame.source(), mask.data(), 1 << finest, found);
        if let Some(plane) = plane {
            let log = plane.log;
            plane.copy(&self.background);
            plane.coarsen(isa, log);
            plane.distrust_edges(isa);
        }
        for plane in [&mut self.person, &mut self.background] {
            plane.coarsen(isa, log);
            plane.distrust_edges(isa);
            self.gaussian
                .run(isa, EDGE_SIGMA, &mut plane.cells, plane.width);
            plane.finish(isa, frame, &mut self.fill, Tone::Plain);
        }
    }

    /// Both sides under row `y`.
    pub(super) fn row(&mut self, isa: Isa, frame: &Frame<'_>, y: usize) -> EdgeRow<'_> {
        let across = frame.width().div_ceil(tile::WIDTH);
        let kinds = &self.kinds[y / tile::HEIGHT * across..][..across];
        let edges = kinds
            .iter()
            .any(|kind| matches!(kind, tile::Kind::Soft | tile::Kind::Clear));
        if edges {
            self.person.row(isa, y);
            self.background.row(isa, y);
        }
        EdgeRow {
            kinds,
            person: &self.person.colours.between,
            background: &self.background.colours.between,
        }
    }
    /// Both sides under row `y` over the whole width, up to date in tiles with edges.
    pub(super) fn sides(&mut self, isa: Isa, frame: &Frame<'_>, y: usize) -> Sides<'_> {
        let mut rows = std::mem::take(&mut self.rows);
        let row = self.row(isa, frame, y);
        for (out, side) in rows.iter_mut().zip([row.person, row.background]) {
            out.resize(frame.width(), [0; 4]);
            side.spread(isa, row.kinds, out);
        }
        self.rows = rows;
        Sides {
            person: &self.rows[0],
            background: &self.rows[1],
        }
    }
}
