//! Blurs of a weighted plane `[h, w, 4]` (premultiplied colour, weight): nothing outside the plane contributes, and a
//! cell of weight 0 gives nothing, so dividing colour by weight afterwards is a normalised convolution.
mod scalar;

use super::per_isa::per_isa;
use crate::isa::Isa;

/// A separable Gaussian, cut at three standard deviations.
#[derive(Debug, Default)]
pub struct Gaussian {
    sigma: f32,
    /// From the first cell to the last, the centre being in the middle.
    taps: Vec<f32>,
    padded: Vec<[f32; 4]>,
    rows: Vec<[f32; 4]>,
}

impl Gaussian {
    fn set(&mut self, sigma: f32) {
        if self.sigma == sigma && !self.taps.is_empty() {
            return;
        }
        self.sigma = sigma;
        self.taps.clear();
        let radius = (sigma * 3.0).ceil() as usize;
        let distances = (0..=2 * radius).map(|i| i.abs_diff(radius));
        self.taps
            .extend(distances.map(|distance| bell(distance as f32 / sigma.max(1e-3))));
        let (_, beside) = self.taps.split_at(radius + 1);
        let total = self.taps[radius] + 2.0 * beside.iter().sum::<f32>();
        self.taps.iter_mut().for_each(|tap| *tap /= total);
    }

    /// Blurs `plane` of `width` cells per row in place, `sigma` (in cells) being the standard deviation. Taps are added in
    /// ascending order of position.
    ///
    /// # Panics
    /// When `plane` has no whole number of rows.
    pub fn run(&mut self, isa: Isa, sigma: f32, plane: &mut [[f32; 4]], width: usize) {
        self.set(sigma);
        assert!(
            width > 0 && plane.len().is_multiple_of(width),
            "plane length"
        );
        let radius = self.taps.len() / 2;
        self.padded.clear();
        self.padded.resize(width + 2 * radius, [0.0; 4]);
        self.rows.resize(plane.len(), [0.0; 4]);
        for (source, out) in plane
            .chunks_exact(width)
            .zip(self.rows.chunks_exact_mut(width))
        {
            self.padded[radius..][..width].copy_from_slice(source);
            per_isa!(
                isa,
                scalar::gaussian_row,
                (
                    padded: &[[f32; 4]] = &self.padded,
                    taps: &[f32] = &self.taps,
                    out: &mut [[f32; 4]] = out,
                )
            );
        }
        per_isa!(
            isa,
            scalar::gaussian_columns,
            (
                plane: &[[f32; 4]] = &self.rows,
                width: usize = width,
                taps: &[f32] = &self.taps,
                out: &mut [[f32; 4]] = plane,
            )
        );
    }
}

/// `exp(-t * t / 2)` from additions and multiplications alone: libraries' `exp` differ in the last bit.
fn bell(t: f32) -> f32 {
    // (1 + x / 256)^256 tends to exp(x); up to three sigma it is within 0.001.
    let mut value = (1.0 - t * t / 512.0).max(0.0);
    for _ in 0..8 {
        value *= value;
    }
    value
}

/// A disc with a soft edge of one cell, as a round lens opening draws a point.
#[derive(Debug, Default)]
pub struct Disc {
    radius: f32,
    /// Half width of the disc in each row, from the centre row outwards.
    half_widths: Vec<f32>,
    width: usize,
    prefix: Vec<[f32; 4]>,
}

impl Disc {
    fn set(&mut self, radius: f32) {
        if self.radius == radius && !self.half_widths.is_empty() {
            return;
        }
        self.radius = radius;
        self.half_widths.clear();
        let rows = radius.ceil() as usize;
        self.half_widths
            .extend((0..=rows).map(|dy| (radius * radius - (dy * dy) as f32).max(0.0).sqrt()));
    }

    /// Takes a plane of `width` cells per row, to be averaged over a disc of `radius` cells.
    ///
    /// # Panics
    /// When `plane` has no whole number of rows.
    pub fn take(&mut self, radius: f32, plane: &[[f32; 4]], width: usize) {
        self.set(radius);
        assert!(
            width > 0 && plane.len().is_multiple_of(width),
            "plane length"
        );
        self.width = width;
        let stride = width + 1;
        self.prefix.resize(plane.len() / width * stride, [0.0; 4]);
        for (row, prefix) in plane
            .chunks_exact(width)
            .zip(self.prefix.chunks_exact_mut(stride))
        {
            scalar::running_total(row, prefix);
        }
    }

    /// Fills `out` with the rows of the average from row `first` on: for every row of the disc, the sum between two points of the
    /// row's running total, read with linear interpolation. Rows are added top to bottom.
    ///
    /// # Panics
    /// When `out` is no whole number of rows, or ends below the plane that was [taken](Self::take).
    pub fn rows(&self, _isa: Isa, first: usize, out: &mut [[f32; 4]]) {
        assert!(
            self.width > 0 && out.len().is_multiple_of(self.width),
            "output length"
        );
        let height = self.prefix.len() / (self.width + 1);
        assert!(first + out.len() / self.width <= height, "number of rows");
        scalar::disc(&self.prefix, self.width, &self.half_widths, first, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(width: usize, height: usize) -> Vec<[f32; 4]> {
        let mut plane = vec![[0.0; 4]; width * height];
        plane[height / 2 * width + width / 2] = [1.0; 4];
        plane
    }

    #[test]
    fn a_gaussian_keeps_the_sum_and_has_the_variance_it_was_given() {
        let (width, height) = (41, 37);
        let mut plane = point(width, height);
        let mut gaussian = Gaussian::default();
        gaussian.run(Isa::Scalar, 2.5, &mut plane, width);
        let total: f32 = plane.iter().map(|c| c[0]).sum();
        assert!((total - 1.0).abs() < 1e-4, "{total}");
        let variance: f32 = plane
            .iter()
            .enumerate()
            .map(|(i, c)| c[3] * ((i % width) as f32 - 20.0).powi(2))
            .sum();
        assert!((variance.sqrt() - 2.5).abs() < 0.1, "{}", variance.sqrt());
    }

    #[test]
    fn a_disc_is_flat_inside_and_empty_outside() {
        let (width, height) = (31, 31);
        let (mut disc, mut out) = (Disc::default(), vec![[0.0; 4]; 31 * 31]);
        disc.take(6.0, &point(width, height), width);
        disc.rows(Isa::Scalar, 0, &mut out);
        let at = |x: i32, y: i32| out[(15 + y) as usize * width + (15 + x) as usize][1];
        assert!(at(0, 0) > 0.0);
        for (x, y) in [(4, 0), (0, 5), (-3, 3), (3, -4)] {
            assert!((at(x, y) - at(0, 0)).abs() < 1e-6, "{x},{y}");
        }
        for (x, y) in [(7, 0), (0, 7), (5, 5), (-6, 4)] {
            assert_eq!(at(x, y), 0.0, "{x},{y}");
        }
    }

    #[test]
    fn weights_normalise_at_borders_and_around_holes() {
        let (width, height) = (9, 5);
        let mut plane = vec![[30.0, 60.0, 90.0, 1.0]; width * height];
        plane[22] = [0.0; 4];
        let (mut disc, mut round) = (Disc::default(), vec![[0.0; 4]; width * height]);
        disc.take(3.3, &plane, width);
        disc.rows(Isa::Scalar, 0, &mut round);
        let mut gaussian = Gaussian::default();
        gaussian.run(Isa::Scalar, 1.7, &mut plane, width);
        for cell in plane.iter().chain(&round) {
            assert!(
                (cell[0] / cell[3] - 30.0).abs() < 1e-3 && (cell[2] / cell[3] - 90.0).abs() < 1e-3,
                "{cell:?}"
            );
        }
    }
}
