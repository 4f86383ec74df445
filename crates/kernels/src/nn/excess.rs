//! Weights that their zero point carries beyond the signed byte, as old uint8 files have them.
//!
//! Less its zero point a weight takes nine bits. Dot products of bytes take it as two, `near + excess`, that meet the same
//! input. The excess is mostly 0: the range of a tensor ends at its outermost weights, and few lie beyond 127.
use super::FilterI8;

/// `[near, excess]`: what fits a signed byte, and the rest. One weight has no such sum: 255 ([`FilterI8::splits`]).
pub(super) fn split(weight: i16) -> [i8; 2] {
    let near = weight.clamp(i16::from(i8::MIN), i16::from(i8::MAX));
    [near as i8, (weight - near) as i8]
}

impl FilterI8<'_> {
    /// Whether every weight less its zero point is the sum of two signed bytes.
    pub(super) fn splits(&self) -> bool {
        let most = 2 * i16::from(i8::MAX);
        // The greatest weight less any other zero point is no more.
        self.weight_zero > i8::MIN
            || (0..self.weights.len()).all(|index| self.weight(index) <= most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        for weight in -255..=254 {
            let [near, excess] = split(weight).map(i16::from);
            assert_eq!(near + excess, weight);
            assert!(excess == 0 || !(-128..=127).contains(&weight), "{weight}");
        }
    }
}
