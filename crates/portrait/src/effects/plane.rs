//! The smooth colours of one side of a mask, at reduced size.
use std::ops::Range;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::Source;
use hypercut_kernels::pixel::blur::Gaussian;
use hypercut_kernels::pixel::composite::Sides;
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::reduce::{self, Tone};
use hypercut_kernels::pixel::spread::{self, Between, Cells};
use hypercut_kernels::pixel::tile;

use crate::frame::Frame;
use crate::mask::Mask;
use crate::threads::Threads;

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

    /// Turns the cells, blurred or not, into colours without holes. What the cells hold then means nothing.
    pub(super) fn finish(&mut self, isa: Isa, frame: &Frame<'_>, fill: &mut Fill, tone: Tone<'_>) {
        let colours = &mut self.colours;
        colours.cells.resize(self.cells.len(), [0; 4]);
        fill.run(isa, &mut self.cells, self.width, tone, &mut colours.cells);
        (colours.width, colours.log) = (self.width, self.log);
        while 1 << colours.log > spread::MAX_CELL {
            colours.double(isa, frame);
        }
    }

    /// Row `y` of the picture in the plane's colours, under some of its tiles.
    pub(super) fn row(&self, isa: Isa, y: usize, tiles: Range<usize>, out: &mut Between) {
        let cells = Cells {
            plane: &self.colours.cells,
            width: self.colours.width,
            log: self.colours.log,
        };
        out.take(isa, cells, y, tiles);
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
    labs: Vec<Lab>,
}

/// Scratch for a plane in the making.
#[derive(Debug, Default)]
struct Lab {
    gaussian: Gaussian,
    fill: Fill,
}

/// A plane to be made of the cells that were gathered.
pub(super) struct Wanted<'a> {
    pub(super) plane: &'a mut Plane,
    /// Logarithm of a cell's side in pixels.
    pub(super) log: usize,
    /// Standard deviation of its blur in cells.
    pub(super) sigma: f32,
}

/// Scratch for a band of rows.
#[derive(Debug, Default)]
pub(super) struct EdgeBand {
    person: Between,
    background: Between,
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
    pub(super) fn prepare(&mut self, threads: &Threads, isa: Isa, frame: &Frame<'_>, mask: &Mask) {
        self.prepare_with(threads, isa, frame, mask, None);
    }

    /// [`prepare`](Self::prepare), and `behind`, a plane of the background, from the same reading of the frame.
    pub(super) fn prepare_with(
        &mut self,
        threads: &Threads,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        mut behind: Option<Wanted<'_>>,
    ) {
        let log = largest_cell(frame.width().min(frame.height()) as f32 / EDGE_CELLS);
        let finest = behind.as_ref().map_or(log, |behind| behind.log.min(log));
        let finest = finest.min(tile::MAX_CELL.ilog2() as usize);
        self.gather(threads, isa, frame, mask, finest);
        if let Some(behind) = &mut behind {
            behind.plane.copy(&self.background);
        }
        let edge = |plane| Wanted {
            plane,
            log,
            sigma: EDGE_SIGMA,
        };
        let sides = [&mut self.person, &mut self.background].map(edge).map(Some);
        let [person, background] = sides;
        let wanted = [behind, person, background].into_iter();
        threads.each(&mut self.labs, wanted, |wanted, lab| {
            let Some(Wanted { plane, log, sigma }) = wanted else {
                return;
            };
            plane.coarsen(isa, log);
            plane.distrust_edges(isa);
            lab.gaussian.run(isa, sigma, &mut plane.cells, plane.width);
            plane.finish(isa, frame, &mut lab.fill, Tone::Plain);
        });
    }

    /// Fills both sides with cells of `1 << log` pixels, and the kinds of the tiles.
    fn gather(&mut self, threads: &Threads, isa: Isa, frame: &Frame<'_>, mask: &Mask, log: usize) {
        self.person.start(frame, log);
        self.background.start(frame, log);
        let (width, height, cell) = (frame.width(), frame.height(), 1 << log);
        let (across, down) = tile::tiles(width, height);
        self.kinds.resize(across * down, tile::Kind::Empty);
        // Tiles and cells end where a band does.
        let rows = threads.band(height, tile::HEIGHT);
        let cells = rows.div_ceil(cell) * self.person.width;
        let kinds = self.kinds.chunks_mut(rows.div_ceil(tile::HEIGHT) * across);
        let person = self.person.cells.chunks_mut(cells);
        let background = self.background.cells.chunks_mut(cells);
        let bands = kinds.zip(person.zip(background)).enumerate();
        threads.each(&mut Vec::new(), bands, |(i, found), (): &mut ()| {
            let (kinds, (person, background)) = found;
            let (source, first) = (frame.source(), i * rows);
            let source = Source {
                data: &source.data[first * source.stride..],
                height: rows.min(height - first),
                ..source
            };
            let mask = &mask.data()[first * width..][..source.height * width];
            let found = tile::Found {
                kinds,
                person,
                background,
            };
            tile::gather(isa, source, mask, cell, found);
        });
    }

    /// Both sides under row `y`.
    pub(super) fn row<'a>(
        &'a self,
        isa: Isa,
        frame: &Frame<'_>,
        y: usize,
        band: &'a mut EdgeBand,
    ) -> EdgeRow<'a> {
        let across = frame.width().div_ceil(tile::WIDTH);
        let kinds = &self.kinds[y / tile::HEIGHT * across..][..across];
        let is_edge = |kind: &tile::Kind| matches!(kind, tile::Kind::Soft | tile::Kind::Clear);
        let (first, last) = (
            kinds.iter().position(is_edge),
            kinds.iter().rposition(is_edge),
        );
        if let (Some(first), Some(last)) = (first, last) {
            self.person.row(isa, y, first..last + 1, &mut band.person);
            self.background
                .row(isa, y, first..last + 1, &mut band.background);
        }
        EdgeRow {
            kinds,
            person: &band.person,
            background: &band.background,
        }
    }

    /// Both sides under row `y` over the whole width, up to date in tiles with edges.
    pub(super) fn sides<'a>(
        &self,
        isa: Isa,
        frame: &Frame<'_>,
        y: usize,
        band: &'a mut EdgeBand,
    ) -> Sides<'a> {
        let mut rows = std::mem::take(&mut band.rows);
        let row = self.row(isa, frame, y, band);
        for (out, side) in rows.iter_mut().zip([row.person, row.background]) {
            out.resize(frame.width(), [0; 4]);
            side.spread(isa, row.kinds, out);
        }
        band.rows = rows;
        Sides {
            person: &band.rows[0],
            background: &band.rows[1],
        }
    }
}
