//! The band along a person's outline (Cheng et al. 2021, "Boundary IoU: Improving Object-Centric Image Segmentation
//! Evaluation").
use hypercut::Mask;

use super::THRESHOLD;

/// Width of the band as a share of the picture's diagonal, as in the paper.
const SHARE: f64 = 0.02;

/// The person's pixels at most [`SHARE`] of the diagonal (rounded to nearest, at least 1 pixel) from a pixel that is none, in the
/// larger of horizontal and vertical distance; outside the picture nothing is person. `[height, width]`.
///
/// As the paper's own code does it: the mask less its erosion by a square, with zeros around the picture.
pub(super) fn band(mask: &Mask) -> Vec<bool> {
    let (width, height) = (mask.width(), mask.height());
    let reach = reach(width, height);
    let sums = Sums::new(mask);
    let mut band = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let person = mask.row(y)[x] >= THRESHOLD;
            let cut = x < reach || y < reach || x + reach >= width || y + reach >= height;
            let deep = || sums.square(x - reach, y - reach, 2 * reach + 1);
            band.push(person && (cut || !deep()));
        }
    }
    band
}

fn reach(width: usize, height: usize) -> usize {
    let diagonal = (width as f64).hypot(height as f64);
    ((SHARE * diagonal).round() as usize).max(1)
}

/// Person pixels above and left of each corner of the grid, `[height + 1, width + 1]`.
struct Sums {
    stride: usize,
    sums: Vec<u32>,
}

impl Sums {
    fn new(mask: &Mask) -> Self {
        let stride = mask.width() + 1;
        let mut sums = vec![0; stride * (mask.height() + 1)];
        for y in 0..mask.height() {
            let mut row = 0;
            for (x, &alpha) in mask.row(y).iter().enumerate() {
                row += u32::from(alpha >= THRESHOLD);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        Self { stride, sums }
    }

    /// Whether the square from `x`, `y` is all person.
    fn square(&self, x: usize, y: usize, side: usize) -> bool {
        let at = |x: usize, y: usize| self.sums[y * self.stride + x];
        let (right, below) = (x + side, y + side);
        let people = at(right, below) + at(x, y) - at(right, y) - at(x, below);
        people as usize == side * side
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Figure, Truth};
    use super::*;

    /// Person from (`left`, `top`) to before (`right`, `bottom`).
    fn rectangle(size: (usize, usize), [left, top, right, bottom]: [usize; 4]) -> Mask {
        let person = |i: usize| {
            let (x, y) = (i % size.0, i / size.0);
            (left..right).contains(&x) && (top..bottom).contains(&y)
        };
        let data = (0..size.0 * size.1).map(|i| 255 * u8::from(person(i)));
        Mask::from_raw(size.0, size.1, data.collect()).unwrap()
    }

    fn count(mask: &Mask) -> usize {
        band(mask).into_iter().filter(|&inside| inside).count()
    }

    #[test]
    fn a_square_by_hand() {
        // Diagonal 100: the band is 2 wide, a square of 20 less one of 16.
        let size = (60, 80);
        assert_eq!(reach(60, 80), 2);
        let square = rectangle(size, [10, 10, 30, 30]);
        assert_eq!(count(&square), 20 * 20 - 16 * 16);
        // Shifted right by 1. Both bands share: 19 columns of the 2 rows at top and at bottom; in the 16 rows between,
        // 1 column at the left (11) and 1 at the right (29).
        let shifted = rectangle(size, [11, 10, 31, 30]);
        let figures = Truth::new(square).measure(&shifted);
        let both = 19 * 4 + 16 * 2;
        let expected = f64::from(both) / f64::from(2 * 144 - both);
        assert_eq!(figures.get(Figure::BoundaryIou), Some(expected));
    }

    #[test]
    fn the_border_of_the_picture_is_an_outline() {
        assert_eq!(
            count(&rectangle((60, 80), [0, 0, 60, 80])),
            60 * 80 - 56 * 76
        );
        assert_eq!(
            count(&rectangle((3, 3), [0, 0, 3, 3])),
            8,
            "at least a pixel wide"
        );
        assert_eq!(count(&rectangle((9, 9), [0, 0, 0, 0])), 0);
    }
}
