//! Small detached islands and holes, faded out of a small mask.
use std::ops::Range;

use super::Mask;

/// Alpha that counts as evidence of a side; all connected evidence is one part.
const EVIDENCE: u8 = 16;

/// An island of less than this share of the biggest part's mass vanishes; from four times it on it is left alone.
const ISLAND: f32 = 0.005;

/// The same for a hole in a person, against the person's mass.
const HOLE: f32 = 0.00125;

/// Fades small islands and holes by their mass beside the biggest part's; everything else keeps its softness.
///
/// Meant for the network's resolution. Linear in the number of pixels; allocates when the size grows.
#[derive(Debug, Default)]
pub struct Specks {
    runs: Vec<Run>,
}

/// Neighbouring pixels of a row that are evidence.
#[derive(Debug, Clone)]
struct Run {
    row: usize,
    columns: Range<usize>,
    /// Another run of the same part, or itself: the part's first, once all are known.
    parent: usize,
    /// Its own; of a part's first run the whole part's, as is what follows.
    mass: u64,
    at_border: bool,
}

impl Specks {
    /// A remover for any sizes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cleans `mask` in place.
    pub fn run(&mut self, mask: &mut Mask) {
        self.find(mask, |alpha| alpha);
        let Some(biggest) = self.runs.iter().map(|run| run.mass).max() else {
            return;
        };
        self.fade(
            mask,
            biggest as f32 * ISLAND,
            |_| true,
            |alpha, keep| (alpha * keep) >> 8,
        );
        self.find(mask, |alpha| 255 - alpha);
        let hole = |part: &Run| !part.at_border;
        self.fade(mask, biggest as f32 * HOLE, hole, |alpha, keep| {
            255 - (((255 - alpha) * keep) >> 8)
        });
    }

    /// Collects 4-connected parts of pixels whose `evidence` reaches [`EVIDENCE`].
    fn find(&mut self, mask: &Mask, evidence: impl Fn(u8) -> u8) {
        let (width, height) = (mask.width(), mask.height());
        self.runs.clear();
        self.runs.reserve(width.div_ceil(2) * height);
        let mut above = 0..0;
        for (y, row) in mask.data().chunks_exact(width.max(1)).enumerate() {
            let first = self.runs.len();
            let mut end = 0;
            let is_evidence = |&alpha: &u8| evidence(alpha) >= EVIDENCE;
            while let Some(begin) = row[end..].iter().position(is_evidence) {
                let begin = end + begin;
                let len = row[begin..].iter().position(|alpha| !is_evidence(alpha));
                end = len.map_or(width, |len| begin + len);
                let alphas = row[begin..end].iter();
                self.runs.push(Run {
                    row: y,
                    columns: begin..end,
                    parent: self.runs.len(),
                    mass: alphas.map(|&alpha| u64::from(evidence(alpha))).sum(),
                    at_border: y == 0 || y + 1 == height || begin == 0 || end == width,
                });
                self.join_last(&mut above);
            }
            above = first..self.runs.len();
        }
        for at in 0..self.runs.len() {
            let root = self.root(at);
            let Run {
                mass, at_border, ..
            } = self.runs[at];
            self.runs[at].parent = root;
            if root != at {
                self.runs[root].mass += mass;
                self.runs[root].at_border |= at_border;
            }
        }
    }

    /// Joins the last run to those of the row above that it touches; drops from `above` what ends before it.
    fn join_last(&mut self, above: &mut Range<usize>) {
        let at = self.runs.len() - 1;
        let columns = self.runs[at].columns.clone();
        while above.start < above.end && self.runs[above.start].columns.end <= columns.start {
            above.start += 1;
        }
        for other in above.clone() {
            if self.runs[other].columns.start >= columns.end {
                break;
            }
            let (a, b) = (self.root(other), self.root(at));
            self.runs[a.max(b)].parent = a.min(b);
        }
    }

    /// The first run of the part that run `at` belongs to, as far as is known; shortens the way there.
    fn root(&mut self, mut at: usize) -> usize {
        while self.runs[at].parent != at {
            let parent = self.runs[at].parent;
            self.runs[at].parent = self.runs[parent].parent;
            at = parent;
        }
        at
    }

    /// Applies `faded(alpha, keep)` with `keep` of 256 to the chosen parts: 0 below a mass of `least`, 256 from four times on.
    fn fade(
        &self,
        mask: &mut Mask,
        least: f32,
        chosen: impl Fn(&Run) -> bool,
        faded: impl Fn(u32, u32) -> u32,
    ) {
        let width = mask.width();
        for run in &self.runs {
            let part = &self.runs[run.parent];
            let keep =
                ((part.mass as f32 - least) / (3.0 * least) * 256.0).clamp(0.0, 256.0) as u32;
            if chosen(part) && keep < 256 {
                let row = &mut mask.data_mut()[run.row * width..][..width];
                for alpha in &mut row[run.columns.clone()] {
                    *alpha = faded(u32::from(*alpha), keep) as u8;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A soft-edged square person of 60 x 60 in 100 x 100.
    fn person() -> Mask {
        let distance = |i: usize| (i as i32 - 20).min(79 - i as i32);
        let alpha =
            |i: usize| (distance(i % 100).min(distance(i / 100)) * 100 + 100).clamp(0, 255) as u8;
        Mask::from_raw(100, 100, (0..10_000).map(alpha).collect()).unwrap()
    }

    #[test]
    fn a_person_alone_is_left_as_it_is() {
        let mut mask = person();
        Specks::new().run(&mut mask);
        assert_eq!(mask, person());
    }

    #[test]
    fn a_speck_and_a_pinhole_vanish() {
        let mut mask = person();
        for i in [505, 506, 605, 606] {
            mask.data_mut()[i] = 200;
        }
        mask.data_mut()[5050] = 90;
        Specks::new().run(&mut mask);
        assert_eq!(mask, person());
    }

    #[test]
    fn a_second_person_and_a_gap_under_an_arm_stay_and_what_lies_between_fades() {
        let mut mask = person();
        let mut fill = |x: usize, y: usize, side: usize, value: u8| {
            (0..side * side)
                .for_each(|i| mask.data_mut()[(y + i / side) * 100 + x + i % side] = value);
        };
        fill(2, 2, 10, 255);
        fill(90, 2, 6, 255);
        fill(50, 50, 6, 0);
        Specks::new().run(&mut mask);
        assert_eq!(mask.data()[505], 255);
        assert!(
            (50..200).contains(&mask.data()[392]),
            "{}",
            mask.data()[392]
        );
        assert_eq!(mask.data()[5252], 0);
    }

    /// One side's parts by flooding from pixel to pixel: members, mass, and whether at the border.
    fn flooded(mask: &Mask, evidence: impl Fn(u8) -> u8) -> Vec<(Vec<usize>, u64, bool)> {
        let (width, height) = (mask.width(), mask.height());
        let mut left: Vec<bool> = mask.data().iter().map(|&a| evidence(a) >= 16).collect();
        let mut parts = Vec::new();
        while let Some(start) = left.iter().position(|&left| left) {
            let (mut members, mut next) = (vec![start], 0);
            left[start] = false;
            while next < members.len() {
                let (x, y) = (members[next] % width, members[next] / width);
                for (x, y) in [
                    (x.wrapping_sub(1), y),
                    (x + 1, y),
                    (x, y.wrapping_sub(1)),
                    (x, y + 1),
                ] {
                    if x < width && y < height && std::mem::take(&mut left[y * width + x]) {
                        members.push(y * width + x);
                    }
                }
                next += 1;
            }
            let mass = members
                .iter()
                .map(|&i| u64::from(evidence(mask.data()[i])))
                .sum();
            let at_border = |&i: &usize| {
                i < width || i + width >= width * height || i % width == 0 || i % width == width - 1
            };
            let touches = members.iter().any(at_border);
            parts.push((members, mass, touches));
        }
        parts
    }

    #[test]
    fn parts_of_any_shape_are_those_that_flooding_finds() {
        let mut state = 1u32;
        for density in [20, 45, 55, 70, 95] {
            let mut random = || {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                state >> 16
            };
            let alpha = |r: u32| {
                if r % 100 < density {
                    16 + (r % 240) as u8
                } else {
                    (r % 16) as u8
                }
            };
            let data: Vec<u8> = (0..61 * 47).map(|_| alpha(random())).collect();
            let mask = Mask::from_raw(61, 47, data).unwrap();
            let mut specks = Specks::new();
            specks.find(&mask, |alpha| alpha);
            let expected = flooded(&mask, |alpha| alpha);
            let roots = || {
                specks
                    .runs
                    .iter()
                    .enumerate()
                    .filter(|(i, run)| run.parent == *i)
            };
            assert_eq!(roots().count(), expected.len());
            for (members, mass, at_border) in expected {
                let first = *members.iter().min().unwrap();
                let run = specks
                    .runs
                    .iter()
                    .find(|run| run.row * 61 + run.columns.start == first);
                let part = &specks.runs[run.unwrap().parent];
                assert_eq!((part.mass, part.at_border), (mass, at_border));
                let len = |run: &Run| run.columns.len();
                let of_part = specks
                    .runs
                    .iter()
                    .filter(|run| std::ptr::eq(&specks.runs[run.parent], part));
                assert_eq!(of_part.map(len).sum::<usize>(), members.len());
            }
        }
    }

    #[test]
    fn empty_and_tiny_masks() {
        for (width, height) in [(1, 1), (1, 5), (3, 2)] {
            for value in [0, 255] {
                let mut mask = Mask::from_raw(width, height, vec![value; width * height]).unwrap();
                Specks::new().run(&mut mask);
                assert!(mask.data().iter().all(|&alpha| alpha == value));
            }
        }
        Specks::new().run(&mut Mask::new());
    }
}
