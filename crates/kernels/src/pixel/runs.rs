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
            _ => (Kind::Soft, soft(rest)),
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

/// How many alphas from the first on are neither 0 nor 255.
fn soft(alphas: &[u8]) -> usize {
    const LOW: u64 = u64::from_ne_bytes([1; 8]);
    // Not 0 when a byte of eight is 0, and only then.
    let zero = |bytes: u64| bytes.wrapping_sub(LOW) & !bytes & (LOW << 7);
    let steps = alphas.as_chunks::<8>().0.iter();
    let bytes = steps.map(|step| u64::from_ne_bytes(*step));
    let whole = 8 * bytes.take_while(|&b| zero(b) | zero(!b) == 0).count();
    let rest = alphas[whole..].iter();
    whole + rest.take_while(|alpha| !matches!(alpha, 0 | 255)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_every_length_are_found_and_make_up_the_row() {
        for len in 1..70 {
            let mut row = vec![0; 3];
            row.extend(vec![255; len]);
            row.extend((0..len).map(|i| 1 + (i * 253 % 254) as u8));
            row.extend(vec![0; len]);
            let expected = [
                (Kind::Empty, 0..3),
                (Kind::Full, 3..3 + len),
                (Kind::Soft, 3 + len..3 + 2 * len),
                (Kind::Empty, 3 + 2 * len..3 + 3 * len),
            ];
            assert!(runs(&row).eq(expected), "{len}");
        }
        assert_eq!(runs(&[]).count(), 0);
    }
}
