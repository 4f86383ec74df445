//! A fault at each stage, and a frame that must not get out.
use hypercut::effects::Effect;
use hypercut::live::{Clock, Fault, Live, LiveOptions, Shown, Stage};
use hypercut::{ErrorKind, Frame, FrameMut, Mask, PixelFormat, Result, Segmenter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{HEIGHT, WIDTH, frame, live, noise, red};

#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Error,
    Panic,
}

/// An error as the library makes them.
fn error() -> hypercut::Error {
    Frame::rgb8(&[], 1, 1).unwrap_err()
}

/// Makes the stage fail on its call of that number.
fn fail(live: &mut Live, stage: Stage, call: u32, how: How) {
    let mut calls = 0;
    live.set_hook(Some(Box::new(move |entered| {
        if entered != stage {
            return Ok(());
        }
        calls += 1;
        match (calls == call, how) {
            (true, How::Error) => Err(error()),
            (true, How::Panic) => panic!("injected"),
            _ => Ok(()),
        }
    })));
}

/// Bytes in a row that a picture has in common with the raw frame at the same place, at most.
fn longest_run(shown: &[u8], raw: &[u8]) -> usize {
    let mut longest = 0;
    let mut run = 0;
    for (a, b) in shown.iter().zip(raw) {
        run = if a == b { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

#[test]
fn a_fault_anywhere_holds_the_last_good_frame() {
    for look_ahead in [0, 2] {
        for &stage in Stage::ALL {
            if stage == Stage::Queue && look_ahead == 0 {
                continue;
            }
            for how in [How::Error, How::Panic] {
                let mut live = live(LiveOptions {
                    look_ahead,
                    ..LiveOptions::default()
                });
                fail(&mut live, stage, 3, how);
                let mut good = Vec::new();
                let mut faults = 0;
                for index in 0..6 + look_ahead as u32 {
                    let raw = noise(index);
                    let output = live.push(&frame(&raw));
                    let shown = output.frame.data();
                    assert!(shown != raw);
                    match (output.shown, output.fault) {
                        (Shown::Composed(_), None) => good = shown.to_vec(),
                        (Shown::Held, Some(fault)) => {
                            faults += 1;
                            assert!(shown == good, "{stage:?} {how:?}");
                            assert!(longest_run(shown, &raw) < 12, "{stage:?} {how:?}");
                            match how {
                                How::Error => assert_eq!(fault, Fault::Error(error())),
                                How::Panic => assert_eq!(fault, Fault::Panic),
                            }
                        }
                        (Shown::Placeholder, None) => assert!(index < look_ahead as u32),
                        other => panic!("{stage:?} {how:?} {other:?}"),
                    }
                }
                assert_eq!(faults, 1, "{stage:?} {how:?} {look_ahead}");
            }
        }
    }
}

#[test]
fn a_fault_on_the_first_frame_shows_the_placeholder() {
    for &stage in Stage::ALL.iter().filter(|&&stage| stage != Stage::Queue) {
        for how in [How::Error, How::Panic] {
            let mut live = live(LiveOptions {
                placeholder: [9, 8, 7],
                ..LiveOptions::default()
            });
            fail(&mut live, stage, 1, how);
            let raw = noise(1);
            let output = live.push(&frame(&raw));
            assert_eq!(output.shown, Shown::Placeholder);
            assert!(output.fault.is_some());
            assert!(
                output
                    .frame
                    .data()
                    .as_chunks::<3>()
                    .0
                    .iter()
                    .all(|pixel| *pixel == [9, 8, 7])
            );
            assert_eq!(
                live.push(&frame(&raw)).shown,
                Shown::Composed(1),
                "{stage:?}"
            );
        }
    }
}

/// Copies the raw frame into the output, then fails: the worst that an effect can do.
#[derive(Debug)]
struct Leaking;

impl Effect for Leaking {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    fn apply(&mut self, frame: &Frame<'_>, _: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        (0..frame.height()).for_each(|y| out.row_mut(y).copy_from_slice(frame.row(y)));
        Err(error())
    }
}

#[test]
fn what_a_failed_effect_has_drawn_is_not_shown() {
    let mut live = live(LiveOptions::default());
    let good = live.push(&frame(&noise(1))).frame.data().to_vec();
    live.switch_to(Box::new(Leaking), None);
    for seed in 2..5 {
        let raw = noise(seed);
        let output = live.push(&frame(&raw));
        assert_eq!(output.shown, Shown::Held);
        assert!(output.frame.data() == good);
    }
    live.switch_to(red(), None);
    assert_eq!(live.push(&frame(&noise(5))).shown, Shown::Composed(4));
}

#[test]
fn a_new_size_shows_nothing_of_the_old() {
    let mut live = live(LiveOptions::default());
    live.push(&frame(&noise(1)));
    fail(&mut live, Stage::Draw, 1, How::Error);
    let (pixels, width) = (noise(2), WIDTH - 1);
    let smaller = Frame::new(&pixels, width, HEIGHT, WIDTH * 3, PixelFormat::Rgb8).unwrap();
    let output = live.push(&smaller);
    assert_eq!(output.shown, Shown::Placeholder);
    assert_eq!(
        (output.frame.width(), output.frame.data().len()),
        (width, width * HEIGHT * 3)
    );
    assert!(output.frame.data().iter().all(|&byte| byte == 128));
}

/// A clock that stands where it is put.
#[derive(Debug, Clone, Default)]
struct Set(Arc<AtomicU64>);

impl Clock for Set {
    fn now(&mut self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn a_late_mask_holds_one_frame_and_never_two() {
    let clock = Set::default();
    let options = LiveOptions {
        deadline: Some(Duration::from_millis(30)),
        ..LiveOptions::default()
    };
    let mut live = live(options).with_clock(Box::new(clock.clone()));
    let slow = Arc::clone(&clock.0);
    live.set_hook(Some(Box::new(move |stage| {
        if stage == Stage::Segment {
            slow.fetch_add(50, Ordering::SeqCst);
        }
        Ok(())
    })));
    let mut shown = Vec::new();
    for seed in 0..5 {
        let raw = noise(seed);
        let output = live.push(&frame(&raw));
        assert_eq!(output.fault.is_some(), output.shown == Shown::Held);
        shown.push(output.shown);
    }
    // The first has nothing to hold.
    let composed = Shown::Composed;
    assert_eq!(
        shown,
        [
            composed(0),
            Shown::Held,
            composed(2),
            Shown::Held,
            composed(4)
        ]
    );
}

#[test]
fn too_far_ahead_is_refused() {
    let options = LiveOptions {
        look_ahead: 9,
        ..LiveOptions::default()
    };
    let error = Live::new(Segmenter::new().unwrap(), red(), options).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Option);
    assert_eq!(
        error.to_string(),
        "a look-ahead of 9 frames; at most 8 are possible"
    );
}
