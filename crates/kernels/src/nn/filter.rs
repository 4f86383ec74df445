//! The constants that every quantized convolution and matrix product takes.
use crate::requantize::{OutputF32, OutputI8};

/// Constants of a quantized convolution or matrix product with `O` output channels.
#[derive(Debug, Clone, Copy)]
pub struct FilterI8<'a> {
    /// In the layout that the operation's documentation states.
    pub weights: &'a [i8],
    /// `[O]`, at scale `input scale * weight scale`.
    pub bias: &'a [i32],
    /// `[O]`: `input scale * weight scale / output scale`.
    pub scales: &'a [f32],
    /// Zero point of the input.
    pub input_zero: i8,
    /// Zero point of the weights: 0 in int8 files, any in files that were uint8.
    pub weight_zero: i8,
    /// Zero point and range of the output.
    pub output: OutputI8,
}

impl FilterI8<'_> {
    /// Weight `index` less its zero point.
    #[inline]
    pub(crate) fn weight(&self, index: usize) -> i16 {
        i16::from(self.weights[index]) - i16::from(self.weight_zero)
    }

    /// What the products of one output's `weights`, as they are stored, with inputs as stored, each raised by `lift`, lack to its sum:
    /// the bias, and what the input's zero point takes away.
    pub(crate) fn offset<'w>(
        &self,
        o: usize,
        weights: impl ExactSizeIterator<Item = &'w i8>,
        lift: i32,
    ) -> i32 {
        let zeros = i32::from(self.weight_zero) * weights.len() as i32;
        let sum = weights.map(|&weight| i32::from(weight)).sum::<i32>() - zeros;
        self.bias[o].wrapping_sub(sum.wrapping_mul(i32::from(self.input_zero) + lift))
    }

    /// Whether sums of `terms` products stay where every ISA's requantization is exact ([`OutputI8::is_tame`]).
    pub(crate) fn is_tame(&self, terms: usize) -> bool {
        // Both differences are at most 255; a sum may wrap only where the oracle's wraps too.
        let products = 255 * 255 * terms as u64;
        let channels = self.bias.iter().zip(self.scales);
        channels.into_iter().all(|(bias, &scale)| {
            OutputI8::is_tame(products + u64::from(bias.unsigned_abs()), scale)
        })
    }
}

/// A number for each of `count` outputs, in vectors of `N`; beyond the last output the default.
pub(crate) fn in_vectors<T: Default, const N: usize>(
    count: usize,
    number: impl Fn(usize) -> T,
) -> Vec<[T; N]> {
    let lane = |o| if o < count { number(o) } else { T::default() };
    (0..count.div_ceil(N))
        .map(|v| std::array::from_fn(|l| lane(v * N + l)))
        .collect()
}

/// What [`FilterI8`] borrows, owned.
#[derive(Debug)]
pub(crate) struct OwnedFilter {
    weights: Vec<i8>,
    bias: Vec<i32>,
    scales: Vec<f32>,
    input_zero: i8,
    weight_zero: i8,
    output: OutputI8,
}

impl OwnedFilter {
    pub(crate) fn new(c: &FilterI8<'_>) -> Self {
        Self {
            weights: c.weights.to_vec(),
            bias: c.bias.to_vec(),
            scales: c.scales.to_vec(),
            input_zero: c.input_zero,
            weight_zero: c.weight_zero,
            output: c.output,
        }
    }

    pub(crate) fn borrow(&self) -> FilterI8<'_> {
        FilterI8 {
            weights: &self.weights,
            bias: &self.bias,
            scales: &self.scales,
            input_zero: self.input_zero,
            weight_zero: self.weight_zero,
            output: self.output,
        }
    }
}

/// Constants of a float convolution or matrix product, kept for the oracle.
#[derive(Debug)]
pub(crate) struct OwnedFilterF32 {
    pub(crate) weights: Vec<f32>,
    pub(crate) bias: Vec<f32>,
    pub(crate) output: OutputF32,
}

impl OwnedFilterF32 {
    pub(crate) fn new(weights: &[f32], bias: &[f32], output: OutputF32) -> Self {
        Self {
            weights: weights.to_vec(),
            bias: bias.to_vec(),
            output,
        }
    }
}
