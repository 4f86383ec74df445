//! Depthwise weights in blocks of a vector of channels, and the loops over them.
use super::{Depthwise, DepthwiseF32};
use crate::floats::{Aligned, Finish, Floats};

/// Sums that run at once, of neighbouring outputs or, where a row has fewer, of neighbouring blocks: enough to hide the latency
/// of a multiply-add.
const WIDE: usize = 6;

/// Kernel rows at most.
const ROWS: usize = 16;

/// Weights packed for `L`.
#[derive(Debug)]
pub(crate) struct Packed<L> {
    lanes: L,
    shape: Depthwise,
    finish: Finish,
    blocks: Vec<Block>,
    /// Of each block its bias `[channels]` and its weights `[KH, KW, channels]`.
    numbers: Aligned,
    /// An input row that is all padding.
    outside: Aligned,
}

/// A vector of neighbouring channels.
#[derive(Debug, Clone, Copy)]
struct Block {
    /// How often the vector was halved.
    halved: u8,
    /// The first channel. A block may begin before the end of the one before, and compute the same there.
    first: usize,
    /// Where its numbers begin.
    at: usize,
}

impl<L: Floats> Packed<L> {
    /// `None` where no loop here fits the shape.
    pub(super) fn new(
        lanes: L,
        shape: &Depthwise,
        c: &DepthwiseF32<'_>,
        finish: Finish,
    ) -> Option<Self> {
        let (channels, [kh, kw]) = (shape.output[3], shape.window.kernel);
        let lengths = [L::LEN, L::Half::LEN, <L::Half as Floats>::Half::LEN];
        if shape.multiplier() != 1 || channels < lengths[2] || kh > ROWS {
            return None;
        }
        let (mut blocks, mut at, mut done) = (Vec::new(), 0, 0);
        while done < channels {
            // The shortest that takes the rest, else the longest there is.
            let takes_rest = |&&length: &&usize| length >= channels - done && length <= channels;
            let longest = || lengths.iter().position(|&length| length <= channels);
            let halved = match lengths.iter().rev().find(takes_rest) {
                Some(found) => lengths.iter().position(|length| length == found),
                None => longest(),
            }?;
            let length = lengths[halved];
            let first = done.min(channels - length);
            let halved = halved as u8;
            blocks.push(Block { halved, first, at });
            at += length * (1 + kh * kw);
            done = first + length;
        }
        let mut numbers = Aligned::zeros(at);
        for block in &blocks {
            let (length, first) = (lengths[usize::from(block.halved)], block.first);
            let to = &mut numbers.as_mut_slice()[block.at..][..length * (1 + kh * kw)];
            let (bias, weights) = to.split_at_mut(length);
            bias.copy_from_slice(&c.bias[first..][..length]);
            for (tap, to) in weights.chunks_exact_mut(length).enumerate() {
                to.copy_from_slice(&c.weights[tap * channels + first..][..length]);
            }
        }
        Some(Self {
            lanes,
            shape: *shape,
            finish,
            blocks,
            numbers,
            outside: Aligned::zeros(shape.input[2] * channels),
        })
    }

    #[inline(always)]
    pub(super) fn run(&self, input: &[f32], out: &mut [f32]) {
        let ([n, h, w, c], [_, out_h, out_w, _]) = (self.shape.input, self.shape.output);
        assert_eq!(input.len(), n * h * w * c, "length of input");
        assert_eq!(out.len(), n * out_h * out_w * c, "length of output");
        let window = &self.shape.window;
        for (index, out) in out.chunks_exact_mut(out_w * c).enumerate() {
            let (n, y) = (index / out_h, index % out_h);
            let inside = window.taps(0, y, h);
            let mut rows = [self.outside.as_slice().as_ptr(); ROWS];
            for ky in inside {
                let row = n * h + window.pixel(0, y, ky);
                rows[ky] = input[row * w * c..][..w * c].as_ptr();
            }
            // SAFETY: every row is `[W, C]` numbers, the output row `[W, C]` of its own.
            unsafe { self.row(&rows, out.as_mut_ptr()) };
        }
    }

    /// One output row.
    ///
    /// # Safety
    /// `rows` must be kernel rows of `[W, C]` numbers, `out` an output row.
    #[inline(always)]
    unsafe fn row(&self, rows: &[*const f32; ROWS], out: *mut f32) {
        let (window, width, out_width) = (
            &self.shape.window,
            self.shape.input[2],
            self.shape.output[2],
        );
        let mut interior = window.interior(1, width, out_width);
        if interior[1] - interior[0] < WIDE {
            interior[1] = interior[0];
        }
        // SAFETY: as the caller grants; taps are those within the row.
        unsafe {
            let all = [0, window.kernel[1]];
            let slides = window.kernel[1] == 3 && window.stride[1] == 1 && window.dilation[1] == 1;
            // A few pixels through all channels, then the next ones: memory goes by once, in order.
            for x in (interior[0]..interior[1]).step_by(WIDE) {
                let x = x.min(interior[1] - WIDE);
                for index in 0..self.blocks.len() {
                    let block = self.blocks[index];
                    if slides && block.halved == 0 {
                        self.slide(block, rows, x, out);
                    } else {
                        self.block::<WIDE>(block, rows, x, all, out);
                    }
                }
            }
            for x in (0..interior[0]).chain(interior[1]..out_width) {
                let taps = window.taps(1, x, width);
                let taps = [taps.start, taps.end];
                // The blocks before any that is shorter or overlaps: those that follow one another at equal distances.
                let regular = self.shape.input[3] / L::LEN / WIDE * WIDE;
                for index in (0..regular).step_by(WIDE) {
                    self.sums::<L, 1, WIDE>(self.lanes, self.blocks[index], rows, x, taps, out);
                }
                for index in regular..self.blocks.len() {
                    self.block::<1>(self.blocks[index], rows, x, taps, out);
                }
            }
        }
    }

    /// `COUNT` outputs of one block.
    ///
    /// # Safety
    /// As [`Packed::sums`].
    #[inline(always)]
    unsafe fn block<const COUNT: usize>(
        &self,
        block: Block,
        rows: &[*const f32; ROWS],
        x: usize,
        taps: [usize; 2],
        out: *mut f32,
    ) {
        let half = self.lanes.half();
        // SAFETY: as the caller grants; a block's length says which vectors it was packed for.
        unsafe {
            match block.halved {
                0 => self.sums::<L, COUNT, 1>(self.lanes, block, rows, x, taps, out),
                1 => self.sums::<L::Half, COUNT, 1>(half, block, rows, x, taps, out),
                _ => self.sums::<_, COUNT, 1>(half.half(), block, rows, x, taps, out),
            }
        }
    }

    /// `WIDE` neighbouring outputs from `x` on of a kernel of three columns next to one another: each pixel is loaded once for all
    /// outputs that see it. The terms' order is that of [`Packed::sums`].
    ///
    /// # Safety
    /// As [`Packed::sums`], for all taps and a block of whole vectors.
    #[inline(always)]
    unsafe fn slide(&self, block: Block, rows: &[*const f32; ROWS], x: usize, out: *mut f32) {
        let (lanes, window, channels) = (self.lanes, &self.shape.window, self.shape.input[3]);
        // SAFETY: as the caller grants.
        unsafe {
            let numbers = self.numbers.as_slice().as_ptr().add(block.at);
            let mut sums = [lanes.load(numbers); WIDE];
            let first = window.pixel(1, x, 0) * channels + block.first;
            for ky in 0..window.kernel[0] {
                let from = rows[ky].add(first);
                let mut pixels = [lanes.splat(0.0); WIDE + 2];
                for i in 0..WIDE + 2 {
                    pixels[i] = lanes.load(from.add(i * channels));
                }
                for kx in 0..3 {
                    let weight = lanes.load(numbers.add((1 + ky * 3 + kx) * L::LEN));
                    for i in 0..WIDE {
                        sums[i] = lanes.multiply_add(pixels[i + kx], weight, sums[i]);
                    }
                }
            }
            for i in 0..WIDE {
                let to = out.add((x + i) * channels + block.first);
                lanes.store(to, self.finish.apply(lanes, sums[i]));
            }
        }
    }

    /// `COUNT` neighbouring outputs from `x` on, of the taps from `taps[0]` up to `taps[1]` of each kernel row; of `BLOCKS` blocks,
    /// `block` the first, that lie a vector apart.
    ///
    /// # Safety
    /// As [`Packed::row`]; the blocks' channels must be below `C` and packed for `V`, and these taps must lie within the row for
    /// each of the outputs.
    #[inline(always)]
    unsafe fn sums<V: Floats, const COUNT: usize, const BLOCKS: usize>(
        &self,
        lanes: V,
        block: Block,
        rows: &[*const f32; ROWS],
        x: usize,
        taps: [usize; 2],
        out: *mut f32,
    ) {
        let (window, channels) = (&self.shape.window, self.shape.input[3]);
        let [kh, kw] = window.kernel;
        let (pixel, tap) = (window.stride[1] * channels, window.dilation[1] * channels);
        let pitch = V::LEN * (1 + kh * kw);
        // SAFETY: as the caller grants.
        unsafe {
            let numbers = self.numbers.as_slice().as_ptr().add(block.at);
            let mut sums = [[lanes.splat(0.0); COUNT]; BLOCKS];
            for b in 0..BLOCKS {
                sums[b] = [lanes.load(numbers.add(b * pitch)); COUNT];
            }
            if taps[0] < taps[1] {
                let first = window.pixel(1, x, taps[0]) * channels + block.first;
                for ky in 0..kh {
                    let mut from = rows[ky].add(first);
                    let mut weights = numbers.add((1 + ky * kw + taps[0]) * V::LEN);
                    for _ in taps[0]..taps[1] {
                        for b in 0..BLOCKS {
                            let weight = lanes.load(weights.add(b * pitch));
                            for i in 0..COUNT {
                                let value = lanes.load(from.add(i * pixel + b * V::LEN));
                                sums[b][i] = lanes.multiply_add(value, weight, sums[b][i]);
                            }
                        }
                        // After the last tap this may lie beyond the row, where it is not read.
                        from = from.wrapping_add(tap);
                        weights = weights.add(V::LEN);
                    }
                }
            }
            for b in 0..BLOCKS {
                for i in 0..COUNT {
                    let to = out.add((x + i) * channels + block.first + b * V::LEN);
                    lanes.store(to, self.finish.apply(lanes, sums[b][i]));
                }
            }
        }
    }
}
