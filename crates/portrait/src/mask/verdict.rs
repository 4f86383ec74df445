//! How far a mask can be trusted.
use super::Mask;

/// Least share of the frame that counts as a person: a head 1/16 of the frame's height high.
const LEAST_COVERAGE: f32 = 0.002;

/// Below this confidence more than half of the mask's mass is undecided.
const LEAST_CONFIDENCE: f32 = 0.5;

/// A side is clipped when this share of it is person.
const CLIPPED_SHARE: f32 = 0.02;

/// What was found in a frame, for callers that sort pictures. It changes nothing in the mask.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Verdict {
    /// The person's share of the frame, 0 to 1 (soft pixels by their alpha).
    pub coverage: f32,
    /// 1 when every pixel of the person is certain, 0 when all are in doubt; 0 without a person. A sharp mask at the
    /// network's resolution has 0.9 and more.
    pub confidence: f32,
    /// Where the frame's border cuts the person.
    pub clipped: Clipped,
}

/// Sides of the frame that cut the person. The bottom usually does, in a portrait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[allow(missing_docs, reason = "four sides")]
pub struct Clipped {
    pub left: bool,
    pub top: bool,
    pub right: bool,
    pub bottom: bool,
}

/// A verdict in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// Somebody, with a usable mask.
    Person,
    /// Something, but most of its mask is undecided.
    LowConfidence,
    /// Nobody, or too small to matter (under 0.2 % of the frame).
    NoPerson,
}

impl Verdict {
    /// Judges a mask at any resolution; the network's is enough.
    pub fn of(mask: &Mask) -> Self {
        let (width, height) = (mask.width(), mask.height());
        if width == 0 || height == 0 {
            return Self::default();
        }
        let mass: u64 = mask.data().iter().map(|&alpha| u64::from(alpha)).sum();
        let doubt: u64 = mask
            .data()
            .iter()
            .map(|&alpha| 2 * u64::from(alpha.min(255 - alpha)))
            .sum();
        let (left, right) = (
            (0..height).map(|y| mask.row(y)[0]),
            (0..height).map(|y| mask.row(y)[width - 1]),
        );
        let row = |y: usize| mask.row(y).iter().copied();
        Self {
            coverage: mass as f32 / (255.0 * (width * height) as f32),
            confidence: if mass == 0 {
                0.0
            } else {
                (1.0 - doubt as f32 / mass as f32).max(0.0)
            },
            clipped: Clipped {
                left: clips(left),
                top: clips(row(0)),
                right: clips(right),
                bottom: clips(row(height - 1)),
            },
        }
    }

    /// The verdict in a word.
    pub fn finding(&self) -> Finding {
        if self.coverage < LEAST_COVERAGE {
            Finding::NoPerson
        } else if self.confidence < LEAST_CONFIDENCE {
            Finding::LowConfidence
        } else {
            Finding::Person
        }
    }
}

/// Whether the person's share of a side reaches [`CLIPPED_SHARE`].
fn clips(side: impl ExactSizeIterator<Item = u8>) -> bool {
    let len = side.len() as f32;
    let mass: u32 = side.map(u32::from).sum();
    mass as f32 > CLIPPED_SHARE * 255.0 * len
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(alpha: impl Fn(usize, usize) -> u8) -> Mask {
        Mask::from_raw(50, 40, (0..2000).map(|i| alpha(i % 50, i / 50)).collect()).unwrap()
    }

    #[test]
    fn a_bust_is_a_person_cut_at_the_bottom() {
        let verdict = Verdict::of(&mask(|x, y| {
            if (15..35).contains(&x) && y >= 10 {
                255
            } else {
                0
            }
        }));
        assert_eq!(verdict.finding(), Finding::Person);
        assert_eq!((verdict.coverage, verdict.confidence), (0.3, 1.0));
        assert_eq!(
            verdict.clipped,
            Clipped {
                bottom: true,
                ..Clipped::default()
            }
        );
    }

    #[test]
    fn nobody_haze_and_a_speck() {
        assert_eq!(Verdict::of(&mask(|_, _| 0)).finding(), Finding::NoPerson);
        assert_eq!(Verdict::of(&Mask::new()).finding(), Finding::NoPerson);
        assert_eq!(
            Verdict::of(&mask(|x, y| if (x, y) == (20, 20) { 255 } else { 0 })).finding(),
            Finding::NoPerson
        );
        assert_eq!(
            Verdict::of(&mask(|_, _| 100)).finding(),
            Finding::LowConfidence
        );
    }

    #[test]
    fn each_side_is_told_apart() {
        let clipped = |alpha: fn(usize, usize) -> u8| Verdict::of(&mask(alpha)).clipped;
        assert!(clipped(|x, y| if x == 0 && y == 7 { 255 } else { 0 }).left);
        assert!(clipped(|x, y| if x == 49 && y == 7 { 255 } else { 0 }).right);
        assert!(!clipped(|x, y| if x == 49 && y == 7 { 100 } else { 0 }).right);
        let top = clipped(|x, y| {
            if y == 0 && (10..12).contains(&x) {
                255
            } else {
                0
            }
        });
        assert_eq!(
            top,
            Clipped {
                top: true,
                ..Clipped::default()
            }
        );
    }
}
