//! Resampling of whole pictures: area average when shrinking, bilinear with half-pixel centres when enlarging.
//!
//! Separable, rows first into one accumulator row. Weights are 8-bit fixed point and sum to 256 on each axis, so a
//! constant picture stays constant; the product of both axes is rounded once, half up.
mod axis;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(target_arch = "x86_64")]
mod sse;

pub use axis::Axis;

use super::Source;
use super::per_isa::per_isa;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;

/// A resampling from one size to another with its scratch row; set once per size, then run without allocating.
#[derive(Debug, Default)]
pub struct Resize {
    x: Axis,
    y: Axis,
    sums: Sums,
}

/// Scratch of [`Resize::rows`]: a row of the source, summed over the rows of an output.
#[derive(Debug, Default)]
pub struct Sums(Vec<u16>);

/// Numbers behind the last pixel's sums, which vectors are read with.
const MARGIN: usize = 15;

/// How many times smaller a height may become with every row still counting: a row lies at least half in one output, and half a
/// row of so many is two of 256, of which rounding leaves one.
const ALL_COUNT: usize = 64;

impl Resize {
    /// Resamples `source` to `[height, width, source.channels]` bytes, stretching it to that shape. Whether every pixel of it was
    /// seen to be opaque, as [`rows`](Self::rows) says it.
    ///
    /// # Panics
    /// When `out` is not `height * width * source.channels` long, a size is zero, the source's data are too short, or its
    /// channels are none of 1, 3 and 4.
    pub fn run(
        &mut self,
        isa: Isa,
        source: Source<'_>,
        (width, height): (usize, usize),
        out: &mut [u8],
    ) -> bool {
        assert_eq!(out.len(), width * height * source.channels, "output length");
        self.set((source.width, source.height), (width, height));
        let mut sums = std::mem::take(&mut self.sums);
        let opaque = self.rows(isa, source, 0, &mut sums, out);
        self.sums = sums;
        opaque
    }

    /// Prepares for sources and outputs of these sizes, `(width, height)`; does nothing when they are those before.
    ///
    /// # Panics
    /// When a size is zero.
    pub fn set(&mut self, from: (usize, usize), to: (usize, usize)) {
        self.x.set(from.0, to.0);
        self.y.set(from.1, to.1);
    }

    /// Fills `out` with the rows of the output from row `first` on, for the sizes that were [`set`](Self::set). Whether every
    /// pixel of the source that these rows lean on was seen to be opaque; `false` is no proof that one isn't.
    ///
    /// # Panics
    /// As [`run`](Self::run), when `out` is no whole number of rows, and when there are fewer.
    pub fn rows(
        &self,
        isa: Isa,
        source: Source<'_>,
        first: usize,
        sums: &mut Sums,
        out: &mut [u8],
    ) -> bool {
        let (width, height) = (self.x.len(), self.y.len());
        assert_eq!(
            (source.width, source.height),
            (self.x.sources(), self.y.sources()),
            "source size"
        );
        assert!(
            out.len().is_multiple_of(width * source.channels),
            "output length"
        );
        let numbers = source.width * source.channels;
        sums.0.resize(numbers + MARGIN, 0);
        let shrinks = source.height > height && source.height <= height * ALL_COUNT;
        let mut opaque = source.channels < 4 || shrinks;
        let rows = out.chunks_exact_mut(width * source.channels);
        for (y, out_row) in (first..).zip(rows) {
            self.add_rows(isa, source, y, sums);
            self.shrink_row(isa, source.channels, &sums.0, out_row);
            if source.channels == 4 && opaque {
                per_isa!(
                    isa,
                    scalar::all_opaque,
                    (sums: &[u16] = &sums.0[..numbers], all: &mut bool = &mut opaque)
                );
            }
        }
        opaque
    }

    /// The vertical step for output row `y`.
    fn add_rows(&self, isa: Isa, source: Source<'_>, y: usize, sums: &mut Sums) {
        let sums = &mut sums.0[..source.width * source.channels];
        sums.fill(0);
        let (first, weights) = self.y.taps(y);
        let (pairs, last) = weights.as_chunks::<2>();
        for (row, &weights) in (first..).step_by(2).zip(pairs) {
            let rows = [source.row(row), source.row(row + 1)];
            per_isa!(
                isa,
                scalar::add_rows,
                (rows: [&[u8]; 2] = rows, weights: [u16; 2] = weights, sums: &mut [u16] = sums)
            );
        }
        if let [weight] = *last {
            let row = source.row(first + weights.len() - 1);
            per_isa!(
                isa,
                scalar::add_row,
                (row: &[u8] = row, weight: u16 = weight, sums: &mut [u16] = sums)
            );
        }
    }

    /// The horizontal step.
    fn shrink_row(&self, isa: Isa, channels: usize, sums: &[u16], out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if let Vectors::Avx2(_) | Vectors::Avx512(_) = isa.vectors() {
            // SAFETY: both tokens prove that this CPU has AVX2, which includes SSE4.1.
            unsafe {
                match (channels, self.x.fours()) {
                    (1, Some(x)) if out.len() >= 4 => {
                        return sse::shrink_gray_row_of_four(sums, x, out);
                    }
                    (3, Some(x)) => return sse::shrink_row_of_four::<3>(sums, x, out),
                    (4, Some(x)) => return sse::shrink_row_of_four::<4>(sums, x, out),
                    (3, None) => return sse::shrink_row::<3>(sums, &self.x, out),
                    (4, None) => return sse::shrink_row::<4>(sums, &self.x, out),
                    _ => {}
                }
            }
        }
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        if channels == 4 && isa != Isa::Scalar {
            return simd128::shrink_row(sums, &self.x, out);
        }
        macro_rules! shrink {
            ($body:path) => {
                per_isa!(
                    isa,
                    $body,
                    (sums: &[u16] = sums, x: &Axis = &self.x, out: &mut [u8] = out)
                )
            };
        }
        match channels {
            1 => shrink!(scalar::shrink_row::<1>),
            3 => shrink!(scalar::shrink_row::<3>),
            4 => shrink!(scalar::shrink_row::<4>),
            other => panic!("{other} channels"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(
        data: &[u8],
        width: usize,
        height: usize,
        channels: usize,
        to: (usize, usize),
    ) -> Vec<u8> {
        let mut out = vec![0; to.0 * to.1 * channels];
        let source = Source {
            data,
            width,
            height,
            stride: width * channels,
            channels,
        };
        let mut answers = Isa::available().map(|isa| {
            Resize::default().run(isa, source, to, &mut out);
            out.clone()
        });
        let oracle = answers.next().expect("scalar is always there");
        assert!(answers.all(|answer| answer == oracle));
        oracle
    }

    #[test]
    fn halving_averages_two_by_two() {
        let data = [0, 10, 20, 40, 10, 20, 40, 60];
        assert_eq!(run(&data, 4, 2, 1, (2, 1)), [10, 40]);
    }

    #[test]
    fn doubling_is_bilinear_with_half_pixel_centres() {
        assert_eq!(run(&[0, 100], 2, 1, 1, (4, 1)), [0, 25, 75, 100]);
    }

    #[test]
    fn three_to_two_splits_the_middle_pixel() {
        // [0, 1.5) holds pixel 0 and half of pixel 1: (30 + 0.5 * 90) / 1.5 = 50.
        assert_eq!(run(&[30, 90, 60], 3, 1, 1, (2, 1)), [50, 70]);
    }

    #[test]
    fn a_constant_stays_constant_between_awkward_sizes() {
        for (width, height) in [(1, 1), (1, 9), (7, 5), (640, 3)] {
            for to in [(1, 1), (5, 7), (16, 16), (1, 13)] {
                let out = run(&vec![201; width * height * 3], width, height, 3, to);
                assert!(out.iter().all(|&b| b == 201), "{width}x{height} -> {to:?}");
            }
        }
    }

    #[test]
    fn one_pixel_that_is_not_opaque_is_seen_wherever_it_is() {
        let mut resize = Resize::default();
        for (width, height, to) in [
            (5, 9, (2, 8)),
            (3, 40, (3, 7)),
            (2, 128, (9, 2)),
            (4, 64, (1, 1)),
        ] {
            let mut data = vec![255; width * height * 4];
            for isa in Isa::available() {
                let mut is_opaque = |data: &[u8]| {
                    let source = Source {
                        data,
                        width,
                        height,
                        stride: width * 4,
                        channels: 4,
                    };
                    resize.run(isa, source, to, &mut vec![0; to.0 * to.1 * 4])
                };
                assert!(is_opaque(&data));
                for pixel in 0..width * height {
                    data[pixel * 4 + 3] = 254;
                    assert!(
                        !is_opaque(&data),
                        "{width} x {height} to {to:?}, pixel {pixel}"
                    );
                    data[pixel * 4 + 3] = 255;
                }
            }
        }
        // So many rows to one that some might not count: nothing is claimed.
        let source = Source {
            data: &[255; 4 * 65],
            width: 1,
            height: 65,
            stride: 4,
            channels: 4,
        };
        assert!(!resize.run(Isa::Scalar, source, (1, 1), &mut [0; 4]));
    }

    #[test]
    fn every_isa_gives_the_oracles_bytes() {
        for channels in [1, 3, 4] {
            for (from, to) in [
                ((61, 9), (7, 4)),
                ((33, 8), (32, 8)),
                ((33, 8), (15, 5)),
                ((33, 8), (11, 3)),
                ((5, 3), (9, 9)),
                ((2, 2), (3, 1)),
                ((1, 1), (4, 1)),
            ] {
                let data: Vec<u8> = (0..from.0 * from.1 * channels)
                    .map(|i| (i * 7919 % 256) as u8)
                    .collect();
                let source = Source {
                    data: &data,
                    width: from.0,
                    height: from.1,
                    stride: from.0 * channels,
                    channels,
                };
                let size = to.0 * to.1 * channels;
                let (mut oracle, mut out) = (vec![0; size], vec![0; size]);
                Resize::default().run(Isa::Scalar, source, to, &mut oracle);
                for isa in Isa::available() {
                    Resize::default().run(isa, source, to, &mut out);
                    assert_eq!(out, oracle, "{isa:?}, {channels} channels");
                }
            }
        }
    }

    #[test]
    fn shrinking_equals_the_area_average_in_floating_point() {
        let (width, height, to) = (37usize, 23usize, (5usize, 4usize));
        let data: Vec<u8> = (0..width * height)
            .map(|i| (i * 7919 % 251) as u8)
            .collect();
        let overlap = |p: usize, o: usize, from: usize, to: usize| {
            let (a, b) = (
                o as f64 * from as f64 / to as f64,
                (o + 1) as f64 * from as f64 / to as f64,
            );
            (b.min(p as f64 + 1.0) - a.max(p as f64)).max(0.0) / (b - a)
        };
        let out = run(&data, width, height, 1, to);
        for (i, &found) in out.iter().enumerate() {
            let mut exact = 0.0;
            for (j, &value) in data.iter().enumerate() {
                let weight = overlap(j % width, i % to.0, width, to.0)
                    * overlap(j / width, i / to.0, height, to.1);
                exact += weight * f64::from(value);
            }
            assert!(
                (f64::from(found) - exact).abs() < 1.5,
                "{i}: {found} but {exact}"
            );
        }
    }
}
