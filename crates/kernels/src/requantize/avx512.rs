//! [`OutputI8::requantize`] on sixteen sums at a time.
use super::OutputI8;
use std::arch::x86_64::*;

/// The output's zero point and range, spread over registers.
#[derive(Clone, Copy)]
pub(crate) struct Output {
    range: Range,
    zero_point: __m512i,
    min: __m512i,
    max: __m512i,
    order: __m512i,
}

/// How much of a clamp the saturating packs leave to do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    /// From a zero point of -128 upwards, as after a ReLU whose scale fills the byte: an unsigned pack clamps to just that.
    FromZero,
    /// The whole byte: a signed pack does it.
    Full,
    Any,
}

impl Output {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn new(output: OutputI8) -> Self {
        let range = match output {
            OutputI8 {
                zero_point: i8::MIN,
                min: i8::MIN,
                max: i8::MAX,
            } => Range::FromZero,
            OutputI8 {
                min: i8::MIN,
                max: i8::MAX,
                ..
            } => Range::Full,
            _ => Range::Any,
        };
        Self {
            range,
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
        self.bytes_of([_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d)])
    }

    /// Sixty-four rounded values, as 16-bit words, to bytes: adds the zero point and clamps.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    fn bytes_of(&self, [low, high]: [__m512i; 2]) -> __m512i {
        if self.range == Range::FromZero {
            // 0..=255 less 128 is the byte with its top bit flipped.
            return _mm512_xor_si512(_mm512_packus_epi16(low, high), self.min);
        }
        let bytes = _mm512_packs_epi16(
            _mm512_adds_epi16(low, self.zero_point),
            _mm512_adds_epi16(high, self.zero_point),
        );
        if self.range == Range::Full {
            return bytes;
        }
        _mm512_min_epi8(_mm512_max_epi8(bytes, self.min), self.max)
    }

    /// Sixty-four sums as bytes, vector after vector.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw")]
    pub(crate) fn bytes(&self, sums: [__m512i; 4], scales: [__m512; 4]) -> __m512i {
        _mm512_permutexvar_epi32(self.order, self.bytes_by_lane(sums, scales))
    }
}
