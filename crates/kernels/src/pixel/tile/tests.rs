use super::*;

/// A picture with noise, and a mask that is empty above, full below and soft between; `clear` makes some pixels transparent.
fn scene(width: usize, height: usize, channels: usize, clear: bool) -> (Vec<u8>, Vec<u8>) {
    let mut pixels: Vec<u8> = (0..width * height * channels)
        .map(|i| (i * i * 31 + i * 7) as u8)
        .collect();
    if channels == 4 {
        for (i, pixel) in pixels.as_chunks_mut::<4>().0.iter_mut().enumerate() {
            pixel[3] = if clear && i % 37 == 5 {
                (i % 256) as u8
            } else {
                255
            };
        }
    }
    let alpha = |i: usize| {
        let (x, y) = ((i % width) as i32, (i / width) as i32);
        ((y * 2 + x - width as i32) * 9 + (i % 5) as i32).clamp(0, 255) as u8
    };
    (pixels, (0..width * height).map(alpha).collect())
}

type Cells = Vec<[f32; 4]>;

fn run(
    isa: Isa,
    (pixels, mask): &(Vec<u8>, Vec<u8>),
    (width, channels, cell): (usize, usize, usize),
) -> (Vec<Kind>, Cells, Cells) {
    let height = mask.len() / width;
    let (across, down) = tiles(width, height);
    let cells = width.div_ceil(cell) * height.div_ceil(cell);
    let mut kinds = vec![Kind::Clear; across * down];
    let (mut person, mut background) = (vec![[9.0; 4]; cells], vec![[9.0; 4]; cells]);
    let found = Found {
        kinds: &mut kinds,
        person: &mut person,
        background: &mut background,
    };
    let source = Source {
        data: pixels,
        width,
        height,
        stride: width * channels,
        channels,
    };
    gather(isa, source, mask, cell, found);
    (kinds, person, background)
}

const SIZES: [(usize, usize); 7] = [
    (1, 1),
    (15, 7),
    (16, 8),
    (17, 9),
    (64, 48),
    (101, 67),
    (130, 90),
];

/// Weighted sums pixel by pixel, which `f32` holds exactly.
#[test]
fn equals_the_sums_pixel_by_pixel() {
    for (width, height) in SIZES {
        for (channels, clear) in [(1, false), (3, false), (4, false), (4, true)] {
            let scene = scene(width, height, channels, clear);
            for cell in [1, 2, 4, 8] {
                let (_, person, background) = run(Isa::Scalar, &scene, (width, channels, cell));
                let across = width.div_ceil(cell);
                let (mut persons, mut backgrounds) =
                    (vec![[0.0; 4]; person.len()], vec![[0.0; 4]; person.len()]);
                for (i, &alpha) in scene.1.iter().enumerate() {
                    let pixel = &scene.0[i * channels..][..channels];
                    let opacity = if channels == 4 { pixel[3] } else { 255 };
                    let at = i / width / cell * across + i % width / cell;
                    let sides = [(&mut persons, alpha), (&mut backgrounds, 255 - alpha)];
                    for (sums, share) in sides {
                        let square = |share: f64| (share * share / 255.0).round();
                        let weight = square(square(square(f64::from(share))));
                        let weight = (weight * f64::from(opacity) / 255.0).round();
                        for c in 0..3 {
                            let byte = pixel[if channels == 1 { 0 } else { c }];
                            sums[at][c] += f64::from(byte) * weight;
                        }
                        sums[at][3] += weight;
                    }
                }
                let whole = (255 * cell * cell) as f32;
                let mean = |sums: Vec<[f64; 4]>| -> Cells {
                    sums.iter()
                        .map(|sum| sum.map(|sum| sum as f32 / whole))
                        .collect()
                };
                let what = (width, height, channels, clear, cell);
                assert!(person == mean(persons), "{what:?}");
                assert!(background == mean(backgrounds), "{what:?}");
            }
        }
    }
}

#[test]
fn kinds_are_what_the_pixels_say() {
    for (width, height) in SIZES {
        for (channels, clear) in [(1, false), (4, false), (4, true)] {
            let scene = scene(width, height, channels, clear);
            let (kinds, ..) = run(Isa::Scalar, &scene, (width, channels, 8));
            let across = width.div_ceil(WIDTH);
            for (at, &kind) in kinds.iter().enumerate() {
                let members = (0..width * height)
                    .filter(|i| i / width / HEIGHT * across + i % width / WIDTH == at);
                let members: Vec<usize> = members.collect();
                let opaque = |&i: &usize| channels < 4 || scene.0[i * channels + 3] == 255;
                let expected = if !members.iter().all(opaque) {
                    Kind::Clear
                } else if members.iter().all(|&i| scene.1[i] == 0) {
                    Kind::Empty
                } else if members.iter().all(|&i| scene.1[i] == 255) {
                    Kind::Full
                } else {
                    Kind::Soft
                };
                assert_eq!(kind, expected, "{width} x {height}, tile {at}");
            }
        }
    }
}

#[test]
fn every_isa_gives_the_same_bits() {
    for (width, height) in SIZES {
        for (channels, clear) in [(1, false), (3, false), (4, false), (4, true)] {
            let scene = scene(width, height, channels, clear);
            for cell in [1, 2, 4, 8] {
                let oracle = run(Isa::Scalar, &scene, (width, channels, cell));
                for isa in Isa::available() {
                    let found = run(isa, &scene, (width, channels, cell));
                    assert!(
                        found == oracle,
                        "{isa} {width} x {height} x {channels}, {cell}"
                    );
                }
            }
        }
    }
}
