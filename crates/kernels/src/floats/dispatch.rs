//! The entry of loops that are written over [`Floats`](super::Floats) and have nothing packed beforehand.

/// Calls `$body(lanes, arguments)`, an `#[inline(always)]` function generic over [`Floats`](super::Floats), with the vectors of
/// `$isa`; `$oracle` where there are none.
macro_rules! with_floats {
    ($isa:expr, $oracle:expr, $body:path, ($($argument:ident: $type:ty = $value:expr),* $(,)?)) => {{
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        fn avx2(lanes: $crate::isa::Avx2, $($argument: $type),*) {
            $body(lanes, $($argument),*)
        }
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
        fn avx512(lanes: $crate::isa::Avx512Vnni, $($argument: $type),*) {
            $body(lanes, $($argument),*)
        }
        match $isa.vectors() {
            $crate::isa::Vectors::Scalar => $oracle,
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Vectors::Avx2(token) => {
                // SAFETY: `token` proves that this CPU has the features that `avx2` enables.
                unsafe { avx2(token, $($value),*) }
            }
            #[cfg(target_arch = "x86_64")]
            $crate::isa::Vectors::Avx512(token) => {
                // SAFETY: `token` proves that this CPU has the features that `avx512` enables.
                unsafe { avx512(token, $($value),*) }
            }
            #[cfg(target_arch = "aarch64")]
            $crate::isa::Vectors::Neon(token) => $body(token, $($value),*),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            $crate::isa::Vectors::Simd128(token) => $body(token, $($value),*),
        }
    }};
}
pub(crate) use with_floats;
