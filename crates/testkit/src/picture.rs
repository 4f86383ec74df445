//! Pictures of what went wrong, in formats that need no codec.
use std::io;
use std::path::PathBuf;

/// Writes `pixels`, `[height, width, channels]`, for a person to look at; returns where.
///
/// One channel becomes a PGM, three a PPM, in a folder `hypercut-tests` of the system's temporary folder.
///
/// # Errors
/// When the folder or file can't be written, or `pixels` has another length or number of channels.
pub fn dump(
    name: &str,
    width: usize,
    height: usize,
    channels: usize,
    pixels: &[u8],
) -> io::Result<PathBuf> {
    let (magic, extension) = match channels {
        1 => ("P5", "pgm"),
        3 => ("P6", "ppm"),
        _ => return Err(io::Error::other(format!("{channels} channels"))),
    };
    if pixels.len() != width * height * channels {
        return Err(io::Error::other(format!(
            "{} bytes for {width}x{height}x{channels}",
            pixels.len()
        )));
    }
    let folder = std::env::temp_dir().join("hypercut-tests");
    std::fs::create_dir_all(&folder)?;
    let safe: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let path = folder.join(format!("{safe}.{extension}"));
    let mut file = format!("{magic}\n{width} {height}\n255\n").into_bytes();
    file.extend_from_slice(pixels);
    std::fs::write(&path, file)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_has_header_and_pixels() {
        let path = dump("dump/test 1", 2, 1, 3, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(path.file_name().unwrap(), "dump-test-1.ppm");
        assert_eq!(
            std::fs::read(path).unwrap(),
            b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\x06"
        );
        assert!(dump("x", 2, 2, 3, &[0]).is_err());
        assert!(dump("x", 1, 1, 2, &[0, 0]).is_err());
    }
}
