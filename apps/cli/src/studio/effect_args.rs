//! The flags that the library's list of effects asks for.
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use hypercut::effects::{EFFECTS, EffectInfo, OptionInfo, OptionKind, OptionValue, OptionValues};

use crate::fault::Fault;

/// The effects' options as given: names and texts; a flag's text is `true`.
#[derive(Debug, Clone, Default)]
pub(crate) struct EffectArgs {
    given: Vec<(String, String)>,
}

impl EffectArgs {
    /// Names and texts, in the order of the list of effects.
    pub(crate) fn given(&self) -> &[(String, String)] {
        &self.given
    }
}

/// Values for `effect`. `read` gives the picture for an option of kind [`OptionKind::Picture`], from its name and text.
///
/// # Errors
/// A usage error for an option that the effect doesn't have, a value that it doesn't take, or a missing picture;
/// whatever `read` says.
pub(super) fn values(
    given: &[(String, String)],
    effect: &EffectInfo,
    mut read: impl FnMut(&str, &str) -> Result<hypercut::Picture>,
) -> Result<OptionValues> {
    let mut values = OptionValues::new();
    for (name, text) in given {
        let option = effect
            .option(name)
            .ok_or_else(|| not_an_option(name, effect))?;
        let value = match option.kind {
            OptionKind::Picture => OptionValue::Picture(read(name, text)?),
            _ => option
                .parse(text)
                .map_err(|error| Fault::usage(error.to_string()))?,
        };
        values.set(name, value);
    }
    for option in effect.options {
        if option.kind == OptionKind::Picture && values.get(option.name).is_none() {
            let message = format!("`--effect {}` needs `--{} FILE`", effect.name, option.name);
            return Err(Fault::usage(message).into());
        }
    }
    Ok(values)
}

/// Whether `name` is an option of `effect` that takes a picture.
pub(super) fn is_picture(effect: Option<&EffectInfo>, name: &str) -> bool {
    let option = effect.and_then(|effect| effect.option(name));
    option.is_some_and(|option| option.kind == OptionKind::Picture)
}

fn not_an_option(name: &str, effect: &EffectInfo) -> Fault {
    let takers: Vec<_> = takers(name)
        .map(|taker| format!("`{}`", taker.name))
        .collect();
    let plural = if takers.len() == 1 {
        "effect"
    } else {
        "effects"
    };
    let fault = Fault::usage(format!(
        "`--{name}` is no option of `--effect {}`",
        effect.name
    ));
    match takers.len() {
        // Only requests can name what no effect has; the command line's flags come from the list.
        0 => fault.hint("GET /v1/effects lists effects and their options"),
        _ => fault.hint(format!("it belongs to {plural} {}", takers.join(", "))),
    }
}

fn takers(name: &str) -> impl Iterator<Item = &'static EffectInfo> {
    EFFECTS
        .iter()
        .filter(move |effect| effect.option(name).is_some())
}

/// Every option once, by the first effect that has it.
fn options() -> impl Iterator<Item = (&'static EffectInfo, &'static OptionInfo)> {
    EFFECTS
        .iter()
        .flat_map(|effect| effect.options.iter().map(move |option| (effect, option)))
        .filter(|(effect, option)| {
            takers(option.name)
                .next()
                .is_some_and(|first| std::ptr::eq(first, *effect))
        })
}

fn argument(option: &'static OptionInfo) -> Arg {
    let names: Vec<_> = takers(option.name).map(|effect| effect.name).collect();
    let default = match option.kind {
        OptionKind::Number { min, max, default } => {
            format!(", {min} to {max} [default: {default}]")
        }
        OptionKind::Color { default: [r, g, b] } => format!(" [default: #{r:02x}{g:02x}{b:02x}]"),
        OptionKind::Choice { default, .. } => format!(" [default: {default}]"),
        _ => String::new(),
    };
    let argument = Arg::new(option.name)
        .long(option.name)
        .help(format!("{}: {}{default}", names.join(", "), option.help))
        .help_heading("Options of effects");
    match option.kind {
        OptionKind::Flag => argument.action(ArgAction::SetTrue),
        OptionKind::Number { .. } => argument.value_name("NUMBER").allow_negative_numbers(true),
        OptionKind::Color { .. } => argument.value_name("COLOR"),
        OptionKind::Picture => argument.value_name("FILE").value_hint(ValueHint::FilePath),
        OptionKind::Choice { values, .. } => argument
            .value_name("WORD")
            .value_parser(PossibleValuesParser::new(values)),
        _ => argument.value_name("VALUE"),
    }
}

impl Args for EffectArgs {
    fn augment_args(command: Command) -> Command {
        command.args(options().map(|(_, option)| argument(option)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for EffectArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut args = Self::default();
        args.update_from_arg_matches(matches)?;
        Ok(args)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.given.clear();
        for (_, option) in options() {
            if option.kind == OptionKind::Flag {
                if matches.get_flag(option.name) {
                    self.given.push((option.name.into(), "true".into()));
                }
            } else if let Some(text) = matches.get_one::<String>(option.name) {
                self.given.push((option.name.into(), text.clone()));
            }
        }
        Ok(())
    }
}
