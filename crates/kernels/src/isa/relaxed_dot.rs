//! What `i32x4.relaxed_dot_i8x16_i7x16_add_s` computes in this engine, found by trying.
use std::arch::wasm32::*;
use std::hint::black_box;

use super::Simd128;

/// Proof that this engine's relaxed product of four bytes is exact, and on what.
///
/// The instruction multiplies signed bytes by numbers of seven bits. What it makes of eight is the engine's choice, once for all
/// (relaxed results may differ between engines, not within one), and follows the CPU. Of the lowerings that the proposal names
/// (WebAssembly/relaxed-simd, "relaxed integer dot product"), `vpdpbusd` takes the second operand as unsigned and `sdot` as signed, both
/// without loss; `vpmaddubsw` saturates sums of two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelaxedDot {
    unsigned: bool,
}

/// Bytes around every place where the readings differ or a step in between could overflow.
const TELLING: [i8; 8] = [-128, -127, -64, -1, 0, 1, 64, 127];

impl RelaxedDot {
    /// Tries the instruction on pairs of telling bytes.
    pub fn new() -> Option<Self> {
        [true, false]
            .into_iter()
            .map(|unsigned| Self { unsigned })
            .find(|reading| reading.holds())
    }

    /// What this set includes.
    pub(crate) fn simd128(self) -> Simd128 {
        Simd128(())
    }

    /// Whether the second operand's bytes count from 0 to 255.
    pub(crate) fn is_unsigned(self) -> bool {
        self.unsigned
    }

    fn holds(self) -> bool {
        let value = |byte: i8| match self.unsigned {
            true => i32::from(byte as u8),
            false => i32::from(byte),
        };
        let pairs = || TELLING.iter().flat_map(|&a| TELLING.map(|b| (a, b)));
        pairs().all(|(a, b)| {
            pairs().all(|(c, d)| {
                let [left, right] = [[a, c, a, c], [b, d, b, d]].map(|four| {
                    i32x4_splat(black_box(i32::from_le_bytes(four.map(|byte| byte as u8))))
                });
                let sums = i32x4_relaxed_dot_i8x16_i7x16_add(left, right, i32x4_splat(1));
                let expected = 2 * (i32::from(a) * value(b) + i32::from(c) * value(d)) + 1;
                i32x4_all_true(i32x4_eq(sums, i32x4_splat(expected)))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pair of bytes, in every lane, beside another product.
    #[test]
    fn what_telling_bytes_promise_holds_for_all() {
        let Some(dot) = RelaxedDot::new() else {
            return;
        };
        for (a, b) in (i8::MIN..=i8::MAX).flat_map(|a| (i8::MIN..=i8::MAX).map(move |b| (a, b))) {
            let value = i32::from(b) + if dot.unsigned && b < 0 { 256 } else { 0 };
            for lane in 0..4 {
                let (mut left, mut right) = ([127i8; 4], [127i8; 4]);
                (left[lane], right[lane]) = (a, b);
                let [left, right] = [left, right].map(|four| {
                    i32x4_splat(black_box(i32::from_le_bytes(four.map(|byte| byte as u8))))
                });
                let sums = i32x4_relaxed_dot_i8x16_i7x16_add(left, right, i32x4_splat(0));
                let expected = 3 * 127 * 127 + i32::from(a) * value;
                assert_eq!(i32x4_extract_lane::<2>(sums), expected, "{a} {b}");
            }
        }
    }
}
