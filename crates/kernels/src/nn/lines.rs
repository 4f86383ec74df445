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

/// The bytes of `lines`.
pub(crate) fn bytes_mut(lines: &mut [Line]) -> &mut [i8] {
    // SAFETY: a line is 64 bytes without padding (size and alignment are both 64), so `lines` is as many bytes, all initialised.
    unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * 64) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_lines_in_order() {
        let mut lines = vec![Line::of(1), Line::of(2)];
        assert_eq!(lines.as_ptr().addr() % 64, 0);
        let bytes = bytes_mut(&mut lines);
        assert_eq!((bytes.len(), bytes[63], bytes[64]), (128, 1, 2));
        bytes[64] = 7;
        assert_eq!(lines[1].0[..2], [7, 2]);
    }
}
