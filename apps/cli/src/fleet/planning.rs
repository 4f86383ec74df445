//! `hypercut fleet plan`: everything that can be wrong is settled before any work.
use anyhow::{Context, Result};
use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::args::PlanArgs;
use super::plan::{Draft, MOST_BYTES, Plan, recipe_bytes};
use super::shard::{self, Item};
use super::store::{Listed, Place};
use crate::fault::{Exit, Fault};
use crate::log::Log;
use crate::output::{atomic, names};
use crate::picture::Format;
use crate::source;
use crate::studio::{Recipe, digest};

/// `hypercut fleet plan`.
///
/// # Errors
/// Usage errors: collisions, results over inputs, options that contradict each other; places that can't be read or written.
pub(super) fn run(args: &PlanArgs, log: &Log) -> Result<Exit> {
    let (input, output) = (Place::open(&args.input)?, Place::open(&args.output)?);
    if input.url() == output.url() {
        let fault = Fault::usage(format!("{}: input and output are one place", input.url()));
        let hint = "results would be the next plan's inputs: choose another place with `-o`, it may lie inside";
        return Err(fault.hint(hint).into());
    }
    let mut files = HashMap::new();
    let spec = args.recipe.spec();
    let recipe = Recipe::new(&spec, |name| {
        let bytes = source::read_file(Path::new(name), recipe_bytes(&spec))?;
        files.insert(name.to_owned(), bytes.clone());
        Ok(bytes)
    })?;
    let spec =
        spec.rename_files(|name| Ok(digest(files.get(name).map_or(&[][..], Vec::as_slice))))?;

    let mut listed = input.list()?;
    let passed_over = keep_pictures(&mut listed, input.name_of(&output).as_deref());
    if let Some(only) = &args.only {
        keep_only(&mut listed, only)?;
    }
    if listed.is_empty() {
        let fault = Fault::new(format!(
            "{}: no JPEG, PNG or WebP picture there",
            input.url()
        ));
        return Err(fault
            .hint("pictures are told by the endings of their names")
            .into());
    }
    let items = items(listed, &recipe)?;
    refuse_collisions(&items, &input, &output)?;

    let count = match args.shards {
        Some(shards) => shards.get(),
        None => shard::count(&items, u64::from(args.shard_cost) << 20),
    };
    let (plan, lists) = Plan::new(Draft {
        input: &input,
        output: &output,
        recipe: spec,
        fingerprint: recipe.fingerprint(),
        overwrite: args.overwrite,
        shards: &shard::pack(items, count),
    })?;
    let url = plan.write(&output, files.values(), &lists)?;
    log.summary(&summary(&plan, passed_over));
    atomic::text_to_stdout(&format!("{url}\n"))
}

/// Leaves what is named as a picture, is not hidden and no result; says how many other files there were.
fn keep_pictures(listed: &mut Vec<Listed>, results: Option<&str>) -> usize {
    let results = results.map(|name| format!("{name}/"));
    let mut passed_over = 0;
    listed.retain(|object| {
        let ours = results
            .as_ref()
            .is_some_and(|results| object.name.starts_with(results));
        if ours || object.name.split('/').any(|part| part.starts_with('.')) {
            return false;
        }
        let picture = Format::from_path(Path::new(&object.name)).is_some();
        passed_over += usize::from(!picture);
        picture
    });
    passed_over
}

/// Leaves the inputs that a file names, one a line, such as `merge` writes it.
fn keep_only(listed: &mut Vec<Listed>, file: &str) -> Result<()> {
    let (place, name) = Place::of_object(file)?;
    let text = place.read_if_there(&name, MOST_BYTES)?;
    let text = text.with_context(|| format!("{}: no such file", place.name(&name)))?;
    let text = String::from_utf8_lossy(&text);
    let mut wanted: HashSet<_> = text.lines().filter(|line| !line.is_empty()).collect();
    listed.retain(|object| wanted.remove(object.name.as_str()));
    if let Some(missing) = wanted.iter().min() {
        let message = format!("`--only` names {missing}, which is no picture among the inputs");
        return Err(Fault::usage(message).into());
    }
    Ok(())
}

/// Gives every input its result.
fn items(listed: Vec<Listed>, recipe: &Recipe) -> Result<Vec<Item>> {
    let item = |object: Listed| {
        let name = Path::new(&object.name);
        // The name alone is known here; a result's name always tells its format.
        let format = Format::from_path(name).map(|named| recipe.usual_format(named));
        let format = format.context("no picture")?;
        recipe.check_format(format)?;
        let output = names::in_folder(name, format);
        Ok(Item {
            output: output.to_string_lossy().replace('\\', "/"),
            input: object.name,
            bytes: object.bytes,
            e_tag: object.e_tag,
        })
    };
    listed.into_iter().map(item).collect()
}

/// Refuses two results of one name, and results over inputs.
fn refuse_collisions(items: &[Item], input: &Place, output: &Place) -> Result<()> {
    let mut taken: HashMap<&str, &str> = HashMap::new();
    for item in items {
        if let Some(first) = taken.insert(&item.output, &item.input) {
            let message = format!(
                "{} and {} would both be written to {}",
                input.name(first),
                input.name(&item.input),
                output.name(&item.output)
            );
            let hint =
                "rename one, or make a plan per folder with an own `-o` each; nothing was written";
            return Err(Fault::usage(message).hint(hint).into());
        }
    }
    // Where the inputs lie inside the place of the results, a result can have an input's name.
    if let Some(inside) = output.name_of(input) {
        let inputs: HashSet<_> = items
            .iter()
            .map(|item| format!("{inside}/{}", item.input))
            .collect();
        if let Some(item) = items.iter().find(|item| inputs.contains(&item.output)) {
            let message = format!("the output {} is an input", output.name(&item.output));
            let hint = "originals are never written over: choose another place with `-o`";
            return Err(Fault::usage(message).hint(hint).into());
        }
    }
    Ok(())
}

fn summary(plan: &Plan, passed_over: usize) -> String {
    let mb = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
    let sizes = plan.shards.iter().map(|shard| shard.bytes);
    let (least, most) = (sizes.clone().min().unwrap_or(0), sizes.max().unwrap_or(0));
    let shards = match plan.shards.len() {
        1 => "1 shard".to_owned(),
        many => format!("{many} shards of {} to {}", mb(least), mb(most)),
    };
    let over = match passed_over {
        0 => String::new(),
        more => format!(", {more} other files passed over"),
    };
    let pictures = match plan.pictures {
        1 => "1 picture".to_owned(),
        many => format!("{many} pictures"),
    };
    format!("{pictures}, {}, {shards}{over}", mb(plan.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_files_results_and_others_are_no_inputs() {
        let listed = |name: &str| Listed {
            name: name.into(),
            bytes: 0,
            e_tag: None,
            modified: std::time::SystemTime::UNIX_EPOCH,
        };
        let names = [
            "a.jpg",
            ".b.jpg",
            ".c/d.jpg",
            "out/a.jpg",
            "outer/e.PNG",
            "notes.txt",
        ];
        let mut all: Vec<_> = names.into_iter().map(listed).collect();
        assert_eq!(keep_pictures(&mut all, Some("out")), 1);
        let left: Vec<_> = all.iter().map(|object| object.name.as_str()).collect();
        assert_eq!(left, ["a.jpg", "outer/e.PNG"]);
    }
}
