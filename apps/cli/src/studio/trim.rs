//! Cutting a cut-out down to what can be seen of it.
use hypercut::Frame;

/// Alpha below which a pixel counts as empty: 5 % can't be seen, and a network's doubt leaves such specks anywhere.
const SEEN: u8 = 13;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    pub(super) x: usize,
    pub(super) y: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// The smallest rectangle around the visible pixels of an RGBA frame; `None` when there are none or no alpha.
pub(super) fn bounds(frame: &Frame<'_>) -> Option<Bounds> {
    if !frame.format().has_alpha() {
        return None;
    }
    let (mut left, mut right) = (usize::MAX, 0);
    let (mut top, mut bottom) = (None, 0);
    for (y, row) in frame.rows().enumerate() {
        let seen = |pixel: &[u8; 4]| pixel[3] >= SEEN;
        let pixels = row.as_chunks::<4>().0;
        let Some(first) = pixels.iter().position(seen) else {
            continue;
        };
        let last = pixels.iter().rposition(seen).unwrap_or(first);
        left = left.min(first);
        right = right.max(last + 1);
        top.get_or_insert(y);
        bottom = y + 1;
    }
    let y = top?;
    Some(Bounds {
        x: left,
        y,
        width: right - left,
        height: bottom - y,
    })
}

/// The pixels inside `bounds`, packed.
pub(super) fn crop(frame: &Frame<'_>, bounds: &Bounds) -> Vec<u8> {
    let bytes = frame.format().bytes();
    frame
        .rows()
        .skip(bounds.y)
        .take(bounds.height)
        .flat_map(|row| &row[bounds.x * bytes..(bounds.x + bounds.width) * bytes])
        .copied()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_hold_what_is_seen_and_no_more() {
        let (width, height) = (5, 4);
        let mut pixels = vec![0; width * height * 4];
        let mut set = |x: usize, y: usize, alpha| pixels[(y * width + x) * 4 + 3] = alpha;
        set(0, 0, SEEN - 1);
        set(1, 2, SEEN);
        set(3, 1, 255);
        let frame = Frame::rgba8(&pixels, width, height).unwrap();
        let bounds = bounds(&frame).unwrap();
        let expected = Bounds {
            x: 1,
            y: 1,
            width: 3,
            height: 2,
        };
        assert_eq!(bounds, expected);
        let cropped = crop(&frame, &bounds);
        let alphas: Vec<_> = cropped.iter().skip(3).step_by(4).copied().collect();
        assert_eq!(alphas, [0, 0, 255, SEEN, 0, 0]);
    }

    #[test]
    fn nothing_seen_has_no_bounds() {
        assert_eq!(bounds(&Frame::rgba8(&[9; 16], 2, 2).unwrap()), None);
        assert_eq!(bounds(&Frame::rgb8(&[9; 12], 2, 2).unwrap()), None);
    }
}
