//! What is done to every picture of a run, and how it is written.
use anyhow::{Context, Result};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueHint};
use hypercut::effects::{self, EFFECTS, Effect, EffectInfo, OptionKind, OptionValue, OptionValues};
use hypercut::{Effort, Segmenter, Threads};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, OnceLock};

use super::colours::{self, Conversion};
use super::effect_args::{self, EffectArgs};
use super::nature::Nature;
use crate::fault::Fault;
use crate::picture::{Decoded, Format, PixelLimit, decode, has_colour};
use crate::source;

/// The flags that say what is drawn into a frame or picture.
#[derive(Debug, Clone, Args)]
pub(crate) struct DrawArgs {
    /// What to draw
    #[arg(short, long, value_name = "EFFECT", default_value = EFFECTS[0].name)]
    #[arg(value_parser = effect_names())]
    effect: String,

    #[command(flatten)]
    options: EffectArgs,

    /// Picture drawn in the bottom right corner, scaled to the picture
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    logo: Option<PathBuf>,

    /// A .tflite portrait network instead of the one inside
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    model: Option<PathBuf>,
}

impl DrawArgs {
    /// As data; files stay paths.
    pub(crate) fn spec(&self, max_pixels: PixelLimit) -> Spec {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        Spec {
            effect: self.effect.clone(),
            options: self.options.given().to_vec(),
            logo: self.logo.as_ref().map(text),
            model: self.model.as_ref().map(text),
            max_pixels: max_pixels.0,
            ..Spec::default()
        }
    }
}

/// The flags of a recipe.
#[derive(Debug, Clone, Args)]
pub(crate) struct RecipeArgs {
    #[command(flatten)]
    draw: DrawArgs,

    /// Let the network look once instead of up to twelve times (mirrored, closer to the people, and at parts of that)
    #[arg(long)]
    pub(crate) fast: bool,

    /// Format to write
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,

    /// Quality of JPEG files (colour is kept at full resolution, 4:4:4)
    #[arg(long, value_name = "1-100", default_value_t = QUALITY)]
    #[arg(value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,

    /// Crop a cut-out to the person
    #[arg(long)]
    pub(crate) trim: bool,

    /// Copy EXIF (camera, time, place) to the result, without its thumbnail
    #[arg(long)]
    pub(crate) keep_metadata: bool,

    /// Refuse larger pictures, before decoding them
    #[arg(long, value_name = "N[M]", default_value = "100M", value_parser = PixelLimit::parse)]
    pub(crate) max_pixels: PixelLimit,
}

/// SHA-256 of the network inside.
static BUILT_IN: LazyLock<[u8; 32]> =
    LazyLock::new(|| Sha256::digest(Segmenter::built_in()).into());

/// JPEG quality unless told otherwise.
pub(crate) const QUALITY: u8 = 92;

impl RecipeArgs {
    /// The recipe as data; files stay paths.
    pub(crate) fn spec(&self) -> Spec {
        Spec {
            fast: self.fast,
            format: self.format,
            quality: self.quality,
            trim: self.trim,
            keep_metadata: self.keep_metadata,
            ..self.draw.spec(self.max_pixels)
        }
    }

    /// The recipe, its files read.
    ///
    /// # Errors
    /// As [`Recipe::new`]; messages name the files.
    pub(crate) fn recipe(&self) -> Result<Recipe> {
        Recipe::new(&self.spec(), |name| {
            source::read_file(Path::new(name), self.max_pixels.file_bytes())
        })
    }

    /// The files that the recipe reads.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let spec = self.spec();
        spec.files().map(PathBuf::from).collect()
    }
}

/// The names in [`EFFECTS`], each with its summary.
pub(crate) fn effect_names() -> PossibleValuesParser {
    let names = EFFECTS
        .iter()
        .map(|effect| PossibleValue::new(effect.name).help(effect.summary));
    PossibleValuesParser::new(names)
}

/// A recipe as data, for manifests, requests and plans. Files are named; what the names mean is the reader's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Spec {
    /// Name of an effect.
    pub(crate) effect: String,
    /// Its options: names and texts; a flag's text is `true`, a picture's the name of its file.
    pub(crate) options: Vec<(String, String)>,
    /// Name of the logo's file.
    pub(crate) logo: Option<String>,
    /// Name of a network's file.
    pub(crate) model: Option<String>,
    /// One look of the network.
    pub(crate) fast: bool,
    /// Format to write.
    pub(crate) format: Option<Format>,
    /// JPEG quality, 1 to 100.
    pub(crate) quality: u8,
    /// Whether a cut-out is cropped to the person.
    pub(crate) trim: bool,
    /// Whether EXIF is copied.
    pub(crate) keep_metadata: bool,
    /// The most pixels of a picture.
    pub(crate) max_pixels: u64,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            effect: EFFECTS[0].name.into(),
            options: Vec::new(),
            logo: None,
            model: None,
            fast: false,
            format: None,
            quality: QUALITY,
            trim: false,
            keep_metadata: false,
            max_pixels: 100_000_000,
        }
    }
}

impl Spec {
    fn info(&self) -> Option<&'static EffectInfo> {
        effects::find(&self.effect).ok()
    }

    /// Names of the files that the recipe reads.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        let pictures = self
            .options
            .iter()
            .filter(|(name, _)| effect_args::is_picture(self.info(), name))
            .map(|(_, text)| text.as_str());
        pictures
            .chain(self.logo.as_deref())
            .chain(self.model.as_deref())
    }

    /// The same recipe with every file's name replaced by what `rename` makes of it.
    ///
    /// # Errors
    /// What `rename` says.
    pub(crate) fn rename_files(
        &self,
        mut rename: impl FnMut(&str) -> Result<String>,
    ) -> Result<Self> {
        let mut renamed = self.clone();
        let info = self.info();
        for (name, text) in &mut renamed.options {
            if effect_args::is_picture(info, name) {
                *text = rename(text)?;
            }
        }
        for name in [&mut renamed.logo, &mut renamed.model]
            .into_iter()
            .flatten()
        {
            *name = rename(name)?;
        }
        Ok(renamed)
    }
}

/// A checked recipe, with everything in memory that it needs; cheap to share between threads.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    info: &'static EffectInfo,
    values: OptionValues,
    /// ICC profiles of the options' pictures, by the options' names.
    profiles: HashMap<String, Vec<u8>>,
    network: Option<Arc<Vec<u8>>>,
    pub(crate) logo: Option<Arc<Decoded>>,
    /// For which a gray picture takes colour.
    pub(super) logo_has_colour: bool,
    pub(crate) nature: Nature,
    pub(super) spec: Spec,
    /// As `spec`, with digests for the names of files.
    digests: Spec,
    /// Of the digests; made when it is first asked for, as a network takes its time.
    fingerprint: OnceLock<String>,
    /// For each picture; no part of the fingerprint, as results don't depend on it.
    threads: Threads,
}

impl Recipe {
    /// Checks `spec`; `read` gives the bytes of the files that it names.
    ///
    /// # Errors
    /// Usage errors for what contradicts itself; whatever `read` says; files that aren't what they should be.
    pub(crate) fn new(spec: &Spec, mut read: impl FnMut(&str) -> Result<Vec<u8>>) -> Result<Self> {
        let usage = |error: hypercut::Error| Fault::usage(error.to_string());
        let info = effects::find(&spec.effect).map_err(usage)?;
        let limit = PixelLimit(spec.max_pixels);
        let mut files = HashMap::new();
        for name in spec.files() {
            files.insert(name.to_owned(), read(name)?);
        }
        let bytes = |name: &str| files.get(name).map(Vec::as_slice).unwrap_or_default();
        let picture = |name: &str| decode(bytes(name), limit).with_context(|| name.to_owned());
        let mut profiles = HashMap::new();
        let values = effect_args::values(&spec.options, info, |option, name| {
            let picture = picture(name)?;
            if let Some(icc) = picture.metadata.icc_for(picture.pixel_format) {
                profiles.insert(option.to_owned(), icc.to_vec());
            }
            picture.into_picture()
        })?;
        let effect = info.build(&values).map_err(usage)?;
        let nature = Nature::of(effect.as_ref());
        check(spec, nature)?;
        let logo = spec
            .logo
            .as_deref()
            .map(|name| picture(name).context("logo"))
            .transpose()?;
        let logo_frame = logo.as_ref().map(Decoded::frame).transpose()?;
        let network = spec.model.as_deref().map(|name| -> Result<_> {
            Segmenter::from_tflite(bytes(name)).with_context(|| name.to_owned())?;
            Ok(Arc::new(bytes(name).to_vec()))
        });
        let digests = spec.rename_files(|name| Ok(digest(bytes(name))))?;
        Ok(Self {
            info,
            values,
            profiles,
            network: network.transpose()?,
            logo_has_colour: logo_frame.is_some_and(|frame| has_colour(&frame)),
            logo: logo.map(Arc::new),
            nature,
            spec: spec.clone(),
            digests,
            fingerprint: OnceLock::new(),
            threads: Threads::default(),
        })
    }

    /// Lets `threads` share the work on each picture.
    #[must_use]
    pub(crate) fn on(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// The recipe with colours, pictures and logo in the colour space of the ICC profile `to`, or sRGB. Once for each: what was
    /// converted is no longer what it came from.
    ///
    /// # Errors
    /// None for whole pictures.
    pub(crate) fn in_colours_of(&self, to: Option<&[u8]>) -> Result<Self> {
        let mut recipe = self.clone();
        recipe.values = colours::convert(&self.values, self.info, &self.profiles, to)?;
        if let Some(logo) = &mut recipe.logo
            && let Some(conversion) =
                Conversion::between(logo.metadata.icc_for(logo.pixel_format), to)
        {
            conversion.convert(Arc::make_mut(logo));
        }
        Ok(recipe)
    }

    /// Whether it draws anything that has colours of its own.
    pub(super) fn has_colours(&self) -> bool {
        let has = |kind| matches!(kind, OptionKind::Color { .. } | OptionKind::Picture);
        self.logo.is_some() || self.info.options.iter().any(|option| has(option.kind))
    }

    /// The name of the effect.
    pub(crate) fn effect_name(&self) -> &'static str {
        self.info.name
    }

    /// The most pixels of a picture.
    pub(crate) fn max_pixels(&self) -> PixelLimit {
        PixelLimit(self.spec.max_pixels)
    }

    /// What decides about the bytes of a result besides its input, as 16 hexadecimal digits: the recipe, the contents of its
    /// files, the network, and the version of this program.
    pub(crate) fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| fingerprint(&self.digests))
    }

    /// The format that a picture of format `input` is written in, unless the output's name says another.
    pub(crate) fn usual_format(&self, input: Format) -> Format {
        let usual = if self.nature.keeps_format {
            input
        } else {
            Format::Png
        };
        self.spec.format.unwrap_or(usual)
    }

    /// Refuses a format that can't hold what the effect draws.
    ///
    /// # Errors
    /// A usage error that says which formats can.
    pub(crate) fn check_format(&self, format: Format) -> Result<()> {
        if !self.nature.cuts_out || format.has_alpha() {
            return Ok(());
        }
        let fault = Fault::usage(format!(
            "`--effect {}` makes pixels transparent, which JPEG can't hold",
            self.info.name
        ));
        let hint =
            "write .png or .webp (`--format png`), or take `--effect color` for a plain background";
        Err(fault.hint(hint).into())
    }

    /// Whether another network, or another use of it, is asked for than by `other`.
    #[cfg(feature = "serve")]
    pub(super) fn network_differs(&self, other: &Self) -> bool {
        self.network != other.network || self.spec.fast != other.spec.fast
    }

    /// The effect, new.
    ///
    /// # Errors
    /// None that [`Recipe::new`] doesn't find first.
    pub(crate) fn effect(&self) -> Result<Box<dyn Effect>> {
        self.effect_of(&self.values)
    }

    fn effect_of(&self, values: &OptionValues) -> Result<Box<dyn Effect>> {
        let mut effect = self.info.build(values)?;
        effect.set_threads(&self.threads);
        Ok(effect)
    }

    /// A variant of the effect that takes less, where there is one: no discs, or edges as they are.
    ///
    /// # Errors
    /// As [`effect`](Self::effect).
    pub(crate) fn cheaper_effect(&self) -> Result<Option<Box<dyn Effect>>> {
        let mut values = self.values.clone();
        match self.info.name {
            "blur" if values.get("style") == Some(&OptionValue::Choice("bokeh".into())) => {
                values.set("style", OptionValue::Choice("gaussian".into()));
            }
            "cutout" => {
                values.set("keep-spill", OptionValue::Flag(true));
            }
            _ => return Ok(None),
        }
        self.effect_of(&values).map(Some)
    }

    /// The network, new.
    ///
    /// # Errors
    /// As [`effect`](Self::effect).
    pub(crate) fn segmenter(&self) -> Result<Segmenter> {
        let mut segmenter = match &self.network {
            Some(bytes) => Segmenter::from_tflite(bytes)?,
            None => Segmenter::new()?,
        };
        if !self.spec.fast {
            segmenter.set_effort(Effort::Still);
        }
        segmenter.set_threads(&self.threads);
        Ok(segmenter)
    }

    /// The network for when there is little time, where the recipe names no other.
    ///
    /// # Errors
    /// What the library says.
    pub(crate) fn smaller_segmenter(&self) -> Result<Option<Segmenter>> {
        if self.network.is_some() {
            return Ok(None);
        }
        let mut segmenter = Segmenter::small()?;
        segmenter.set_threads(&self.threads);
        Ok(Some(segmenter))
    }
}

fn check(spec: &Spec, nature: Nature) -> Result<()> {
    if !(1..=100).contains(&spec.quality) {
        let message = format!("a quality of {} is not one from 1 to 100", spec.quality);
        return Err(Fault::usage(message).into());
    }
    if spec.trim && !nature.cuts_out {
        let message = format!(
            "`--trim` crops cut-outs; `--effect {}` makes none",
            spec.effect
        );
        return Err(Fault::usage(message).hint("add `--effect cutout`").into());
    }
    if spec.logo.is_some() && nature.is_mask {
        let message = format!(
            "`--logo` doesn't go with `--effect {}`: a mask holds no picture",
            spec.effect
        );
        return Err(Fault::usage(message).into());
    }
    Ok(())
}

/// SHA-256 as 64 hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// `spec` with digests for the names of files.
fn fingerprint(spec: &Spec) -> String {
    let mut spec = spec.clone();
    // A limit decides whether there is a result, not which.
    spec.max_pixels = 0;
    let mut sha = Sha256::new();
    sha.update(env!("CARGO_PKG_VERSION"));
    if spec.model.is_none() {
        sha.update(BUILT_IN.as_slice());
    }
    sha.update(serde_json::to_vec(&spec).unwrap_or_default());
    hex(&sha.finalize()[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(options: &[(&str, &str)]) -> Spec {
        let options = options.iter().map(|&(a, b)| (a.into(), b.into())).collect();
        Spec {
            options,
            ..Spec::default()
        }
    }

    fn recipe(spec: &Spec) -> Result<Recipe> {
        Recipe::new(spec, |name| anyhow::bail!("no file {name}"))
    }

    #[test]
    fn a_digest_is_that_of_fips_180_4() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(b"abc"), abc);
    }

    #[test]
    fn fingerprints_tell_recipes_apart_and_not_limits() {
        let print = |spec: &Spec| recipe(spec).unwrap().fingerprint().to_owned();
        let plain = print(&Spec::default());
        assert_eq!(plain.len(), 16);
        assert_ne!(plain, print(&named(&[("strength", "70")])));
        let limited = Spec {
            max_pixels: 5,
            ..Spec::default()
        };
        assert_eq!(plain, print(&limited));
    }

    #[test]
    fn files_are_named_and_renamed() {
        let mut spec = named(&[("background", "beach.jpg")]);
        spec.effect = "image".into();
        spec.logo = Some("logo.png".into());
        assert_eq!(spec.files().collect::<Vec<_>>(), ["beach.jpg", "logo.png"]);
        let renamed = spec.rename_files(|name| Ok(format!("x/{name}"))).unwrap();
        let files: Vec<_> = renamed.files().collect();
        assert_eq!(files, ["x/beach.jpg", "x/logo.png"]);
        assert!(recipe(&spec).is_err(), "its files are read");
    }

    #[test]
    fn a_spec_survives_json_and_refuses_unknown_fields() {
        let spec = named(&[("strength", "70"), ("style", "bokeh")]);
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&text).unwrap(), spec);
        assert!(serde_json::from_str::<Spec>(r#"{"strenght": 3}"#).is_err());
    }
}
