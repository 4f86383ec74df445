//! Any function of one byte, as a table of its 256 answers: `out = table[q as u8]` (so entry 255 answers for -1).
mod scalar;

use crate::isa::Isa;

/// Answers for the bytes 0, 1, .. 127, -128, .. -1.
pub type Table = [i8; 256];

/// The table of `f`.
pub fn table(f: impl Fn(i8) -> i8) -> Table {
    std::array::from_fn(|index| f(index as u8 as i8))
}

/// Looks every byte of `input` up.
///
/// # Panics
/// When the lengths differ.
pub fn lookup_i8(_isa: Isa, table: &Table, input: &[i8], out: &mut [i8]) {
    assert_eq!(input.len(), out.len(), "lengths of input and output");
    scalar::lookup_i8(table, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_finds_its_answer() {
        let input: Vec<i8> = (i8::MIN..=i8::MAX).collect();
        let negated = table(i8::wrapping_neg);
        for isa in Isa::available() {
            let mut out = vec![0; 256];
            lookup_i8(isa, &negated, &input, &mut out);
            assert!(
                input
                    .iter()
                    .zip(&out)
                    .all(|(q, out)| q.wrapping_neg() == *out),
                "{isa}"
            );
        }
    }
}
