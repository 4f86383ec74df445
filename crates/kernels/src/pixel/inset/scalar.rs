//! Plain Rust for any ISA.
use super::Line;

/// A row at other columns: of each pair, times its weights, the sum.
#[inline(always)]
pub(super) fn stretch(pairs: &[[u8; 2]], weights: [&[f32]; 2], out: &mut [f32]) {
    let weights = weights[0].iter().zip(weights[1]);
    for ((out, &[left, right]), (near, far)) in out.iter_mut().zip(pairs).zip(weights) {
        *out = f32::from(left) * near + f32::from(right) * far;
    }
}

/// What lies between two stretched rows, mixed into `out`.
#[inline(always)]
pub(super) fn mix(rows: [&[f32]; 2], line: Line, most: f32, trusts: &[f32], out: &mut [u8]) {
    let rows = rows[0].iter().zip(rows[1]);
    for ((out, (above, below)), &trust) in out.iter_mut().zip(rows).zip(trusts) {
        let seen = above * (1.0 - line.down) + below * line.down;
        let (weight, old) = (most * line.trust.min(trust), f32::from(*out));
        *out = (old + (seen - old) * weight + 0.5) as u8;
    }
}
