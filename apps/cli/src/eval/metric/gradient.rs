//! How steep a mask is, pixel by pixel.
use hypercut::Mask;

/// Width of the Gaussian in pixels, as the matting benchmark has it (Rhemann et al. 2009).
const SIGMA: f64 = 1.4;

/// Taps to each side: 4 sigma, where the Gaussian is below 1/2000 of its peak.
const RADIUS: usize = 6;

/// Taps from `-RADIUS` to `RADIUS`.
type Kernel = [f32; 2 * RADIUS + 1];

/// A Gaussian that sums to 1, and its derivative, scaled so that a ramp of slope 1 gives exactly 1.
fn kernels() -> (Kernel, Kernel) {
    let offset = |i: usize| i as f64 - RADIUS as f64;
    let gauss = |i: usize| (-offset(i).powi(2) / (2.0 * SIGMA * SIGMA)).exp();
    let taps = 0..2 * RADIUS + 1;
    let sum: f64 = taps.clone().map(gauss).sum();
    let slope: f64 = taps.map(|i| offset(i).powi(2) * gauss(i)).sum();
    (
        std::array::from_fn(|i| (gauss(i) / sum) as f32),
        std::array::from_fn(|i| (offset(i) * gauss(i) / slope) as f32),
    )
}

/// Length of the gradient of alpha (0 to 1) smoothed by a Gaussian of [`SIGMA`], per pixel of distance; the border is repeated
/// outwards. `[height, width]`.
pub(super) fn magnitudes(mask: &Mask) -> Vec<f32> {
    let (width, height) = (mask.width(), mask.height());
    let alpha: Vec<f32> = mask.data().iter().map(|&a| f32::from(a) / 255.0).collect();
    let (smooth, slope) = kernels();
    let across = columns(&rows(&alpha, width, &slope), width, height, &smooth);
    let down = columns(&rows(&alpha, width, &smooth), width, height, &slope);
    across.iter().zip(down).map(|(x, y)| x.hypot(y)).collect()
}

/// Correlates every row of `width` values.
fn rows(values: &[f32], width: usize, kernel: &Kernel) -> Vec<f32> {
    let mut out = Vec::with_capacity(values.len());
    let mut padded = Vec::with_capacity(width + 2 * RADIUS);
    for row in values.chunks_exact(width) {
        padded.clear();
        padded.extend([row[0]; RADIUS]);
        padded.extend(row);
        padded.extend([row[width - 1]; RADIUS]);
        let windows = padded.windows(kernel.len());
        out.extend(windows.map(|window| -> f32 {
            window
                .iter()
                .zip(kernel)
                .map(|(value, tap)| value * tap)
                .sum()
        }));
    }
    out
}

/// Correlates every column of `height` values.
fn columns(values: &[f32], width: usize, height: usize, kernel: &Kernel) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (y, line) in out.chunks_exact_mut(width).enumerate() {
        for (i, tap) in kernel.iter().enumerate() {
            let from = (y + i).saturating_sub(RADIUS).min(height - 1);
            let source = &values[from * width..][..width];
            for (sum, value) in line.iter_mut().zip(source) {
                *sum += value * tap;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 31;

    fn at(alpha: impl Fn(usize, usize) -> u8, x: usize, y: usize) -> f32 {
        let data = (0..SIZE * SIZE).map(|i| alpha(i % SIZE, i / SIZE));
        let mask = Mask::from_raw(SIZE, SIZE, data.collect()).unwrap();
        magnitudes(&mask)[y * SIZE + x]
    }

    #[track_caller]
    fn close(got: f32, expected: f32) {
        assert!((got - expected).abs() < 1e-5, "{got}, not {expected}");
    }

    #[test]
    fn a_ramp_is_as_steep_as_it_is() {
        close(at(|x, _| (3 * x) as u8, 15, 15), 3.0 / 255.0);
        close(at(|x, y| (3 * x + 4 * y) as u8, 15, 15), 5.0 / 255.0);
        close(at(|_, _| 200, 0, 30), 0.0);
    }

    #[test]
    fn a_step_is_as_steep_as_the_gaussian() {
        // The taps k = 1 to 6 fall on 1: sum of k g(k), 1.8743, over twice the sum of k^2 g(k), 6.8777, with
        // g(k) = exp(-k^2 / 3.92). In the continuum it is 0.267, half a pixel beside the step.
        let step = |x: usize, _: usize| 255 * u8::from(x > 15);
        for x in [15, 16] {
            let got = at(step, x, 15);
            assert!((got - 0.27252).abs() < 2e-5, "{got}");
        }
        close(at(step, 3, 15), 0.0);
    }

    #[test]
    fn the_border_is_repeated() {
        close(at(|_, y| 255 * u8::from(y < 20), 0, 0), 0.0);
    }
}
