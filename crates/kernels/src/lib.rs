//! Kernels of HyperCut: the arithmetic of a network ([`nn`]) on slices, knowing no graph and no file format.
//!
//! Every operation is a folder: `mod.rs` holds the definition, checks lengths once and picks an implementation by one
//! `match` on [`Isa`](isa::Isa); `scalar.rs` is the oracle that every other implementation must equal, bit for bit where
//! the elements are integers. Tensors are dense and row-major, pictures `[N, H, W, C]`.
//!
//! Kernels panic when a slice's length contradicts the given shape; nothing else panics, whatever the data.
// A target whose only set is `Scalar` leaves the loops that the others share unused.
#![cfg_attr(
    not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        all(target_arch = "wasm32", target_feature = "simd128")
    )),
    allow(dead_code, unused_imports, unused_variables)
)]
mod floats;
pub mod isa;
mod lanes;
pub mod nn;
pub mod pixel;
pub mod requantize;
pub mod roof;
