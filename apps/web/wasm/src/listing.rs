//! The library's effects as JSON.
use hypercut::PixelFormat;
use hypercut::effects::{EFFECTS, EffectInfo, OptionInfo, OptionKind, OptionValues};
use serde_json::{Value, json};

/// Every effect in the library's order: `[{"name", "summary", "alpha", "options": [{"name", "help", "kind", …}]}]`.
///
/// `alpha` says whether its result has transparent parts where the picture had none. An option's `kind` is `number` (with `min`,
/// `max`, `default`), `color` (`default` as `#rrggbb`), `picture`, `choice` (`values`, `default`) or `flag`.
pub(crate) fn effects() -> String {
    Value::from_iter(EFFECTS.iter().map(effect)).to_string()
}

fn effect(info: &EffectInfo) -> Value {
    json!({
        "name": info.name,
        "summary": info.summary,
        "alpha": makes_alpha(info),
        "options": Value::from_iter(info.options.iter().map(option)),
    })
}

/// An effect that cannot be built from defaults alone wants a picture, and fills the frame with it.
fn makes_alpha(info: &EffectInfo) -> bool {
    info.build(&OptionValues::new())
        .is_ok_and(|effect| effect.output_format(PixelFormat::Rgb8).has_alpha())
}

fn option(info: &OptionInfo) -> Value {
    let mut value = match info.kind {
        OptionKind::Number { min, max, default } => {
            json!({ "kind": "number", "min": min, "max": max, "default": default })
        }
        OptionKind::Color { default: [r, g, b] } => {
            json!({ "kind": "color", "default": format!("#{r:02x}{g:02x}{b:02x}") })
        }
        OptionKind::Picture => json!({ "kind": "picture" }),
        OptionKind::Choice { values, default } => {
            json!({ "kind": "choice", "values": values, "default": default })
        }
        OptionKind::Flag => json!({ "kind": "flag" }),
        _ => json!({ "kind": "unknown" }),
    };
    value["name"] = info.name.into();
    value["help"] = info.help.into();
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_effect_and_option_is_listed_in_order() {
        let listed: Value = serde_json::from_str(&effects()).unwrap();
        let listed = listed.as_array().unwrap();
        assert_eq!(listed.len(), EFFECTS.len());
        for (value, info) in listed.iter().zip(EFFECTS) {
            assert_eq!(value["name"], info.name);
            let options = value["options"].as_array().unwrap();
            assert_eq!(options.len(), info.options.len());
            for (value, info) in options.iter().zip(info.options) {
                assert_eq!(value["name"], info.name);
                assert_ne!(value["kind"], "unknown");
            }
        }
    }

    #[test]
    fn a_slider_has_its_ends_and_only_the_cut_out_is_transparent() {
        let listed: Value = serde_json::from_str(&effects()).unwrap();
        let of = |name: &str| {
            let mut effects = listed.as_array().unwrap().iter();
            effects.find(|effect| effect["name"] == name).unwrap()
        };
        let strength = &of("blur")["options"][0];
        assert_eq!(
            (&strength["min"], &strength["max"], &strength["default"]),
            (&json!(0.0), &json!(100.0), &json!(50.0))
        );
        assert_eq!(of("cutout")["alpha"], true);
        assert_eq!(of("blur")["alpha"], false);
        assert_eq!(of("image")["alpha"], false);
    }
}
