//! Flicker of a single frame, seen by looking at the frame after it.
use crate::mask::Mask;

/// Steps of luma up to which a place counts as the same in two frames.
const SAME: u8 = 6;

/// A small mask and the small picture that it belongs to, `[height, width, 3]`.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) mask: Mask,
    pub(super) picture: Vec<u8>,
}

impl Seen {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.mask.resize(other.mask.width(), other.mask.height());
        self.mask.data_mut().copy_from_slice(other.mask.data());
        self.picture.clone_from(&other.picture);
    }
}

/// Replaces alphas of `now` by the middle one of `before`, `now` and `after` where the picture is the same in all three.
///
/// Nothing happens where the sizes differ.
pub(super) fn steady(before: &Seen, now: &mut Seen, after: &Seen) {
    let length = now.mask.data().len();
    let fits = |seen: &Seen| seen.mask.data().len() == length && seen.picture.len() == 3 * length;
    if !(fits(before) && fits(now) && fits(after)) {
        return;
    }
    let pictures = [&before.picture, &now.picture, &after.picture];
    let green = |frame: usize, pixel: usize| pictures[frame][3 * pixel + 1];
    for (pixel, alpha) in now.mask.data_mut().iter_mut().enumerate() {
        let here = green(1, pixel);
        if here.abs_diff(green(0, pixel)) <= SAME && here.abs_diff(green(2, pixel)) <= SAME {
            let (a, b) = (before.mask.data()[pixel], after.mask.data()[pixel]);
            *alpha = (*alpha).clamp(a.min(b), a.max(b));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(alphas: [u8; 2], lumas: [u8; 2]) -> Seen {
        Seen {
            mask: Mask::from_raw(2, 1, alphas.to_vec()).unwrap(),
            picture: lumas.iter().flat_map(|&luma| [luma; 3]).collect(),
        }
    }

    #[test]
    fn a_flicker_goes_and_a_motion_stays() {
        let mut now = seen([255, 255], [50, 90]);
        // The first place stands still, the second changes.
        steady(
            &seen([10, 10], [50, 50]),
            &mut now,
            &seen([20, 20], [52, 50]),
        );
        assert_eq!(now.mask.data(), [20, 255]);
        let mut going = seen([100, 100], [50, 50]);
        steady(
            &seen([0, 0], [50, 50]),
            &mut going,
            &seen([200, 200], [50, 50]),
        );
        assert_eq!(
            going.mask.data(),
            [100, 100],
            "a steady change is no flicker"
        );
        steady(&Seen::default(), &mut going, &Seen::default());
        assert_eq!(going.mask.data(), [100, 100]);
    }
}
