//! Any number of threads gives the same bytes as one.
#![cfg(feature = "threads")]
use hypercut::effects::{self, Effect, OptionKind, OptionValue, OptionValues};
use hypercut::mask::Finding;
use hypercut::{Effort, Frame, FrameMut, Mask, Picture, PixelFormat, Segmenter, Threads};

const SIZES: [(usize, usize); 6] = [(1, 1), (37, 1), (5, 23), (197, 131), (64, 200), (331, 257)];
const FORMATS: [PixelFormat; 3] = [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8];

/// Head and shoulders before a textured wall, opaque but for a corner, with rows `gap` bytes apart; and a soft mask of a disc.
fn scene(width: usize, height: usize, format: PixelFormat, gap: usize) -> (Vec<u8>, Mask) {
    let (mut pixels, mut alphas) = (Vec::new(), Vec::new());
    for i in 0..width * height {
        let (x, y) = (i % width, i / width);
        let (across, down) = (x as f32 / width as f32, y as f32 / height as f32);
        let off = |x: f32, y: f32, rx: f32, ry: f32| ((across - x) / rx).hypot((down - y) / ry);
        let disc = 1.0 - off(0.5, 0.4, 0.3, 0.4);
        alphas.push((128.0 + 2000.0 * disc) as u8);
        let grain = (x * 31 + y * 17) as u8 % 8;
        let colour = if off(0.5, 0.35, 0.11, 0.22) < 1.0 {
            [205, 160, 135]
        } else if off(0.5, 1.0, 0.3, 0.42) < 1.0 {
            [40, 60, 110]
        } else {
            let brick = ((across * 24.0) as u8 + (down * 14.0) as u8) % 2;
            [
                90 + 60 * brick,
                (down * 160.0) as u8,
                (across * 200.0) as u8,
            ]
        };
        let [r, g, b] = colour.map(|c| c + grain);
        let alpha = if x + y < height / 4 { 90 + grain } else { 255 };
        pixels.extend(&[r, g, b, alpha][..format.bytes()]);
        if x + 1 == width {
            pixels.extend(std::iter::repeat_n(7, gap));
        }
    }
    (pixels, Mask::from_raw(width, height, alphas).unwrap())
}

fn all_threads() -> [Threads; 4] {
    [1, 2, 3, 4].map(|count| Threads::new(count).unwrap())
}

/// Every effect, and those with another way to be drawn that way too.
fn all_effects() -> Vec<(&'static str, Box<dyn Effect>)> {
    let background = Picture::new(vec![50; 30 * 20 * 3], 30, 20, PixelFormat::Rgb8).unwrap();
    let usual = effects::EFFECTS.iter().map(|info| (info, None));
    let others = [
        ("blur", ("style", OptionValue::Choice("bokeh".into()))),
        ("blur", ("strength", OptionValue::Number(0.0))),
        ("cutout", ("keep-spill", OptionValue::Flag(true))),
    ];
    let others = others.map(|(name, option)| (effects::find(name).unwrap(), Some(option)));
    let build = |(info, option): (&'static effects::EffectInfo, Option<(&str, OptionValue)>)| {
        let mut values = OptionValues::new();
        for option in info.options {
            if option.kind == OptionKind::Picture {
                values.set(option.name, OptionValue::Picture(background.clone()));
            }
        }
        if let Some((name, value)) = option {
            values.set(name, value);
        }
        (info.name, info.build(&values).unwrap())
    };
    usual.chain(others).map(build).collect()
}

#[test]
fn every_effect_draws_the_same_bytes() {
    let threads = all_threads();
    for (name, mut effect) in all_effects() {
        for (width, height) in SIZES {
            for format in FORMATS {
                let (pixels, mask) = scene(width, height, format, 5);
                let stride = width * format.bytes() + 5;
                let frame = Frame::new(&pixels, width, height, stride, format).unwrap();
                let output = effect.output_format(format);
                let out_stride = width * output.bytes() + 3;
                let mut drawn = threads.each_ref().map(|threads| {
                    effect.set_threads(threads);
                    let mut out = vec![99; out_stride * height];
                    let mut view =
                        FrameMut::new(&mut out, width, height, out_stride, output).unwrap();
                    effect.apply(&frame, &mask, &mut view).unwrap();
                    out
                });
                let [one, others @ ..] = &mut drawn;
                for (i, other) in others.iter().enumerate() {
                    let count = i + 2;
                    assert!(other == one, "{name} {width} x {height} {format:?} {count}");
                }
            }
        }
    }
}

#[test]
fn every_mask_is_the_same() {
    let threads = all_threads();
    for effort in [Effort::Once, Effort::Still] {
        let mut segmenters = threads.each_ref().map(|threads| {
            let mut segmenter = Segmenter::new().unwrap();
            segmenter.set_effort(effort);
            segmenter.set_threads(threads);
            segmenter
        });
        for (width, height) in SIZES {
            for format in FORMATS {
                let (pixels, _) = scene(width, height, format, 0);
                let stride = width * format.bytes();
                let frame = Frame::new(&pixels, width, height, stride, format).unwrap();
                let found = segmenters.each_mut().map(|segmenter| {
                    let mut mask = Mask::new();
                    segmenter.segment(&frame, &mut mask).unwrap();
                    (mask, segmenter.verdict())
                });
                for other in &found[1..] {
                    assert!(
                        *other == found[0],
                        "{effort:?} {width} x {height} {format:?}"
                    );
                }
            }
        }
    }
}

/// The looks in a box too: there is a person, who fills less than most of the frame.
#[test]
fn a_segmenter_may_change_its_threads() {
    let (pixels, _) = scene(400, 300, PixelFormat::Rgb8, 0);
    let frame = Frame::rgb8(&pixels, 400, 300).unwrap();
    let mut segmenter = Segmenter::new().unwrap();
    segmenter.set_effort(Effort::Still);
    let masks = [2, 1, 3, 1].map(|count| {
        segmenter.set_threads(&Threads::new(count).unwrap());
        let mut mask = Mask::new();
        segmenter.segment(&frame, &mut mask).unwrap();
        mask
    });
    assert!(masks.iter().all(|mask| *mask == masks[0]));
    let verdict = segmenter.verdict();
    assert_eq!(verdict.finding(), Finding::Person);
    assert!((0.1..0.5).contains(&verdict.coverage), "{verdict:?}");
}
