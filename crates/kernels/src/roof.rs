//! The core's roof: the most multiply-adds per second that its widest vector instructions give, back to back.
//!
//! A time says little by itself; its share of the roof says how much is left to win. Twelve sums that don't wait for one another
//! keep every unit busy; nothing is loaded or stored.
#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
#[cfg(target_arch = "x86_64")]
use std::hint::black_box;
#[cfg(target_arch = "x86_64")]
use std::time::Instant;

use crate::isa::Isa;

/// Sums that run at once.
#[cfg(target_arch = "x86_64")]
const SUMS: usize = 12;
/// Instructions for each of them in one try: a third of a millisecond.
#[cfg(target_arch = "x86_64")]
const ROUNDS: u32 = 200_000;
/// Tries, of which the best counts: a busy neighbour does not show.
#[cfg(target_arch = "x86_64")]
const TRIES: u32 = 15;

/// Billions of multiply-adds per second of one core.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roof {
    /// Of bytes, summed in 32 bits.
    pub int8: f64,
    /// Of 32-bit floats.
    pub float32: f64,
}

impl Roof {
    /// Measures for some ten milliseconds, with the instructions that the kernels of `isa` use; `None` for a set without loops here
    /// (all but x86-64's vectors).
    pub fn measure(isa: Isa) -> Option<Self> {
        match isa {
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(_token) => Some(Self {
                // SAFETY: `_token` proves that this CPU has the features that the loops enable.
                int8: rate(16, || unsafe { maddwd_256() }),
                // SAFETY: as above.
                float32: rate(8, || unsafe { fma_256() }),
            }),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni(_token) => Some(Self {
                // SAFETY: as above.
                int8: rate(32, || unsafe { dpbusd_256() }),
                // SAFETY: as above.
                float32: rate(8, || unsafe { fma_256() }),
            }),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(_token) => Some(Self {
                // SAFETY: as above.
                int8: rate(64, || unsafe { dpbusd_512() }),
                // SAFETY: as above.
                float32: rate(16, || unsafe { fma_512() }),
            }),
            _ => None,
        }
    }
}

/// Billions of multiply-adds per second of a loop of `SUMS * ROUNDS` instructions with `each` of them.
#[cfg(target_arch = "x86_64")]
fn rate(each: u32, run: impl Fn()) -> f64 {
    let time = || {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    let best = (0..TRIES).map(|_| time()).fold(f64::INFINITY, f64::min);
    f64::from(each) * f64::from(ROUNDS) * SUMS as f64 / best / 1e9
}

#[cfg(target_arch = "x86_64")]
macro_rules! back_to_back {
    ($name:ident, $features:literal, $register:ident, $zero:expr, $step:expr) => {
        #[target_feature(enable = $features)]
        fn $name() {
            let x = black_box($zero);
            let mut sums = [black_box($zero); SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = $step(*sum, x);
                    // Keeps the loop: for all the compiler knows, the sum is read here.
                    // SAFETY: no instruction at all.
                    unsafe {
                        std::arch::asm!(
                            "/* {0} */",
                            inout($register) * sum,
                            options(nomem, nostack, preserves_flags)
                        );
                    }
                }
            }
            black_box(sums);
        }
    };
}

#[cfg(target_arch = "x86_64")]
back_to_back!(
    dpbusd_512,
    "avx512f,avx512bw,avx512vnni",
    zmm_reg,
    _mm512_setzero_si512(),
    |sum, x| _mm512_dpbusd_epi32(sum, x, x)
);
#[cfg(target_arch = "x86_64")]
back_to_back!(
    dpbusd_256,
    "avx2,avxvnni",
    ymm_reg,
    _mm256_setzero_si256(),
    |sum, x| _mm256_dpbusd_avx_epi32(sum, x, x)
);
#[cfg(target_arch = "x86_64")]
back_to_back!(
    fma_512,
    "avx512f",
    zmm_reg,
    _mm512_setzero_ps(),
    |sum, x| _mm512_fmadd_ps(x, x, sum)
);
#[cfg(target_arch = "x86_64")]
back_to_back!(
    maddwd_256,
    "avx2",
    ymm_reg,
    _mm256_setzero_si256(),
    |sum, x| _mm256_add_epi32(sum, _mm256_madd_epi16(x, sum))
);
#[cfg(target_arch = "x86_64")]
back_to_back!(
    fma_256,
    "avx2,fma",
    ymm_reg,
    _mm256_setzero_ps(),
    |sum, x| _mm256_fmadd_ps(x, x, sum)
);

#[cfg(all(test, not(miri)))]
mod tests {
    use super::*;

    /// No timed test: that there is a number for every vector set of x86-64 and none for plain Rust, and that it is one.
    #[test]
    fn every_set_with_loops_has_a_roof() {
        assert_eq!(Roof::measure(Isa::Scalar), None);
        for isa in Isa::available().skip(1) {
            let roof = Roof::measure(isa);
            assert_eq!(roof.is_some(), cfg!(target_arch = "x86_64"), "{isa}");
            assert!(roof.is_none_or(|roof| roof.int8 > 0.0 && roof.float32.is_finite()));
        }
    }
}
