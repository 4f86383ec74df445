//! One body of plain Rust, compiled once for every instruction set: the compiler makes vectors of it, and as a body has no
//! fused multiply-add and a fixed order of operations, every set gives the same bits.

/// Calls `$body`, an `#[inline(always)]` function without generic parameters of its surroundings, inside a function that may
/// use the instructions of `$isa`.
macro_rules! per_isa {
    ($isa:expr, $body:path, ($($argument:ident: $type:ty = $value:expr),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2")]
        fn avx2($($argument: $type),*) {
            $body($($argument),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl")]
        fn avx512($($argument: $type),*) {
            $body($($argument),*)
        }
        match $isa.vectors() {
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Vectors::Avx2(_token) => {
                // SAFETY: `_token` proves that this CPU has the feature that `avx2` enables.
                unsafe { avx2($($value),*) }
            }
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Vectors::Avx512(_token) => {
                // SAFETY: `_token` proves that this CPU has the features that `avx512` enables.
                unsafe { avx512($($value),*) }
            }
            _ => $body($($value),*),
        }
    }};
}
pub(crate) use per_isa;
