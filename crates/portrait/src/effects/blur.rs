//! Blurs the background alone.
//!
//! Colours are averaged with the background's share of each pixel as weight, so nothing of the person gets into the blur:
//! no halo. That happens at reduced size, as coarse as the blur allows, and is interpolated back.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::{Disc, Gaussian};
use hypercut_kernels::pixel::composite::{TileRow, draw_row};
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::reduce::{self, Tone};

use super::plane::{Edges, Plane, largest_cell};
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

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
    strength: f32,
    style: Style,
    curve: [f32; 256],
    behind: Plane,
    edges: Edges,
    gaussian: Gaussian,
    bokeh: Bokeh,
    fill: Fill,
}

impl Blur {
    fn new(strength: f32, style: Style) -> Self {
        Self {
            isa: Isa::detect(),
            strength,
            style,
            curve: highlights(),
            behind: Plane::default(),
            edges: Edges::default(),
            gaussian: Gaussian::default(),
            bokeh: Bokeh::default(),
            fill: Fill::default(),
        }
    }

    /// Fills `self.behind` with the blurred background, and `self.edges`; `sigma` is in pixels.
    fn blur_background(&mut self, frame: &Frame<'_>, mask: &Mask, sigma: f32) {
        let (isa, plane) = (self.isa, &mut self.behind);
        let tone = match self.style {
            Style::Gaussian => {
                plane.start(frame, largest_cell(sigma / GAUSSIAN_CELLS));
                self.edges.prepare_with(isa, frame, mask, Some(plane));
                let mut in_cells = sigma / (1 << plane.log) as f32;
                if plane.log > 0 {
                    in_cells = (in_cells * in_cells - CELL_VARIANCE).sqrt();
                }
                self.gaussian
                    .run(isa, in_cells, &mut plane.cells, plane.width);
                Tone::Plain
            }
            Style::Bokeh => {
                // A disc of radius r has the variance of a Gaussian of r / 2 along each axis.
                let radius = sigma * 2.0;
                plane.start(frame, largest_cell(radius / DISC_CELLS));
                self.bokeh
                    .run(isa, frame, mask, (&self.curve, radius), plane);
                self.edges.prepare(isa, frame, mask);
                Tone::Curve(&self.curve)
            }
        };
        plane.finish(isa, frame, &mut self.fill, tone);
    }
}

/// Memory of a background gathered by a lens.
#[derive(Debug, Default)]
struct Bokeh {
    disc: Disc,
    shares: Vec<u8>,
    weights: Vec<u8>,
    columns: Vec<[f32; 4]>,
    out: Vec<[f32; 4]>,
}

impl Bokeh {
    /// Fills the cells of `plane`, which has started, with discs of the background in the scale of `curve`, a byte's entry each.
    fn run(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        mask: &Mask,
        (curve, radius): (&[f32; 256], f32),
        plane: &mut Plane,
    ) {
        let (channels, cell) = (frame.format().bytes(), 1 << plane.log);
        self.columns.clear();
        self.columns.resize(frame.width(), [0.0; 4]);
        self.weights.resize(frame.width(), 0);
        for (y, row) in frame.rows().enumerate() {
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
            if (y + 1).is_multiple_of(cell) || y + 1 == frame.height() {
                let cells = &mut plane.cells[y / cell * plane.width..][..plane.width];
                reduce::fold(isa, columns, cell, cells);
            }
        }
        plane.distrust_edges(isa);
        self.out.resize(plane.cells.len(), [0.0; 4]);
        let in_cells = radius / cell as f32;
        self.disc
            .run(isa, in_cells, &plane.cells, plane.width, &mut self.out);
        plane.cells.copy_from_slice(&self.out);
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
        for (y, picture) in frame.rows().enumerate() {
            let edges = self.edges.row(self.isa, frame, y);
            let row = TileRow {
                picture,
                channels: frame.format().bytes(),
                alpha: mask.row(y),
                kinds: edges.kinds,
                person: edges.person,
                background: edges.background,
                behind: self.behind.row(self.isa, y),
            };
            draw_row(self.isa, row, out.row_mut(y));
        }
        Ok(())
    }
}
