//! Plain Rust for any ISA: inlined into a function that enables one, the compiler makes vectors of it.
use super::Fixed;

/// Sums element by element; see [`super::add_i8`] for the rule.
///
/// # Panics
/// When lengths differ.
#[inline(always)]
pub(super) fn add_i8(c: &Fixed, a: &[i8], b: &[i8], out: &mut [i8]) {
    assert!(
        a.len() == b.len() && a.len() == out.len(),
        "lengths of a sum"
    );
    let [a_factor, b_factor] = c.factors;
    let (zero_point, min, max) = (i16::from(c.zero_point), i16::from(c.min), i16::from(c.max));
    for ((&a, &b), out) in a.iter().zip(b).zip(out) {
        let sum = i32::from(a) * a_factor + i32::from(b) * b_factor + c.offset;
        // Saturating to 16 bits first changes no byte, and is an instruction that packs.
        let sum = (sum >> c.shift).clamp(i16::MIN.into(), i16::MAX.into()) as i16;
        *out = sum.saturating_add(zero_point).clamp(min, max) as i8;
    }
}
