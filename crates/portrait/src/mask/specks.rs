//! Small detached islands and holes, faded out of a small mask.
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
    seen: Vec<bool>,
    members: Vec<u32>,
    parts: Vec<Part>,
}

/// Connected pixels: those in `members` up to `end`, from where the part before ends.
#[derive(Debug, Clone, Copy)]
struct Part {
    end: usize,
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
        let Some(biggest) = self.parts.iter().map(|part| part.mass).max() else {
            return;
        };
        self.fade(
            mask,
            biggest as f32 * ISLAND,
            |_| true,
            |alpha, keep| (alpha * keep) >> 8,
        );
        self.find(mask, |alpha| 255 - alpha);
        let hole = |part: &Part| !part.at_border;
        self.fade(mask, biggest as f32 * HOLE, hole, |alpha, keep| {
            255 - (((255 - alpha) * keep) >> 8)
        });
    }

    /// Collects 4-connected parts of pixels whose `evidence` reaches [`EVIDENCE`].
    fn find(&mut self, mask: &Mask, evidence: impl Fn(u8) -> u8) {
        let (width, height) = (mask.width(), mask.height());
        self.seen.clear();
        self.seen
            .extend(mask.data().iter().map(|&alpha| evidence(alpha) < EVIDENCE));
        self.members.clear();
        self.parts.clear();
        for start in 0..width * height {
            let begin = self.members.len();
            self.visit(start);
            let (mut next, mut mass, mut at_border) = (begin, 0, false);
            while let Some(&member) = self.members.get(next) {
                let member = member as usize;
                let (x, y) = (member % width, member / width);
                mass += u64::from(evidence(mask.data()[member]));
                at_border |= x == 0 || y == 0 || x + 1 == width || y + 1 == height;
                if x > 0 {
                    self.visit(member - 1);
                }
                if x + 1 < width {
                    self.visit(member + 1);
                }
                if y > 0 {
                    self.visit(member - width);
                }
                if y + 1 < height {
                    self.visit(member + width);
                }
                next += 1;
            }
            if next > begin {
                self.parts.push(Part {
                    end: next,
                    mass,
                    at_border,
                });
            }
        }
    }

    fn visit(&mut self, pixel: usize) {
        if !std::mem::replace(&mut self.seen[pixel], true) {
            self.members.push(pixel as u32);
        }
    }

    /// Applies `faded(alpha, keep)` with `keep` of 256 to the chosen parts: 0 below a mass of `least`, 256 from four times on.
    fn fade(
        &self,
        mask: &mut Mask,
        least: f32,
        chosen: impl Fn(&Part) -> bool,
        faded: impl Fn(u32, u32) -> u32,
    ) {
        let mut begin = 0;
        for part in &self.parts {
            let keep =
                ((part.mass as f32 - least) / (3.0 * least) * 256.0).clamp(0.0, 256.0) as u32;
            if chosen(part) && keep < 256 {
                for &member in &self.members[begin..part.end] {
                    let alpha = &mut mask.data_mut()[member as usize];
                    *alpha = faded(u32::from(*alpha), keep) as u8;
                }
            }
            begin = part.end;
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
