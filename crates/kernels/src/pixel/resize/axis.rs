//! Which source pixels make an output pixel, along one axis.

/// First source indices and weights of outputs, one as long as the other.
#[cfg(target_arch = "x86_64")]
pub(super) type Fours<'a> = (&'a [usize], &'a [[u16; 4]]);

/// Taps of every output position: the first source index and 8-bit weights that sum to 256.
#[derive(Debug, Default)]
pub struct Axis {
    from: usize,
    first: Vec<usize>,
    /// `ends[i]` is where the weights of output `i` end; they begin where those of `i - 1` end.
    ends: Vec<usize>,
    weights: Vec<u16>,
    /// The weights of each output, filled up with zeros to four; empty where one has more.
    fours: Vec<[u16; 4]>,
}

impl Axis {
    /// Fits `from` source pixels to `to` output pixels; does nothing when they already are.
    ///
    /// Shrinking: output `i` averages the interval `[i, i + 1) * from / to`, partly covered pixels by their share.
    /// Enlarging: linear between the two source centres around `(i + 0.5) * from / to - 0.5`.
    ///
    /// # Panics
    /// When a size is zero.
    pub fn set(&mut self, from: usize, to: usize) {
        assert!(from > 0 && to > 0, "an axis from {from} to {to} pixels");
        if (self.from, self.first.len()) == (from, to) {
            return;
        }
        self.from = from;
        self.first.clear();
        self.ends.clear();
        self.weights.clear();
        for i in 0..to {
            if from > to {
                self.push_area(i, from, to)
            } else {
                self.push_linear(i, from, to)
            }
            self.ends.push(self.weights.len());
        }
        self.fours.clear();
        for i in 0..to {
            let (_, taps) = self.taps(i);
            let mut four = [0; 4];
            let Some(begin) = four.get_mut(..taps.len()) else {
                self.fours.clear();
                return;
            };
            begin.copy_from_slice(taps);
            self.fours.push(four);
        }
    }

    fn push_area(&mut self, i: usize, from: usize, to: usize) {
        // In units of 1/to source pixels; the interval is `from` units long.
        let (start, end) = (i * from, (i + 1) * from);
        self.first.push(start / to);
        let mut given = 0;
        for pixel in start / to..end.div_ceil(to) {
            let covered = (end.min((pixel + 1) * to) - start) as u64;
            let share = ((covered * 256 + from as u64 / 2) / from as u64) as u16;
            self.weights.push(share - given);
            given = share;
        }
    }

    fn push_linear(&mut self, i: usize, from: usize, to: usize) {
        // In units of 1/(2 * to) source pixels.
        let centre = ((2 * i + 1) * from).saturating_sub(to);
        let (index, rest) = (centre / (2 * to), centre % (2 * to));
        let weight = if index + 1 < from {
            (rest * 256 + to) / (2 * to)
        } else {
            0
        } as u16;
        self.first.push(index);
        self.weights.push(256 - weight);
        if weight > 0 {
            self.weights.push(weight);
        }
    }

    /// First source index and weights of output `i`.
    #[inline]
    pub fn taps(&self, i: usize) -> (usize, &[u16]) {
        let begin = if i == 0 { 0 } else { self.ends[i - 1] };
        (self.first[i], &self.weights[begin..self.ends[i]])
    }

    /// Where none has more than four taps: of every output the first source index, and four weights, the last of them perhaps zeros.
    #[cfg(target_arch = "x86_64")]
    pub(super) fn fours(&self) -> Option<Fours<'_>> {
        (!self.fours.is_empty()).then_some((&self.first, &self.fours))
    }

    /// Number of source pixels.
    pub fn sources(&self) -> usize {
        self.from
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    /// Whether there are no outputs yet.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}
