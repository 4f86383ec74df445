//! Where an output row or column lies between those of the input.

/// The weight that makes a whole, in the integer kernels.
pub const ONE: i32 = 1 << 10;

/// How the pixels of output and input line up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alignment {
    /// Upper left corners of the first pixels meet: `o * in / out`.
    Legacy,
    /// Centres of the corner pixels meet: `o * (in - 1) / (out - 1)`.
    Corners,
    /// Pixels are squares that cover the same area: `(o + 1/2) * in / out - 1/2`.
    HalfPixel,
}

/// Two neighbouring input positions and the weight of the second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tap<W> {
    /// First position.
    pub lower: usize,
    /// Second position; equal to the first at a border or where the position is whole.
    pub upper: usize,
    /// Weight of `upper`; `lower` has what is missing to the whole. Outside 0..1 only where both are one position.
    pub weight: W,
}

/// Taps of a float resize, with positions computed in f32 as TensorFlow Lite does.
pub fn taps_f32(alignment: Alignment, input: usize, output: usize) -> Vec<Tap<f32>> {
    let scale = match alignment {
        Alignment::Corners if output > 1 => (input as f32 - 1.0) / (output as f32 - 1.0),
        _ => input as f32 / output as f32,
    };
    let position = |o: usize| match alignment {
        Alignment::HalfPixel => (o as f32 + 0.5) * scale - 0.5,
        _ => o as f32 * scale,
    };
    let tap = |position: f32| {
        let lower = (position.floor().max(0.0) as usize).min(input.saturating_sub(1));
        let upper = (position.ceil().max(0.0) as usize).min(input.saturating_sub(1));
        Tap {
            lower,
            upper,
            weight: position - lower as f32,
        }
    };
    (0..output).map(position).map(tap).collect()
}

/// Taps of an integer resize: [`taps_f32`] with weights rounded to 1024ths.
pub fn taps_i8(alignment: Alignment, input: usize, output: usize) -> Vec<Tap<i32>> {
    let round = |tap: Tap<f32>| {
        let weight = if tap.lower == tap.upper {
            0.0
        } else {
            tap.weight
        };
        Tap {
            lower: tap.lower,
            upper: tap.upper,
            weight: (weight * ONE as f32).round_ties_even() as i32,
        }
    };
    taps_f32(alignment, input, output)
        .into_iter()
        .map(round)
        .collect()
}

/// Taps of TensorFlow Lite's int8 kernel, whose positions drift: the ratio of the sizes itself is rounded to 1024ths.
///
/// The drift reaches `output / 2048` pixels at the far border. Files with int8 tensors were calibrated and judged with it;
/// those with uint8 tensors were not, and use [`taps_i8`].
pub fn taps_10_bit(alignment: Alignment, input: usize, output: usize) -> Vec<Tap<i32>> {
    let (one, input, output) = (i64::from(ONE), input as i64, output as i64);
    let scale = match alignment {
        Alignment::Corners if output > 1 => (one * (input - 1) + (output - 1) / 2) / (output - 1),
        _ => (one * input + output / 2) / output.max(1),
    };
    let position = |o: i64| match alignment {
        Alignment::HalfPixel => o * scale + scale / 2 - one / 2,
        _ => o * scale,
    };
    let tap = |position: i64| {
        let last = (input - 1).max(0);
        let (lower, upper) = (
            (position / one).clamp(0, last),
            ((position + one - 1) / one).clamp(0, last),
        );
        let weight = if lower == upper {
            0
        } else {
            position - lower * one
        };
        Tap {
            lower: lower as usize,
            upper: upper as usize,
            weight: weight as i32,
        }
    };
    (0..output).map(position).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half-pixel doubling needs 3:1 weights: positions -1/4, 1/4, 3/4, 5/4, the first and last at the border.
    #[test]
    fn half_pixel_doubling() {
        for taps in [
            taps_i8(Alignment::HalfPixel, 2, 4),
            taps_10_bit(Alignment::HalfPixel, 2, 4),
        ] {
            let expected = [(0, 0, 0), (0, 1, 256), (0, 1, 768), (1, 1, 0)];
            assert_eq!(
                taps,
                expected.map(|(lower, upper, weight)| Tap {
                    lower,
                    upper,
                    weight
                })
            );
        }
    }

    /// 37 -> 100: the ratio is 378.88 / 1024, rounded to 379: 96 * 0.12 = 11.5, to 12, at output 96.
    #[test]
    fn ten_bit_ratio_drifts() {
        let (exact, drifting) = (
            taps_i8(Alignment::Legacy, 37, 100),
            taps_10_bit(Alignment::Legacy, 37, 100),
        );
        assert_eq!(drifting[96].weight - exact[96].weight, 12);
        assert!(
            exact
                .iter()
                .zip(&drifting)
                .all(|(a, b)| a.lower == b.lower && a.upper == b.upper)
        );
    }

    #[test]
    #[cfg_attr(miri, ignore)]
    fn every_tap_lies_inside() {
        for alignment in [Alignment::Legacy, Alignment::Corners, Alignment::HalfPixel] {
            for (input, output) in (1..12).flat_map(|i| (1..30).map(move |o| (i, o))) {
                for tap in taps_i8(alignment, input, output)
                    .into_iter()
                    .chain(taps_10_bit(alignment, input, output))
                {
                    assert!(
                        tap.lower <= tap.upper
                            && tap.upper < input
                            && (0..=ONE).contains(&tap.weight),
                        "{tap:?}"
                    );
                }
            }
        }
    }
}
