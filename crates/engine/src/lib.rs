//! Reads a `.tflite` network and runs it on one CPU core.
//!
//! Data goes one way: bytes -> [`Model`](model::Model) -> [`Graph`](graph::Graph) -> [`Plan`](plan::Plan) ->
//! [`Session`](session::Session). Each stage takes the one before it and never reaches back.
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
