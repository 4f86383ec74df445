//! Cuts people out of pictures and draws portrait-mode effects, on one ordinary CPU core, with a small 8-bit network that is
//! built in.
//!
//! Three steps: wrap your pixels in a [`Frame`], let a [`Segmenter`] fill a [`Mask`], and apply one of the
//! [`effects`]. Nothing here reads or writes files; decoding and encoding are the caller's.
//!
//! ```
//! use hypercut::effects::{self, OptionValue, OptionValues};
//! use hypercut::{Frame, FrameMut, Mask, Segmenter};
//!
//! // Any RGB picture will do; this one is a gradient of 160 x 120 pixels.
//! let (width, height) = (160, 120);
//! let pixels: Vec<u8> = (0..width * height * 3).map(|i| (i / 3 % width) as u8).collect();
//! let frame = Frame::rgb8(&pixels, width, height)?;
//!
//! let mut segmenter = Segmenter::new()?;
//! let mut mask = Mask::new();
//! segmenter.segment(&frame, &mut mask)?;
//!
//! let mut options = OptionValues::new();
//! options.set("strength", OptionValue::Number(60.0));
//! let mut blur = effects::find("blur")?.build(&options)?;
//! let mut out = vec![0; pixels.len()];
//! blur.apply(&frame, &mask, &mut FrameMut::rgb8(&mut out, width, height)?)?;
//! # Ok::<(), hypercut::Error>(())
//! ```
//!
//! A segmenter, a mask and an effect are meant to be kept: after the first frame of a size they allocate nothing.
//!
//! # What is where
//! - [`Frame`], [`FrameMut`], [`Picture`]: borrowed views with strides, and one owned picture.
//! - [`Segmenter`]: a frame to a soft mask; [`Segmenter::from_tflite`] takes other portrait networks.
//! - [`mask`]: the mask, and the steps behind it, usable alone.
//! - [`effects`]: the list [`EFFECTS`](effects::EFFECTS), from which command line, server and web page make their options.
//! - [`live`]: frame after frame, failing closed.
//! - [`logo`]: a logo in the corner.
//! - [`Threads`]: several threads for one picture, with the feature `threads`; one otherwise.
//! - [`yuv`]: I420, NV12 and other luma with chroma to frames, and back.
pub mod effects;
mod effort;
mod error;
mod frame;
pub mod live;
pub mod logo;
pub mod mask;
mod memory;
mod network;
mod pair;
mod segmenter;
mod threads;
mod thumbnail;
pub mod yuv;

pub use effort::Effort;
pub use error::{Error, ErrorKind, Result};
pub use frame::{Frame, FrameMut, Picture, PixelFormat};
pub use mask::Mask;
pub use segmenter::Segmenter;
pub use threads::Threads;
