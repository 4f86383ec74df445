//! The network's last tensor as alpha: tables for 8-bit answers, the same formulas for floats.
//!
//! `exp` is computed here from additions and multiplications, because libraries differ in the last bit and the same picture
//! has to give the same mask on every machine.

/// What the numbers in a network's output mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meaning {
    /// One channel: the person's probability, 0 to 1.
    Probability,
    /// One channel: its logarithmic odds; sigmoid makes it a probability.
    Logit,
    /// Two channels, background and person, that a softmax has made probabilities.
    Probabilities,
    /// Two channels before softmax.
    Logits,
}

impl Meaning {
    /// Channels of the output.
    pub(crate) fn channels(self) -> usize {
        match self {
            Self::Probability | Self::Logit => 1,
            Self::Probabilities | Self::Logits => 2,
        }
    }
}

/// `exp(x)` for `x` in -16 to 16, relative error below 1e-10: a Taylor polynomial of `x / 1024`, squared ten times.
fn exp(x: f64) -> f64 {
    let t = x / 1024.0;
    let mut value = 1.0 + t * (1.0 + t / 2.0 * (1.0 + t / 3.0 * (1.0 + t / 4.0 * (1.0 + t / 5.0))));
    for _ in 0..10 {
        value *= value;
    }
    value
}

/// `255 / (1 + exp(-x))`, rounded to nearest.
fn sigmoid(x: f64) -> u8 {
    (255.0 / (1.0 + exp(-x.clamp(-16.0, 16.0))) + 0.5) as u8
}

/// A probability as alpha, rounded to nearest and held to the range; NaN is 0.
fn byte(probability: f64) -> u8 {
    (probability * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

/// Turns 8-bit quantized answers into alpha by table.
#[derive(Debug)]
pub(crate) struct Table {
    meaning: Meaning,
    /// One channel: by value. Two raw channels: by difference of person and background, from -255 up.
    alpha: Vec<u8>,
}

impl Table {
    /// A table for `real = scale * (q - zero_point)`, `q` counted from the type's least value (so 0 to 255).
    pub(crate) fn new(meaning: Meaning, scale: f32, zero_point: i32) -> Self {
        let real = |q: i32| f64::from(scale) * f64::from(q - zero_point);
        let alpha = match meaning {
            Meaning::Probability | Meaning::Probabilities => {
                (0..256).map(|q| byte(real(q))).collect()
            }
            Meaning::Logit => (0..256).map(|q| sigmoid(real(q))).collect(),
            Meaning::Logits => (-255..256)
                .map(|difference| sigmoid(f64::from(scale) * f64::from(difference)))
                .collect(),
        };
        Self { meaning, alpha }
    }

    /// `values` `[pixels, channels]`, counted from the type's least value, to `out` `[pixels]`.
    pub(crate) fn run(&self, values: impl Iterator<Item = u8>, out: &mut [u8]) {
        let mut values = values.map(usize::from);
        if self.meaning.channels() == 1 {
            let alpha: &[u8; 256] = self.alpha.first_chunk().expect("an alpha for every byte");
            out.iter_mut()
                .zip(values)
                .for_each(|(out, value)| *out = alpha[value]);
            return;
        }
        for out in out {
            let first = values.next().unwrap_or(0);
            let second = values.next().unwrap_or(0);
            *out = match self.meaning {
                Meaning::Logits => self.alpha[255 + second - first],
                _ => self.alpha[second],
            };
        }
    }
}

/// `values` `[pixels, channels]` of a float network to `out` `[pixels]`.
pub(crate) fn from_floats(meaning: Meaning, values: &[f32], out: &mut [u8]) {
    for (out, pixel) in out.iter_mut().zip(values.chunks_exact(meaning.channels())) {
        let real = |i: usize| f64::from(pixel[i]);
        *out = match meaning {
            Meaning::Probability => byte(real(0)),
            Meaning::Logit => sigmoid(real(0)),
            Meaning::Probabilities => byte(real(1)),
            Meaning::Logits => sigmoid(real(1) - real(0)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exp_agrees_with_the_library() {
        for i in -160..=160 {
            let x = f64::from(i) / 10.0;
            assert!((exp(x) / x.exp() - 1.0).abs() < 1e-10, "{x}");
        }
    }

    #[test]
    fn two_quantized_channels_equal_softmax_for_every_pair() {
        let (scale, zero_point) = (0.05, 117);
        let table = Table::new(Meaning::Logits, scale, zero_point);
        for background in 0..=255u8 {
            let pairs = (0..=255u8).flat_map(|person| [background, person]);
            let mut out = [0; 256];
            table.run(pairs, &mut out);
            for (person, &alpha) in out.iter().enumerate() {
                let real = |q: f64| (f64::from(scale) * (q - f64::from(zero_point))).exp();
                let (b, p) = (real(f64::from(background)), real(person as f64));
                assert!((f64::from(alpha) - 255.0 * p / (b + p)).abs() <= 0.5 + 1e-6);
            }
        }
    }

    #[test]
    fn a_logit_is_sigmoided_and_a_probability_scaled() {
        let mut out = [0; 3];
        Table::new(Meaning::Logit, 0.0625, 128).run([0, 128, 255].into_iter(), &mut out);
        assert_eq!(out, [0, 128, 255]); // sigmoid(-8) = 0.0003, sigmoid(0) = 0.5, sigmoid(7.94) = 0.9996
        Table::new(Meaning::Probability, 1.0 / 256.0, 0).run([0, 128, 255].into_iter(), &mut out);
        assert_eq!(out, [0, 128, 254]);
    }

    #[test]
    fn floats_and_softmaxed_pairs() {
        let mut out = [0; 2];
        from_floats(Meaning::Probabilities, &[0.75, 0.25, 0.0, 1.0], &mut out);
        assert_eq!(out, [64, 255]);
        from_floats(Meaning::Logits, &[1.0, 1.0, 0.0, 100.0], &mut out);
        assert_eq!(out, [128, 255]);
        from_floats(Meaning::Probability, &[f32::NAN, 7.0], &mut out);
        assert_eq!(out, [0, 255]);
        let mut one = [9];
        Table::new(Meaning::Probabilities, 1.0 / 255.0, 0).run([0, 200].into_iter(), &mut one);
        assert_eq!(one, [200]);
    }
}
