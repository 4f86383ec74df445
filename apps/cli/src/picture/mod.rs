//! Picture files: what they are, how they are read, what is kept of them, how they are written.
mod decode;
mod encode;
mod format;
mod jpeg;
mod metadata;
mod pixels;

pub(crate) use decode::{Decoded, PixelLimit, decode};
pub(crate) use encode::{Encoding, encode};
pub(crate) use format::{Format, HEAD_BYTES, NotAPicture, sniff};
pub(crate) use metadata::KeptExif;
pub(crate) use pixels::{convert, has_colour, is_transparent, lay_on_white};
