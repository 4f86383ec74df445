use super::{AverageI8, BytePool, Pool};
use crate::nn::pool::Statistic;
use crate::requantize::OutputF32;

#[inline(always)]
pub(super) fn average_pool_i8(shape: &Pool, c: &AverageI8, input: &[i8], out: &mut [i8]) {
    shape.fold(input, out, Scaled(*c));
}

pub(super) fn average_pool_bytes(shape: &Pool, grid: BytePool, input: &[i8], out: &mut [i8]) {
    shape.fold(input, out, Byte(grid));
}

#[inline(always)]
pub(super) fn average_pool_f32(shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.fold(input, out, Float(range));
}

#[derive(Clone, Copy)]
struct Scaled(AverageI8);

impl Statistic<i8> for Scaled {
    type Sum = i32;

    const INITIAL: i32 = 0;

    #[inline(always)]
    fn add(self, sum: i32, pixel: i8) -> i32 {
        sum.wrapping_add(i32::from(pixel) - i32::from(self.0.input_zero))
    }

    #[inline(always)]
    fn finish(self, sum: i32, pixels: usize) -> i8 {
        let c = self.0;
        c.output.requantize(sum, c.scale / pixels.max(1) as f32)
    }
}

#[derive(Clone, Copy)]
struct Byte(BytePool);

impl Statistic<i8> for Byte {
    type Sum = i64;

    const INITIAL: i64 = 0;

    fn add(self, sum: i64, pixel: i8) -> i64 {
        sum + i64::from(pixel)
    }

    fn finish(self, sum: i64, pixels: usize) -> i8 {
        let (grid, count) = (self.0, pixels as i64);
        if count == 0 {
            return grid.zero_point;
        }
        let mean = match (grid.unsigned, sum >= 0) {
            (true, _) => (sum + count / 2).div_euclid(count),
            (false, true) => (sum + count / 2) / count,
            (false, false) => (sum - count / 2) / count,
        };
        let [least, greatest] = grid.range;
        mean.clamp(least.into(), greatest.into()) as i8
    }
}

#[derive(Clone, Copy)]
struct Float(OutputF32);

impl Statistic<f32> for Float {
    type Sum = f32;

    const INITIAL: f32 = 0.0;

    #[inline(always)]
    fn add(self, sum: f32, pixel: f32) -> f32 {
        sum + pixel
    }

    #[inline(always)]
    fn finish(self, sum: f32, pixels: usize) -> f32 {
        self.0.clamp(sum / pixels.max(1) as f32)
    }
}
