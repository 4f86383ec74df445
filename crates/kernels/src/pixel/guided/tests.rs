use super::*;

fn pair(size: Fit, guide: &[u8], mask: &[u8]) -> (Pair, Band) {
    let (mut pair, mut band) = (Pair::default(), Band::default());
    pair.set(size, guide, mask);
    band.start(&pair);
    (pair, band)
}

/// The coefficients of every pixel.
fn coefficients(isa: Isa, size: Fit, guide: &[u8], mask: &[u8]) -> Vec<[i32; 4]> {
    let (pair, mut band) = pair(size, guide, mask);
    let row = |y| {
        band.fit(isa, &pair, y, false);
        let row = band.coefficients.row(y);
        let pixel = |x| std::array::from_fn(|c| row[c * size.width + x]);
        (0..size.width).map(pixel).collect::<Vec<_>>()
    };
    (0..size.height).flat_map(row).collect()
}

/// The filter as the paper states it, in `f64`, window by window.
fn reference(size: Fit, guide: &[u8], mask: &[u8]) -> Vec<[f64; 4]> {
    let (w, h, r) = (
        size.width as isize,
        size.height as isize,
        size.radius as isize,
    );
    let window = |x: isize, y: isize| {
        let rows = (y - r).max(0)..(y + r + 1).min(h);
        rows.flat_map(move |j| {
            ((x - r).max(0)..(x + r + 1).min(w)).map(move |i| (j * w + i) as usize)
        })
    };
    let fit = |x: isize, y: isize| {
        let count = window(x, y).count() as f64;
        let colour = |k: usize| std::array::from_fn::<f64, 3, _>(|c| f64::from(guide[k * 3 + c]));
        let mut mean = [0.0; 4];
        for k in window(x, y) {
            (0..3).for_each(|c| mean[c] += colour(k)[c] / count);
            mean[3] += f64::from(mask[k]) / count;
        }
        let mut m = [[0.0; 4]; 3];
        for k in window(x, y) {
            let d: [f64; 3] = std::array::from_fn(|c| colour(k)[c] - mean[c]);
            for i in 0..3 {
                (0..3).for_each(|j| m[i][j] += d[i] * d[j] / count);
                m[i][3] += d[i] * (f64::from(mask[k]) - mean[3]) / count;
            }
        }
        (0..3).for_each(|i| m[i][i] += f64::from(size.epsilon));
        for i in 0..3 {
            let pivot = m[i];
            for j in (0..3).filter(|&j| j != i) {
                let factor = m[j][i] / pivot[i];
                (0..4).for_each(|c| m[j][c] -= factor * pivot[c]);
            }
        }
        let contrast = f64::from(size.contrast);
        let a: [f64; 3] = std::array::from_fn(|i| contrast * m[i][3] / m[i][i]);
        [
            a[0],
            a[1],
            a[2],
            (mean[3] - 127.5) * contrast + 127.5 - a[0] * mean[0] - a[1] * mean[1] - a[2] * mean[2],
        ]
    };
    let fits: Vec<[f64; 4]> = (0..w * h).map(|k| fit(k % w, k / w)).collect();
    let mean = |k: isize| {
        let all: Vec<_> = window(k % w, k / w).collect();
        std::array::from_fn(|c| all.iter().map(|&k| fits[k][c]).sum::<f64>() / all.len() as f64)
    };
    (0..w * h).map(mean).collect()
}

fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .collect()
}

#[test]
fn coefficients_equal_the_paper_in_double_precision() {
    for (width, height, radius) in [(1, 1, 1), (1, 9, 2), (13, 7, 3), (20, 20, 6)] {
        let size = Fit {
            width,
            height,
            radius,
            epsilon: 40.0,
            contrast: 1.25,
        };
        let (guide, mask) = (noise(7, width * height * 3), noise(8, width * height));
        let found = coefficients(Isa::Scalar, size, &guide, &mask);
        for (found, exact) in found.iter().zip(reference(size, &guide, &mask)) {
            for c in 0..3 {
                assert!(
                    (f64::from(found[c]) / 2048.0 - exact[c]).abs() < 1.5e-3,
                    "{found:?} {exact:?}"
                );
            }
            assert!(
                (f64::from(found[3]) / 64.0 - exact[3]).abs() < 0.2,
                "{found:?} {exact:?}"
            );
        }
    }
}

#[test]
fn a_constant_mask_stays_exactly_constant_on_any_picture() {
    let (width, height) = (9, 6);
    let size = Fit {
        width,
        height,
        radius: 2,
        epsilon: 1.0,
        contrast: 1.0,
    };
    for value in [0, 1, 254, 255] {
        let guide = noise(3, width * height * 3);
        let (pair, mut band) = pair(size, &guide, &vec![value; width * height]);
        let mut x = Taps::default();
        x.set(50, width, width, 50);
        for channels in [1, 3, 4] {
            let (picture, mut alpha) = (noise(4, 50 * channels), [7; 50]);
            let target = Row {
                picture: &picture,
                channels,
                band: &mut band,
                out: &mut alpha,
            };
            row(Isa::Scalar, &pair, &x, (2, 100), target);
            assert_eq!(alpha, [value; 50]);
        }
    }
}

#[test]
fn a_blurred_step_follows_the_pictures_edge() {
    // The picture has its edge at small column 8; the mask is a ramp two columns wide on either side.
    let (width, height) = (16, 8);
    let ramp = [
        0, 0, 0, 0, 0, 0, 51, 102, 153, 204, 255, 255, 255, 255, 255, 255,
    ];
    let guide: Vec<u8> = (0..width * height)
        .flat_map(|i| {
            if i % width < 8 {
                [20, 60, 200]
            } else {
                [180, 90, 40]
            }
        })
        .collect();
    let mask: Vec<u8> = (0..height).flat_map(|_| ramp).collect();
    let size = Fit {
        width,
        height,
        radius: 3,
        epsilon: 10.0,
        contrast: 1.0,
    };
    let (pair, mut band) = pair(size, &guide, &mask);
    let mut x = Taps::default();
    x.set(160, width, 1, 10);
    let picture: Vec<u8> = (0..160)
        .flat_map(|i| if i < 80 { [20, 60, 200] } else { [180, 90, 40] })
        .collect();
    let mut alpha = [0; 160];
    row(
        Isa::Scalar,
        &pair,
        &x,
        (4, 0),
        Row {
            picture: &picture,
            channels: 3,
            band: &mut band,
            out: &mut alpha,
        },
    );
    assert!(
        alpha[79] < 70 && alpha[80] > 185,
        "{} {}",
        alpha[79],
        alpha[80]
    );
    assert!(
        alpha[20] < 10 && alpha[139] > 245,
        "{} {}",
        alpha[20],
        alpha[139]
    );
}

#[test]
fn every_isa_gives_the_same_coefficients_and_rows() {
    for (width, height, radius, len) in [
        (1, 1, 1, 1),
        (5, 4, 2, 5),
        (37, 21, 1, 200),
        (48, 30, 1, 320),
        (70, 9, 3, 71),
        (60, 8, 1, 30),
    ] {
        let size = Fit {
            width,
            height,
            radius,
            epsilon: 8.0,
            contrast: 1.0,
        };
        let guide = noise(7, width * height * 3);
        // Flat on the left, anything on the right.
        let mut mask = noise(8, width * height);
        mask.iter_mut().enumerate().for_each(|(i, alpha)| {
            if i % width < width / 2 {
                *alpha = 255 * u8::from(i % width < width / 4);
            }
        });
        let mut x = Taps::default();
        x.set(len, width, width, len);
        let picture = noise(9, len * 4);
        let mut answers = Isa::available().map(|isa| {
            let (pair, mut band) = pair(size, &guide, &mask);
            let rows = [1, 3, 4].map(|channels| {
                let mut out = vec![7; len];
                let target = Row {
                    picture: &picture[..len * channels],
                    channels,
                    band: &mut band,
                    out: &mut out,
                };
                let y = if height > 1 {
                    (height / 2 - 1, 77)
                } else {
                    (0, 0)
                };
                row(isa, &pair, &x, y, target);
                out
            });
            (coefficients(isa, size, &guide, &mask), rows)
        });
        let oracle = answers.next();
        assert!(
            answers.all(|answer| Some(answer) == oracle),
            "{width} x {height}, {len}"
        );
    }
}

#[test]
fn rows_are_the_same_in_any_order_and_from_any_first_one_on() {
    let (width, height, len) = (21, 17, 40);
    let size = Fit {
        width,
        height,
        radius: 2,
        epsilon: 8.0,
        contrast: 1.0,
    };
    let (guide, mask) = (noise(7, width * height * 3), noise(8, width * height));
    let (other, mut band) = pair(size, &guide, &vec![9; width * height]);
    for y in 0..2 {
        band.fit(Isa::detect(), &other, y, true);
    }
    let (pair, _) = pair(size, &guide, &mask);
    band.start(&pair);
    let picture = noise(9, len * 3);
    let (mut x, mut y) = (Taps::default(), Taps::default());
    x.set(len, width, width, len);
    y.set(50, height, height, 50);
    let drawn = |band: &mut Band, i: usize| {
        let mut out = vec![7; len];
        let target = Row {
            picture: &picture,
            channels: 3,
            band,
            out: &mut out,
        };
        row(Isa::detect(), &pair, &x, y.at(i), target);
        out
    };
    let downwards: Vec<_> = (0..50).map(|i| drawn(&mut band, i)).collect();
    for i in [49, 3, 4, 30, 29, 12, 0, 49, 7] {
        assert_eq!(drawn(&mut band, i), downwards[i], "row {i}");
        let mut own = Band::default();
        own.start(&pair);
        assert_eq!(drawn(&mut own, i), downwards[i], "row {i} alone");
    }
}
