use super::*;

/// BT.601 and BT.709, limited and full range.
fn codings() -> [Coding; 3] {
    [
        Coding::new(0.299, 0.114, false),
        Coding::new(0.2126, 0.0722, false),
        Coding::new(0.299, 0.114, true),
    ]
}

fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        // Ends of the range too, which clamp.
        match state >> 29 {
            0 => 0,
            1 => 255,
            _ => (state >> 20) as u8,
        }
    };
    std::iter::repeat_with(next).take(len).collect()
}

/// The formula in floating point; `None` too close to a half to tell which way a fixed-point rule rounds.
fn exact(luma: u8, cb: u8, cr: u8, red: f64, blue: f64) -> [Option<u8>; 3] {
    let y = (f64::from(luma) - 16.0) * 255.0 / 219.0;
    let (cb, cr) = (
        (f64::from(cb) - 128.0) * 255.0 / 224.0,
        (f64::from(cr) - 128.0) * 255.0 / 224.0,
    );
    let (r, b) = (y + 2.0 * (1.0 - red) * cr, y + 2.0 * (1.0 - blue) * cb);
    let g = (y - red * r - blue * b) / (1.0 - red - blue);
    [r, g, b].map(|value| {
        let clear = (value - value.floor() - 0.5).abs() > 0.01;
        clear.then(|| value.round().clamp(0.0, 255.0) as u8)
    })
}

#[test]
fn the_oracle_follows_the_standards_formula() {
    for (red, blue) in [(0.299, 0.114), (0.2126, 0.0722)] {
        let coding = Coding::new(red, blue, false);
        let [luma, cb, cr] = [1, 2, 3].map(|seed| noise(4000, seed));
        let row = Row {
            luma: &luma,
            chroma: Chroma::Apart(&cb, &cr),
            step: 1,
        };
        let mut rgb = vec![0; luma.len() * 3];
        decode_row(Isa::Scalar, &coding, row, &mut rgb);
        for (i, pixel) in rgb.chunks(3).enumerate() {
            let expected = exact(luma[i], cb[i], cr[i], red, blue);
            for (value, expected) in pixel.iter().zip(expected) {
                assert!(expected.is_none_or(|expected| *value == expected), "{i}");
            }
        }
    }
}

#[test]
fn every_isa_decodes_alike() {
    for (width, step, coding) in (1..70)
        .flat_map(|width| [1, 2].map(|step| (width, step)))
        .flat_map(|(width, step)| codings().map(|coding| (width, step, coding)))
    {
        let luma = noise(width, width as u32);
        let both = noise(width.div_ceil(step) * 2, 7);
        let [cb, cr]: [Vec<u8>; 2] =
            [0, 1].map(|c| both.iter().skip(c).step_by(2).copied().collect());
        let run = |isa, chroma| {
            let row = Row {
                luma: &luma,
                chroma,
                step,
            };
            let mut rgb = vec![9; width * 3];
            decode_row(isa, &coding, row, &mut rgb);
            rgb
        };
        let expected = run(Isa::Scalar, Chroma::Apart(&cb, &cr));
        for isa in Isa::available() {
            assert_eq!(
                run(isa, Chroma::Apart(&cb, &cr)),
                expected,
                "{isa:?} {width} {step}"
            );
            assert_eq!(
                run(isa, Chroma::Paired(&both)),
                expected,
                "{isa:?} {width} {step}"
            );
        }
    }
}

#[test]
fn every_isa_encodes_alike() {
    for (width, step, coding) in (1..70)
        .flat_map(|width| [1, 2].map(|step| (width, step)))
        .flat_map(|(width, step)| codings().map(|coding| (width, step, coding)))
    {
        let (first, second) = (noise(width * 3, 5), noise(width * 3, 6));
        for second in [None, Some(&second[..])] {
            let run = |isa| {
                let pixels = Pixels {
                    first: &first,
                    second,
                    step,
                };
                let samples = width.div_ceil(step);
                let (mut luma, mut cb, mut cr) =
                    (vec![9; width], vec![9; samples], vec![9; samples]);
                luma_row(isa, &coding, &first, &mut luma);
                chroma_row(isa, &coding, pixels, &mut cb, &mut cr);
                (luma, cb, cr)
            };
            let expected = run(Isa::Scalar);
            for isa in Isa::available() {
                assert_eq!(run(isa), expected, "{isa:?} {width} {step}");
            }
        }
    }
}
