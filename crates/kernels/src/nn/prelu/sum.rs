//! A rectifier right behind the sum that it reads: the sum is in registers, not in a tensor between the two.
use super::rectify;
use crate::floats::{Finish, Floats, with_floats};
use crate::isa::Isa;
use crate::requantize::OutputF32;

/// `a + b`, clamped to `range`, then a slope for each channel, which is the last axis: the bits of
/// [`add_f32`](crate::nn::add::add_f32) and [`prelu_f32`](super::prelu_f32).
///
/// # Panics
/// When the lengths of `a`, `b` and `out` differ or are no whole number of pixels.
pub fn prelu_of_sum_f32(
    isa: Isa,
    range: OutputF32,
    slopes: &[f32],
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    assert_eq!(a.len(), out.len(), "length of the first input");
    assert_eq!(b.len(), out.len(), "length of the second input");
    let channels = slopes.len();
    assert!(out.len().is_multiple_of(channels), "length of slopes");
    with_floats!(
        isa,
        oracle(range, slopes, a, b, out),
        pixels,
        (range: OutputF32 = range, slopes: &[f32] = slopes, a: &[f32] = a, b: &[f32] = b, out: &mut [f32] = out)
    )
}

fn oracle(range: OutputF32, slopes: &[f32], a: &[f32], b: &[f32], out: &mut [f32]) {
    for ((a, b), out) in a.iter().zip(b).zip(&mut *out) {
        *out = range.clamp(a + b);
    }
    for pixel in out.chunks_exact_mut(slopes.len().max(1)) {
        rectify(pixel, slopes);
    }
}

#[inline(always)]
fn pixels<L: Floats>(
    lanes: L,
    range: OutputF32,
    slopes: &[f32],
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    match slopes.len() {
        channels if channels >= L::LEN => wide(lanes, range, slopes, a, b, out),
        channels if channels >= L::Half::LEN => wide(lanes.half(), range, slopes, a, b, out),
        _ => oracle(range, slopes, a, b, out),
    }
}

/// Pixels of at least a vector; the last vector overlaps the one before where it must.
#[inline(always)]
fn wide<L: Floats>(
    lanes: L,
    range: OutputF32,
    slopes: &[f32],
    a: &[f32],
    b: &[f32],
    out: &mut [f32],
) {
    let channels = slopes.len();
    assert!(channels >= L::LEN && a.len() == out.len() && b.len() == out.len());
    let finish = Finish::Clamp(range);
    for pixel in 0..out.len() / channels {
        for channel in (0..channels).step_by(L::LEN) {
            let channel = channel.min(channels - L::LEN);
            let at = pixel * channels + channel;
            // SAFETY: a vector from `channel` on ends within the pixel, and the pixel within `out`, as long as `a` and `b`.
            unsafe {
                let (x, y) = (
                    lanes.load(a.as_ptr().add(at)),
                    lanes.load(b.as_ptr().add(at)),
                );
                let slope = lanes.load(slopes.as_ptr().add(channel));
                let sum = finish.apply(lanes, lanes.add(x, y));
                lanes.store(out.as_mut_ptr().add(at), lanes.rectify(sum, slope));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Broadcast;
    use crate::nn::add::add_f32;
    use crate::nn::closeness::Numbers;
    use crate::nn::prelu::prelu_f32;

    /// The bits of the two operations, one after the other.
    #[test]
    fn equals_a_sum_and_a_rectifier() {
        let mut numbers = Numbers::new(3);
        for channels in if cfg!(miri) { 5..6 } else { 1..70 } {
            let len = 3 * channels;
            let (a, b, slopes) = (numbers.take(len), numbers.take(len), numbers.take(channels));
            let range = match channels % 2 {
                0 => OutputF32::FULL,
                _ => OutputF32 {
                    min: -0.5,
                    max: 0.7,
                },
            };
            let both = Broadcast::new(&[len], &[len]).expect("equal shapes fit");
            let each = Broadcast::new(&[3, channels], &[channels]).expect("the shapes fit");
            let (mut sum, mut expected) = (vec![0.0; len], vec![0.0; len]);
            add_f32(Isa::Scalar, &both, range, &a, &b, &mut sum);
            prelu_f32(Isa::Scalar, &each, &sum, &slopes, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; len];
                prelu_of_sum_f32(isa, range, &slopes, &a, &b, &mut out);
                assert_eq!(out, expected, "{isa} {channels}");
            }
        }
    }
}
