//! The flags that the library's list of effects asks for.
use anyhow::Result;
use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, ValueHint};
use hypercut::effects::{EFFECTS, EffectInfo, OptionInfo, OptionKind, OptionValue, OptionValues};
use std::path::{Path, PathBuf};

use crate::fault::Fault;

/// The effects' options as given: names and texts, `None` for flags.
#[derive(Debug, Clone, Default)]
pub(crate) struct EffectArgs {
    given: Vec<(&'static str, Option<String>)>,
}

impl EffectArgs {
    /// Values for `effect`. `read` turns the file behind an option of kind [`OptionKind::Picture`] into a picture.
    ///
    /// # Errors
    /// A usage error for an option that the effect doesn't have, a value that it doesn't take, or a missing picture;
    /// whatever `read` says.
    pub(crate) fn values(
        &self,
        effect: &EffectInfo,
        mut read: impl FnMut(&Path) -> Result<hypercut::Picture>,
    ) -> Result<OptionValues> {
        let mut values = OptionValues::new();
        for (name, text) in &self.given {
            let option = effect
                .option(name)
                .ok_or_else(|| not_an_option(name, effect))?;
            let value = match (option.kind, text) {
                (OptionKind::Picture, Some(path)) => OptionValue::Picture(read(Path::new(path))?),
                (_, Some(text)) => option
                    .parse(text)
                    .map_err(|error| Fault::usage(error.to_string()))?,
                (_, None) => OptionValue::Flag(true),
            };
            values.set(*name, value);
        }
        for option in effect.options {
            if option.kind == OptionKind::Picture && values.get(option.name).is_none() {
                let message = format!("`--effect {}` needs `--{} FILE`", effect.name, option.name);
                return Err(Fault::usage(message).into());
            }
        }
        Ok(values)
    }

    /// The files that options of kind [`OptionKind::Picture`] name.
    pub(crate) fn files<'a>(
        &'a self,
        effect: &'a EffectInfo,
    ) -> impl Iterator<Item = PathBuf> + 'a {
        self.given.iter().filter_map(|(name, text)| {
            let option = effect.option(name)?;
            let text = text.as_ref()?;
            (option.kind == OptionKind::Picture).then(|| PathBuf::from(text))
        })
    }
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
    Fault::usage(format!(
        "`--{name}` is no option of `--effect {}`",
        effect.name
    ))
    .hint(format!("it belongs to {plural} {}", takers.join(", ")))
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
                    self.given.push((option.name, None));
                }
            } else if let Some(text) = matches.get_one::<String>(option.name) {
                self.given.push((option.name, Some(text.clone())));
            }
        }
        Ok(())
    }
}
