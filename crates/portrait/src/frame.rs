//! Borrowed pixel views, and one owned picture.
use crate::error::{Error, ErrorKind, Result};

/// How the bytes of a pixel are laid out. Values are display-referred (sRGB or whatever the picture's profile says),
/// alpha is straight, not premultiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PixelFormat {
    /// One byte: luma, or a mask.
    Gray8,
    /// Three bytes: red, green, blue.
    Rgb8,
    /// Four bytes: red, green, blue, alpha (0 is transparent).
    Rgba8,
}

impl PixelFormat {
    /// Bytes of one pixel.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Gray8 => 1,
            Self::Rgb8 => 3,
            Self::Rgba8 => 4,
        }
    }

    /// Whether a pixel has an alpha byte.
    pub const fn has_alpha(self) -> bool {
        matches!(self, Self::Rgba8)
    }
}

/// Checks that `len` bytes hold `height` rows of `width` pixels, `stride` bytes apart (the last row may end early).
fn check(
    len: usize,
    width: usize,
    height: usize,
    stride: usize,
    format: PixelFormat,
) -> Result<()> {
    let fault = |message: String| Err(Error::new(ErrorKind::Frame, message));
    if width == 0 || height == 0 {
        return fault(format!(
            "a frame of {width} x {height} pixels has no pixels"
        ));
    }
    let Some(row) = width.checked_mul(format.bytes()) else {
        return fault(format!("a row of {width} pixels is longer than memory"));
    };
    if stride < row {
        return fault(format!(
            "stride of {stride} bytes is shorter than a row of {width} {format:?} pixels ({row} bytes)"
        ));
    }
    let needed = (height - 1)
        .checked_mul(stride)
        .and_then(|n| n.checked_add(row));
    match needed {
        None => fault(format!(
            "{height} rows of {stride} bytes are longer than memory"
        )),
        Some(needed) if len < needed => fault(format!(
            "{len} bytes are too few for {width} x {height} {format:?} pixels with a stride of {stride} bytes ({needed} needed)"
        )),
        Some(_) => Ok(()),
    }
}

/// A picture that somebody else owns: `[height, width, format.bytes()]` bytes, rows `stride` bytes apart.
///
/// ```
/// use hypercut::{Frame, PixelFormat};
/// let bytes = [10, 20, 30, 255, 40, 50, 60, 255]; // two rows of one pixel; the stride has one byte of padding
/// let frame = Frame::new(&bytes, 1, 2, 4, PixelFormat::Rgb8)?;
/// assert_eq!(frame.row(1), [40, 50, 60]);
/// assert!(Frame::rgb8(&bytes, 2, 2).is_err()); // 12 bytes needed
/// # Ok::<(), hypercut::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    data: &'a [u8],
    width: usize,
    height: usize,
    stride: usize,
    format: PixelFormat,
}

impl<'a> Frame<'a> {
    /// A view of `data`, rows `stride` bytes apart.
    ///
    /// # Errors
    /// [`ErrorKind::Frame`] when a size is zero, the stride is shorter than a row, or `data` is too short.
    pub fn new(
        data: &'a [u8],
        width: usize,
        height: usize,
        stride: usize,
        format: PixelFormat,
    ) -> Result<Self> {
        check(data.len(), width, height, stride, format)?;
        Ok(Self {
            data,
            width,
            height,
            stride,
            format,
        })
    }

    /// A view of a buffer that was made for such packed pixels.
    pub(crate) fn of_whole(
        data: &'a [u8],
        width: usize,
        height: usize,
        format: PixelFormat,
    ) -> Self {
        debug_assert_eq!(data.len(), width * height * format.bytes());
        Self {
            data,
            width,
            height,
            stride: width * format.bytes(),
            format,
        }
    }

    fn packed(data: &'a [u8], width: usize, height: usize, format: PixelFormat) -> Result<Self> {
        Self::new(
            data,
            width,
            height,
            width.saturating_mul(format.bytes()),
            format,
        )
    }

    /// Packed gray pixels.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn gray8(data: &'a [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Gray8)
    }

    /// Packed RGB pixels.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn rgb8(data: &'a [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Rgb8)
    }

    /// Packed RGBA pixels, straight alpha.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn rgba8(data: &'a [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Rgba8)
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes from one row's start to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Layout of a pixel.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// All bytes, padding included.
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Row `y` without padding: `[width, format.bytes()]`.
    ///
    /// # Panics
    /// When `y` is not below the height.
    pub fn row(&self, y: usize) -> &'a [u8] {
        assert!(y < self.height, "row {y} of {}", self.height);
        &self.data[y * self.stride..][..self.width * self.format.bytes()]
    }

    /// Every row, top first.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &'a [u8]> {
        let frame = *self;
        (0..self.height).map(move |y| frame.row(y))
    }
}

/// A picture that can be written; see [`Frame`].
#[derive(Debug)]
pub struct FrameMut<'a> {
    data: &'a mut [u8],
    width: usize,
    height: usize,
    stride: usize,
    format: PixelFormat,
}

impl<'a> FrameMut<'a> {
    /// A writable view of `data`, rows `stride` bytes apart; padding is never written.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn new(
        data: &'a mut [u8],
        width: usize,
        height: usize,
        stride: usize,
        format: PixelFormat,
    ) -> Result<Self> {
        check(data.len(), width, height, stride, format)?;
        Ok(Self {
            data,
            width,
            height,
            stride,
            format,
        })
    }

    /// A writable view of packed pixels.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn packed(
        data: &'a mut [u8],
        width: usize,
        height: usize,
        format: PixelFormat,
    ) -> Result<Self> {
        Self::new(
            data,
            width,
            height,
            width.saturating_mul(format.bytes()),
            format,
        )
    }

    /// Packed gray pixels.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn gray8(data: &'a mut [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Gray8)
    }

    /// Packed RGB pixels.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn rgb8(data: &'a mut [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Rgb8)
    }

    /// Packed RGBA pixels, straight alpha.
    ///
    /// # Errors
    /// As [`Frame::new`].
    pub fn rgba8(data: &'a mut [u8], width: usize, height: usize) -> Result<Self> {
        Self::packed(data, width, height, PixelFormat::Rgba8)
    }

    /// Pixels per row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Bytes from one row's start to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Layout of a pixel.
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// The same pixels, read-only.
    pub fn as_frame(&self) -> Frame<'_> {
        Frame {
            data: self.data,
            width: self.width,
            height: self.height,
            stride: self.stride,
            format: self.format,
        }
    }

    /// Row `y` without padding: `[width, format.bytes()]`.
    ///
    /// # Panics
    /// When `y` is not below the height.
    pub fn row_mut(&mut self, y: usize) -> &mut [u8] {
        assert!(y < self.height, "row {y} of {}", self.height);
        &mut self.data[y * self.stride..][..self.width * self.format.bytes()]
    }

    /// The whole frame in bands of `rows` rows, the last having what is left.
    pub(crate) fn bands(&mut self, rows: usize) -> impl ExactSizeIterator<Item = Band<'_>> + Send {
        let (stride, row) = (self.stride, self.width * self.format.bytes());
        let used = (self.height - 1) * stride + row;
        let bands = self.data[..used]
            .chunks_mut(rows.saturating_mul(stride))
            .enumerate();
        bands.map(move |(i, data)| Band {
            first: i * rows,
            data,
            stride,
            row,
        })
    }
}

/// Successive rows of a [`FrameMut`].
pub(crate) struct Band<'a> {
    first: usize,
    data: &'a mut [u8],
    stride: usize,
    row: usize,
}

impl<'a> Band<'a> {
    /// Every row with its number in the frame, top first.
    pub(crate) fn rows(self) -> impl Iterator<Item = (usize, &'a mut [u8])> {
        let rows = self.data.chunks_mut(self.stride);
        (self.first..).zip(rows.map(move |row| &mut row[..self.row]))
    }
}

/// An owned picture, packed; what an option of kind [`OptionKind::Picture`](crate::effects::OptionKind::Picture) takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    data: Vec<u8>,
    width: usize,
    height: usize,
    format: PixelFormat,
}

impl Picture {
    /// Takes packed pixels `[height, width, format.bytes()]`.
    ///
    /// # Errors
    /// [`ErrorKind::Frame`] when a size is zero or `data` has not exactly the bytes that the sizes need.
    pub fn new(data: Vec<u8>, width: usize, height: usize, format: PixelFormat) -> Result<Self> {
        Frame::packed(&data, width, height, format)?;
        if data.len() != width * height * format.bytes() {
            let message = format!(
                "{} bytes are too many for {width} x {height} {format:?} pixels",
                data.len()
            );
            return Err(Error::new(ErrorKind::Frame, message));
        }
        Ok(Self {
            data,
            width,
            height,
            format,
        })
    }

    /// A view of the picture.
    pub fn as_frame(&self) -> Frame<'_> {
        let stride = self.width * self.format.bytes();
        Frame {
            data: &self.data,
            width: self.width,
            height: self.height,
            stride,
            format: self.format,
        }
    }
}
