//! Twice the size with half-pixel centres, in plain Rust for any ISA: inlined into a function that enables one, the
//! compiler makes vectors of the arrays of 16.
//!
//! Every output lies a quarter of a pixel from an input, so the weights are 9, 3, 3 and 1 sixteenths, and sixteen-bit sums
//! are exact: `(9a + 3b + 3c + d + 8) >> 4` is the oracle's rule.
use crate::nn::Nhwc;

/// Elements of a step.
const LANE: usize = 16;

/// Doubles pictures `[N, H, W, C]` into `[N, 2H, 2W, C]`.
///
/// # Panics
/// When a length contradicts the shape.
#[inline(always)]
pub(super) fn double([n, h, w, c]: Nhwc, input: &[i8], out: &mut [i8]) {
    assert!(input.len() == n * h * w * c && out.len() == 4 * n * h * w * c);
    for (y, out) in out.chunks_exact_mut((2 * w * c).max(1)).enumerate() {
        let (picture, y) = (y / (2 * h), y % (2 * h));
        let near = y / 2;
        let far = if y.is_multiple_of(2) {
            near.saturating_sub(1)
        } else {
            (near + 1).min(h - 1)
        };
        let row = |y: usize| &input[(picture * h + y) * w * c..][..w * c];
        match c {
            1 => few_row::<1>(row(near), row(far), out),
            2 => few_row::<2>(row(near), row(far), out),
            _ => channels_row([w, c], row(near), row(far), out),
        }
    }
}

/// One output row of pixels of `c` channels, a lane of channels at a time, then single channels.
#[inline(always)]
fn channels_row([w, c]: [usize; 2], near: &[i8], far: &[i8], out: &mut [i8]) {
    let mut first = 0;
    while first < c {
        if c - first >= LANE {
            row::<LANE>([w, c], &near[first..], &far[first..], &mut out[first..]);
            first += LANE;
        } else if c - first >= LANE / 2 {
            row::<{ LANE / 2 }>([w, c], &near[first..], &far[first..], &mut out[first..]);
            first += LANE / 2;
        } else {
            row::<1>([w, c], &near[first..], &far[first..], &mut out[first..]);
            first += 1;
        }
    }
}

/// `N` of the `c` channels of an output row.
#[inline(always)]
fn row<const N: usize>([w, c]: [usize; 2], near: &[i8], far: &[i8], out: &mut [i8]) {
    let mut left = column::<N>(near, far, 0);
    let mut middle = left;
    for x in 0..w {
        let right = column::<N>(near, far, (x + 1).min(w - 1) * c);
        let even = mixed(&middle, &left);
        let odd = mixed(&middle, &right);
        out[2 * x * c..][..N].copy_from_slice(&even);
        out[(2 * x + 1) * c..][..N].copy_from_slice(&odd);
        (left, middle) = (middle, right);
    }
}

/// One output row of pixels of one or two channels, sixteen bytes of the input at a time. The borders are done singly; the
/// last step goes back over pixels already done.
#[inline(always)]
fn few_row<const C: usize>(near: &[i8], far: &[i8], out: &mut [i8]) {
    let w = near.len() / C;
    let step = LANE / C;
    let mut x = 1;
    while x + 1 < w && w >= step + 2 {
        let start = x.min(w - 1 - step);
        let middle = column::<LANE>(near, far, start * C);
        let even = sixteenths(&middle, &column(near, far, (start - 1) * C));
        let odd = sixteenths(&middle, &column(near, far, (start + 1) * C));
        let target = &mut out[2 * start * C..][..2 * LANE];
        for i in 0..LANE {
            let (pixel, channel) = (i / C, i % C);
            target[2 * pixel * C + channel] = even[i] as i8;
            target[(2 * pixel + 1) * C + channel] = odd[i] as i8;
        }
        x = start + step;
    }
    for x in (0..w.min(1)).chain(x..w) {
        let middle = column::<C>(near, far, x * C);
        let (left, right) = (x.saturating_sub(1) * C, (x + 1).min(w - 1) * C);
        out[2 * x * C..][..C].copy_from_slice(&mixed(&middle, &column(near, far, left)));
        out[(2 * x + 1) * C..][..C].copy_from_slice(&mixed(&middle, &column(near, far, right)));
    }
}

/// `3 * near + far` from `at` on.
#[inline(always)]
fn column<const N: usize>(near: &[i8], far: &[i8], at: usize) -> [i16; N] {
    let (near, far) = (&near[at..][..N], &far[at..][..N]);
    let mut sums = [0; N];
    for i in 0..N {
        sums[i] = 3 * i16::from(near[i]) + i16::from(far[i]);
    }
    sums
}

/// `(3 * near + far + 8) >> 4` as bytes.
#[inline(always)]
fn mixed<const N: usize>(near: &[i16; N], far: &[i16; N]) -> [i8; N] {
    let sums = sixteenths(near, far);
    let mut bytes = [0; N];
    for i in 0..N {
        bytes[i] = sums[i] as i8;
    }
    bytes
}

/// `(3 * near + far + 8) >> 4`
#[inline(always)]
fn sixteenths<const N: usize>(near: &[i16; N], far: &[i16; N]) -> [i16; N] {
    let mut sums = [0; N];
    for i in 0..N {
        sums[i] = (3 * near[i] + far[i] + 8) >> 4;
    }
    sums
}
