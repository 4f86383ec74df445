//! Blurs the background alone.
//!
//! Colours are averaged with the background's share of each pixel as weight, so nothing of the person gets into the blur:
//! no halo. That happens at reduced size, as coarse as the blur allows, and is interpolated back.
use std::ops::Range;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::blur::{Disc, Gaussian};
use hypercut_kernels::pixel::composite::{Row, Sides, colours, over_row, soft_row};
use hypercut_kernels::pixel::fill::Fill;
use hypercut_kernels::pixel::opacity;
use hypercut_kernels::pixel::reduce::{MAX_SIDE, Tone};
use hypercut_kernels::pixel::runs::Kind;

use super::plane::{Edges, Plane, Side, runs_under};
use super::weights::Weights;
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

/// A Gaussian is computed in cells of at most 1 / 2.5 of its standard deviation: coarser ones would show.
const GAUSSIAN_CELLS: f32 = 2.5;

/// A disc, which has an edge, in cells of at most 1 / 8 of its radius.
const DISC_CELLS: f32 = 8.0;

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
    disc_out: Vec<[f32; 4]>,
    edges: Edges,
    weights: Weights,
    gaussian: Gaussian,
    disc: Disc,
    fill: Fill,
}

impl Blur {
    fn new(strength: f32, style: Style) -> Self {
        Self {
            isa: Isa::detect(),
            strength,
            style,
            curve: highlights(),
            behind: Plane::new(Side::Background),
            disc_out: Vec::new(),
            edges: Edges::default(),
            weights: Weights::default(),
            gaussian: Gaussian::default(),
            disc: Disc::default(),
            fill: Fill::default(),
        }
    }

    /// Fills `self.behind` with the blurred background, and `self.edges`; `sigma` is in pixels.
    fn blur_background(&mut self, frame: &Frame<'_>, mask: &Mask, sigma: f32) {
        let plane = &mut self.behind;
        match self.style {
            Style::Gaussian => {
                let cell = ((sigma / GAUSSIAN_CELLS) as usize).clamp(1, MAX_SIDE);
                plane.start(frame, cell);
                self.edges.prepare_with(self.isa, frame, mask, plane);
                let mut in_cells = sigma / cell as f32;
                if cell > 1 {
                    in_cells = (in_cells * in_cells - CELL_VARIANCE).sqrt();
                }
                self.gaussian
                    .run(self.isa, in_cells, &mut plane.cells, plane.width);
                plane.finish(self.isa, &mut self.fill, Tone::Plain);
            }
            Style::Bokeh => {
                // A disc of radius r has the variance of a Gaussian of r / 2 along each axis.
                let radius = sigma * 2.0;
                let cell = ((radius / DISC_CELLS) as usize).clamp(1, MAX_SIDE);
                plane.start(frame, cell);
                plane.gather_curved(self.isa, frame, mask, &self.curve, &mut self.weights);
                self.edges.prepare(self.isa, frame, mask);
                self.disc_out.resize(plane.cells.len(), [0.0; 4]);
                self.disc.run(
                    self.isa,
                    radius / cell as f32,
                    &plane.cells,
                    plane.width,
                    &mut self.disc_out,
                );
                plane.cells.copy_from_slice(&self.disc_out);
                plane.finish(self.isa, &mut self.fill, Tone::Curve(&self.curve));
            }
        }
    }

    /// Draws the places `span` of row `y`, where the mask is soft or the picture transparent.
    fn mix(&mut self, y: usize, span: Range<usize>, row: Row<'_>, out: &mut [u8]) {
        let behind = &mut self.behind.row(self.isa, y, span.clone())[span.clone()];
        let opaque = row.channels < 4 || opacity::is_opaque(self.isa, row.picture);
        let sides = self.edges.row(self.isa, y, span.clone());
        let sides = Sides {
            person: &sides.person[span.clone()],
            background: &sides.background[span],
        };
        if opaque {
            return soft_row(self.isa, row, sides, behind, out);
        }
        for (behind, pixel) in behind.iter_mut().zip(row.picture.as_chunks::<4>().0) {
            behind[3] = pixel[3];
        }
        let sides = Some(sides);
        over_row(self.isa, Row { sides, ..row }, behind, out, row.channels);
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
        let channels = frame.format().bytes();
        for (y, picture) in frame.rows().enumerate() {
            let (alphas, out) = (mask.row(y), out.row_mut(y));
            for (kind, span) in runs_under(self.isa, picture, frame.format(), alphas) {
                let bytes = span.start * channels..span.end * channels;
                match kind {
                    Kind::Full => out[bytes.clone()].copy_from_slice(&picture[bytes]),
                    Kind::Empty if channels == 4 => {
                        let out = out.as_chunks_mut::<4>().0;
                        self.behind.draw_row(self.isa, y, span, out);
                    }
                    Kind::Empty => {
                        let behind = self.behind.row(self.isa, y, span.clone());
                        colours(self.isa, &behind[span], &mut out[bytes], channels);
                    }
                    Kind::Soft => {
                        let row = Row {
                            picture: &picture[bytes.clone()],
                            channels,
                            alpha: &alphas[span.clone()],
                            sides: None,
                        };
                        self.mix(y, span, row, &mut out[bytes]);
                    }
                }
            }
        }
        Ok(())
    }
}
