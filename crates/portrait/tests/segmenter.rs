//! The built-in network behind the public API.
use hypercut::mask::{Finding, TemporalOptions, Upsampler};
use hypercut::{ErrorKind, Frame, Mask, PixelFormat, Segmenter};

fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn the_same_colours_give_the_same_mask_in_every_format_and_stride() {
    let (width, height) = (83, 61);
    let rgb = noise(width * height * 3, 1);
    let rgba: Vec<u8> = rgb
        .chunks(3)
        .flat_map(|p| [p[0], p[1], p[2], 255])
        .collect();
    let padded: Vec<u8> = rgb
        .chunks(width * 3)
        .flat_map(|row| [row, &[9; 7]].concat())
        .collect();
    let frames = [
        Frame::rgb8(&rgb, width, height).unwrap(),
        Frame::rgba8(&rgba, width, height).unwrap(),
        Frame::new(&padded, width, height, width * 3 + 7, PixelFormat::Rgb8).unwrap(),
    ];
    let mut segmenter = Segmenter::new().unwrap();
    let [mut first, mut other] = [Mask::new(), Mask::new()];
    segmenter.segment(&frames[0], &mut first).unwrap();
    for frame in &frames {
        segmenter.segment(frame, &mut other).unwrap();
        assert!(first == other, "{frame:?}");
    }
    let gray = noise(width * height, 2);
    let colour: Vec<u8> = gray.iter().flat_map(|&g| [g; 3]).collect();
    segmenter
        .segment(&Frame::gray8(&gray, width, height).unwrap(), &mut first)
        .unwrap();
    segmenter
        .segment(&Frame::rgb8(&colour, width, height).unwrap(), &mut other)
        .unwrap();
    assert!(first == other, "gray");
}

#[test]
fn alpha_is_never_above_the_frames_own() {
    let (width, height) = (50, 40);
    let rgba = noise(width * height * 4, 3);
    let mut mask = Mask::new();
    Segmenter::new()
        .unwrap()
        .segment(&Frame::rgba8(&rgba, width, height).unwrap(), &mut mask)
        .unwrap();
    assert!(
        mask.data()
            .iter()
            .zip(rgba.chunks(4))
            .all(|(&alpha, pixel)| alpha <= pixel[3])
    );
}

#[test]
fn awkward_sizes_fill_a_mask_of_the_frames_size_and_memory_is_kept() {
    let mut segmenter = Segmenter::new().unwrap();
    let mut mask = Mask::new();
    for (width, height) in [(640, 480), (1, 1), (1, 300), (300, 1), (7, 5), (193, 191)] {
        let picture = noise(width * height * 3, 4);
        let before = mask.data().as_ptr();
        segmenter
            .segment(&Frame::rgb8(&picture, width, height).unwrap(), &mut mask)
            .unwrap();
        assert_eq!(
            (mask.width(), mask.height(), mask.data().len()),
            (width, height, width * height)
        );
        assert!(
            before == mask.data().as_ptr() || (width, height) == (640, 480),
            "memory was moved"
        );
    }
}

#[test]
fn a_plain_wall_has_nobody_before_it() {
    let picture = [180, 170, 160].repeat(320 * 240);
    let mut segmenter = Segmenter::new().unwrap();
    let mut mask = Mask::new();
    segmenter
        .segment(&Frame::rgb8(&picture, 320, 240).unwrap(), &mut mask)
        .unwrap();
    assert_ne!(
        segmenter.verdict().finding(),
        Finding::Person,
        "{:?}",
        segmenter.verdict()
    );
}

#[test]
fn the_raw_mask_has_the_networks_size_whatever_the_frames() {
    let mut segmenter = Segmenter::new().unwrap();
    let [mut first, mut second] = [Mask::new(), Mask::new()];
    segmenter
        .segment_raw(&Frame::gray8(&noise(70, 5), 10, 7).unwrap(), &mut first)
        .unwrap();
    segmenter
        .segment_raw(
            &Frame::gray8(&noise(6000, 6), 60, 100).unwrap(),
            &mut second,
        )
        .unwrap();
    assert_eq!(
        (first.width(), first.height()),
        (second.width(), second.height())
    );
    assert!(first.width() >= 32);
}

#[test]
fn what_is_no_network_is_an_error_of_its_own_kind() {
    for bytes in [&b""[..], b"TFL3", &[0xff; 100]] {
        assert_eq!(
            Segmenter::from_tflite(bytes).unwrap_err().kind(),
            ErrorKind::Model
        );
    }
}

#[test]
fn a_small_mask_of_one_value_becomes_one_value_at_any_size() {
    let picture = noise(90 * 70 * 3, 7);
    let frame = Frame::rgb8(&picture, 90, 70).unwrap();
    let (mut upsampler, mut out) = (Upsampler::new(), Mask::new());
    for (width, height) in [(1, 1), (5, 9), (200, 3)] {
        // 1.4 times as far from 127.5.
        for (value, expected) in [(0, 0), (77, 57), (128, 128), (180, 201), (255, 255)] {
            let small = Mask::from_raw(width, height, vec![value; width * height]).unwrap();
            upsampler.run(&frame, &small, &mut out).unwrap();
            assert!(out.data().iter().all(|&alpha| alpha == expected));
        }
    }
    assert_eq!(
        upsampler
            .run(&frame, &Mask::new(), &mut out)
            .unwrap_err()
            .kind(),
        ErrorKind::Size
    );
}

/// Red, green, blue: a head of one colour with hair and shoulders before a plain wall, with a little grain.
fn drawn_person(width: usize, height: usize) -> Vec<u8> {
    let grain = noise(width * height * 3, 5);
    let colour = |x: f32, y: f32| {
        let within = |cx: f32, cy: f32, rx: f32, ry: f32| {
            ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0
        };
        match () {
            () if within(0.5, 0.42, 0.13, 0.2) => [214, 160, 130],
            () if within(0.5, 0.36, 0.16, 0.23) => [50, 35, 30],
            () if within(0.5, 1.05, 0.36, 0.42) => [40, 60, 120],
            () => [190, 195, 200],
        }
    };
    let pixel = |i: usize| {
        let (x, y) = ((i % width) as f32, (i / width) as f32);
        colour((x + 0.5) / width as f32, (y + 0.5) / height as f32)
    };
    let bytes = (0..width * height).flat_map(pixel);
    bytes
        .zip(grain)
        .map(|(byte, grain): (u8, u8)| byte + grain % 8)
        .collect()
}

#[test]
fn successive_frames_are_steadied_when_asked_and_forgotten_when_told() {
    let (width, height) = (96, 80);
    let photo = drawn_person(width, height);
    let noisier: Vec<u8> = photo.iter().map(|&b| b.saturating_add(b % 3)).collect();
    let [photo, noisier] =
        [&photo, &noisier].map(|bytes| Frame::rgb8(bytes, width, height).unwrap());
    let [mut alone, mut mask] = [Mask::new(), Mask::new()];
    Segmenter::new()
        .unwrap()
        .segment(&noisier, &mut alone)
        .unwrap();
    assert!(alone.data().iter().any(|&alpha| alpha > 127), "nobody seen");
    let mut segmenter = Segmenter::new().unwrap();
    let options = TemporalOptions::default();
    segmenter.set_temporal(Some(options));
    segmenter.segment(&photo, &mut mask).unwrap();
    segmenter.segment(&noisier, &mut mask).unwrap();
    assert!(mask != alone, "the frame before had no say");
    segmenter.reset();
    segmenter.segment(&noisier, &mut mask).unwrap();
    assert!(mask == alone, "after a reset");
    segmenter.segment(&photo, &mut mask).unwrap();
    segmenter.set_temporal(None);
    segmenter.segment(&noisier, &mut mask).unwrap();
    assert!(mask == alone, "switched off");
}

#[test]
fn after_a_cut_the_network_is_not_told_of_the_mask_before() {
    let (width, height) = (96, 80);
    let first = drawn_person(width, height);
    let mut other = first.clone();
    for (i, pixel) in other.as_chunks_mut::<3>().0.iter_mut().enumerate() {
        if pixel.iter().all(|&byte| byte > 185) {
            *pixel = [[20, 40, 30], [220, 120, 90]][i % width / 9 % 2];
        }
    }
    let [first, other] = [&first, &other].map(|bytes| Frame::rgb8(bytes, width, height).unwrap());
    let [mut alone, mut mask] = [Mask::new(), Mask::new()];
    let mut segmenter = Segmenter::new().unwrap();
    segmenter.segment(&other, &mut alone).unwrap();
    assert!(alone.data().iter().any(|&alpha| alpha > 127), "nobody seen");
    segmenter.set_temporal(Some(TemporalOptions::default()));
    segmenter.segment(&first, &mut mask).unwrap();
    segmenter.segment(&other, &mut mask).unwrap();
    assert!(mask == alone);
}
