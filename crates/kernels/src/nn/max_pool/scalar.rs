use super::Pool;
use crate::nn::pool::Statistic;
use crate::requantize::OutputF32;

#[inline(always)]
pub(super) fn max_pool_i8(shape: &Pool, range: [i8; 2], input: &[i8], out: &mut [i8]) {
    shape.fold(input, out, Byte(range));
}

#[inline(always)]
pub(super) fn max_pool_f32(shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.fold(input, out, Float(range));
}

/// Held to least and greatest.
#[derive(Clone, Copy)]
struct Byte([i8; 2]);

impl Statistic<i8> for Byte {
    type Sum = i8;

    const INITIAL: i8 = i8::MIN;

    #[inline(always)]
    fn add(self, largest: i8, pixel: i8) -> i8 {
        largest.max(pixel)
    }

    #[inline(always)]
    fn finish(self, largest: i8, _: usize) -> i8 {
        let [min, max] = self.0;
        largest.min(max).max(min)
    }
}

#[derive(Clone, Copy)]
struct Float(OutputF32);

impl Statistic<f32> for Float {
    type Sum = f32;

    const INITIAL: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn add(self, largest: f32, pixel: f32) -> f32 {
        largest.max(pixel)
    }

    #[inline(always)]
    fn finish(self, largest: f32, _: usize) -> f32 {
        self.0.clamp(largest)
    }
}
