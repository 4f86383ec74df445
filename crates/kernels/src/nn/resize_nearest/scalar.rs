use super::ResizeNearest;

pub(super) fn resize_nearest<T: Copy>(shape: &ResizeNearest<'_>, input: &[T], out: &mut [T]) {
    let [n, h, w, c] = shape.input;
    let rows = (0..n).flat_map(|n| shape.rows.iter().map(move |row| n * h + row));
    let pixels = rows.flat_map(|row| shape.columns.iter().map(move |column| row * w + column));
    for (pixel, out) in pixels.zip(out.chunks_exact_mut(c.max(1))) {
        out.copy_from_slice(&input[pixel * c..][..c]);
    }
}
