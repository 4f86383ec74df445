//! The pipeline itself.
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use hypercut_kernels::pixel::composite::luma;

use super::choice::Chooser;
use super::future::{Seen, steady};
use super::{
    Clock, Fault, Governor, LiveOptions, MOST_LOOK_AHEAD, Output, Saving, Shown, Stage, Step,
    SystemClock,
};
use crate::effects::Effect;
use crate::error::{Error, ErrorKind, Result};
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::{Mask, Specks, TemporalFilter, Verdict, coverage};
use crate::segmenter::Segmenter;

/// Sees every stage before it is entered; an error or a panic of it counts as one of the stage.
type Hook = Box<dyn FnMut(Stage) -> Result<()> + Send>;

/// Composes frames one after another: push a frame, get a frame.
///
/// Every push gives a picture that may be shown: composed, the last composed one again, or a placeholder. There is no way for
/// a frame as it came in to get out, and no error to forget to handle: faults are told beside the picture.
///
/// After the first frames of a size and level nothing is allocated, except for the texts of errors.
///
/// ```
/// use hypercut::effects::{self, OptionValues};
/// use hypercut::live::{Live, LiveOptions, Shown};
/// use hypercut::{Frame, Segmenter};
/// let blur = effects::find("blur")?.build(&OptionValues::new())?;
/// let mut live = Live::new(Segmenter::new()?, blur, LiveOptions::default())?;
/// let pixels = [90; 64 * 48 * 3];
/// let output = live.push(&Frame::rgb8(&pixels, 64, 48)?);
/// assert_eq!(output.shown, Shown::Composed(0));
/// assert_eq!(output.frame.width(), 64);
/// # Ok::<(), hypercut::Error>(())
/// ```
pub struct Live {
    stages: Stages,
    options: LiveOptions,
    governor: Option<Governor>,
    levels: Vec<Saving>,
    clock: Box<dyn Clock>,
    queue: VecDeque<Slot>,
    free: Vec<Slot>,
    door: Door,
    pushed: u64,
    size: (usize, usize, PixelFormat),
    /// The last output was held because of the deadline.
    held_late: bool,
}

/// A frame that waits, with what is known of it.
#[derive(Debug, Default)]
struct Slot {
    index: u64,
    pixels: Vec<u8>,
    seen: Seen,
    fault: Option<Fault>,
}

/// What a frame goes through.
struct Stages {
    segmenter: Segmenter,
    smaller: Option<Segmenter>,
    effect: Box<dyn Effect>,
    cheaper: Option<Box<dyn Effect>>,
    hook: Option<Hook>,
    temporal: Option<TemporalFilter>,
    specks: Specks,
    chooser: Chooser,
    luma: Vec<u8>,
    /// Of the last frame on which the network ran.
    last: Mask,
    /// Of the last composed frame.
    before: Seen,
    mask: Mask,
    verdict: Verdict,
}

/// The only way out: `shown` is what may be seen; `making` becomes that when it is complete.
#[derive(Debug, Default)]
struct Door {
    shown: Vec<u8>,
    making: Vec<u8>,
    width: usize,
    height: usize,
    format: Option<PixelFormat>,
    good: bool,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("options", &self.options)
            .field("level", &self.level())
            .field("pushed", &self.pushed)
            .finish_non_exhaustive()
    }
}

impl Live {
    /// A pipeline with that network and effect.
    ///
    /// # Errors
    /// [`ErrorKind::Option`] when `look_ahead` is above [`MOST_LOOK_AHEAD`].
    pub fn new(
        segmenter: Segmenter,
        effect: Box<dyn Effect>,
        options: LiveOptions,
    ) -> Result<Self> {
        if options.look_ahead > MOST_LOOK_AHEAD {
            let message = format!(
                "a look-ahead of {} frames; at most {MOST_LOOK_AHEAD} are possible",
                options.look_ahead
            );
            return Err(Error::new(ErrorKind::Option, message));
        }
        let mut live = Self {
            stages: Stages {
                segmenter,
                smaller: None,
                effect,
                cheaper: None,
                hook: None,
                temporal: options.temporal.map(TemporalFilter::new),
                specks: Specks::new(),
                chooser: Chooser::new(options.person),
                luma: Vec::new(),
                last: Mask::new(),
                before: Seen::default(),
                mask: Mask::new(),
                verdict: Verdict::default(),
            },
            governor: None,
            levels: Vec::new(),
            clock: Box::new(Unmeasured),
            queue: VecDeque::with_capacity(options.look_ahead + 1),
            free: Vec::with_capacity(options.look_ahead + 1),
            door: Door::default(),
            pushed: 0,
            size: (0, 0, PixelFormat::Rgb8),
            held_late: false,
            options,
        };
        if live.options.budget.is_some() || live.options.deadline.is_some() {
            live.clock = Box::new(SystemClock::default());
        }
        live.set_levels();
        Ok(live)
    }

    /// Measures by another clock than the system's. [`new`](Self::new) doesn't touch the system's unless there is a budget or
    /// a deadline, so where there is none, set those by [`set_budget`](Self::set_budget) after this.
    #[must_use]
    pub fn with_clock(mut self, clock: Box<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets another budget, or none; quality is full again.
    pub fn set_budget(&mut self, budget: Option<super::Budget>) {
        self.options.budget = budget;
        self.set_levels();
    }

    /// A variant of the effect that takes less, for when the budget is tight. It must have the effect's output format; where it has
    /// not, its frames are faults.
    #[must_use]
    pub fn with_cheaper_effect(mut self, effect: Box<dyn Effect>) -> Self {
        self.stages.cheaper = Some(effect);
        self.set_levels();
        self
    }

    /// A network with a smaller input, for when the budget is tight.
    #[must_use]
    pub fn with_smaller_network(mut self, segmenter: Segmenter) -> Self {
        self.stages.smaller = Some(segmenter);
        self.set_levels();
        self
    }

    /// Draws another effect from the next frame on. Until then the old picture stays.
    pub fn switch_to(&mut self, effect: Box<dyn Effect>, cheaper: Option<Box<dyn Effect>>) {
        (self.stages.effect, self.stages.cheaper) = (effect, cheaper);
        self.set_levels();
    }

    /// Lets `hook` see every stage before it is entered: to inject faults, and to prove that nothing gets out then.
    pub fn set_hook(&mut self, hook: Option<Box<dyn FnMut(Stage) -> Result<()> + Send>>) {
        self.stages.hook = hook;
    }

    /// What the network found on the last frame that it ran on.
    pub fn verdict(&self) -> Verdict {
        self.stages.verdict
    }

    /// The level of quality, 0 being full.
    pub fn level(&self) -> usize {
        self.governor.as_ref().map_or(0, Governor::level)
    }

    /// What is saved at each level, the first being full quality.
    pub fn levels(&self) -> &[Saving] {
        &self.levels
    }

    fn set_levels(&mut self) {
        let mut saving = Saving::default();
        self.levels = vec![saving];
        if self.stages.cheaper.is_some() {
            saving.cheaper_effect = true;
            self.levels.push(saving);
        }
        if self.stages.smaller.is_some() {
            saving.smaller_network = true;
            self.levels.push(saving);
        }
        saving.every_second_mask = true;
        self.levels.push(saving);
        saving.every_second_frame = true;
        self.levels.push(saving);
        let levels = self.levels.len();
        self.governor = self
            .options
            .budget
            .map(|budget| Governor::new(budget, levels));
    }

    /// Forgets the frames before: for a cut, a seek, another camera. The next output is a placeholder or new.
    pub fn reset(&mut self) {
        self.free.extend(self.queue.drain(..));
        self.stages.reset();
        self.door.format = None;
        self.size = (0, 0, PixelFormat::Rgb8);
    }

    /// Takes a frame and gives what may be shown: this frame, or the one `look_ahead` frames ago, composed.
    pub fn push(&mut self, frame: &Frame<'_>) -> Output<'_> {
        let now = self.clock.now();
        let index = self.pushed;
        self.pushed += 1;
        let size = (frame.width(), frame.height(), frame.format());
        if self.size != size {
            self.reset();
            self.size = size;
        }
        self.prepare_door(size);
        let saving = self.levels.get(self.level()).copied().unwrap_or_default();
        if saving.every_second_frame && index % 2 == 1 && self.options.look_ahead == 0 {
            let step = self.record(now);
            return self.held(Some(index), None, step);
        }
        let mut slot = self.free.pop().unwrap_or_default();
        slot.index = index;
        let runs = !saving.every_second_mask || index.is_multiple_of(2);
        let stages = &mut self.stages;
        slot.fault =
            guarded(|| stages.see(frame, saving.smaller_network, runs, &mut slot.seen)).err();
        let waits = self.options.look_ahead > 0;
        if waits {
            let stages = &mut self.stages;
            let kept = guarded(|| {
                stages.enter(Stage::Queue)?;
                slot.pixels.clear();
                frame
                    .rows()
                    .for_each(|row| slot.pixels.extend_from_slice(row));
                Ok(())
            });
            slot.fault = slot.fault.take().or(kept.err());
        }
        self.queue.push_back(slot);
        let due = (self.queue.len() > self.options.look_ahead)
            .then(|| self.queue.pop_front())
            .flatten();
        let Some(mut slot) = due else {
            let step = self.record(now);
            return self.held(None, None, step);
        };
        let own = (!waits).then_some(frame);
        let result = self.finish(&mut slot, own, saving, now);
        self.let_out(slot, result, now)
    }

    /// What is still held back by the look-ahead, one frame a call, when no more are pushed.
    pub fn flush(&mut self) -> Option<Output<'_>> {
        let mut slot = self.queue.pop_front()?;
        let now = self.clock.now();
        let result = self.finish(&mut slot, None, Saving::default(), now);
        Some(self.let_out(slot, result, now))
    }

    fn prepare_door(&mut self, (width, height, input): (usize, usize, PixelFormat)) {
        let output = self.stages.effect.output_format(input);
        self.door
            .prepare(width, height, input, output, self.options.placeholder);
    }

    /// From small mask to composed frame; `frame` is the slot's own where the caller still has it.
    fn finish(
        &mut self,
        slot: &mut Slot,
        frame: Option<&Frame<'_>>,
        saving: Saving,
        began: Duration,
    ) -> Result<(), Fault> {
        if let Some(fault) = slot.fault.take() {
            return Err(fault);
        }
        let (width, height, format) = self.size;
        let next = self.queue.front().filter(|next| next.fault.is_none());
        let (stages, seen) = (&mut self.stages, &mut slot.seen);
        let kept = match frame {
            Some(frame) => Ok(*frame),
            None => Frame::new(&slot.pixels, width, height, width * format.bytes(), format),
        };
        let frame = kept.map_err(Fault::Error)?;
        guarded(|| {
            if let Some(next) = next {
                steady(&stages.before, seen, &next.seen);
            }
            stages.spread(&frame, seen)
        })?;
        let late = self
            .options
            .deadline
            .is_some_and(|deadline| self.clock.now().saturating_sub(began) > deadline);
        if late && !self.held_late && self.door.good {
            return Err(Fault::Overrun);
        }
        let (stages, door) = (&mut self.stages, &mut self.door);
        guarded(|| {
            stages.draw(&frame, saving.cheaper_effect, door)?;
            stages.enter(Stage::Release)
        })?;
        door.release();
        self.stages.before.copy_from(&slot.seen);
        Ok(())
    }

    fn let_out(&mut self, slot: Slot, result: Result<(), Fault>, now: Duration) -> Output<'_> {
        let index = slot.index;
        self.free.push(slot);
        let step = self.record(now);
        self.held_late = matches!(result, Err(Fault::Overrun));
        match result {
            Err(fault) => self.held(Some(index), Some(fault), step),
            Ok(()) => self
                .door
                .output(Shown::Composed(index), Some(index), None, step),
        }
    }

    fn held(
        &self,
        stands_for: Option<u64>,
        fault: Option<Fault>,
        step: Option<Step>,
    ) -> Output<'_> {
        let shown = if self.door.good {
            Shown::Held
        } else {
            Shown::Placeholder
        };
        self.door.output(shown, stands_for, fault, step)
    }

    fn record(&mut self, began: Duration) -> Option<Step> {
        let governor = self.governor.as_mut()?;
        let busy = self.clock.now().saturating_sub(began);
        governor.record(began, busy)
    }
}

/// Runs a stage; a panic in it is a fault like any other. What it leaves half done is overwritten by the next frame.
fn guarded(stage: impl FnOnce() -> Result<()>) -> Result<(), Fault> {
    match catch_unwind(AssertUnwindSafe(stage)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Fault::Error(error)),
        Err(_) => Err(Fault::Panic),
    }
}

/// A clock for pipelines that measure nothing.
#[derive(Debug)]
struct Unmeasured;

impl Clock for Unmeasured {
    fn now(&mut self) -> Duration {
        Duration::ZERO
    }
}

/// The segmenter that runs; while that is the smaller one, the other forgets what it saw.
fn running<'a>(
    usual: &'a mut Segmenter,
    small: &'a mut Option<Segmenter>,
    smaller: bool,
) -> &'a mut Segmenter {
    match small {
        Some(small) if smaller => {
            usual.forget();
            small
        }
        _ => usual,
    }
}

impl Stages {
    fn enter(&mut self, stage: Stage) -> Result<()> {
        self.hook.as_mut().map_or(Ok(()), |hook| hook(stage))
    }

    fn reset(&mut self) {
        if let Some(filter) = &mut self.temporal {
            filter.reset();
        }
        self.segmenter.forget();
        self.chooser.reset();
        self.last = Mask::new();
        self.before = Seen::default();
    }

    /// The small mask of a frame, steadied, of the chosen person; without the network the one before.
    fn see(&mut self, frame: &Frame<'_>, smaller: bool, runs: bool, seen: &mut Seen) -> Result<()> {
        self.enter(Stage::Segment)?;
        let segmenter = running(&mut self.segmenter, &mut self.smaller, smaller);
        if !runs && !self.last.data().is_empty() {
            segmenter.small_picture(frame, &self.last, &mut seen.picture)?;
            self.enter(Stage::Steady)?;
            copy(&self.last, &mut seen.mask);
            return Ok(());
        }
        let successive = self.temporal.is_some();
        let told = segmenter.small_mask(frame, successive, &mut seen.mask, &mut seen.picture)?;
        let confidence = Verdict::of(&seen.mask).confidence;
        self.enter(Stage::Steady)?;
        let (width, height) = (seen.mask.width(), seen.mask.height());
        if let Some(filter) = &mut self.temporal {
            self.luma.clear();
            let pixels = seen.picture.as_chunks::<3>().0.iter();
            self.luma.extend(pixels.map(|&colour| luma(colour)));
            filter.apply(&self.luma, seen.mask.data_mut(), width, height)?;
            if told && filter.was_cut() {
                let segmenter = running(&mut self.segmenter, &mut self.smaller, smaller);
                segmenter.forget();
                segmenter.small_mask(frame, successive, &mut seen.mask, &mut seen.picture)?;
                filter.reset();
                filter.apply(&self.luma, seen.mask.data_mut(), width, height)?;
            }
        }
        coverage::from_probability(&mut seen.mask);
        self.specks.run(&mut seen.mask);
        self.chooser.run(&mut seen.mask);
        self.verdict = Verdict {
            confidence,
            ..Verdict::of(&seen.mask)
        };
        copy(&seen.mask, &mut self.last);
        Ok(())
    }

    fn spread(&mut self, frame: &Frame<'_>, seen: &Seen) -> Result<()> {
        self.enter(Stage::Spread)?;
        self.segmenter
            .spread(frame, &seen.picture, &seen.mask, &mut self.mask);
        Ok(())
    }

    fn draw(&mut self, frame: &Frame<'_>, cheaper: bool, door: &mut Door) -> Result<()> {
        self.enter(Stage::Draw)?;
        let effect = match &mut self.cheaper {
            Some(effect) if cheaper => effect,
            _ => &mut self.effect,
        };
        let (width, height, format) = (door.width, door.height, door.format);
        let format = format.unwrap_or(PixelFormat::Rgb8);
        let mut out = FrameMut::packed(&mut door.making, width, height, format)?;
        effect.apply(frame, &self.mask, &mut out)
    }
}

fn copy(from: &Mask, to: &mut Mask) {
    to.resize(from.width(), from.height());
    to.data_mut().copy_from_slice(from.data());
}

impl Door {
    /// Makes room for frames of that size and format; where they are new ones, the placeholder is shown from now on.
    fn prepare(
        &mut self,
        width: usize,
        height: usize,
        input: PixelFormat,
        output: PixelFormat,
        colour: [u8; 3],
    ) {
        if (self.width, self.height, self.format) == (width, height, Some(output)) {
            return;
        }
        (self.width, self.height, self.format) = (width, height, Some(output));
        self.good = false;
        let bytes = width * height * output.bytes();
        self.making.clear();
        self.making.resize(bytes, 0);
        self.shown.clear();
        match output {
            PixelFormat::Rgb8 => {
                self.shown.resize(bytes, 0);
                let pixels = self.shown.as_chunks_mut::<3>().0;
                pixels.fill(colour);
            }
            PixelFormat::Gray8 if input == PixelFormat::Gray8 => {
                self.shown.resize(bytes, luma(colour));
            }
            PixelFormat::Rgba8 if input == PixelFormat::Rgba8 => {
                let [r, g, b] = colour;
                self.shown.resize(bytes, 0);
                self.shown.as_chunks_mut::<4>().0.fill([r, g, b, 255]);
            }
            // A mask without a person, a cut-out of nobody.
            _ => self.shown.resize(bytes, 0),
        }
    }

    fn release(&mut self) {
        std::mem::swap(&mut self.shown, &mut self.making);
        self.good = true;
    }

    fn output(
        &self,
        shown: Shown,
        stands_for: Option<u64>,
        fault: Option<Fault>,
        step: Option<Step>,
    ) -> Output<'_> {
        let format = self.format.unwrap_or(PixelFormat::Rgb8);
        Output {
            frame: Frame::of_whole(&self.shown, self.width, self.height, format),
            shown,
            stands_for,
            fault,
            step,
        }
    }
}
