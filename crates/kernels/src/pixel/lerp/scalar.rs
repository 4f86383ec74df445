//! The oracle.

fn mix(a: u16, b: u16, weight: u16) -> u32 {
    u32::from(a) * (256 - u32::from(weight)) + u32::from(b) * u32::from(weight)
}

/// The row between two rows of cells, `weight / 256` of the way down.
pub(super) fn between(above: &[[u16; 4]], below: &[[u16; 4]], weight: u16, out: &mut [[u16; 4]]) {
    for ((out, a), b) in out.iter_mut().zip(above).zip(below) {
        *out = std::array::from_fn(|c| ((mix(a[c], b[c], weight) + 128) >> 8) as u16);
    }
}

/// The row's cells spread over pixels; `row` has one cell beyond the last index.
pub(super) fn spread(row: &[[u16; 4]], index: &[u32], weight: &[u16], out: &mut [[u8; 4]]) {
    for ((out, &index), &weight) in out.iter_mut().zip(index).zip(weight) {
        let (a, b) = (row[index as usize], row[index as usize + 1]);
        *out = std::array::from_fn(|c| ((mix(a[c], b[c], weight) + (1 << 15)) >> 16) as u8);
    }
}
