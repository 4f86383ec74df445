//! Pixels as one number each: of that the compiler makes vectors, of copies of two bytes it does not.

#[inline(always)]
pub(super) fn quarters_to_pixels(columns: usize, input: &[u8], out: &mut [u8]) {
    let rows = input.chunks_exact(4 * columns);
    for (row, out) in rows.zip(out.chunks_exact_mut(4 * columns)) {
        let (upper, lower) = out.split_at_mut(2 * columns);
        let pairs = upper.as_chunks_mut::<2>().0.iter_mut();
        let pairs = pairs.zip(lower.as_chunks_mut::<2>().0);
        for (pixel, (upper, lower)) in row.as_chunks::<4>().0.iter().zip(pairs) {
            let pixel = u32::from_le_bytes(*pixel);
            *upper = (pixel as u16).to_le_bytes();
            *lower = ((pixel >> 16) as u16).to_le_bytes();
        }
    }
}
