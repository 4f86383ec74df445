use super::*;

fn plane(width: usize, height: usize) -> Vec<[u16; 4]> {
    let byte = |i: usize| (i * i * 31 + i * 57) as u16 % 4081;
    (0..width * height)
        .map(|i| [byte(i), byte(i + 3), 4080 - byte(i), 4080])
        .collect()
}

fn cells(plane: &[[u16; 4]], width: usize, log: usize) -> Cells<'_> {
    Cells { plane, width, log }
}

/// Bilinear between cell centres, in floating point.
fn exact(plane: &[[u16; 4]], width: usize, cell: usize, x: usize, y: usize) -> [f64; 4] {
    let height = plane.len() / width;
    let axis = |i: usize, len: usize| {
        let at = ((i as f64 + 0.5) / cell as f64 - 0.5).clamp(0.0, len as f64 - 1.0);
        let low = (at as usize).min(len.saturating_sub(2));
        (low, (low + 1).min(len - 1), at - low as f64)
    };
    let ((x0, x1, fx), (y0, y1, fy)) = (axis(x, width), axis(y, height));
    std::array::from_fn(|c| {
        let at = |x: usize, y: usize| f64::from(plane[y * width + x][c]) / 16.0;
        let above = at(x0, y0) * (1.0 - fx) + at(x1, y0) * fx;
        let below = at(x0, y1) * (1.0 - fx) + at(x1, y1) * fx;
        above * (1.0 - fy) + below * fy
    })
}

#[test]
fn pixels_are_the_bilinear_mixture_of_cells_on_every_isa() {
    for (pixels_across, pixels_down) in [(1usize, 1usize), (7, 3), (16, 8), (61, 19), (130, 21)] {
        for log in 0..=MAX_LOG {
            let cell = 1 << log;
            let (width, height) = (pixels_across.div_ceil(cell), pixels_down.div_ceil(cell));
            let plane = plane(width, height);
            let kinds = vec![Kind::Soft; pixels_across.div_ceil(tile::WIDTH)];
            for y in 0..pixels_down {
                for isa in Isa::available() {
                    let mut between = Between::default();
                    between.take(isa, cells(&plane, width, log), y, 0..kinds.len());
                    let mut row = vec![[0; 4]; pixels_across];
                    between.spread(isa, &kinds, &mut row);
                    for (x, pixel) in row.iter().enumerate() {
                        let exact = exact(&plane, width, cell, x, y);
                        for c in 0..4 {
                            // Halves of a step on either axis, one of them a sixteenth as large.
                            let off = (f64::from(pixel[c]) - exact[c]).abs();
                            assert!(off <= 0.5 + 0.5 / 16.0, "{isa} {log} {x} {y}: {pixel:?}");
                        }
                        assert_eq!(pixel[3], 255);
                    }
                }
            }
        }
    }
}

#[test]
fn every_isa_gives_the_same_bytes_and_other_tiles_stay() {
    let plane = plane(17, 3);
    let kinds = [Kind::Soft, Kind::Empty, Kind::Clear, Kind::Full, Kind::Soft];
    let mut answers = Isa::available().map(|isa| {
        let mut between = Between::default();
        between.take(isa, cells(&plane, 17, 2), 5, 0..5);
        let mut row = vec![[7; 4]; 67];
        between.spread(isa, &kinds, &mut row);
        row
    });
    let oracle = answers.next().unwrap();
    assert!(
        oracle[16..32]
            .iter()
            .chain(&oracle[48..64])
            .all(|&p| p == [7; 4])
    );
    assert!(answers.all(|answer| answer == oracle));
}

#[test]
fn doubling_puts_cells_a_quarter_from_their_old_centres() {
    let cell = |value: u16| [value, 0, 4080, value];
    let (plane, mut scratch) = ([0, 160, 320, 480].map(cell), Vec::new());
    for isa in Isa::available() {
        let mut out = [[0; 4]; 12];
        double(isa, (&plane, 2), (&mut out, 3), &mut scratch);
        let expected = [0, 40, 120, 80, 120, 200, 240, 280, 360, 320, 360, 440];
        assert_eq!(out, expected.map(cell), "{isa}");
    }
}

#[test]
fn some_tiles_are_as_they_are_among_all() {
    for (width, log) in [(1, 3), (2, 3), (23, 3), (37, 2), (33, 1), (50, 0)] {
        let plane = plane(width, 2);
        let across = (width << log).div_ceil(tile::WIDTH);
        for isa in Isa::available() {
            let mut all = Between::default();
            all.take(isa, cells(&plane, width, log), 1, 0..across);
            for (start, end) in (0..across).flat_map(|i| (i + 1..=across).map(move |j| (i, j))) {
                let mut some = Between::default();
                some.take(isa, cells(&plane, width, log), 1, start..end);
                for tile in start..end {
                    let used = (tile::WIDTH >> log) + 2;
                    let [all, some] = [&all, &some].map(|row| &row.under_tile(tile)[..used]);
                    assert_eq!(all, some, "{isa} {width} {log} {start}..{end}");
                }
            }
        }
    }
}
