//! Cuts people out of pictures and draws portrait-mode effects.
pub mod effects;
mod error;
mod frame;
pub mod logo;
mod mask;
mod segmenter;

pub use error::{Error, ErrorKind, Result};
pub use frame::{Frame, FrameMut, Picture, PixelFormat};
pub use mask::Mask;
pub use segmenter::Segmenter;
