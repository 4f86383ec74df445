//! Blurs the background alone.
//!
//! Colours are averaged with the background's share of each pixel as weight, so nothing of the person gets into the blur:
//! no halo. That happens at reduced size, as coarse as the blur allows, and is interpolated back.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::Disc;
use hypercut_kernels::pixel::composite::{TileRow, draw_row};
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::reduce::{self, Tone};
use hypercut_kernels::pixel::spread::Between;
use hypercut_kernels::pixel::tile;

use super::plane::{EdgeBand, Edges, Plane, Wanted, largest_cell};
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "blur",
    summary: "blurs the background alone, as a lens would",
    options: &[
        OptionInfo {
            name: "strength",
            kind: OptionKind::Number {
                min: 0.0,
                max: 100.0,
                default: 50.0,
            },
            help: "how much, relative to the size of the picture",
        },
        OptionInfo {
            name: "style",
            kind: OptionKind::Choice {
                values: &["gaussian", "bokeh"],
                default: "gaussian",
            },
            help: "smooth, or discs with bright highlights",
        },
    ],
    make: |options| {
        let style = if options.choice("style") == "bokeh" {
            Style::Bokeh
        } else {
            Style::Gaussian
        };
        Ok(Box::new(Blur::new(options.number("strength"), style)))
    },
};

/// Standard deviation at full strength, as a share of the square root of the picture's area.
const FULL_SIGMA: f32 = 0.04;

/// Below this standard deviation in pixels nothing can be seen of a blur.
const LEAST_SIGMA: f32 = 0.3;

/// A Gaussian is computed in cells of at most 1 / 2.3 of its standard deviation: coarser ones would show.
const GAUSSIAN_CELLS: f32 = 2.3;

/// A disc, which has an edge, in cells of at most 1 / 7 of its radius.
const DISC_CELLS: f32 = 7.0;

/// Variance, in squared cells, that averaging over cells (1 / 12) and interpolating between them (1 / 6) add by themselves.
const CELL_VARIANCE: f32 = 0.25;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Style {
    Gaussian,
    Bokeh,
}

#[derive(Debug)]
struct Blur {
    isa: Isa,
    threads: Threads,
    strength: f32,
    style: Style,
    curve: [f32; 256],
    behind: Plane,
    edges: Edges,
    bokeh: Bokeh,
    bands: Vec<Band>,
}

/// Scratch of a band of rows.
#[derive(Debug, Default)]
struct Band {
    edges: EdgeBand,
    behind: Between,
}

impl Blur {
    fn new(strength: f32, style: Style) -> Self {
        Self {
            isa: Isa::detect(),
            threads: Threads::default(),
            strength,
            style,
            curve: highlights(),
            behind: Plane::default(),
            edges: Edges::default(),
            bokeh: Bokeh::default(),
            bands: Vec::new(),
        }
    }

    /// Fills `self.behind` with the blurred background, and `self.edges`; `sigma` is in pixels.
    fn blur_background(&mut self, frame: &Frame<'_>, mask: &Mask, sigma: f32) {
        let (isa, threads, plane) = (self.isa, &self.threads, &mut self.behind);
        match self.style {
            Style::Gaussian => {
                let log = largest_cell(sigma / GAUSSIAN_CELLS);
                let mut sigma = sigma / (1 << log) as f32;
                if log > 0 {
                    sigma = (sigma * sigma - CELL_VARIANCE).sqrt();
                }
                let behind = Wanted { plane, log, sigma };
                self.edges
                    .prepare_with(threads, isa, frame, mask, Some(behind));
            }
            Style::Bokeh => {
                // A disc of radius r has the variance of a Gaussian of r / 2 along each axis.
                let radius = sigma * 2.0;
                plane.start(frame, largest_cell(radius / DISC_CELLS));
                let lens = Lens {
                    curve: &self.curve,
                    radius,
                };
                self.bokeh.run(threads, isa, (frame, mask), lens, plane);
                self.edges.prepare(threads, isa, frame, mask);
            }
        }
    }
}

/// What gathers a background.
#[derive(Clone, Copy)]
struct Lens<'a> {
    /// What a byte counts as.
    curve: &'a [f32; 256],
    /// In pixels.
    radius: f32,
}

/// Memory of a background gathered by a lens.
#[derive(Debug, Default)]
struct Bokeh {
    disc: Disc,
    bands: Vec<LensBand>,
    out: Vec<[f32; 4]>,
    fill: Fill,
}

/// Scratch of a band of rows.
#[derive(Debug, Default)]
struct LensBand {
    shares: Vec<u8>,
    weights: Vec<u8>,
    columns: Vec<[f32; 4]>,
}

impl Bokeh {
    /// Makes `plane`, which has started, of discs of the background.
    fn run(
        &mut self,
        threads: &Threads,
        isa: Isa,
        (frame, mask): (&Frame<'_>, &Mask),
        lens: Lens<'_>,
        plane: &mut Plane,
    ) {
        let (cell, width) = (1 << plane.log, plane.width);
        let rows = threads.band(frame.height(), cell);
        let bands = plane.cells.chunks_mut(rows.div_ceil(cell) * width);
        threads.each(&mut self.bands, bands.enumerate(), |(i, cells), band| {
            band.gather(isa, (frame, mask), lens.curve, i * rows, cell, cells);
        });
        plane.distrust_edges(isa);
        let in_cells = lens.radius / cell as f32;
        self.disc.take(in_cells, &plane.cells, width);
        self.out.resize(plane.cells.len(), [0.0; 4]);
        let rows = threads.band(plane.cells.len() / width, 1);
        let (disc, bands) = (&self.disc, self.out.chunks_mut(rows * width).enumerate());
        threads.each(&mut Vec::new(), bands, |(i, out), (): &mut ()| {
            disc.rows(isa, i * rows, out);
        });
        std::mem::swap(&mut plane.cells, &mut self.out);
        plane.finish(isa, frame, &mut self.fill, Tone::Curve(lens.curve));
    }
}

impl LensBand {
    /// Fills `cells` of `cell` pixels a side with the background's mean colours in the scale of `curve`, from row `first` on.
    fn gather(
        &mut self,
        isa: Isa,
        (frame, mask): (&Frame<'_>, &Mask),
        curve: &[f32; 256],
        first: usize,
        cell: usize,
        cells: &mut [[f32; 4]],
    ) {
        let channels = frame.format().bytes();
        self.columns.clear();
        self.columns.resize(frame.width(), [0.0; 4]);
        self.weights.resize(frame.width(), 0);
        let firsts = (first..).step_by(cell);
        for (first, cells) in firsts.zip(cells.chunks_exact_mut(frame.width().div_ceil(cell))) {
            for y in first..(first + cell).min(frame.height()) {
                let row = frame.row(y);
                self.shares.clear();
                self.shares
                    .extend(mask.row(y).iter().map(|alpha| 255 - alpha));
                reduce::eighth_power(isa, &self.shares, &mut self.weights);
                if channels == 4 {
                    for (weight, pixel) in self.weights.iter_mut().zip(row.as_chunks::<4>().0) {
                        *weight = (u16::from(*weight) * u16::from(pixel[3]) / 255) as u8;
                    }
                }
                let (weights, columns) = (&self.weights, &mut self.columns);
                reduce::add_row(isa, row, channels, weights, Tone::Curve(curve), columns);
            }
            reduce::fold(isa, &mut self.columns, cell, cells);
        }
    }
}

/// A tone curve in which an average looks like light gathered by a lens: the square is close to linear light, and the
/// eighth power lets highlights win over what surrounds them. Applied before and undone after, it leaves flat areas alone.
fn highlights() -> [f32; 256] {
    std::array::from_fn(|i| {
        let x = i as f32 / 255.0;
        let square = x * x;
        let fourth = square * square;
        square + 3.0 * fourth * fourth
    })
}

impl Effect for Blur {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        let area = frame.width() as f32 * frame.height() as f32;
        let sigma = self.strength / 100.0 * FULL_SIGMA * area.sqrt();
        if sigma < LEAST_SIGMA {
            for (y, row) in frame.rows().enumerate() {
                out.row_mut(y).copy_from_slice(row);
            }
            return Ok(());
        }
        self.blur_background(frame, mask, sigma);
        let (isa, edges, behind) = (self.isa, &self.edges, &self.behind);
        let tiles = frame.width().div_ceil(tile::WIDTH);
        let bands = out.bands(self.threads.band(frame.height(), 1));
        self.threads.each(&mut self.bands, bands, |band, scratch| {
            for (y, out) in band.rows() {
                behind.row(isa, y, 0..tiles, &mut scratch.behind);
                let edges = edges.row(isa, frame, y, &mut scratch.edges);
                let row = TileRow {
                    picture: frame.row(y),
                    channels: frame.format().bytes(),
                    alpha: mask.row(y),
                    kinds: edges.kinds,
                    person: edges.person,
                    background: edges.background,
                    behind: &scratch.behind,
                };
                draw_row(isa, row, out);
            }
        });
        Ok(())
    }
}
