use super::Table;

pub(super) fn lookup_i8(table: &Table, input: &[i8], out: &mut [i8]) {
    out.iter_mut()
        .zip(input)
        .for_each(|(out, q)| *out = table[usize::from(*q as u8)]);
}
