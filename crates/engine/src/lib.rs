//! Reads a `.tflite` network and runs it on one CPU core.
//!
//! Data goes one way: bytes -> [`Model`](model::Model) -> [`Graph`](graph::Graph) -> [`Plan`](plan::Plan) ->
//! [`Session`]. Each stage takes the one before it and never reaches back; a session needs none of them any more.
//!
//! ```
//! # fn main() -> hypercut_engine::Result<()> {
//! # let bytes = include_bytes!("../../../tests/golden/models/mixture_float.tflite");
//! let mut session = hypercut_engine::Session::from_bytes(bytes)?;
//! session.input_mut::<f32>(0)?.fill(0.5);
//! session.run();
//! let results: &[f32] = session.output_data(0)?;
//! # assert!(results.iter().all(|result| result.is_finite()));
//! # Ok(())
//! # }
//! ```
//!
//! Files come from anywhere: whatever the bytes, the outcome is an [`Error`] or a network within [`Limits`].
pub mod convert;
pub mod describe;
pub mod error;
pub mod graph;
pub mod limits;
pub mod model;
pub mod ops;
pub mod plan;
pub mod profile;
pub mod session;
pub mod tensor;

pub use error::{Error, ErrorKind, Result};
pub use limits::Limits;
pub use session::Session;
