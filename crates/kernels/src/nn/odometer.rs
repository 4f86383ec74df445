//! Walking all indices of a box without allocating.
use super::MAX_RANK;

/// Calls `visit` with every index of the box `extents`, the last axis turning fastest; never when an extent is 0.
pub(crate) fn for_each_index(
    extents: &[usize; MAX_RANK],
    mut visit: impl FnMut(&[usize; MAX_RANK]),
) {
    if extents.contains(&0) {
        return;
    }
    let mut index = [0; MAX_RANK];
    loop {
        visit(&index);
        let Some(axis) = (0..MAX_RANK)
            .rev()
            .find(|&axis| index[axis] + 1 < extents[axis])
        else {
            return;
        };
        index[axis] += 1;
        index[axis + 1..].fill(0);
    }
}

/// The offset of `index` in a tensor with these strides.
pub(crate) fn offset(index: &[usize; MAX_RANK], strides: &[usize; MAX_RANK]) -> usize {
    index
        .iter()
        .zip(strides)
        .map(|(i, stride)| i * stride)
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_row_major_order_once_each() {
        let mut seen = Vec::new();
        for_each_index(&[1, 1, 2, 1, 3, 2], |index| {
            seen.push(offset(index, &[0, 0, 6, 0, 2, 1]))
        });
        assert_eq!(seen, (0..12).collect::<Vec<_>>());
        for_each_index(&[1, 1, 2, 0, 3, 2], |_| panic!("an empty box has no index"));
    }
}
