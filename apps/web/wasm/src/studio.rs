//! One segmenter, one effect, one picture.
use hypercut::effects::{self, Effect, OptionKind, OptionValue, OptionValues};
use hypercut::mask::{Finding, TemporalOptions};
use hypercut::{Effort, Frame, FrameMut, Mask, Picture, PixelFormat, Segmenter, logo};
use serde_json::{Value, json};

use crate::png;

/// Why something was refused, in words for a person.
type Result<T> = std::result::Result<T, String>;

/// What a transparent result is laid on where nothing can be transparent: a video track, a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matte {
    /// Red, green, blue.
    Colour([u8; 3]),
    /// Light and dark squares, as pictures' editors show transparency.
    Squares,
}

/// Side of a square of [`Matte::Squares`] in pixels; a power of two.
const SQUARE: usize = 16;

/// Bytes of an RGBA picture.
fn rgba_bytes(width: usize, height: usize) -> Result<usize> {
    let len = width.checked_mul(height).and_then(|n| n.checked_mul(4));
    len.filter(|&n| n > 0 && n <= isize::MAX as usize)
        .ok_or_else(|| format!("a picture of {width} x {height} pixels is empty or too large"))
}

impl Matte {
    fn at(self, x: usize, y: usize) -> [u8; 3] {
        match self {
            Self::Colour(colour) => colour,
            Self::Squares if (x / SQUARE + y / SQUARE).is_multiple_of(2) => [255; 3],
            Self::Squares => [204; 3],
        }
    }
}

/// The state behind the exported functions; buffers keep their memory from frame to frame.
#[derive(Debug)]
pub(crate) struct Studio {
    segmenter: Segmenter,
    /// Whether the segmenter is set up for successive frames of a video.
    live: bool,
    mask: Mask,
    /// RGBA pixels as JavaScript wrote them, and their size.
    frame: Vec<u8>,
    size: (usize, usize),
    /// A picture on its way to become the frame, an option's picture or the logo.
    upload: Vec<u8>,
    upload_size: (usize, usize),
    effect: Box<dyn Effect>,
    /// Pictures for options of kind [`OptionKind::Picture`], kept when the effect changes.
    pictures: OptionValues,
    output: Vec<u8>,
    format: PixelFormat,
    logo: Option<Picture>,
}

impl Studio {
    pub(crate) fn new() -> Result<Self> {
        let mut segmenter = Segmenter::new().map_err(|error| error.to_string())?;
        segmenter.set_effort(Effort::Still);
        Ok(Self {
            segmenter,
            live: false,
            mask: Mask::new(),
            frame: Vec::new(),
            size: (0, 0),
            upload: Vec::new(),
            upload_size: (0, 0),
            effect: effects::EFFECTS[0]
                .build(&OptionValues::new())
                .map_err(|error| error.to_string())?,
            pictures: OptionValues::new(),
            output: Vec::new(),
            format: PixelFormat::Rgba8,
            logo: None,
        })
    }

    /// Room for the RGBA frame, `[height, width, 4]`. The result of the frame before is void.
    pub(crate) fn frame_mut(&mut self, width: usize, height: usize) -> Result<&mut [u8]> {
        self.frame.resize(rgba_bytes(width, height)?, 0);
        self.size = (width, height);
        self.output.clear();
        Ok(&mut self.frame)
    }

    /// Room for an RGBA picture on its way to another place.
    pub(crate) fn upload_mut(&mut self, width: usize, height: usize) -> Result<&mut [u8]> {
        self.upload.resize(rgba_bytes(width, height)?, 0);
        self.upload_size = (width, height);
        Ok(&mut self.upload)
    }

    /// Reads a PNG file as the upload.
    pub(crate) fn upload_png(&mut self, file: &[u8]) -> Result<()> {
        let picture = png::decode(file)?;
        let frame = picture.as_frame();
        self.upload_mut(frame.width(), frame.height())?
            .copy_from_slice(frame.data());
        Ok(())
    }

    /// Makes the upload the frame.
    pub(crate) fn take_frame(&mut self) -> Result<()> {
        let (width, height) = self.upload_size;
        rgba_bytes(width, height)?;
        self.frame = std::mem::take(&mut self.upload);
        self.size = std::mem::take(&mut self.upload_size);
        self.output.clear();
        Ok(())
    }

    /// Makes the upload the picture for options called `name`.
    pub(crate) fn take_picture(&mut self, name: &str) -> Result<()> {
        let picture = self.take_upload()?;
        self.pictures.set(name, OptionValue::Picture(picture));
        Ok(())
    }

    /// Makes the upload the logo.
    pub(crate) fn take_logo(&mut self) -> Result<()> {
        self.logo = Some(self.take_upload()?);
        Ok(())
    }

    fn take_upload(&mut self) -> Result<Picture> {
        let (width, height) = std::mem::take(&mut self.upload_size);
        let pixels = std::mem::take(&mut self.upload);
        Picture::new(pixels, width, height, PixelFormat::Rgba8).map_err(|error| error.to_string())
    }

    /// Pixels per row and rows of the frame.
    pub(crate) fn size(&self) -> (usize, usize) {
        self.size
    }

    /// The frame's bytes, `[height, width, 4]`.
    pub(crate) fn frame(&self) -> &[u8] {
        &self.frame
    }

    /// Finds the person in the frame; returns what was found, as JSON. `live`: the frame follows the one before in a video, and
    /// so does its mask; otherwise it is a picture, worth several looks.
    pub(crate) fn segment(&mut self, live: bool) -> Result<String> {
        if live != self.live {
            self.live = live;
            let (effort, temporal) = if live {
                (Effort::Once, Some(TemporalOptions::default()))
            } else {
                (Effort::Still, None)
            };
            self.segmenter.set_effort(effort);
            self.segmenter.set_temporal(temporal);
        }
        let frame = Frame::rgba8(&self.frame, self.size.0, self.size.1)
            .map_err(|error| error.to_string())?;
        self.segmenter
            .segment(&frame, &mut self.mask)
            .map_err(|error| error.to_string())?;
        let verdict = self.segmenter.verdict();
        let finding = match verdict.finding() {
            Finding::Person => "person",
            Finding::LowConfidence => "low-confidence",
            _ => "no-person",
        };
        let verdict = json!({
            "finding": finding,
            "coverage": verdict.coverage,
            "confidence": verdict.confidence,
        });
        Ok(verdict.to_string())
    }

    /// The mask's bytes, `[height, width]`.
    pub(crate) fn mask(&self) -> &[u8] {
        self.mask.data()
    }

    /// Chooses an effect: `{"name": "blur", "options": {"strength": 60}}`. Options of kind picture are those of
    /// [`take_picture`](Self::take_picture).
    ///
    /// # Errors
    /// Text that isn't such an object, or an effect, option or value that the library refuses; the old effect stays.
    pub(crate) fn choose(&mut self, request: &str) -> Result<()> {
        let request: Value = serde_json::from_str(request).map_err(|error| error.to_string())?;
        let name = request["name"].as_str().ok_or("an effect needs a name")?;
        let info = effects::find(name).map_err(|error| error.to_string())?;
        let mut values = OptionValues::new();
        for (name, value) in request["options"].as_object().into_iter().flatten() {
            let text = match value {
                Value::Null => continue,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            let value = match info.option(name) {
                Some(option) => option.parse(&text).map_err(|error| error.to_string())?,
                // The library's message for it lists the options that there are.
                None => OptionValue::Choice(text),
            };
            values.set(name, value);
        }
        for option in info
            .options
            .iter()
            .filter(|o| o.kind == OptionKind::Picture)
        {
            if let Some(picture) = self.pictures.get(option.name) {
                values.set(option.name, picture.clone());
            }
        }
        self.effect = info.build(&values).map_err(|error| error.to_string())?;
        Ok(())
    }

    /// Draws the chosen effect from the frame and its mask, and the logo over it where `with_logo` asks for that.
    pub(crate) fn compose(&mut self, with_logo: bool) -> Result<()> {
        let wrong = |error: hypercut::Error| error.to_string();
        let (width, height) = self.size;
        let frame = Frame::rgba8(&self.frame, width, height).map_err(wrong)?;
        self.format = self.effect.output_format(frame.format());
        self.output.resize(width * height * self.format.bytes(), 0);
        let mut out =
            FrameMut::packed(&mut self.output, width, height, self.format).map_err(wrong)?;
        let drawn = self.effect.apply(&frame, &self.mask, &mut out);
        let drawn = drawn.and_then(|()| match &self.logo {
            Some(logo) if with_logo => logo::draw(&mut out, &logo.as_frame()),
            _ => Ok(()),
        });
        if drawn.is_err() {
            self.output.clear();
        }
        drawn.map_err(wrong)
    }

    /// The result's bytes, `[height, width, channels]`; empty before [`compose`](Self::compose) and after it failed.
    pub(crate) fn output(&self) -> &[u8] {
        &self.output
    }

    /// Bytes per pixel of the result.
    pub(crate) fn channels(&self) -> usize {
        self.format.bytes()
    }

    /// Turns the result into RGBA; `matte` is laid under transparent parts, so that nothing of it is transparent.
    pub(crate) fn flatten(&mut self, matte: Option<Matte>) {
        if self.format == PixelFormat::Gray8 {
            self.output = self.output.iter().flat_map(|&v| [v, v, v, 255]).collect();
            self.format = PixelFormat::Rgba8;
        }
        let (Some(matte), (width, _)) = (matte, self.size) else {
            return;
        };
        for (y, row) in self.output.chunks_exact_mut(width * 4).enumerate() {
            if row.as_chunks::<4>().0.iter().fold(255, |all, p| all & p[3]) == 255 {
                continue;
            }
            for (x, pixel) in row.as_chunks_mut::<4>().0.iter_mut().enumerate() {
                let (alpha, below) = (u32::from(pixel[3]), matte.at(x, y));
                for (colour, below) in pixel.iter_mut().zip(below) {
                    let sum = u32::from(*colour) * alpha + u32::from(below) * (255 - alpha);
                    *colour = ((sum + 127) / 255) as u8;
                }
                pixel[3] = 255;
            }
        }
    }

    /// The result as a PNG file.
    pub(crate) fn png(&self) -> Result<Vec<u8>> {
        let frame = Frame::new(
            &self.output,
            self.size.0,
            self.size.1,
            self.size.0 * self.format.bytes(),
            self.format,
        );
        png::encode(&frame.map_err(|error| error.to_string())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn studio() -> Studio {
        let mut studio = Studio::new().unwrap();
        let frame = studio.frame_mut(40, 30).unwrap();
        for (i, byte) in frame.iter_mut().enumerate() {
            *byte = if i % 4 == 3 { 255 } else { (i % 251) as u8 };
        }
        studio
    }

    #[test]
    fn what_the_library_refuses_is_said_and_the_old_effect_stays() {
        let mut studio = studio();
        studio.choose(r#"{"name":"mask"}"#).unwrap();
        for (request, message) in [
            (r#"{"name":"halo"}"#, "no effect `halo`"),
            (
                r#"{"name":"blur","options":{"strength":101}}"#,
                "101 is not a number from 0 to 100",
            ),
            (
                r#"{"name":"blur","options":{"depth":1}}"#,
                "has no option `depth`",
            ),
            (r#"{"name":"image"}"#, "needs option `background`"),
            ("{}", "needs a name"),
        ] {
            let error = studio.choose(request).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        studio.segment(false).unwrap();
        studio.compose(false).unwrap();
        assert_eq!(studio.channels(), 1);
    }

    #[test]
    fn a_failed_effect_leaves_no_pixels() {
        let mut studio = studio();
        studio.segment(false).unwrap();
        studio.compose(false).unwrap();
        assert_eq!(studio.output().len(), 40 * 30 * 4);
        studio.frame_mut(20, 20).unwrap();
        assert!(studio.output().is_empty());
        // The mask is still that of the frame before.
        studio.compose(false).unwrap_err();
        assert!(studio.output().is_empty());
    }

    #[test]
    fn flat_pixels_are_opaque_and_mixed_with_what_is_below() {
        let mut studio = studio();
        studio.segment(false).unwrap();
        studio.choose(r#"{"name":"cutout"}"#).unwrap();
        studio.compose(false).unwrap();
        studio.output[..8].copy_from_slice(&[200, 100, 0, 51, 9, 9, 9, 0]);
        studio.flatten(Some(Matte::Colour([0, 50, 255])));
        // 200 / 5 + 0, 100 / 5 + 40, 0 + 204.
        assert_eq!(studio.output()[..8], [40, 60, 204, 255, 0, 50, 255, 255]);
        assert!(studio.output().chunks(4).all(|pixel| pixel[3] == 255));
    }

    #[test]
    fn a_picture_survives_a_change_of_effect() {
        let mut studio = studio();
        studio
            .upload_mut(1, 1)
            .unwrap()
            .copy_from_slice(&[1, 2, 3, 255]);
        studio.take_picture("background").unwrap();
        studio.choose(r#"{"name":"image"}"#).unwrap();
        studio.choose(r#"{"name":"mask"}"#).unwrap();
        studio.choose(r#"{"name":"image"}"#).unwrap();
        assert!(studio.take_frame().is_err(), "the upload is used up");
    }
}
