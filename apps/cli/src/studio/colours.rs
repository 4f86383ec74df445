//! Backgrounds, colours and logos in the numbers of a photo's colour space: phones write Display P3, in which sRGB's numbers mean
//! other colours.
use anyhow::Result;
use hypercut::effects::{EffectInfo, OptionKind, OptionValue, OptionValues};
use hypercut::{Picture, PixelFormat};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};
use std::collections::HashMap;

use crate::picture::Decoded;

/// Steps of 255 by which colours may differ before anybody converts them.
const TOLERANCE: u8 = 1;

/// From the colour space of one ICC profile to another's.
#[derive(Debug)]
pub(super) struct Conversion {
    from: ColorProfile,
    to: ColorProfile,
}

impl Conversion {
    /// `None` where nothing changes. No profile is sRGB, and so is one that isn't understood or isn't RGB's, as browsers have it.
    pub(super) fn between(from: Option<&[u8]>, to: Option<&[u8]>) -> Option<Self> {
        if from == to {
            return None;
        }
        let conversion = Self {
            from: profile(from),
            to: profile(to),
        };
        // Many profiles are sRGB under another name.
        let steps = [0, 51, 102, 153, 204, 255];
        let colours: Vec<u8> = steps
            .iter()
            .flat_map(|&r| steps.map(|g| steps.map(|b| [r, g, b])))
            .flatten()
            .flatten()
            .collect();
        let converted = conversion.pixels(&colours, PixelFormat::Rgb8);
        let differ = |(a, b): (&u8, &u8)| a.abs_diff(*b) > TOLERANCE;
        colours
            .iter()
            .zip(&converted)
            .any(differ)
            .then_some(conversion)
    }

    /// Packed pixels; gray stays as it is, and so does alpha.
    fn pixels(&self, pixels: &[u8], format: PixelFormat) -> Vec<u8> {
        let layout = match format {
            PixelFormat::Rgb8 => Layout::Rgb,
            PixelFormat::Rgba8 => Layout::Rgba,
            _ => return pixels.to_vec(),
        };
        let mut converted = vec![0; pixels.len()];
        let options = TransformOptions::default();
        let transform = self
            .from
            .create_transform_8bit(layout, &self.to, layout, options);
        match transform.and_then(|transform| transform.transform(pixels, &mut converted)) {
            Ok(()) => converted,
            Err(_) => pixels.to_vec(),
        }
    }

    fn colour(&self, colour: [u8; 3]) -> [u8; 3] {
        let converted = self.pixels(&colour, PixelFormat::Rgb8);
        converted.try_into().unwrap_or(colour)
    }

    /// The picture in the other colour space.
    ///
    /// # Errors
    /// None for a whole picture.
    fn picture(&self, picture: &Picture) -> Result<Picture> {
        let frame = picture.as_frame();
        let pixels = self.pixels(frame.data(), frame.format());
        Ok(Picture::new(
            pixels,
            frame.width(),
            frame.height(),
            frame.format(),
        )?)
    }

    /// The pixels in the other colour space.
    pub(super) fn convert(&self, picture: &mut Decoded) {
        picture.pixels = self.pixels(&picture.pixels, picture.pixel_format);
    }
}

fn profile(icc: Option<&[u8]>) -> ColorProfile {
    icc.and_then(|icc| ColorProfile::new_from_slice(icc).ok())
        .filter(|profile| profile.color_space == DataColorSpace::Rgb)
        .unwrap_or_else(ColorProfile::new_srgb)
}

/// An effect's colours, given or usual, from sRGB, and its pictures, from their own profiles, by their options' names, in the colour
/// space `to`.
///
/// # Errors
/// None for whole pictures.
pub(super) fn convert(
    values: &OptionValues,
    info: &EffectInfo,
    profiles: &HashMap<String, Vec<u8>>,
    to: Option<&[u8]>,
) -> Result<OptionValues> {
    let mut converted = values.clone();
    for option in info.options {
        let own = profiles.get(option.name).map(Vec::as_slice);
        let changed = match (values.get(option.name), &option.kind) {
            (Some(OptionValue::Picture(picture)), _) => Conversion::between(own, to)
                .map(|conversion| conversion.picture(picture))
                .transpose()?
                .map(OptionValue::Picture),
            (Some(&OptionValue::Color(colour)), _)
            | (None, &OptionKind::Color { default: colour }) => Conversion::between(None, to)
                .map(|conversion| OptionValue::Color(conversion.colour(colour))),
            _ => None,
        };
        if let Some(value) = changed {
            converted.set(option.name, value);
        }
    }
    Ok(converted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn display_p3() -> Vec<u8> {
        ColorProfile::new_display_p3().encode().unwrap()
    }

    /// CSS Color 4: `color(display-p3 ...)` of sRGB's primaries are .9175 .2003 .1386, .4584 .9853 .2983 and .0 .0 .9596 of 1.
    #[test]
    fn colours_of_srgb_in_display_p3() {
        let p3 = display_p3();
        let conversion = Conversion::between(None, Some(&p3)).unwrap();
        for (srgb, expected) in [
            ([255, 0, 0], [234, 51, 35]),
            ([0, 255, 0], [117, 251, 76]),
            ([0, 0, 255], [0, 0, 245]),
            ([255, 255, 255], [255; 3]),
            ([128, 128, 128], [128; 3]),
        ] {
            let found = conversion.colour(srgb);
            let near = found.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 1);
            assert!(near, "{srgb:?}: {found:?}");
        }
        // There and back.
        let back = Conversion::between(Some(&p3), None).unwrap();
        let pixels = [234, 51, 35, 7];
        let found = back.pixels(&pixels, PixelFormat::Rgba8);
        assert!(
            found[0] >= 253 && found[1] <= 6 && found[2] <= 6,
            "{found:?}"
        );
        assert_eq!(found[3], 7);
    }

    #[test]
    fn what_is_srgb_or_no_profile_changes_nothing() {
        let srgb = ColorProfile::new_srgb().encode().unwrap();
        let p3 = display_p3();
        assert!(Conversion::between(None, Some(&srgb)).is_none());
        assert!(Conversion::between(Some(&p3), Some(&p3)).is_none());
        assert!(Conversion::between(None, Some(b"nothing")).is_none());
        assert!(Conversion::between(Some(&p3[..200]), None).is_none());
    }
}
