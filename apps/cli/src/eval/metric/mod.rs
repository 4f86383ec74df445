//! How well a mask fits the truth, picture by picture.
mod boundary;
mod gradient;
mod overlap;

use hypercut::Mask;

pub(super) use overlap::Overlap;

/// Alpha from which a pixel counts as person: one half.
pub(super) const THRESHOLD: u8 = 128;

/// The people of a mask and of its true one, which has the same size.
pub(super) fn overlap(mask: &Mask, truth: &Mask) -> Overlap {
    let people = mask.data().iter().map(|&alpha| alpha >= THRESHOLD);
    let truths = truth.data().iter().map(|&alpha| alpha >= THRESHOLD);
    Overlap::of(people.zip(truths))
}

/// A figure that a picture gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Figure {
    /// Intersection over union of the person.
    Iou,
    /// Mean of the person's and the background's IoU; of a picture without people, 1 less the false area.
    MeanIou,
    /// Intersection over union of the bands inside both outlines.
    BoundaryIou,
    /// Share of a picture without people that the mask takes for one.
    FalseArea,
    /// Mean absolute difference of the alphas, 0 to 1.
    Mad,
    /// Mean absolute difference of the alphas' gradient magnitudes, alpha (0 to 1) per pixel.
    Gradient,
}

impl Figure {
    /// Every figure, in the order in which they are shown.
    pub(super) const ALL: [Self; 6] = [
        Self::Iou,
        Self::MeanIou,
        Self::BoundaryIou,
        Self::FalseArea,
        Self::Mad,
        Self::Gradient,
    ];

    /// The name in JSON.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Iou => "iou",
            Self::MeanIou => "miou",
            Self::BoundaryIou => "boundary_iou",
            Self::FalseArea => "false_area",
            Self::Mad => "mad",
            Self::Gradient => "gradient",
        }
    }

    /// How far `value` is from perfect.
    pub(super) fn error(self, value: f64) -> f64 {
        match self {
            Self::Iou | Self::MeanIou | Self::BoundaryIou => 1.0 - value,
            Self::FalseArea | Self::Mad | Self::Gradient => value,
        }
    }
}

/// The figures of one picture; absent where a figure makes no sense.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Figures([Option<f64>; Figure::ALL.len()]);

impl Figures {
    /// One figure.
    pub(super) fn get(&self, figure: Figure) -> Option<f64> {
        self.0[figure as usize]
    }

    /// The same with one figure more.
    pub(super) fn with(mut self, figure: Figure, value: f64) -> Self {
        self.0[figure as usize] = Some(value);
        self
    }
}

/// A true mask, with what every comparison needs of it.
#[derive(Debug)]
pub(super) struct Truth {
    alpha: Mask,
    empty: bool,
    band: Vec<bool>,
    gradient: Vec<f32>,
}

impl Truth {
    /// Takes the true alpha; it is empty when no pixel reaches [`THRESHOLD`].
    pub(super) fn new(alpha: Mask) -> Self {
        let empty = alpha.data().iter().all(|&alpha| alpha < THRESHOLD);
        Self {
            empty,
            band: boundary::band(&alpha),
            gradient: gradient::magnitudes(&alpha),
            alpha,
        }
    }

    /// Whether nobody is in the picture.
    pub(super) fn is_empty(&self) -> bool {
        self.empty
    }

    /// The figures of `mask`, which has the truth's size.
    pub(super) fn measure(&self, mask: &Mask) -> Figures {
        let overlap = overlap(mask, &self.alpha);
        let figures = Figures::default()
            .with(Figure::Mad, self.mad(mask))
            .with(Figure::Gradient, self.gradient_error(mask));
        if self.empty {
            return figures
                .with(Figure::MeanIou, 1.0 - overlap.false_share())
                .with(Figure::FalseArea, overlap.false_share());
        }
        let bands = boundary::band(mask).into_iter();
        let band = Overlap::of(bands.zip(self.band.iter().copied()));
        figures
            .with(Figure::Iou, overlap.iou())
            .with(Figure::MeanIou, overlap.mean_iou())
            .with(Figure::BoundaryIou, band.iou())
    }

    fn mad(&self, mask: &Mask) -> f64 {
        let pairs = mask.data().iter().zip(self.alpha.data());
        let sum: u64 = pairs.map(|(&a, &b)| u64::from(a.abs_diff(b))).sum();
        sum as f64 / (255.0 * self.alpha.data().len() as f64)
    }

    fn gradient_error(&self, mask: &Mask) -> f64 {
        let magnitudes = gradient::magnitudes(mask);
        let pairs = magnitudes.iter().zip(&self.gradient);
        let sum: f64 = pairs.map(|(&a, &b)| f64::from((a - b).abs())).sum();
        sum / self.gradient.len() as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(rows: [[u8; 4]; 4]) -> Mask {
        Mask::from_raw(4, 4, rows.concat()).unwrap()
    }

    /// Truth: the left half, 8 pixels. Mask: 6 of them, 1 of them at a shade below one half, and 2 pixels too many.
    const TRUE: [[u8; 4]; 4] = [[255, 255, 0, 0]; 4];
    const FOUND: [[u8; 4]; 4] = [
        [255, 255, 0, 0],
        [255, 255, 255, 0],
        [255, 128, 128, 0],
        [127, 0, 0, 0],
    ];

    #[test]
    fn four_by_four_by_hand() {
        let figures = Truth::new(mask(TRUE)).measure(&mask(FOUND));
        let close = |figure, value: f64| {
            let got = figures.get(figure).unwrap();
            assert!(
                (got - value).abs() < 1e-12,
                "{figure:?}: {got}, not {value}"
            );
        };
        close(Figure::Iou, 6.0 / 10.0);
        close(Figure::MeanIou, (6.0 / 10.0 + 6.0 / 10.0) / 2.0);
        // Off by 127 and 128 and 255 inside, 255 and 128 outside.
        close(
            Figure::Mad,
            (127 + 128 + 255 + 255 + 128) as f64 / 255.0 / 16.0,
        );
        assert_eq!(figures.get(Figure::FalseArea), None);
    }

    #[test]
    fn nobody_there() {
        let truth = Truth::new(mask([[0, 0, 0, 127]; 4]));
        assert!(truth.is_empty());
        let figures = truth.measure(&mask(FOUND));
        assert_eq!(figures.get(Figure::FalseArea), Some(0.5));
        assert_eq!(figures.get(Figure::MeanIou), Some(0.5));
        assert_eq!(
            (figures.get(Figure::Iou), figures.get(Figure::BoundaryIou)),
            (None, None)
        );
    }

    #[test]
    fn the_truth_itself_is_perfect() {
        let figures = Truth::new(mask(FOUND)).measure(&mask(FOUND));
        for figure in Figure::ALL {
            let error = figures.get(figure).map_or(0.0, |value| figure.error(value));
            assert_eq!(error, 0.0, "{figure:?}");
        }
    }
}
