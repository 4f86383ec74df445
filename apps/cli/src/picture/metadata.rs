//! Colour profile and EXIF of a picture: what of them is still true of the picture that is written.
use hypercut::PixelFormat;
use image::metadata::Orientation;

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
    /// Sets the orientation to 1 and takes the thumbnail out: it would show the background that was taken away.
    ///
    /// `None` when the block isn't EXIF.
    pub(crate) fn new(exif: &[u8]) -> Option<Self> {
        let mut bytes = exif.to_vec();
        // Absent orientation means upright, so a block without one needs no change.
        let _ = Orientation::remove_from_exif_chunk(&mut bytes);
        remove_thumbnail(&mut bytes)?;
        Some(Self(bytes))
    }

    /// The block.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Reads integers of a TIFF block in its own byte order.
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
}

/// Cuts the second directory, which describes the thumbnail (EXIF 2.32, 4.5.1), and wipes the thumbnail's bytes.
fn remove_thumbnail(bytes: &mut Vec<u8>) -> Option<()> {
    const THUMBNAIL_OFFSET: usize = 0x0201;
    const THUMBNAIL_LENGTH: usize = 0x0202;
    let tiff = Tiff::new(bytes)?;
    let first = tiff.u32(bytes, 4)?;
    let link = first.checked_add(2 + 12 * tiff.u16(bytes, first)?)?;
    // A block may end without the link to a second directory.
    let Some(second) = tiff.u32(bytes, link).filter(|&at| at != 0) else {
        return Some(());
    };
    let (mut offset, mut length) = (None, None);
    for entry in 0..tiff.u16(bytes, second).unwrap_or(0) {
        let at = second + 2 + 12 * entry;
        match tiff.u16(bytes, at) {
            Some(THUMBNAIL_OFFSET) => offset = tiff.u32(bytes, at + 8),
            Some(THUMBNAIL_LENGTH) => length = tiff.u32(bytes, at + 8),
            Some(_) => {}
            None => break,
        }
    }
    bytes[link..link + 4].fill(0);
    if let (Some(offset), Some(length)) = (offset, length)
        && let Some(end) = offset.checked_add(length).map(|end| end.min(bytes.len()))
        && offset < end
    {
        bytes[offset..end].fill(0);
        if end == bytes.len() {
            bytes.truncate(offset.max(link + 4));
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let kept = KeptExif::new(&exif(6, b"SECRET")).unwrap();
        let bytes = kept.as_bytes();
        assert_eq!(
            Orientation::from_exif_chunk(bytes),
            Some(Orientation::NoTransforms)
        );
        assert_eq!(bytes.len(), 56, "cut where the thumbnail began");
        assert_eq!(bytes[22..26], [0; 4], "no second directory");
    }

    #[test]
    fn every_truncation_and_every_byte_changed_is_survived() {
        let whole = exif(6, b"SECRET");
        for length in 0..whole.len() {
            let _ = KeptExif::new(&whole[..length]);
            for byte in [0, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[length] = byte;
                let _ = KeptExif::new(&changed);
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
