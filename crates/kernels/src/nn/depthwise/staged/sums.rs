//! The sums of an output row, from interleaved rows.
use super::Packed;
use crate::lanes::{LANES, Lanes, store};

impl<L: Lanes> Packed<L> {
    /// One output row, from the ring's slots `slot(0..KH)`.
    #[inline(always)]
    pub(super) fn sum_row(&self, slot: impl Fn(usize) -> usize, out: &mut [i8]) {
        match (self.shape.window.kernel[0], self.groups) {
            (3, 1) => self.sum_fixed::<3, 1>(slot, out),
            (3, 2) => self.sum_fixed::<3, 2>(slot, out),
            (3, 3) => self.sum_fixed::<3, 3>(slot, out),
            (5, 2) => self.sum_fixed::<5, 2>(slot, out),
            (5, 3) => self.sum_fixed::<5, 3>(slot, out),
            (5, 5) => self.sum_fixed::<5, 5>(slot, out),
            _ => self.sum_any(slot, out),
        }
    }

    /// One output row of a kernel of `K` rows with `G` groups each, two outputs at a time; the weights of a lane are loaded
    /// once.
    #[inline(always)]
    fn sum_fixed<const K: usize, const G: usize>(
        &self,
        slot: impl Fn(usize) -> usize,
        out: &mut [i8],
    ) {
        let (isa, unit, width) = (self.isa, LANES * L::GROUP, self.shape.output[2]);
        let row = self.bias.len() * self.positions * unit;
        let mut starts = [0; K];
        for ky in 0..K {
            starts[ky] = slot(ky) * row;
            assert!(starts[ky] + row <= self.ring.len());
        }
        assert_eq!(self.weights.len(), self.bias.len() * K * G * unit);
        assert!((width - 1) * self.output_step + (G - 1) * self.group_step < self.positions);
        for lane in 0..self.bias.len() {
            let mut weights = [[None; G]; K];
            for ky in 0..K {
                for g in 0..G {
                    // SAFETY: the unit is one of the lanes * K * G that there are (asserted).
                    weights[ky][g] = Some(unsafe {
                        isa.group(self.weights.as_ptr().add(((lane * K + ky) * G + g) * unit))
                    });
                }
            }
            let target = Target::new(self, lane);
            let bias = isa.sums(&self.bias[lane]);
            let mut x = 0;
            while x < width {
                let mut sums = [bias; 2];
                let first = lane * self.positions + x * self.output_step;
                let firsts = [
                    first,
                    if x + 1 < width {
                        first + self.output_step
                    } else {
                        first
                    },
                ];
                for i in 0..2 {
                    let first = firsts[i];
                    for ky in 0..K {
                        for g in 0..G {
                            // SAFETY: the position is below `positions` (asserted), so the unit lies in the row, within the
                            // ring (asserted).
                            let pixels = unsafe {
                                let at = starts[ky] + (first + g * self.group_step) * unit;
                                isa.group(self.ring.as_ptr().add(at))
                            };
                            if let Some(weights) = weights[ky][g] {
                                sums[i] = isa.add_groups(sums[i], pixels, weights);
                            }
                        }
                    }
                }
                target.store(x, sums, out);
                x += 2;
            }
        }
    }

    /// One output row, any kernel.
    #[inline(always)]
    fn sum_any(&self, slot: impl Fn(usize) -> usize, out: &mut [i8]) {
        let (isa, unit, width) = (self.isa, LANES * L::GROUP, self.shape.output[2]);
        let (kh, lanes) = (self.shape.window.kernel[0], self.bias.len());
        for lane in 0..lanes {
            let target = Target::new(self, lane);
            let bias = isa.sums(&self.bias[lane]);
            let mut x = 0;
            while x < width {
                let mut sums = [bias; 2];
                for ky in 0..kh {
                    let row = (slot(ky) * lanes + lane) * self.positions;
                    for g in 0..self.groups {
                        let weights =
                            &self.weights[((lane * kh + ky) * self.groups + g) * unit..][..unit];
                        for i in 0..2 {
                            let position =
                                (x + i).min(width - 1) * self.output_step + g * self.group_step;
                            let pixels = &self.ring[(row + position) * unit..][..unit];
                            // SAFETY: both slices are a unit long.
                            let (pixels, weights) = unsafe {
                                (isa.group(pixels.as_ptr()), isa.group(weights.as_ptr()))
                            };
                            sums[i] = isa.add_groups(sums[i], pixels, weights);
                        }
                    }
                }
                target.store(x, sums, out);
                x += 2;
            }
        }
    }
}

/// Where the sums of one lane go.
struct Target<L: Lanes> {
    isa: L,
    output: L::Output,
    scales: L::Scales,
    width: usize,
    channels: usize,
    /// First channel of the lane, and how many there are.
    first: usize,
    valid: usize,
}

impl<L: Lanes> Target<L> {
    #[inline(always)]
    fn new(packed: &Packed<L>, lane: usize) -> Self {
        let (channels, first) = (packed.shape.input[3], lane * LANES);
        Self {
            isa: packed.isa,
            output: packed.isa.output(packed.output),
            scales: packed.isa.scales(&packed.scales[lane]),
            width: packed.shape.output[2],
            channels,
            first,
            valid: (channels - first).min(LANES),
        }
    }

    /// Requantizes and stores the output pixels `x` and `x + 1`, as far as the row `out` and the channels go.
    #[inline(always)]
    fn store(&self, x: usize, sums: [L::Sums; 2], out: &mut [i8]) {
        let bytes = self.isa.bytes(self.output, sums, [self.scales; 2]);
        let start = x * self.channels + self.first;
        if self.valid == LANES && x + 1 < self.width {
            let [a, b] = bytes;
            let out = &mut out[start..][..self.channels + LANES];
            // SAFETY: the slice just taken holds both pixels' 8 bytes.
            unsafe {
                out.as_mut_ptr().cast::<[i8; LANES]>().write(a);
                out.as_mut_ptr()
                    .add(self.channels)
                    .cast::<[i8; LANES]>()
                    .write(b);
            }
            return;
        }
        for (i, bytes) in bytes.iter().enumerate().take(self.width - x) {
            store(bytes, self.valid, &mut out[start + i * self.channels..]);
        }
    }
}
