//! Where a row of a mask is empty, soft or full: most of a frame is one or the other end, and needs no arithmetic.
use std::ops::Range;

/// What the alphas of a run have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All 0.
    Empty,
    /// None is 0 or 255.
    Soft,
    /// All 255.
    Full,
}

/// Alphas compared at a time.
const STEP: usize = 16;

/// The runs of a row of alphas, left to right, each as long as it can be; together they are the row.
pub fn runs(alphas: &[u8]) -> impl Iterator<Item = (Kind, Range<usize>)> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &alphas[start..];
        let (kind, len) = match *rest.first()? {
            0 => (Kind::Empty, equal(rest, 0)),
            255 => (Kind::Full, equal(rest, 255)),
            _ => (
                Kind::Soft,
                rest.iter()
                    .position(|alpha| matches!(alpha, 0 | 255))
                    .unwrap_or(rest.len()),
            ),
        };
        start += len;
        Some((kind, start - len..start))
    })
}

/// How many alphas from the first on equal `value`.
fn equal(alphas: &[u8], value: u8) -> usize {
    let steps = alphas.as_chunks::<STEP>().0.iter();
    let whole = steps.take_while(|step| **step == [value; STEP]).count() * STEP;
    let rest = alphas[whole..].iter();
    whole + rest.take_while(|&&alpha| alpha == value).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_every_length_are_found_and_make_up_the_row() {
        for len in 1..70 {
            let mut row = vec![0; 3];
            row.extend(vec![255; len]);
            row.extend([1, 254, 7]);
            row.extend(vec![0; len]);
            let expected = [
                (Kind::Empty, 0..3),
                (Kind::Full, 3..3 + len),
                (Kind::Soft, 3 + len..6 + len),
                (Kind::Empty, 6 + len..6 + 2 * len),
            ];
            assert!(runs(&row).eq(expected), "{len}");
        }
        assert_eq!(runs(&[]).count(), 0);
    }
}
