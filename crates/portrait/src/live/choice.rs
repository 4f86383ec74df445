//! Which of several people, and staying with them.
use crate::mask::Mask;

/// Whom to keep when there are several people.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Person {
    /// Everybody.
    #[default]
    All,
    /// Who takes most of the picture.
    Largest,
    /// Who is nearest to the middle of the picture.
    Centre,
    /// Who is at this point, or nearest to it; 0 to 1 from the left and from the top.
    Point {
        /// From the left.
        x: f32,
        /// From the top.
        y: f32,
    },
}

/// Alpha from which pixels beside each other belong together.
const TOGETHER: u8 = 64;

/// Pixels around a person that still are their soft edge.
const EDGE: usize = 2;

/// Frames for which nobody is shown when the chosen person is gone, before another is chosen.
const PATIENCE: u32 = 30;

/// Least part of the picture that a person takes, as one in so many pixels; smaller parts are nobody.
const LEAST: usize = 500;

/// Keeps one person of a mask and fades out the others, the same person from frame to frame.
///
/// Parts of the mask that are connected are a person; who touches another is one with them while they touch. The person
/// of the frame before is the part that overlaps theirs most.
#[derive(Debug, Default)]
pub(super) struct Chooser {
    person: Person,
    /// Part of every pixel, from 1; 0 is none.
    labels: Vec<u32>,
    stack: Vec<u32>,
    parts: Vec<Part>,
    /// Where the chosen person was.
    kept: Vec<bool>,
    size: (usize, usize),
    gone: u32,
    near: Vec<bool>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Part {
    mass: u64,
    pixels: usize,
    /// Mass that lies where the person was.
    overlap: u64,
    /// Least squared distance to the wanted point, in pixels.
    distance: f32,
}

impl Chooser {
    pub(super) fn new(person: Person) -> Self {
        Self {
            person,
            ..Self::default()
        }
    }

    /// Forgets who was chosen.
    pub(super) fn reset(&mut self) {
        self.size = (0, 0);
        self.gone = 0;
    }

    /// Keeps the chosen person alone in `mask`.
    pub(super) fn run(&mut self, mask: &mut Mask) {
        if self.person == Person::All {
            return;
        }
        let size = (mask.width(), mask.height());
        let held = self.size == size;
        if !held {
            self.kept.clear();
            self.kept.resize(mask.data().len(), false);
            self.size = size;
        }
        self.find(mask);
        let chosen = match self.overlapping() {
            Some(part) if held => Some(part),
            _ if held && self.gone < PATIENCE => {
                self.gone += 1;
                None
            }
            _ => self.best(mask.data().len()),
        };
        if let Some(chosen) = chosen {
            self.gone = 0;
            for (kept, &label) in self.kept.iter_mut().zip(&self.labels) {
                *kept = label == chosen;
            }
        }
        self.fade(mask, chosen.unwrap_or(u32::MAX));
        if chosen.is_none() && !held {
            // Nobody yet: the next frame chooses afresh.
            self.reset();
        }
    }

    fn find(&mut self, mask: &Mask) {
        let (width, height) = self.size;
        let (x, y) = match self.person {
            Person::Point { x, y } => (x, y),
            _ => (0.5, 0.5),
        };
        let target = (x * width as f32, y * height as f32);
        self.labels.clear();
        self.labels.resize(width * height, 0);
        self.parts.clear();
        for start in 0..width * height {
            if self.labels[start] != 0 || mask.data()[start] < TOGETHER {
                continue;
            }
            let label = self.parts.len() as u32 + 1;
            let mut part = Part {
                distance: f32::MAX,
                ..Part::default()
            };
            self.labels[start] = label;
            self.stack.push(start as u32);
            while let Some(pixel) = self.stack.pop() {
                let pixel = pixel as usize;
                let (x, y) = (pixel % width, pixel / width);
                let alpha = u64::from(mask.data()[pixel]);
                part.mass += alpha;
                part.pixels += 1;
                part.overlap += if self.kept[pixel] { alpha } else { 0 };
                let (dx, dy) = (x as f32 + 0.5 - target.0, y as f32 + 0.5 - target.1);
                part.distance = part.distance.min(dx * dx + dy * dy);
                let beside = [
                    (x > 0).then(|| pixel - 1),
                    (x + 1 < width).then_some(pixel + 1),
                    (y > 0).then(|| pixel - width),
                    (y + 1 < height).then_some(pixel + width),
                ];
                for next in beside.into_iter().flatten() {
                    if self.labels[next] == 0 && mask.data()[next] >= TOGETHER {
                        self.labels[next] = label;
                        self.stack.push(next as u32);
                    }
                }
            }
            self.parts.push(part);
        }
    }

    fn overlapping(&self) -> Option<u32> {
        let parts = self.parts.iter().zip(1..);
        let (part, label) = parts.max_by_key(|(part, _)| part.overlap)?;
        (part.overlap > 0).then_some(label)
    }

    fn best(&self, pixels: usize) -> Option<u32> {
        let people = self
            .parts
            .iter()
            .zip(1..)
            .filter(|(part, _)| part.pixels * LEAST >= pixels);
        let score = |part: &Part| match self.person {
            Person::Largest => part.mass as f32,
            _ => -part.distance,
        };
        people
            .max_by(|(a, _), (b, _)| score(a).total_cmp(&score(b)))
            .map(|(_, label)| label)
    }

    /// Takes away what is neither the part `chosen` nor its soft edge.
    fn fade(&mut self, mask: &mut Mask, chosen: u32) {
        let (width, height) = self.size;
        self.near.clear();
        self.near.resize(width * height, false);
        for (pixel, _) in self
            .labels
            .iter()
            .enumerate()
            .filter(|&(_, &label)| label == chosen)
        {
            let (x, y) = (pixel % width, pixel / width);
            for y in y.saturating_sub(EDGE)..(y + EDGE + 1).min(height) {
                let row = &mut self.near[y * width..][..width];
                row[x.saturating_sub(EDGE)..(x + EDGE + 1).min(width)].fill(true);
            }
        }
        let alphas = mask.data_mut().iter_mut();
        for ((alpha, &label), &near) in alphas.zip(&self.labels).zip(&self.near) {
            if label != chosen && (label != 0 || !near) {
                *alpha = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// People as squares: left edge, side; all 5 pixels from the top of 60 x 30, with a faint edge of a pixel.
    fn mask(people: &[(usize, usize)]) -> Mask {
        let mut data = vec![0; 60 * 30];
        for &(left, side) in people {
            for y in 4..6 + side {
                for x in left - 1..left + side + 1 {
                    let inside = (5..5 + side).contains(&y) && (left..left + side).contains(&x);
                    data[y * 60 + x] = if inside { 255 } else { 30 };
                }
            }
        }
        Mask::from_raw(60, 30, data).unwrap()
    }

    fn chosen(chooser: &mut Chooser, people: &[(usize, usize)]) -> Mask {
        let mut mask = mask(people);
        chooser.run(&mut mask);
        mask
    }

    #[test]
    fn the_largest_the_middle_one_and_the_one_at_a_point() {
        let people = [(3, 14), (28, 8), (45, 10)];
        let keeps = |person| chosen(&mut Chooser::new(person), &people);
        assert!(keeps(Person::Largest) == mask(&[(3, 14)]));
        assert!(keeps(Person::Centre) == mask(&[(28, 8)]));
        assert!(keeps(Person::Point { x: 0.95, y: 0.5 }) == mask(&[(45, 10)]));
        assert!(keeps(Person::All) == mask(&people));
    }

    #[test]
    fn the_same_person_is_kept_whoever_comes() {
        let mut chooser = Chooser::new(Person::Largest);
        assert!(chosen(&mut chooser, &[(10, 8)]) == mask(&[(10, 8)]));
        // A bigger one comes, the first walks right.
        for left in 11..20 {
            assert!(chosen(&mut chooser, &[(left, 8), (40, 15)]) == mask(&[(left, 8)]));
        }
        // Gone: nobody is shown for a while, then the other is chosen.
        for _ in 0..PATIENCE {
            assert!(chosen(&mut chooser, &[(40, 15)]) == mask(&[]));
        }
        assert!(chosen(&mut chooser, &[(40, 15)]) == mask(&[(40, 15)]));
    }

    #[test]
    fn specks_are_nobody_and_a_late_comer_is_found() {
        let mut chooser = Chooser::new(Person::Centre);
        assert!(chosen(&mut chooser, &[(30, 1)]) == mask(&[]));
        assert!(chosen(&mut chooser, &[(3, 9)]) == mask(&[(3, 9)]));
    }
}
