//! Colour profile and EXIF of a picture: what of them is still true of the picture that is written.
use hypercut::PixelFormat;
use std::ops::Range;

/// What a picture file says besides its pixels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// ICC profile, as it stands in the file.
    pub(crate) icc: Option<Vec<u8>>,
    /// EXIF block, starting with its TIFF header (`II*\0` or `MM\0*`).
    pub(crate) exif: Option<Vec<u8>>,
}

impl Metadata {
    /// The profile, if it is one for pixels of `format`.
    ///
    /// A CMYK picture is read as RGB and a gray one may become RGB; their profiles would then turn colours wrong.
    pub(crate) fn icc_for(&self, format: PixelFormat) -> Option<&[u8]> {
        // ICC.1:2022, 7.2.8: data colour space at bytes 16 to 19 of the header.
        let space: &[u8] = match format {
            PixelFormat::Gray8 => b"GRAY",
            _ => b"RGB ",
        };
        self.icc
            .as_deref()
            .filter(|icc| icc.get(16..20) == Some(space))
    }
}

/// EXIF that is right for an upright picture without the original's thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptExif(Vec<u8>);

impl KeptExif {
    /// Sets the orientation to 1 and the size, where there is one, to that of the picture written, and takes out the thumbnail and the
    /// maker's notes, where previews are: they would show the background that was taken away.
    ///
    /// `None` when the block isn't EXIF.
    pub(crate) fn new(exif: &[u8], (width, height): (usize, usize)) -> Option<Self> {
        let mut bytes = exif.to_vec();
        let tiff = Tiff::new(&bytes)?;
        let first = tiff.u32(&bytes, 4)?;
        tiff.set(&mut bytes, first, tag::ORIENTATION, 1);
        let details = tiff.value(&bytes, first, tag::DETAILS);
        for (directory, wide, high) in [
            (Some(first), tag::IMAGE_WIDTH, tag::IMAGE_LENGTH),
            (details, tag::PIXEL_X, tag::PIXEL_Y),
        ] {
            if let Some(directory) = directory {
                tiff.set(&mut bytes, directory, wide, width);
                tiff.set(&mut bytes, directory, high, height);
            }
        }
        if let Some(notes) = details.and_then(|at| tiff.bytes_of(&bytes, at, tag::MAKER_NOTE)) {
            bytes[notes].fill(0);
        }
        remove_thumbnail(&tiff, &mut bytes, first)?;
        Some(Self(bytes))
    }

    /// The block.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Tags of directories' entries (EXIF 2.32, 4.6).
mod tag {
    pub(super) const IMAGE_WIDTH: usize = 0x0100;
    pub(super) const IMAGE_LENGTH: usize = 0x0101;
    pub(super) const STRIP_OFFSETS: usize = 0x0111;
    pub(super) const ORIENTATION: usize = 0x0112;
    pub(super) const STRIP_LENGTHS: usize = 0x0117;
    pub(super) const JPEG_OFFSET: usize = 0x0201;
    pub(super) const JPEG_LENGTH: usize = 0x0202;
    pub(super) const DETAILS: usize = 0x8769;
    pub(super) const MAKER_NOTE: usize = 0x927c;
    pub(super) const PIXEL_X: usize = 0xa002;
    pub(super) const PIXEL_Y: usize = 0xa003;
}

/// Bytes before everything that entries point to.
const HEADER: usize = 8;

/// Types of an entry's values.
const SHORT: usize = 3;
const LONG: usize = 4;

/// Reads and writes integers of a TIFF block in its own byte order.
struct Tiff {
    big_endian: bool,
}

impl Tiff {
    fn new(bytes: &[u8]) -> Option<Self> {
        match bytes.get(..4)? {
            b"II*\0" => Some(Self { big_endian: false }),
            b"MM\0*" => Some(Self { big_endian: true }),
            _ => None,
        }
    }

    fn u16(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let raw = bytes.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(usize::from(if self.big_endian {
            u16::from_be_bytes(raw)
        } else {
            u16::from_le_bytes(raw)
        }))
    }

    fn u32(&self, bytes: &[u8], at: usize) -> Option<usize> {
        let raw = bytes.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let value = if self.big_endian {
            u32::from_be_bytes(raw)
        } else {
            u32::from_le_bytes(raw)
        };
        usize::try_from(value).ok()
    }

    /// Where the entry of that tag is in a directory.
    fn entry(&self, bytes: &[u8], directory: usize, tag: usize) -> Option<usize> {
        let entries = self.u16(bytes, directory)?;
        (0..entries)
            .filter_map(|entry| directory.checked_add(2 + 12 * entry))
            .find(|&at| self.u16(bytes, at) == Some(tag))
    }

    /// Every value of an entry; they lie in it when they fit four bytes.
    fn values(&self, bytes: &[u8], directory: usize, tag: usize) -> Option<Vec<usize>> {
        let at = self.entry(bytes, directory, tag)?;
        let kind = self.u16(bytes, at + 2)?;
        let size = match kind {
            SHORT => 2,
            LONG => 4,
            _ => return None,
        };
        let count = self.u32(bytes, at + 4)?.min(bytes.len());
        let start = match count * size {
            0..=4 => at + 8,
            _ => self.u32(bytes, at + 8)?,
        };
        (0..count)
            .map(|index| {
                let at = start.checked_add(index * size)?;
                match kind {
                    SHORT => self.u16(bytes, at),
                    _ => self.u32(bytes, at),
                }
            })
            .collect()
    }

    /// Where the bytes of an entry of single bytes lie, outside the entry.
    fn bytes_of(&self, bytes: &[u8], directory: usize, tag: usize) -> Option<Range<usize>> {
        let at = self.entry(bytes, directory, tag)?;
        let (count, start) = (self.u32(bytes, at + 4)?, self.u32(bytes, at + 8)?);
        let end = start.checked_add(count)?;
        (count > 4 && start >= HEADER && end <= bytes.len()).then_some(start..end)
    }

    fn value(&self, bytes: &[u8], directory: usize, tag: usize) -> Option<usize> {
        self.values(bytes, directory, tag)?.first().copied()
    }

    /// Writes the one value of an entry, where there is such an entry and the value fits it.
    fn set(&self, bytes: &mut [u8], directory: usize, tag: usize, value: usize) -> Option<()> {
        let at = self.entry(bytes, directory, tag)?;
        let kind = self.u16(bytes, at + 2)?;
        if self.u32(bytes, at + 4)? != 1 {
            return None;
        }
        let field = bytes.get_mut(at + 8..at + 12)?;
        let short = u16::try_from(value).ok();
        let long = u32::try_from(value).ok()?;
        match (kind, self.big_endian) {
            (SHORT, false) => field[..2].copy_from_slice(&short?.to_le_bytes()),
            (SHORT, true) => field[..2].copy_from_slice(&short?.to_be_bytes()),
            (LONG, false) => field.copy_from_slice(&long.to_le_bytes()),
            (LONG, true) => field.copy_from_slice(&long.to_be_bytes()),
            _ => return None,
        }
        Some(())
    }
}

/// Cuts the second directory, which describes the thumbnail (EXIF 2.32, 4.5.1), and wipes the thumbnail's bytes, a JPEG's or strips of pixels.
fn remove_thumbnail(tiff: &Tiff, bytes: &mut Vec<u8>, first: usize) -> Option<()> {
    let link = first.checked_add(2 + 12 * tiff.u16(bytes, first)?)?;
    // A block may end without the link to a second directory.
    let Some(second) = tiff.u32(bytes, link).filter(|&at| at != 0) else {
        return Some(());
    };
    let mut parts = Vec::new();
    for (offset, length) in [
        (tag::JPEG_OFFSET, tag::JPEG_LENGTH),
        (tag::STRIP_OFFSETS, tag::STRIP_LENGTHS),
    ] {
        let values = |tag| tiff.values(bytes, second, tag).unwrap_or_default();
        parts.extend(values(offset).into_iter().zip(values(length)));
    }
    let directory = link + 4;
    bytes[link..directory].fill(0);
    // The last one first: what ends the block is cut.
    parts.sort_unstable_by(|a, b| b.cmp(a));
    for (offset, length) in parts {
        let end = offset.saturating_add(length).min(bytes.len());
        // The first directory lies before; whoever says that his thumbnail does is wrong.
        if offset >= directory && offset < end {
            bytes[offset..end].fill(0);
            if end == bytes.len() {
                bytes.truncate(offset);
            }
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::metadata::Orientation;

    /// Little-endian EXIF: orientation `orientation`, and a second directory with a thumbnail `thumb`.
    fn exif(orientation: u8, thumb: &[u8]) -> Vec<u8> {
        let mut bytes = b"II*\0\x08\0\0\0\x01\0".to_vec();
        bytes.extend([0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]);
        bytes.extend(26u32.to_le_bytes());
        bytes.extend([2, 0]);
        bytes.extend([1, 2, 4, 0, 1, 0, 0, 0, 56, 0, 0, 0]);
        bytes.extend([2, 2, 4, 0, 1, 0, 0, 0, thumb.len() as u8, 0, 0, 0]);
        bytes.extend([0; 4]);
        bytes.extend(thumb);
        bytes
    }

    #[test]
    fn orientation_is_reset_and_thumbnail_gone() {
        let kept = KeptExif::new(&exif(6, b"SECRET"), (3, 2)).unwrap();
        let bytes = kept.as_bytes();
        assert_eq!(
            Orientation::from_exif_chunk(bytes),
            Some(Orientation::NoTransforms)
        );
        assert_eq!(bytes.len(), 56, "cut where the thumbnail began");
        assert_eq!(bytes[22..26], [0; 4], "no second directory");
    }

    /// Big-endian: a wrong orientation, sizes of 4000 x 3000 in both directories, maker's notes, a thumbnail of two strips.
    #[test]
    fn sizes_are_the_written_pictures_and_no_preview_is_left() {
        let entry = |tag: u16, kind: u16, count: u32, value: u32| {
            let mut bytes = tag.to_be_bytes().to_vec();
            bytes.extend(kind.to_be_bytes());
            bytes.extend(count.to_be_bytes());
            match (kind, count) {
                (3, 1) => bytes.extend((value << 16).to_be_bytes()),
                _ => bytes.extend(value.to_be_bytes()),
            }
            bytes
        };
        let directory = |entries: &[Vec<u8>], next: u32| {
            let count = entries.len() as u16;
            [
                count.to_be_bytes().to_vec(),
                entries.concat(),
                next.to_be_bytes().to_vec(),
            ]
            .concat()
        };
        let make = |width, height, orientation, next, preview: &[u8; 8], strip: &[u8; 8]| {
            // At 8: three entries; at 50: three; at 92: two; at 122: preview, two offsets, two lengths, strips.
            let first = [
                entry(0x0100, 4, 1, width),
                entry(0x0112, 3, 1, orientation),
                entry(0x8769, 4, 1, 50),
            ];
            let details = [
                entry(0x927c, 7, 8, 122),
                entry(0xa002, 3, 1, width),
                entry(0xa003, 4, 1, height),
            ];
            let second = [entry(0x0111, 4, 2, 130), entry(0x0117, 4, 2, 138)];
            let mut bytes = b"MM\0*\0\0\0\x08".to_vec();
            bytes.extend(directory(&first, next));
            bytes.extend(directory(&details, 0));
            bytes.extend(directory(&second, 0));
            bytes.extend(preview);
            bytes.extend([146u32, 150, 4, 4].map(u32::to_be_bytes).concat());
            bytes.extend(strip);
            bytes
        };
        let before = make(4000, 3000, 9, 92, b"PREVIEW!", b"RGBRGBRG");
        assert_eq!(before.len(), 154);
        let kept = KeptExif::new(&before, (300, 400)).unwrap();
        let after = make(300, 400, 1, 0, &[0; 8], &[0; 8]);
        assert_eq!(kept.as_bytes(), &after[..146], "cut where the strips began");
    }

    #[test]
    fn every_truncation_and_every_byte_changed_is_survived() {
        let whole = exif(6, b"SECRET");
        for length in 0..whole.len() {
            let _ = KeptExif::new(&whole[..length], (3, 2));
            for byte in [0, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[length] = byte;
                let _ = KeptExif::new(&changed, (3, 2));
            }
        }
    }

    #[test]
    fn a_profile_of_another_colour_space_is_left_out() {
        let mut icc = vec![0; 128];
        icc[16..20].copy_from_slice(b"CMYK");
        let metadata = Metadata {
            icc: Some(icc),
            exif: None,
        };
        assert_eq!(metadata.icc_for(PixelFormat::Rgb8), None);
    }
}
