//! Frames into a YUV4MPEG2 stream.
use anyhow::Result;
use std::io::Write;

use super::header::Header;
use hypercut::yuv::{Coding, Layout};

/// Writes RGB frames, or gray ones as mono, as planes.
pub(crate) struct Writer<W> {
    to: W,
    coding: Coding,
    layout: Layout,
    planes: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn new(mut to: W, header: &Header) -> Result<Self> {
        to.write_all(header.line().as_bytes())?;
        let layout = Layout::new(header.width, header.height, header.chroma);
        Ok(Self {
            to,
            coding: Coding::for_height(header.height, header.full_range),
            layout,
            planes: vec![0; layout.bytes()],
        })
    }

    /// Writes a frame, `[height, width, 3]`, or `[height, width]` when the header says mono.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn put(&mut self, pixels: &[u8]) -> Result<()> {
        self.coding.encode(&self.layout, pixels, &mut self.planes)?;
        self.to.write_all(b"FRAME\n")?;
        self.to.write_all(&self.planes)?;
        Ok(())
    }

    /// Everything written so far to the reader.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn flush(&mut self) -> Result<()> {
        Ok(self.to.flush()?)
    }

    /// What was written to, after all buffered bytes.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn into_inner(mut self) -> Result<W> {
        self.to.flush()?;
        Ok(self.to)
    }
}
