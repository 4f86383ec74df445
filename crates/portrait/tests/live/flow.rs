//! Frames in and out when nothing fails.
use hypercut::live::{Budget, Clock, LiveOptions, Shown, Stage};
use hypercut::{FrameMut, Mask, Segmenter};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::{HEIGHT, WIDTH, frame, live, noise, red};

/// What segmenter and effect make of a frame by themselves.
fn alone(pixels: &[u8]) -> Vec<u8> {
    let (mut mask, mut out) = (Mask::new(), vec![0; pixels.len()]);
    Segmenter::new()
        .unwrap()
        .segment(&frame(pixels), &mut mask)
        .unwrap();
    let mut drawn = FrameMut::rgb8(&mut out, WIDTH, HEIGHT).unwrap();
    red().apply(&frame(pixels), &mask, &mut drawn).unwrap();
    out
}

fn plain(look_ahead: usize) -> LiveOptions {
    LiveOptions {
        look_ahead,
        temporal: None,
        ..LiveOptions::default()
    }
}

#[test]
fn a_frame_is_drawn_as_by_segmenter_and_effect() {
    let mut live = live(plain(0));
    for seed in 0..3 {
        let raw = noise(seed);
        assert!(live.push(&frame(&raw)).frame.data() == alone(&raw));
    }
}

/// The frames differ everywhere, so looking ahead changes no mask: each is that of its very frame.
#[test]
fn with_a_look_ahead_frames_come_later_with_their_own_masks() {
    for look_ahead in [1, 3] {
        let mut live = live(plain(look_ahead));
        let bright = |seed: u32| {
            let pixels = noise(seed).into_iter();
            pixels
                .map(|byte| byte / 2 + 128 * (seed % 2) as u8)
                .collect::<Vec<_>>()
        };
        let raw: Vec<_> = (0..6).map(bright).collect();
        let mut drawn = Vec::new();
        for (index, raw) in raw.iter().enumerate() {
            let output = live.push(&frame(raw));
            match output.shown {
                Shown::Placeholder => assert!(index < look_ahead),
                Shown::Composed(shown) => {
                    assert_eq!(shown, (index - look_ahead) as u64);
                    drawn.push(output.frame.data().to_vec());
                }
                other => panic!("{other:?}"),
            }
        }
        while let Some(output) = live.flush() {
            drawn.push(output.frame.data().to_vec());
        }
        assert_eq!(drawn.len(), raw.len());
        for (drawn, raw) in drawn.iter().zip(&raw) {
            assert!(*drawn == alone(raw));
        }
    }
}

/// Advances as the pipeline enters stages: so many milliseconds each.
#[derive(Debug, Clone, Default)]
struct Work(Arc<AtomicU64>);

impl Clock for Work {
    fn now(&mut self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[test]
fn the_governor_steps_down_reports_it_and_up_again() {
    let clock = Work::default();
    let options = LiveOptions {
        budget: Some(Budget::FramesPerSecond(25.0)),
        ..LiveOptions::default()
    };
    let mut live = live(options)
        .with_cheaper_effect(red())
        .with_clock(Box::new(clock.clone()));
    assert_eq!(live.levels().len(), 4);
    let cost = Arc::new(AtomicU64::new(90));
    let (now, draw) = (Arc::clone(&clock.0), Arc::clone(&cost));
    live.set_hook(Some(Box::new(move |stage| {
        if stage == Stage::Draw {
            now.fetch_add(draw.load(Ordering::SeqCst), Ordering::SeqCst);
        }
        Ok(())
    })));
    let raw = noise(3);
    let mut steps = Vec::new();
    let mut run = |frames: usize, steps: &mut Vec<(usize, usize)>| {
        let mut shown = Vec::new();
        for _ in 0..frames {
            let output = live.push(&frame(&raw));
            steps.extend(output.step.map(|step| (step.from, step.to)));
            assert_eq!(output.fault, None);
            shown.push(matches!(output.shown, Shown::Composed(_)));
        }
        shown
    };
    // 90 ms a frame whatever is saved, until every second frame is left out: then 45 on average.
    let shown = run(40, &mut steps);
    assert_eq!(steps, [(0, 1), (1, 2), (2, 3)]);
    assert_eq!(
        shown[32..36].iter().filter(|&&composed| composed).count(),
        2
    );
    cost.store(5, Ordering::SeqCst);
    steps.clear();
    run(100, &mut steps);
    assert_eq!(steps, [(3, 2)]);
}

#[test]
fn nothing_is_allocated_after_the_first_frames() {
    for look_ahead in [0, 2] {
        let mut live = live(LiveOptions {
            look_ahead,
            // A budget that is always kept: a lower level has its own first frames.
            budget: Some(Budget::FramesPerSecond(0.01)),
            person: hypercut::live::Person::Largest,
            ..LiveOptions::default()
        });
        let raw: Vec<_> = (0..4).map(noise).collect();
        raw.iter()
            .chain(&raw)
            .for_each(|raw| _ = live.push(&frame(raw)));
        let info = allocation_counter::measure(|| {
            raw.iter().for_each(|raw| _ = live.push(&frame(raw)));
        });
        assert_eq!(info.count_total, 0, "{look_ahead}");
    }
}
