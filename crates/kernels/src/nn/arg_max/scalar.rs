use super::ArgMax;

pub(super) fn arg_max<T: Copy + PartialOrd>(shape: &ArgMax, input: &[T], out: &mut [i32]) {
    for (index, out) in out.iter_mut().enumerate() {
        let (outer, inner) = (index / shape.inner, index % shape.inner);
        let value = |k: usize| input[(outer * shape.axis + k) * shape.inner + inner];
        *out =
            (1..shape.axis).fold(0, |best, k| if value(k) > value(best) { k } else { best }) as i32;
    }
}
