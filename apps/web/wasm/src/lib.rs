//! The library as a WebAssembly module: what a page's worker calls.
//!
//! The interface is small enough to be written by hand, so there is no binding generator: numbers as arguments, a status as
//! result, and bytes in buffers that belong to the module and that JavaScript reads and writes in place. No Rust code follows a
//! pointer that came from outside, so there is no `unsafe` block here; what is unsafe about an exported function is its name.
//!
//! - [`exports`]: the functions.
//! - `studio`: what they act on: one segmenter, one effect, one picture.
//! - `listing`: the library's effects as JSON, from which a page makes its controls.
//! - `png`: pixels to PNG and back, alpha straight, which a browser's canvas cannot do.
pub mod exports;
mod listing;
mod png;
mod studio;
