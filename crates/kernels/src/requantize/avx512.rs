//! [`OutputI8::requantize`] on sixteen sums at a time.
use super::OutputI8;
use std::arch::x86_64::*;

/// The output's zero point and range, spread over registers.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    zero_point: __m512i,
    min: __m512i,
    max: __m512i,
    order: __m512i,
}

impl Output {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn new(output: OutputI8) -> Self {
        Self {
            zero_point: _mm512_set1_epi16(i16::from(output.zero_point)),
            min: _mm512_set1_epi8(output.min),
            max: _mm512_set1_epi8(output.max),
            order: _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15),
        }
    }

    /// Sums times scales, rounded half to even: the default rounding mode, which Rust code may not change.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn scaled(sums: __m512i, scales: __m512) -> __m512i {
        _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), scales))
    }

    /// Sixty-four sums as bytes, 128-bit lane by lane: lane `l` holds lane `l` of each of the four vectors in turn.
    ///
    /// The 16-bit steps saturate. That changes no byte: a value beyond 16 bits lies beyond any byte's range on the same
    /// side before and after the zero point is added. Sums must be tame ([`OutputI8::is_tame`]).
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn bytes_by_lane(&self, sums: [__m512i; 4], scales: [__m512; 4]) -> __m512i {
        let [a, b, c, d] = [
            Self::scaled(sums[0], scales[0]),
            Self::scaled(sums[1], scales[1]),
            Self::scaled(sums[2], scales[2]),
            Self::scaled(sums[3], scales[3]),
        ];
        let low = _mm512_adds_epi16(_mm512_packs_epi32(a, b), self.zero_point);
        let high = _mm512_adds_epi16(_mm512_packs_epi32(c, d), self.zero_point);
        let bytes = _mm512_packs_epi16(low, high);
        _mm512_min_epi8(_mm512_max_epi8(bytes, self.min), self.max)
    }

    /// Sixty-four sums as bytes, vector after vector.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn bytes(&self, sums: [__m512i; 4], scales: [__m512; 4]) -> __m512i {
        _mm512_permutexvar_epi32(self.order, self.bytes_by_lane(sums, scales))
    }
}
