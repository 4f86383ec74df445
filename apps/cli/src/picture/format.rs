//! Which format a file has, told by its first bytes; names lie.
use std::path::Path;

/// Bytes of a file's head that [`sniff`] wants to see.
pub(crate) const HEAD_BYTES: usize = 32;

/// A format that can be read and written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// Small files, no transparency; see `--quality`.
    #[value(alias = "jpg")]
    Jpeg,
    /// Lossless, with transparency.
    Png,
    /// Lossless here, with transparency; smaller than PNG.
    Webp,
}

impl Format {
    /// The name for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
        }
    }

    /// The ending of new files, without the dot.
    pub(crate) fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
        }
    }

    /// The media type of HTTP answers and objects.
    #[cfg(feature = "serve")]
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Webp => "image/webp",
        }
    }

    /// The format that a file's name promises.
    pub(crate) fn from_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Some(Self::Jpeg),
            "png" => Some(Self::Png),
            "webp" => Some(Self::Webp),
            _ => None,
        }
    }

    /// Whether pixels can be transparent.
    pub(crate) fn has_alpha(self) -> bool {
        self != Self::Jpeg
    }
}

/// Why bytes are no picture that can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotAPicture {
    /// Not a single byte.
    Empty,
    /// A known format that isn't read, by name.
    Other(&'static str),
    /// None of the formats known by their first bytes.
    Unknown,
}

impl NotAPicture {
    /// What is wrong, to follow the file's name.
    pub(crate) fn message(self) -> String {
        match self {
            Self::Empty => "the file is empty".into(),
            Self::Other(name) => format!("{name} pictures are not read; JPEG, PNG and WebP are"),
            Self::Unknown => "not a picture that can be read; JPEG, PNG and WebP are".into(),
        }
    }
}

/// Tells the format from a file's first [`HEAD_BYTES`] bytes (or all, if it has fewer).
///
/// # Errors
/// [`NotAPicture`], which names the formats that are common but not read.
pub(crate) fn sniff(head: &[u8]) -> Result<Format, NotAPicture> {
    let at = |offset: usize, magic: &[u8]| {
        head.get(offset..)
            .is_some_and(|rest| rest.starts_with(magic))
    };
    let brand = |brands: &[&[u8]]| at(4, b"ftyp") && brands.iter().any(|brand| at(8, brand));
    if head.is_empty() {
        Err(NotAPicture::Empty)
    } else if at(0, b"\xff\xd8\xff") {
        Ok(Format::Jpeg)
    } else if at(0, b"\x89PNG\r\n\x1a\n") {
        Ok(Format::Png)
    } else if at(0, b"RIFF") && at(8, b"WEBP") {
        Ok(Format::Webp)
    } else if brand(&[b"avif", b"avis"]) {
        Err(NotAPicture::Other("AVIF"))
    } else if brand(&[
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1",
    ]) {
        Err(NotAPicture::Other("HEIC"))
    } else if at(0, b"GIF8") {
        Err(NotAPicture::Other("GIF"))
    } else if at(0, b"BM") && head.len() >= 26 {
        Err(NotAPicture::Other("BMP"))
    } else if at(0, b"II*\0") || at(0, b"MM\0*") {
        Err(NotAPicture::Other("TIFF"))
    } else if at(0, b"\0\0\0\x0cJXL ") || at(0, b"\xff\x0a") {
        Err(NotAPicture::Other("JPEG XL"))
    } else if at(0, b"8BPS") {
        Err(NotAPicture::Other("Photoshop"))
    } else if at(0, b"%PDF") {
        Err(NotAPicture::Other("PDF"))
    } else {
        Err(NotAPicture::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_counts_not_the_name() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\0\x10JFIF"), Ok(Format::Jpeg));
        assert_eq!(sniff(b"RIFF\0\0\0\0WEBPVP8 "), Ok(Format::Webp));
        assert_eq!(sniff(b"RIFF\0\0\0\0WAVEfmt "), Err(NotAPicture::Unknown));
        assert_eq!(
            sniff(b"\0\0\0\x18ftypheic\0\0\0\0"),
            Err(NotAPicture::Other("HEIC"))
        );
        assert_eq!(
            sniff(b"\0\0\0\x18ftypavif\0\0\0\0"),
            Err(NotAPicture::Other("AVIF"))
        );
        assert_eq!(sniff(b""), Err(NotAPicture::Empty));
        for length in 1..8 {
            assert_eq!(
                sniff(&b"\x89PNG\r\n\x1a\n"[..length]),
                Err(NotAPicture::Unknown)
            );
        }
    }
}
