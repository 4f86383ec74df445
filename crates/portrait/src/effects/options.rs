//! What an effect can be told: the list that command line, server and web page are generated from.
use crate::error::{Error, ErrorKind, Result};
use crate::frame::Picture;

/// One option of an effect.
#[derive(Debug)]
pub struct OptionInfo {
    /// Lower-case word, as in `--strength`.
    pub name: &'static str,
    /// What values it takes.
    pub kind: OptionKind,
    /// One line for help texts, without a full stop.
    pub help: &'static str,
}

/// What values an option takes, and the one it has when left out.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum OptionKind {
    /// A number from `min` to `max`, both included.
    Number {
        /// Smallest value.
        min: f32,
        /// Largest value.
        max: f32,
        /// Value when left out.
        default: f32,
    },
    /// A colour: `#rgb`, `#rrggbb` or a basic name.
    Color {
        /// Red, green, blue when left out.
        default: [u8; 3],
    },
    /// A picture; must be given.
    Picture,
    /// One of a few words.
    Choice {
        /// The words.
        values: &'static [&'static str],
        /// The word when left out; one of `values`.
        default: &'static str,
    },
    /// On when given, off when left out.
    Flag,
}

/// A value for an option.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum OptionValue {
    /// For [`OptionKind::Number`].
    Number(f32),
    /// For [`OptionKind::Color`]: red, green, blue.
    Color([u8; 3]),
    /// For [`OptionKind::Picture`].
    Picture(Picture),
    /// For [`OptionKind::Choice`].
    Choice(String),
    /// For [`OptionKind::Flag`].
    Flag(bool),
}

/// Basic colour names (the 16 of HTML 4) and their values.
const COLOR_NAMES: &[(&str, [u8; 3])] = &[
    ("aqua", [0, 255, 255]),
    ("black", [0, 0, 0]),
    ("blue", [0, 0, 255]),
    ("fuchsia", [255, 0, 255]),
    ("gray", [128, 128, 128]),
    ("green", [0, 128, 0]),
    ("lime", [0, 255, 0]),
    ("maroon", [128, 0, 0]),
    ("navy", [0, 0, 128]),
    ("olive", [128, 128, 0]),
    ("purple", [128, 0, 128]),
    ("red", [255, 0, 0]),
    ("silver", [192, 192, 192]),
    ("teal", [0, 128, 128]),
    ("white", [255, 255, 255]),
    ("yellow", [255, 255, 0]),
];

fn parse_color(text: &str) -> Option<[u8; 3]> {
    let Some(digits) = text.strip_prefix('#') else {
        return COLOR_NAMES
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text))
            .map(|&(_, value)| value);
    };
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = number.to_be_bytes();
    match digits.len() {
        6 => Some([r, g, b]),
        3 => Some([
            (number >> 8 & 15) as u8 * 17,
            (number >> 4 & 15) as u8 * 17,
            (number & 15) as u8 * 17,
        ]),
        _ => None,
    }
}

impl OptionInfo {
    fn fault(&self, found: &str, expected: &str) -> Error {
        Error::new(
            ErrorKind::Option,
            format!("option `{}`: {found} is not {expected}", self.name),
        )
    }

    fn expected(&self) -> String {
        match self.kind {
            OptionKind::Number { min, max, .. } => format!("a number from {min} to {max}"),
            OptionKind::Color { .. } => {
                "a colour (#rrggbb, or a name such as white, black, gray, green, blue)".into()
            }
            OptionKind::Picture => "a picture".into(),
            OptionKind::Choice { values, .. } => format!("one of {}", values.join(", ")),
            OptionKind::Flag => "true or false".into(),
        }
    }

    /// Reads a value from text, as a flag of a command line or a field of a form gives it.
    ///
    /// # Errors
    /// [`ErrorKind::Option`] when the text isn't a value of this kind or is out of range. Always for
    /// [`OptionKind::Picture`]: decoding is the caller's.
    pub fn parse(&self, text: &str) -> Result<OptionValue> {
        let value = match self.kind {
            OptionKind::Number { .. } => text.parse().ok().map(OptionValue::Number),
            OptionKind::Color { .. } => parse_color(text).map(OptionValue::Color),
            OptionKind::Picture => None,
            OptionKind::Choice { .. } => Some(OptionValue::Choice(text.into())),
            OptionKind::Flag => text.parse().ok().map(OptionValue::Flag),
        };
        let value = value.ok_or_else(|| self.fault(&format!("`{text}`"), &self.expected()))?;
        self.check(&value)?;
        Ok(value)
    }

    /// Errors unless `value` has this option's kind and lies in its range.
    pub(crate) fn check(&self, value: &OptionValue) -> Result<()> {
        let good = match (self.kind, value) {
            (OptionKind::Number { min, max, .. }, OptionValue::Number(n)) => {
                (min..=max).contains(n)
            }
            (OptionKind::Choice { values, .. }, OptionValue::Choice(word)) => {
                values.contains(&word.as_str())
            }
            (OptionKind::Color { .. }, OptionValue::Color(_))
            | (OptionKind::Picture, OptionValue::Picture(_))
            | (OptionKind::Flag, OptionValue::Flag(_)) => true,
            _ => false,
        };
        if good {
            return Ok(());
        }
        let found = match value {
            OptionValue::Number(n) => format!("{n}"),
            OptionValue::Choice(word) => format!("`{word}`"),
            OptionValue::Color([r, g, b]) => format!("colour #{r:02x}{g:02x}{b:02x}"),
            OptionValue::Picture(_) => "a picture".into(),
            OptionValue::Flag(on) => format!("{on}"),
        };
        Err(self.fault(&found, &self.expected()))
    }
}

/// The options of one effect, by name; what is not set has its default.
///
/// ```
/// use hypercut::effects::{self, OptionValue, OptionValues};
/// let blur = effects::find("blur")?;
/// let mut values = OptionValues::new();
/// values.set("strength", OptionValue::Number(80.0));
/// let effect = blur.build(&values)?;
/// # Ok::<(), hypercut::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OptionValues {
    entries: Vec<(String, OptionValue)>,
}

impl OptionValues {
    /// No option set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an option; setting it again replaces its value. Checked by [`EffectInfo::build`](super::EffectInfo::build).
    pub fn set(&mut self, name: impl Into<String>, value: OptionValue) -> &mut Self {
        let name = name.into();
        self.entries.retain(|(known, _)| *known != name);
        self.entries.push((name, value));
        self
    }

    /// The value of an option, if set.
    pub fn get(&self, name: &str) -> Option<&OptionValue> {
        self.entries
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value)
    }

    /// Names and values, in the order they were set.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OptionValue)> {
        self.entries
            .iter()
            .map(|(name, value)| (name.as_str(), value))
    }
}
