//! YUV4MPEG2, the plain video of pipes: a line of text, then frames of planes, each after a line of its own.
//!
//! Source: `yuv4mpeg(5)` of mjpegtools. 8 bits; 4:2:0, 4:2:2, 4:4:4 and mono.
mod header;
mod read;
mod write;

pub(crate) use header::Header;
pub(crate) use read::Reader;
pub(crate) use write::Writer;

/// The first bytes of every such file.
pub(crate) const MAGIC: &[u8] = b"YUV4MPEG2";
