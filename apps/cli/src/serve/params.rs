//! From the parameters of a request to a recipe.
use clap::ValueEnum;
use hypercut::effects::{self, OptionKind};

use super::problem::Problem;
use crate::picture::Format;
use crate::studio::Spec;

/// Names and texts, from the query and the fields of a form.
pub(super) type Pairs = Vec<(String, String)>;

/// The recipe that `pairs` ask for. `effect` is fixed for `/v1/mask`.
///
/// # Errors
/// 422 that names the parameter.
pub(super) fn portrait(
    pairs: Pairs,
    effect: Option<&str>,
    max_pixels: u64,
) -> Result<Spec, Problem> {
    let mut spec = Spec {
        max_pixels,
        ..Spec::default()
    };
    if let Some(effect) = effect {
        spec.effect = effect.into();
    }
    let mut options = Vec::new();
    for (name, text) in pairs {
        match name.as_str() {
            "effect" if effect.is_none() => spec.effect = text,
            "format" => spec.format = Some(format(&text)?),
            "quality" => spec.quality = number(&name, &text, 1, 100)?,
            "fast" => spec.fast = truth(&name, &text)?,
            "trim" if effect.is_none() => spec.trim = truth(&name, &text)?,
            "keep_metadata" if effect.is_none() => spec.keep_metadata = truth(&name, &text)?,
            _ => options.push((name, text)),
        }
    }
    let info =
        effects::find(&spec.effect).map_err(|error| Problem::unprocessable(error.to_string()))?;
    for (name, text) in options {
        let Some(option) = info.option(&name) else {
            let known: Vec<_> = info.options.iter().map(|option| option.name).collect();
            let known = if known.is_empty() {
                "none".into()
            } else {
                known.join(", ")
            };
            let problem =
                Problem::unprocessable(format!("no parameter `{name}` for effect `{}`", info.name));
            let fixed = if effect.is_none() {
                "effect, format, quality, fast, trim, keep_metadata"
            } else {
                "format, quality, fast"
            };
            return Err(problem.hint(format!(
                "there are: {fixed}; options of the effect: {known}"
            )));
        };
        let text = match option.kind {
            OptionKind::Picture => {
                let problem = Problem::unprocessable(format!("`{name}` is a picture, not a text"));
                return Err(problem.hint("send it as a file of a multipart/form-data body"));
            }
            OptionKind::Flag => truth(&name, &text)?.to_string(),
            _ => text,
        };
        spec.options.push((name, text));
    }
    Ok(spec)
}

/// The recipe that rembg's parameters ask for: its server's names, defaults and ranges (rembg 2.0, `s_command.py`).
///
/// `model` is taken as it comes, there is one network here. So are `a`, `af`, `ab`, `ae` and `ppm`: edges are always soft and free
/// of the old background's colour, and specks are always removed.
///
/// # Errors
/// 422 that names the parameter.
pub(super) fn rembg(pairs: Pairs, max_pixels: u64) -> Result<Spec, Problem> {
    let mut spec = Spec {
        effect: "cutout".into(),
        format: Some(Format::Png),
        max_pixels,
        ..Spec::default()
    };
    let mut background = None;
    let mut only_mask = false;
    for (name, text) in pairs {
        match name.as_str() {
            "model" | "extras" | "url" => {}
            "a" | "ppm" => {
                truth(&name, &text)?;
            }
            "af" | "ab" => {
                number::<u8>(&name, &text, 0, 255)?;
            }
            "ae" => {
                number::<u32>(&name, &text, 0, u32::MAX)?;
            }
            "om" => only_mask = truth(&name, &text)?,
            "bgc" if text.is_empty() => {}
            "bgc" => background = color(&text)?,
            _ => {
                let problem = Problem::unprocessable(format!("no parameter `{name}`"));
                return Err(
                    problem.hint("there are: url, model, a, af, ab, ae, om, ppm, bgc, extras")
                );
            }
        }
    }
    if only_mask {
        spec.effect = "mask".into();
    } else if let Some([r, g, b]) = background {
        spec.effect = "color".into();
        spec.options = vec![("color".into(), format!("#{r:02x}{g:02x}{b:02x}"))];
    }
    Ok(spec)
}

/// `255,255,255,255`: red, green, blue, alpha. Wholly transparent is no colour.
fn color(text: &str) -> Result<Option<[u8; 3]>, Problem> {
    let parts: Option<Vec<u8>> = text
        .split(',')
        .map(|part| part.trim().parse().ok())
        .collect();
    match parts.as_deref() {
        Some(&[r, g, b] | &[r, g, b, 255]) => Ok(Some([r, g, b])),
        Some(&[_, _, _, 0]) => Ok(None),
        _ => {
            let problem = Problem::unprocessable(format!("`bgc`: `{text}` is not a colour"));
            Err(problem.hint("red,green,blue,alpha, each 0 to 255, alpha 0 or 255"))
        }
    }
}

fn format(text: &str) -> Result<Format, Problem> {
    let wanted =
        || Problem::unprocessable(format!("`format`: `{text}` is not one of jpeg, png, webp"));
    Format::from_str(text, false).map_err(|_| wanted())
}

fn number<T: std::str::FromStr + PartialOrd + std::fmt::Display>(
    name: &str,
    text: &str,
    least: T,
    most: T,
) -> Result<T, Problem> {
    let value = text
        .parse()
        .ok()
        .filter(|value| (&least..=&most).contains(&value));
    let wanted = || format!("`{name}`: `{text}` is not a whole number from {least} to {most}");
    value.ok_or_else(|| Problem::unprocessable(wanted()))
}

/// As FastAPI reads booleans, whose clients rembg has.
fn truth(name: &str, text: &str) -> Result<bool, Problem> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" | "t" | "y" => Ok(true),
        "false" | "0" | "off" | "no" | "f" | "n" => Ok(false),
        _ => Err(Problem::unprocessable(format!(
            "`{name}`: `{text}` is neither true nor false"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> Pairs {
        pairs.iter().map(|&(a, b)| (a.into(), b.into())).collect()
    }

    #[test]
    fn rembgs_names() {
        let spec = |given: &[(&str, &str)]| rembg(pairs(given), 9).unwrap();
        let plain = spec(&[
            ("model", "u2net"),
            ("a", "true"),
            ("af", "240"),
            ("ab", "10"),
            ("ae", "10"),
            ("ppm", "1"),
        ]);
        assert_eq!(
            (plain.effect.as_str(), plain.format, plain.max_pixels),
            ("cutout", Some(Format::Png), 9)
        );
        assert_eq!(spec(&[("om", "true")]).effect, "mask");
        let colored = spec(&[("bgc", "255, 0,16,255")]);
        assert_eq!(colored.options, [("color".into(), "#ff0010".into())]);
        assert_eq!(spec(&[("bgc", "0,0,0,0")]).effect, "cutout");
        for bad in [
            ("af", "256"),
            ("a", "perhaps"),
            ("bgc", "red"),
            ("bgc", "1,2,3,128"),
            ("ae", "-1"),
            ("b", "1"),
        ] {
            assert!(rembg(pairs(&[bad]), 9).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_an_effect_does_not_take_is_refused() {
        let spec = |given: &[(&str, &str)]| portrait(pairs(given), None, 9);
        let good = spec(&[
            ("effect", "blur"),
            ("strength", "70"),
            ("format", "webp"),
            ("quality", "80"),
            ("fast", "true"),
        ])
        .unwrap();
        assert_eq!((good.format, good.quality), (Some(Format::Webp), 80));
        assert!(good.fast);
        assert!(spec(&[("effect", "cutout"), ("strength", "70")]).is_err());
        assert!(spec(&[("effect", "sepia")]).is_err());
        assert!(spec(&[("quality", "0")]).is_err());
        assert!(
            spec(&[("effect", "image"), ("background", "/etc/passwd")]).is_err(),
            "files come with the request"
        );
        assert!(portrait(pairs(&[("effect", "blur")]), Some("mask"), 9).is_err());
    }
}
