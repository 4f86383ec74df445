//! Golden comparison: how far two tensors are apart, and a text that says where.
use crate::golden::{Data, Tensor};

/// How far apart elements may be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tolerance {
    /// Steps between two bytes.
    pub steps: u32,
    /// Distance of two floats over the largest magnitude of the expected tensor.
    ///
    /// Relative to the tensor's peak and not to each element: a sum that cancels to almost 0 carries the rounding of
    /// its terms, so the order of addition alone moves such an element by more than any share of itself.
    pub relative: f64,
}

/// How two tensors compare.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Agreement {
    /// Elements compared.
    pub elements: usize,
    /// Elements that are not equal.
    pub differing: usize,
    /// Largest distance: steps of bytes and integers, for floats the relative one.
    pub largest: f64,
}

impl Agreement {
    /// Both together.
    pub fn and(self, other: Self) -> Self {
        Self {
            elements: self.elements + other.elements,
            differing: self.differing + other.differing,
            largest: self.largest.max(other.largest),
        }
    }
}

/// Compares what was found with what was expected.
///
/// # Errors
/// A text with the first element beyond the tolerance, how many there are and the largest distance; or the types or
/// shapes, when those differ.
pub fn compare(
    expected: &Tensor,
    found: &Tensor,
    tolerance: Tolerance,
) -> Result<Agreement, String> {
    if expected.shape != found.shape {
        return Err(format!(
            "shape {:?}, expected {:?}",
            found.shape, expected.shape
        ));
    }
    if expected.data.len() != found.data.len() {
        return Err(format!(
            "{} elements, expected {}",
            found.data.len(),
            expected.data.len()
        ));
    }
    let steps = f64::from(tolerance.steps);
    let (distances, beyond) = match (&expected.data, &found.data) {
        (Data::F32(e), Data::F32(f)) => (relative(e, f), tolerance.relative),
        (Data::I8(e), Data::I8(f)) => (apart(e, f), steps),
        (Data::U8(e), Data::U8(f)) => (apart(e, f), steps),
        // Indices are right or wrong.
        (Data::I32(e), Data::I32(f)) => (apart(e, f), 0.0),
        (Data::I64(e), Data::I64(f)) => (
            e.iter()
                .zip(f)
                .map(|(e, f)| e.abs_diff(*f) as f64)
                .collect(),
            0.0,
        ),
        _ => return Err("another element type".to_owned()),
    };
    let largest = distances.iter().copied().fold(0.0, f64::max);
    let differing = distances.iter().filter(|&&d| d > 0.0).count();
    match distances.iter().position(|&d| d > beyond) {
        None => Ok(Agreement {
            elements: distances.len(),
            differing,
            largest,
        }),
        Some(first) => {
            let bad = distances.iter().filter(|&&d| d > beyond).count();
            let at = place(&expected.shape, first);
            let values = values(&expected.data, &found.data, first);
            let len = distances.len();
            Err(format!(
                "{bad} of {len} elements beyond {beyond}, the first at {at:?}: {values}; largest distance {largest:.6}"
            ))
        }
    }
}

/// Distances of integers.
fn apart<T: Copy + Into<f64>>(expected: &[T], found: &[T]) -> Vec<f64> {
    let distance = |(e, f): (&T, &T)| ((*e).into() - (*f).into()).abs();
    expected.iter().zip(found).map(distance).collect()
}

/// Distances of floats over the peak; infinite for what is not a number on one side alone.
fn relative(expected: &[f32], found: &[f32]) -> Vec<f64> {
    let peak = expected.iter().fold(0.0_f64, |peak, &v| {
        let magnitude = f64::from(v).abs();
        if magnitude.is_finite() {
            peak.max(magnitude)
        } else {
            peak
        }
    });
    // Outputs that are all but 0 compare absolutely.
    let unit = peak.max(1e-6);
    let distance = |(&e, &f): (&f32, &f32)| {
        if e == f || (e.is_nan() && f.is_nan()) {
            return 0.0;
        }
        let distance = (f64::from(e) - f64::from(f)).abs() / unit;
        if distance.is_nan() {
            f64::INFINITY
        } else {
            distance
        }
    };
    expected.iter().zip(found).map(distance).collect()
}

/// The coordinates of element `index`.
fn place(shape: &[usize], mut index: usize) -> Vec<usize> {
    let mut at: Vec<usize> = shape
        .iter()
        .rev()
        .map(|&side| {
            let here = index % side;
            index /= side;
            here
        })
        .collect();
    at.reverse();
    at
}

/// Both values of element `index`.
fn values(expected: &Data, found: &Data, index: usize) -> String {
    fn text<T: std::fmt::Display>(expected: &[T], found: &[T], index: usize) -> String {
        format!("{}, expected {}", found[index], expected[index])
    }
    match (expected, found) {
        (Data::F32(e), Data::F32(f)) => text(e, f, index),
        (Data::I8(e), Data::I8(f)) => text(e, f, index),
        (Data::U8(e), Data::U8(f)) => text(e, f, index),
        (Data::I32(e), Data::I32(f)) => text(e, f, index),
        (Data::I64(e), Data::I64(f)) => text(e, f, index),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRICT: Tolerance = Tolerance {
        steps: 1,
        relative: 1e-5,
    };

    fn bytes(data: &[i8]) -> Tensor {
        Tensor {
            shape: vec![1, data.len()],
            data: Data::I8(data.to_vec()),
        }
    }

    fn floats(data: &[f32]) -> Tensor {
        Tensor {
            shape: vec![data.len()],
            data: Data::F32(data.to_vec()),
        }
    }

    #[test]
    fn one_step_is_counted_and_two_fail() {
        let one = compare(&bytes(&[1, 2, 3]), &bytes(&[1, 3, 3]), STRICT).unwrap();
        assert_eq!((one.elements, one.differing, one.largest), (3, 1, 1.0));
        let text = compare(&bytes(&[1, -128, 3]), &bytes(&[1, 127, 4]), STRICT).unwrap_err();
        assert_eq!(
            text,
            "1 of 3 elements beyond 1, the first at [0, 1]: 127, expected -128; largest distance 255.000000"
        );
    }

    #[test]
    fn floats_are_relative_to_the_peak() {
        assert!(compare(&floats(&[100.0, 0.0]), &floats(&[100.0, 0.0009]), STRICT).is_ok());
        assert!(compare(&floats(&[100.0, 0.0]), &floats(&[100.0, 0.0011]), STRICT).is_err());
        assert!(compare(&floats(&[1.0]), &floats(&[f32::NAN]), STRICT).is_err());
        assert!(compare(&floats(&[f32::INFINITY]), &floats(&[1.0]), STRICT).is_err());
    }

    #[test]
    fn shapes_and_types_count() {
        assert!(compare(&bytes(&[1]), &bytes(&[1, 1]), STRICT).is_err());
        let mut other = bytes(&[1]);
        other.data = Data::U8(vec![1]);
        assert!(compare(&bytes(&[1]), &other, STRICT).is_err());
    }
}
