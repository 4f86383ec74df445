//! After the first frame of a size, nothing on the way from frame to drawn frame allocates.
use hypercut::effects::{self, OptionKind, OptionValue, OptionValues};
use hypercut::mask::TemporalOptions;
use hypercut::{Frame, FrameMut, Mask, Picture, PixelFormat, Segmenter};

const WIDTH: usize = 397;
const HEIGHT: usize = 223;

/// A bright disc before a dark gradient, opaque but for a corner.
fn picture(format: PixelFormat) -> Vec<u8> {
    let pixel = |i: usize| {
        let (x, y) = (i % WIDTH, i / WIDTH);
        let near = x.abs_diff(WIDTH / 2).pow(2) + y.abs_diff(HEIGHT / 2).pow(2) < 80 * 80;
        let colour = if near {
            [210, 170, 140]
        } else {
            [(x / 2) as u8, (y / 2) as u8, 60]
        };
        let alpha = if x + y < 40 { 100 } else { 255 };
        [colour[0], colour[1], colour[2], alpha]
    };
    let pixels = (0..WIDTH * HEIGHT).map(pixel);
    pixels
        .flat_map(|pixel| pixel.into_iter().take(format.bytes()))
        .collect()
}

/// Allocations of the second call.
fn of_the_second(mut work: impl FnMut()) -> u64 {
    work();
    allocation_counter::measure(work).count_total
}

#[test]
fn segmenting_allocates_once() {
    for format in [PixelFormat::Gray8, PixelFormat::Rgb8, PixelFormat::Rgba8] {
        let pixels = picture(format);
        let stride = WIDTH * format.bytes();
        let frame = Frame::new(&pixels, WIDTH, HEIGHT, stride, format).unwrap();
        let (mut segmenter, mut mask) = (Segmenter::new().unwrap(), Mask::new());
        let count = of_the_second(|| segmenter.segment(&frame, &mut mask).unwrap());
        assert_eq!(count, 0, "{format:?}");
        segmenter.set_temporal(Some(TemporalOptions::default()));
        let count = of_the_second(|| segmenter.segment(&frame, &mut mask).unwrap());
        assert_eq!(count, 0, "{format:?}, steadied");
    }
}

#[test]
fn every_effect_allocates_once() {
    let alpha = |i: usize| {
        let distance = (i % WIDTH).abs_diff(WIDTH / 2) as i32;
        (255 - (distance - 60) * 12).clamp(0, 255) as u8
    };
    let mask = (0..WIDTH * HEIGHT).map(alpha).collect();
    let mask = Mask::from_raw(WIDTH, HEIGHT, mask).unwrap();
    for format in [PixelFormat::Rgb8, PixelFormat::Rgba8] {
        let picture = Picture::new(picture(format), WIDTH, HEIGHT, format).unwrap();
        let frame = picture.as_frame();
        for (info, style) in effects::EFFECTS
            .iter()
            .map(|info| (info, None))
            .chain([(effects::find("blur").unwrap(), Some("bokeh"))])
        {
            let mut values = OptionValues::new();
            for option in info.options {
                if option.kind == OptionKind::Picture {
                    values.set(option.name, OptionValue::Picture(picture.clone()));
                }
            }
            if let Some(style) = style {
                values.set("style", OptionValue::Choice(style.into()));
            }
            let mut effect = info.build(&values).unwrap();
            let output = effect.output_format(format);
            let mut pixels = vec![0; WIDTH * HEIGHT * output.bytes()];
            let count = of_the_second(|| {
                let mut out = FrameMut::packed(&mut pixels, WIDTH, HEIGHT, output).unwrap();
                effect.apply(&frame, &mask, &mut out).unwrap();
            });
            assert_eq!(count, 0, "{} {style:?} {format:?}", info.name);
        }
    }
}
