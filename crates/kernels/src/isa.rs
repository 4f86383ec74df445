//! What this CPU has, proven by type.
use std::fmt;

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
mod relaxed_dot;

/// Name of the environment variable that lowers [`Isa::detect`].
pub const OVERRIDE: &str = "HYPERCUT_ISA";

/// An instruction set that this CPU is known to have.
///
/// A variant for a set beyond the target's baseline carries a token whose only constructor asks the CPU, so a value of
/// `Isa` proves that the instructions may be executed. To add a set: a variant, a line in [`Isa::available`] and an arm in
/// [`Isa::name`] and `Isa::vectors`; products of bytes (`nn/gemm`, `nn/depthwise/prepared.rs`) then gain an arm each, and
/// everything else follows the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Isa {
    /// Plain Rust, compiled for the target's baseline: the oracle, and what every CPU can run.
    Scalar,
    /// x86-64 with AVX2 and FMA (Haswell, Zen and later).
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// x86-64 with AVX-VNNI: dot products without AVX-512 (Alder Lake, Zen 5 and later).
    #[cfg(target_arch = "x86_64")]
    AvxVnni(AvxVnni),
    /// x86-64 with AVX-512 F, BW, VL and VNNI (Ice Lake, Zen 4 and later).
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(Avx512Vnni),
    /// 64-bit Arm with Advanced SIMD.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// 64-bit Arm with the dot product instructions (Cortex-A55, Cortex-A75, Apple A11 and later).
    #[cfg(target_arch = "aarch64")]
    NeonDot(NeonDot),
    /// The same with products of matrices of bytes (Cortex-A510, Cortex-X2, Neoverse V1, Apple A15 and later).
    #[cfg(target_arch = "aarch64")]
    NeonI8mm(NeonI8mm),
    /// WebAssembly with 128-bit SIMD: a module that uses it is refused as a whole by an engine without it, so the choice
    /// is made when compiling (`-C target-feature=+simd128`).
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(Simd128),
    /// The same with relaxed SIMD (`-C target-feature=+relaxed-simd`), in an engine whose product of four bytes turned out exact.
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    RelaxedDot(RelaxedDot),
}

/// What an [`Isa`] is apart from its products of bytes: pixels, floats and sums ask for this, so that sets that differ in
/// nothing else share their code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Vectors {
    /// None but what the compiler makes for the target's baseline.
    Scalar,
    /// 256 bits.
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    /// 512 bits.
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512Vnni),
    /// 128 bits.
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    /// 128 bits.
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(Simd128),
}

/// Proof that this CPU has AVX2 and FMA, and that the system saves its registers.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx2(());

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        has.then_some(Self(()))
    }
}

/// Proof that this CPU has AVX-VNNI (and AVX2 and FMA), and that the system saves its registers.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AvxVnni(());

#[cfg(target_arch = "x86_64")]
impl AvxVnni {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avxvnni") && Avx2::new().is_some();
        has.then_some(Self(()))
    }

    /// What this set includes.
    pub(crate) fn avx2(self) -> Avx2 {
        Avx2(())
    }
}

/// Proof that this CPU has AVX-512 F, BW, VL and VNNI (and AVX2 and FMA), and that the system saves its registers.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Avx512Vnni(());

#[cfg(target_arch = "x86_64")]
impl Avx512Vnni {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        let has = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni")
            && Avx2::new().is_some();
        has.then_some(Self(()))
    }

    /// What this set includes.
    pub(crate) fn avx2(self) -> Avx2 {
        Avx2(())
    }
}

/// Proof that this CPU has Advanced SIMD.
#[cfg(target_arch = "aarch64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neon(());

#[cfg(target_arch = "aarch64")]
impl Neon {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        std::arch::is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

/// Proof that this CPU has Advanced SIMD with dot products.
#[cfg(target_arch = "aarch64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeonDot(());

#[cfg(target_arch = "aarch64")]
impl NeonDot {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        let has = std::arch::is_aarch64_feature_detected!("neon")
            && std::arch::is_aarch64_feature_detected!("dotprod");
        has.then_some(Self(()))
    }

    /// What this set includes.
    pub(crate) fn neon(self) -> Neon {
        Neon(())
    }
}

/// Proof that this CPU has Advanced SIMD with dot products and products of matrices of bytes.
#[cfg(target_arch = "aarch64")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeonI8mm(());

#[cfg(target_arch = "aarch64")]
impl NeonI8mm {
    /// Asks the CPU.
    pub fn new() -> Option<Self> {
        let has = std::arch::is_aarch64_feature_detected!("i8mm") && NeonDot::new().is_some();
        has.then_some(Self(()))
    }

    /// What this set includes.
    pub(crate) fn dot(self) -> NeonDot {
        NeonDot(())
    }
}

/// Proof that this module was compiled for 128-bit SIMD, and so that whatever runs it has that.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simd128(());

#[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
pub use relaxed_dot::RelaxedDot;

impl Isa {
    /// The sets that this CPU can run, slowest first; tests run every case on each of them.
    pub fn available() -> impl DoubleEndedIterator<Item = Self> {
        [
            Some(Self::Scalar),
            #[cfg(target_arch = "x86_64")]
            Avx2::new().map(Self::Avx2),
            #[cfg(target_arch = "x86_64")]
            AvxVnni::new().map(Self::AvxVnni),
            #[cfg(target_arch = "x86_64")]
            Avx512Vnni::new().map(Self::Avx512Vnni),
            #[cfg(target_arch = "aarch64")]
            Neon::new().map(Self::Neon),
            #[cfg(target_arch = "aarch64")]
            NeonDot::new().map(Self::NeonDot),
            #[cfg(target_arch = "aarch64")]
            NeonI8mm::new().map(Self::NeonI8mm),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Some(Self::Simd128(Simd128(()))),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            RelaxedDot::new().map(Self::RelaxedDot),
        ]
        .into_iter()
        .flatten()
    }

    /// The fastest set of this CPU, unless the environment variable [`OVERRIDE`] names a lower one.
    ///
    /// A name that is unknown, or that the CPU does not have, changes nothing.
    pub fn detect() -> Self {
        let best = Self::available().next_back().unwrap_or(Self::Scalar);
        match std::env::var(OVERRIDE) {
            Ok(name) => best.lowered_to(&name).unwrap_or(best),
            Err(_) => best,
        }
    }

    /// The set called `name` (as [`Isa::name`] spells it) when it is available and no faster than `self`.
    pub fn lowered_to(self, name: &str) -> Option<Self> {
        let up_to_self = || {
            Self::available().scan(false, |passed, isa| {
                (!std::mem::replace(passed, isa == self)).then_some(isa)
            })
        };
        up_to_self().find(|isa| isa.name() == name)
    }

    /// The set without its products of bytes.
    pub(crate) fn vectors(self) -> Vectors {
        match self {
            Self::Scalar => Vectors::Scalar,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(token) => Vectors::Avx2(token),
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(token) => Vectors::Avx2(token.avx2()),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni(token) => Vectors::Avx512(token),
            #[cfg(target_arch = "aarch64")]
            Self::Neon(token) => Vectors::Neon(token),
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot(token) => Vectors::Neon(token.neon()),
            #[cfg(target_arch = "aarch64")]
            Self::NeonI8mm(token) => Vectors::Neon(token.dot().neon()),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128(token) => Vectors::Simd128(token),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::RelaxedDot(token) => Vectors::Simd128(token.simd128()),
        }
    }

    /// Lower-case name, as [`OVERRIDE`] and reports spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => "avx2",
            #[cfg(target_arch = "x86_64")]
            Self::AvxVnni(_) => "avxvnni",
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni(_) => "avx512vnni",
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => "neon",
            #[cfg(target_arch = "aarch64")]
            Self::NeonDot(_) => "neondot",
            #[cfg(target_arch = "aarch64")]
            Self::NeonI8mm(_) => "neoni8mm",
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Self::Simd128(_) => "simd128",
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Self::RelaxedDot(_) => "relaxed",
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_available_set_lowers_to_scalar_and_to_itself_and_to_no_unknown_name() {
        for isa in Isa::available() {
            assert_eq!(isa.lowered_to("scalar"), Some(Isa::Scalar));
            assert_eq!(isa.lowered_to(isa.name()), Some(isa));
            assert_eq!(isa.lowered_to("abacus"), None);
        }
    }

    #[test]
    fn no_set_can_be_raised() {
        for faster in Isa::available().skip(1) {
            assert_eq!(Isa::Scalar.lowered_to(faster.name()), None);
        }
    }
}
