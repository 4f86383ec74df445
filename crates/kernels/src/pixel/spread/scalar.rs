//! Plain Rust for any ISA.
use super::super::tile::WIDTH;

/// Where pixel `i` lies, in sixteenths of a cell, counted from the centre of the cell before the first.
#[inline(always)]
pub(in super::super) const fn place(i: usize, log: usize) -> usize {
    ((2 * i + 1) << (3 - log)) + 8
}

/// The row between two rows of cells, `weight / 16` of the way down.
#[inline(always)]
pub(super) fn between(above: &[[u16; 4]], below: &[[u16; 4]], weight: u16, out: &mut [[u16; 4]]) {
    let (above, below) = (above.as_flattened(), below.as_flattened());
    for ((out, a), b) in out.as_flattened_mut().iter_mut().zip(above).zip(below) {
        *out = (a * (16 - weight) + b * weight + 8) >> 4;
    }
}

/// The pixels of a tile over `cells`, the first of which is the one before the tile's first; their alpha is 255.
#[inline(always)]
pub(in super::super) fn tile<const LOG: usize>(cells: &[[u16; 4]]) -> [[u8; 4]; WIDTH] {
    let cells = &cells[..(WIDTH >> LOG) + 2];
    let (mut left, mut right) = ([[0; 4]; WIDTH], [[0; 4]; WIDTH]);
    let mut weights = [[0; 4]; WIDTH];
    for i in 0..WIDTH {
        let place = place(i, LOG);
        left[i] = cells[place >> 4];
        right[i] = cells[(place >> 4) + 1];
        weights[i] = [(place & 15) as u16; 4];
    }
    let (left, right) = (left.as_flattened(), right.as_flattened());
    let mut out = [[0; 4]; WIDTH];
    for (i, out) in out.as_flattened_mut().iter_mut().enumerate() {
        let weight = weights.as_flattened()[i];
        *out = ((left[i] * (16 - weight) + right[i] * weight + 128) >> 8) as u8;
    }
    out
}

/// One row of a doubled plane, between the row of cells over it and the next nearest.
#[inline(always)]
pub(super) fn double(
    near: &[[u16; 4]],
    far: &[[u16; 4]],
    between: &mut [[u16; 4]],
    out: &mut [[u16; 4]],
) {
    let (near, far) = (near.as_flattened(), far.as_flattened());
    for ((out, near), far) in between.as_flattened_mut().iter_mut().zip(near).zip(far) {
        *out = (near * 3 + far + 2) >> 2;
    }
    let last = between.len() - 1;
    for (i, out) in out.iter_mut().enumerate() {
        let near = between[i / 2];
        let far = match i % 2 {
            0 => between[(i / 2).saturating_sub(1)],
            _ => between[(i / 2 + 1).min(last)],
        };
        *out = std::array::from_fn(|c| (near[c] * 3 + far[c] + 2) >> 2);
    }
}
