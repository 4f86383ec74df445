//! Kernels of HyperCut: the arithmetic of a network ([`nn`]) on slices, knowing no graph and no file format.
//!
//! Every operation is a folder: `mod.rs` holds the definition, checks lengths once and picks an implementation by one
//! `match` on [`Isa`](isa::Isa); `scalar.rs` is the oracle that every other implementation must equal, bit for bit where
//! the elements are integers. Tensors are dense and row-major, pictures `[N, H, W, C]`.
//!
//! Kernels panic when a slice's length contradicts the given shape; nothing else panics, whatever the data.
pub mod isa;
mod lanes;
pub mod nn;
pub mod requantize;
