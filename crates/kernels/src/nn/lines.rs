//! Bytes in cache lines. A vector of 64 bytes that begins elsewhere lies in two lines, and loading it takes two loads' time.

/// A cache line.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [i8; 64]);

impl Line {
    /// A line of one byte.
    pub(crate) const fn of(byte: i8) -> Self {
        Self([byte; 64])
    }
}

/// `bytes`, the last line filled up with zeros.
pub(crate) fn lines(bytes: &[i8]) -> Vec<Line> {
    let line = |part: &[i8]| {
        let mut line = Line::of(0);
        line.0[..part.len()].copy_from_slice(part);
        line
    };
    bytes.chunks(64).map(line).collect()
}

/// The bytes of `lines`.
pub(crate) fn bytes_mut(lines: &mut [Line]) -> &mut [i8] {
    // SAFETY: a line is 64 bytes without padding (size and alignment are both 64), so `lines` is as many bytes, all initialised.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_come_back_in_whole_lines() {
        let bytes: Vec<i8> = (0..100).collect();
        let mut lines = lines(&bytes);
        assert_eq!(lines.as_ptr().addr() % 64, 0);
        let back = bytes_mut(&mut lines);
        assert_eq!(back[..100], bytes);
        assert_eq!(back[100..], [0; 28]);
    }
}
