//! Frame in, mask out.
use std::borrow::Cow;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::luma;
use hypercut_kernels::pixel::opacity;

use crate::effort::{Effort, Eyes, Still};
use crate::error::Result;
use crate::frame::Frame;
use crate::mask::{Mask, Specks, TemporalFilter, TemporalOptions, Upsampler, Verdict, coverage};
use crate::memory::Memory;
use crate::network::Size;
use crate::pair::Pair;
use crate::threads::Threads;
use crate::thumbnail::Thumbnail;

/// The network that is built in; `models/CARD.md` says what it learned from.
static BUILT_IN: &[u8] = include_bytes!("../../../models/hypercut-v13.tflite");

/// One for a smaller input; a program that never asks for it does not hold it.
static BUILT_IN_SMALL: &[u8] = include_bytes!("../../../models/hypercut-v13-small.tflite");

/// Finds the people in a frame.
///
/// The frame is stretched to the network's input by area average, the network's answer, a probability, becomes a small soft
/// mask, small islands and holes fade, and the rest is brought to the frame's size along the frame's own edges. Where a frame is
/// transparent, so is the mask: its alpha is never above the frame's.
///
/// After the first frame of a size nothing is allocated. The same frame gives the same mask on every machine (with an 8-bit
/// network, such as the built-in one).
///
/// ```
/// use hypercut::mask::Finding;
/// use hypercut::{Frame, Mask, Segmenter};
/// let mut segmenter = Segmenter::new()?;
/// let gray = [128; 64 * 48 * 3];
/// let mut mask = Mask::new();
/// segmenter.segment(&Frame::rgb8(&gray, 64, 48)?, &mut mask)?;
/// assert_eq!((mask.width(), mask.height()), (64, 48));
/// println!("{:?}", segmenter.verdict().finding());
/// # Ok::<(), hypercut::Error>(())
/// ```
#[derive(Debug)]
pub struct Segmenter {
    isa: Isa,
    threads: Threads,
    network: Pair,
    thumbnail: Thumbnail,
    /// At the size of the network's output, where that is another than its input's.
    guide: Thumbnail,
    small: Mask,
    /// What the network is told of the next frame, where frames are successive.
    memory: Memory,
    effort: Effort,
    still: Still,
    /// The answer of all looks together, with [`Effort::Still`].
    fine: Mask,
    temporal: Option<TemporalFilter>,
    luma: Vec<u8>,
    specks: Specks,
    upsampler: Upsampler,
    verdict: Verdict,
}

impl Segmenter {
    /// With the built-in network.
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model), which a tested build never returns.
    pub fn new() -> Result<Self> {
        Self::of_file(Cow::Borrowed(BUILT_IN))
    }

    /// With the built-in network for a smaller input: less than half the multiply-adds, and coarser masks. For
    /// [`Live::with_smaller_network`](crate::live::Live::with_smaller_network).
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn small() -> Result<Self> {
        Self::of_file(Cow::Borrowed(BUILT_IN_SMALL))
    }

    /// The `.tflite` file of the built-in network, for tools that look into it.
    pub fn built_in() -> &'static [u8] {
        BUILT_IN
    }

    /// With any portrait network in a `.tflite` file.
    ///
    /// Its input is one picture, `[1, height, width, 3]`: uint8 and int8 take the bytes as they are (int8 less 128), float32 takes
    /// 0 to 1. With `[1, height, width, 4]` the fourth channel is a mask of the same place that is known beforehand, 0 where nothing
    /// is, as with MediaPipe's hair segmentation. Its output is a mask of any size: one channel (the person's probability after LOGISTIC or on an 8-bit grid
    /// of 0 to 1, its logit otherwise), or two, background and person (probabilities after SOFTMAX, logits otherwise).
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model) when the bytes aren't such a network; the message says what was
    /// found and what is expected.
    pub fn from_tflite(bytes: &[u8]) -> Result<Self> {
        Self::of_file(Cow::Owned(bytes.to_vec()))
    }

    fn of_file(file: Cow<'static, [u8]>) -> Result<Self> {
        Ok(Self {
            isa: Isa::detect(),
            threads: Threads::default(),
            network: Pair::new(file)?,
            thumbnail: Thumbnail::default(),
            guide: Thumbnail::default(),
            small: Mask::new(),
            memory: Memory::default(),
            effort: Effort::default(),
            still: Still::default(),
            fine: Mask::new(),
            temporal: None,
            luma: Vec::new(),
            specks: Specks::new(),
            upsampler: Upsampler::new(),
            verdict: Verdict::default(),
        })
    }

    /// From now on frames are taken for successive ones of a video: the network is told the mask before, where it takes one, and masks are
    /// steadied as a [`TemporalFilter`] does; with `None` every frame is on its own again, as at first.
    pub fn set_temporal(&mut self, options: Option<TemporalOptions>) {
        self.forget();
        self.temporal = options.map(TemporalFilter::new);
    }

    /// How often the network looks at every frame from now on; [`Effort::Once`] at first.
    pub fn set_effort(&mut self, effort: Effort) {
        self.effort = effort;
    }

    /// Works on several threads from now on; the masks stay the same, byte for byte. The network itself runs on one: looks are
    /// taken two at a time, everything else is shared by rows.
    pub fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
        self.upsampler.set_threads(threads);
        self.network.set_threads(threads);
    }

    /// Forgets the frames before: for a cut, a seek, another camera. Matters with [`set_temporal`](Self::set_temporal) alone.
    pub fn reset(&mut self) {
        self.forget();
        if let Some(filter) = &mut self.temporal {
            filter.reset();
        }
    }

    /// The next frame is looked at without knowledge of the mask before.
    pub(crate) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Fills `mask` with the person's alpha, `[frame.height(), frame.width()]`.
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model), which a network that [`from_tflite`](Self::from_tflite) took never
    /// causes.
    pub fn segment(&mut self, frame: &Frame<'_>, mask: &mut Mask) -> Result<()> {
        let (isa, threads, input) = (self.isa, &self.threads, self.network.plain.input());
        self.thumbnail
            .take(threads, isa, frame, input.width, input.height);
        let picture = self.thumbnail.rgb();
        let (small, confidence) = match self.effort {
            Effort::Once => {
                self.network
                    .plain
                    .run(picture, self.memory.known(), &mut self.small)?;
                let confidence = Verdict::of(&self.small).confidence;
                (&mut self.small, confidence)
            }
            Effort::Still => {
                let eyes = Eyes {
                    isa,
                    threads,
                    network: &mut self.network,
                };
                let (first, fine) = (&mut self.small, &mut self.fine);
                let confidence = self.still.run(eyes, frame, picture, first, fine)?;
                (fine, confidence)
            }
        };
        let (width, height) = (small.width(), small.height());
        let guide = match self.effort {
            Effort::Once => at_mask_size(&mut self.guide, isa, picture, input, small)?,
            Effort::Still => self.guide.take(threads, isa, frame, width, height),
        };
        if let Some(filter) = &mut self.temporal {
            self.luma.clear();
            self.luma
                .extend(guide.as_chunks::<3>().0.iter().map(|&colour| luma(colour)));
            let told = self.effort == Effort::Once && self.memory.known().is_some();
            self.memory.keep(&self.network.plain, small);
            filter.apply(&self.luma, small.data_mut(), width, height)?;
            if told && filter.was_cut() {
                self.network.plain.run(self.thumbnail.rgb(), None, small)?;
                self.memory.keep(&self.network.plain, small);
                filter.reset();
                filter.apply(&self.luma, small.data_mut(), width, height)?;
            }
        }
        coverage::from_probability(small);
        self.specks.run(small);
        self.verdict = Verdict {
            confidence,
            ..Verdict::of(small)
        };
        // Where the small copy has shown that nothing is transparent, the frame need not be read for that again.
        let is_opaque = !frame.format().has_alpha() || self.thumbnail.is_opaque();
        let bound = (!is_opaque).then_some(isa);
        draw(&mut self.upsampler, bound, frame, guide, small, mask);
        Ok(())
    }

    /// Fills `mask` with the network's own answer: the person's probability (255 is 1), at the resolution of its output.
    ///
    /// # Errors
    /// As [`segment`](Self::segment).
    pub fn segment_raw(&mut self, frame: &Frame<'_>, mask: &mut Mask) -> Result<()> {
        let input = self.network.plain.input();
        let (threads, isa) = (&self.threads, self.isa);
        let picture = self
            .thumbnail
            .take(threads, isa, frame, input.width, input.height);
        self.network.plain.run(picture, None, mask)
    }

    /// The network's own answer as [`segment_raw`](Self::segment_raw), and `picture`, the frame at that size, `[height, width, 3]`; where frames
    /// are `successive` the network is told the mask before. Returns whether it was told one.
    pub(crate) fn small_mask(
        &mut self,
        frame: &Frame<'_>,
        successive: bool,
        small: &mut Mask,
        picture: &mut Vec<u8>,
    ) -> Result<bool> {
        let input = self.network.plain.input();
        let (threads, isa) = (&self.threads, self.isa);
        let taken = self
            .thumbnail
            .take(threads, isa, frame, input.width, input.height);
        let earlier = self.memory.known();
        self.network.plain.run(taken, earlier, small)?;
        let told = earlier.is_some();
        if successive {
            self.memory.keep(&self.network.plain, small);
        }
        let guide = at_mask_size(&mut self.guide, isa, taken, input, small)?;
        picture.clear();
        picture.extend_from_slice(guide);
        Ok(told)
    }

    /// The frame at the size of `small`, `[height, width, 3]`, without the network.
    pub(crate) fn small_picture(
        &mut self,
        frame: &Frame<'_>,
        small: &Mask,
        picture: &mut Vec<u8>,
    ) -> Result<()> {
        let (width, height) = (small.width(), small.height());
        let taken = self
            .guide
            .take(&self.threads, self.isa, frame, width, height);
        picture.clear();
        picture.extend_from_slice(taken);
        Ok(())
    }

    /// Brings a small mask of coverage to the frame's size; `picture` is the frame at the mask's.
    pub(crate) fn spread(
        &mut self,
        frame: &Frame<'_>,
        picture: &[u8],
        small: &Mask,
        mask: &mut Mask,
    ) {
        let bound = frame.format().has_alpha().then_some(self.isa);
        draw(&mut self.upsampler, bound, frame, picture, small, mask);
    }

    /// What the last [`segment`](Self::segment) found, its confidence being that of the network's own answer; an empty
    /// verdict before the first.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }
}

/// `picture`, the frame as the network takes it, at the size of the network's answer.
fn at_mask_size<'a>(
    guide: &'a mut Thumbnail,
    isa: Isa,
    picture: &'a [u8],
    input: Size,
    small: &Mask,
) -> Result<&'a [u8]> {
    let (width, height) = (small.width(), small.height());
    if (width, height) == (input.width, input.height) {
        return Ok(picture);
    }
    let picture = Frame::rgb8(picture, input.width, input.height)?;
    // From small to small: not worth a thread.
    Ok(guide.take(&Threads::default(), isa, &picture, width, height))
}

/// Brings `small` to the frame's size along its edges, with `bound` nowhere above the frame's own alpha; `guide` is the frame at
/// the size of `small`.
fn draw(
    upsampler: &mut Upsampler,
    bound: Option<Isa>,
    frame: &Frame<'_>,
    guide: &[u8],
    small: &Mask,
    mask: &mut Mask,
) {
    upsampler.run_with(frame, guide, small, mask, |picture, alphas| {
        if let Some(isa) = bound {
            opacity::bound(isa, picture, alphas);
        }
    });
}
