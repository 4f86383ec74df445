//! Cuts people out of pictures and draws portrait-mode effects.
pub mod effects;
mod error;
mod frame;
pub mod logo;
pub mod mask;
mod segmenter;
mod thumbnail;

pub use error::{Error, ErrorKind, Result};
pub use frame::{Frame, FrameMut, Picture, PixelFormat};
pub use mask::Mask;
pub use segmenter::Segmenter;
