//! The core's roof: multiply-adds per second of the widest 8-bit dot products and float multiply-adds, back to back.
//!
//! `rustc -O --edition 2024 roof.rs && ./roof` prints one JSON object in GMAC/s; sets that the CPU lacks are absent. Twelve sums
//! that don't wait for one another keep every unit busy. x86-64 alone.
use std::arch::x86_64::*;
use std::hint::black_box;
use std::time::Instant;

const SUMS: usize = 12;
const ROUNDS: u32 = 2_000_000;

macro_rules! roof {
    ($name:ident, $features:literal, $zero:expr, $step:expr) => {
        #[target_feature(enable = $features)]
        fn $name() {
            let a = black_box($zero);
            let mut sums = [black_box($zero); SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = $step(*sum, a, a);
                }
                // Keeps the loop: the sums may have been read here.
                for sum in &mut sums {
                    // SAFETY: no instruction at all.
                    unsafe { std::arch::asm!("/* {0} */", inout(zmm_reg) *sum, options(nomem, nostack, preserves_flags)) };
                }
            }
            black_box(sums);
        }
    };
}

macro_rules! roof_256 {
    ($name:ident, $features:literal, $zero:expr, $step:expr) => {
        #[target_feature(enable = $features)]
        fn $name() {
            let a = black_box($zero);
            let mut sums = [black_box($zero); SUMS];
            for _ in 0..ROUNDS {
                for sum in &mut sums {
                    *sum = $step(*sum, a, a);
                    // SAFETY: no instruction at all.
                    unsafe { std::arch::asm!("/* {0} */", inout(ymm_reg) *sum, options(nomem, nostack, preserves_flags)) };
                }
            }
            black_box(sums);
        }
    };
}

roof!(vnni_512, "avx512f,avx512bw,avx512vnni", _mm512_setzero_si512(), _mm512_dpbusd_epi32);
roof!(fma_512, "avx512f", _mm512_setzero_ps(), |s, a, b| _mm512_fmadd_ps(a, b, s));
roof_256!(vnni_256, "avx512f,avx512vl,avx512vnni", _mm256_setzero_si256(), _mm256_dpbusd_epi32);
roof_256!(fma_256, "avx2,fma", _mm256_setzero_ps(), |s, a, b| _mm256_fmadd_ps(a, b, s));

/// GMAC/s of a function that runs `ROUNDS * SUMS` instructions of `macs` multiply-adds: the best of seven.
fn measure(macs: u32, run: impl Fn()) -> f64 {
    let time = || {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    };
    let best = (0..7).map(|_| time()).fold(f64::INFINITY, f64::min);
    f64::from(macs) * f64::from(ROUNDS) * SUMS as f64 / best / 1e9
}

fn main() {
    let mut found = Vec::new();
    if is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl") {
        // SAFETY: the CPU has just said that it has the features.
        found.push(("vpdpbusd_512", measure(64, || unsafe { vnni_512() })));
        // SAFETY: as above.
        found.push(("vpdpbusd_256", measure(32, || unsafe { vnni_256() })));
        // SAFETY: AVX-512 VNNI implies AVX-512 F.
        found.push(("fma_512", measure(16, || unsafe { fma_512() })));
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the CPU has just said that it has the features.
        found.push(("fma_256", measure(8, || unsafe { fma_256() })));
    }
    let lines: Vec<String> = found.iter().map(|(name, roof)| format!("\"{name}\": {roof:.1}")).collect();
    println!("{{{}}}", lines.join(", "));
}
