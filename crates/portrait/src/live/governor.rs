//! Keeps the work within a budget by doing less, step by step, and more again when there is room.
use std::time::Duration;

/// What the work may take.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Budget {
    /// So many frames a second must get through.
    FramesPerSecond(f32),
    /// This part of one core, 0 to 1, whatever the rate at which frames come.
    Share(f32),
}

/// A change of level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The level before, 0 being full quality.
    pub from: usize,
    /// The level from now on.
    pub to: usize,
    /// The work of the last frames as a part of the budget; above 1 is too much.
    pub load: f32,
}

/// A load above this for [`DOWN_AFTER`] frames is too much.
const TOO_MUCH: f32 = 1.0;
/// A load below this leaves room: no level saves so much that going up from here would end above [`TOO_MUCH`] at once.
const ROOM: f32 = 0.6;
/// Frames that a level is given before its load counts.
const DOWN_AFTER: u32 = 10;
/// Frames with room after which a level up is tried.
const UP_AFTER: u32 = 90;
/// The most that [`UP_AFTER`] grows to when going up keeps failing.
const UP_AFTER_MOST: u32 = 90 * 16;
/// Weight of a new frame in the mean load.
const NEW: f32 = 0.125;

/// Chooses a level from what frames took. Knows no clock; times are told.
///
/// It goes down after ten frames over budget, and up after ninety with 40 % to spare. Where going up is followed by going down,
/// it waits twice as long the next time, so it doesn't swing.
#[derive(Debug)]
pub struct Governor {
    budget: Budget,
    levels: usize,
    level: usize,
    load: f32,
    /// Frames since the last step.
    since: u32,
    with_room: u32,
    up_after: u32,
    went_up: bool,
    before: Option<Duration>,
    period: Option<f32>,
}

impl Governor {
    /// At level 0 of `levels`.
    pub fn new(budget: Budget, levels: usize) -> Self {
        Self {
            budget,
            levels,
            level: 0,
            load: 0.0,
            since: 0,
            with_room: 0,
            up_after: UP_AFTER,
            went_up: false,
            before: None,
            period: None,
        }
    }

    /// The level to work at.
    pub fn level(&self) -> usize {
        self.level
    }

    /// Takes what a frame that came at `now` took; a step if there is to be one.
    pub fn record(&mut self, now: Duration, busy: Duration) -> Option<Step> {
        let allowed = self.allowed(now)?;
        let load = busy.as_secs_f32() / allowed.max(1e-6);
        self.load = if self.since == 0 {
            load
        } else {
            self.load + NEW * (load - self.load)
        };
        self.since += 1;
        self.with_room = if self.load < ROOM {
            self.with_room + 1
        } else {
            0
        };
        if self.since >= DOWN_AFTER && self.load > TOO_MUCH && self.level + 1 < self.levels {
            if std::mem::take(&mut self.went_up) {
                self.up_after = (2 * self.up_after).min(UP_AFTER_MOST);
            }
            return Some(self.step(self.level + 1));
        }
        if self.with_room >= self.up_after && self.level > 0 {
            self.went_up = true;
            return Some(self.step(self.level - 1));
        }
        if self.went_up && self.since >= self.up_after {
            // It held.
            self.went_up = false;
            self.up_after = UP_AFTER;
        }
        None
    }

    /// Seconds that a frame may take; `None` until it can be told.
    fn allowed(&mut self, now: Duration) -> Option<f32> {
        match self.budget {
            Budget::FramesPerSecond(rate) => Some(1.0 / rate.max(1e-3)),
            Budget::Share(share) => {
                let before = self.before.replace(now)?;
                let period = now.saturating_sub(before).as_secs_f32();
                let mean = self
                    .period
                    .map_or(period, |mean| mean + NEW * (period - mean));
                self.period = Some(mean);
                Some(share * mean)
            }
        }
    }

    fn step(&mut self, to: usize) -> Step {
        let step = Step {
            from: self.level,
            to,
            load: self.load,
        };
        self.level = to;
        self.since = 0;
        self.with_room = 0;
        step
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs frames at 25 a second that take `cost(level)` milliseconds; the steps as `(frame, to)`.
    fn run(governor: &mut Governor, frames: u64, cost: impl Fn(usize) -> u64) -> Vec<(u64, usize)> {
        let mut steps = Vec::new();
        for frame in 0..frames {
            let busy = Duration::from_millis(cost(governor.level()));
            if let Some(step) = governor.record(Duration::from_millis(frame * 40), busy) {
                steps.push((frame, step.to));
            }
        }
        steps
    }

    #[test]
    fn it_goes_down_as_far_as_needed_and_stays() {
        let mut governor = Governor::new(Budget::FramesPerSecond(25.0), 4);
        let cost = |level: usize| [90, 60, 30, 10][level];
        assert_eq!(run(&mut governor, 2000, cost), [(9, 1), (19, 2)]);
    }

    #[test]
    fn it_goes_up_when_there_is_room_and_ever_more_rarely_where_that_fails() {
        let mut governor = Governor::new(Budget::FramesPerSecond(25.0), 2);
        let swinging = |level: usize| [50, 10][level];
        let steps = run(&mut governor, 1000, swinging);
        // 90 frames with room, then 180, then 360; ten frames too slow each time.
        assert_eq!(
            steps,
            [
                (9, 1),
                (99, 0),
                (109, 1),
                (289, 0),
                (299, 1),
                (659, 0),
                (669, 1)
            ]
        );
        let idle = run(&mut governor, 1500, |_| 5);
        assert_eq!(idle.len(), 1);
        assert_eq!(governor.level(), 0);
    }

    #[test]
    fn one_slow_frame_is_no_reason() {
        let mut governor = Governor::new(Budget::FramesPerSecond(25.0), 2);
        assert_eq!(run(&mut governor, 50, |_| 20), []);
        assert_eq!(
            governor.record(Duration::ZERO, Duration::from_millis(150)),
            None
        );
        assert_eq!(run(&mut governor, 50, |_| 20), []);
    }

    #[test]
    fn a_share_goes_by_the_rate_at_which_frames_come() {
        // 25 frames a second: half of a core is 20 ms a frame.
        let mut governor = Governor::new(Budget::Share(0.5), 2);
        assert_eq!(run(&mut governor, 200, |_| 19), []);
        let mut governor = Governor::new(Budget::Share(0.5), 2);
        assert_eq!(run(&mut governor, 50, |level| [25, 15][level]), [(10, 1)]);
    }
}
