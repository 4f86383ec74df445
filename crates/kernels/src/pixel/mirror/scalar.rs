//! Plain Rust for any ISA.
use super::Seen;

/// The columns from `first` on of every row: those before it are left as they are.
#[inline(always)]
pub(super) fn fill(seen: Seen<'_>, first: usize, out: &mut [i8]) {
    let width = seen.width;
    let rows = out.chunks_exact_mut(4 * width);
    for ((y, row), rgb) in rows.enumerate().zip(seen.rgb.chunks_exact(3 * width)) {
        let (row, rgb) = (row.as_chunks_mut::<4>().0, rgb.as_chunks::<3>().0);
        for x in first..width {
            let [r, g, b] = rgb[x];
            let known = seen.mask.map_or(0, |mask| mask[y * width + x]);
            let to = if seen.mirrored { width - 1 - x } else { x };
            row[to] = [r, g, b, known].map(|byte| (byte ^ 0x80) as i8);
        }
    }
}

/// See [`super::mean`].
#[inline(always)]
pub(super) fn mean(width: usize, a: &mut [u8], b: &[u8]) {
    for (a, b) in a.chunks_exact_mut(width).zip(b.chunks_exact(width)) {
        for (a, &b) in a.iter_mut().zip(b.iter().rev()) {
            *a = (u16::from(*a) + u16::from(b)).div_ceil(2) as u8;
        }
    }
}
