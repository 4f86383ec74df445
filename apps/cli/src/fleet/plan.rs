//! The plan: what is to be drawn, how, and in which shards. Written once, never changed, named by its own contents.
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

use super::shard::Item;
use super::store::{Created, Listed, Place};
use crate::fault::Fault;
use crate::studio::{Recipe, Spec, digest};

/// The folder of everything in the place of the results that is no result.
const HOME: &str = ".hypercut";

/// The plan's name in its own place, `OUT/.hypercut/ID/`.
const PLAN: &str = "plan.json";

/// The form of plans that this program writes and reads.
const FORM: u32 = 1;

/// Most bytes of a plan, a shard's list or its manifest.
pub(super) const MOST_BYTES: u64 = 1 << 30;

/// A plan.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Plan {
    form: u32,
    /// Of the program that made it.
    version: String,
    /// URL of the inputs.
    input: String,
    /// URL of the results.
    output: String,
    /// What is drawn; files are named by the SHA-256 of their contents, which lie beside the plan.
    recipe: Spec,
    /// The recipe's, as manifests have it.
    fingerprint: String,
    /// Whether files at the place of the results that this plan didn't make are replaced.
    pub(super) overwrite: bool,
    pub(super) pictures: u64,
    pub(super) bytes: u64,
    pub(super) shards: Vec<ShardInfo>,
}

/// A shard as the plan has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShardInfo {
    pub(super) pictures: u64,
    pub(super) bytes: u64,
    /// SHA-256 of its list.
    list: String,
}

/// A plan that was read, and the places it speaks of.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) plan: Plan,
    /// Where the plan lies, and what becomes of it.
    pub(super) home: Place,
    pub(super) input: Place,
    pub(super) output: Place,
}

/// The names beside the plan.
pub(super) fn list_name(shard: usize) -> String {
    format!("lists/{shard:06}.jsonl")
}

/// As [`list_name`]: the manifest of a finished shard.
pub(super) fn done_name(shard: usize) -> String {
    format!("done/{shard:06}.jsonl")
}

/// Most bytes of a file that a recipe names.
pub(super) fn recipe_bytes(spec: &Spec) -> u64 {
    crate::picture::PixelLimit(spec.max_pixels).file_bytes()
}

/// What a plan is made of.
pub(super) struct Draft<'a> {
    pub(super) input: &'a Place,
    pub(super) output: &'a Place,
    /// Its files named by digests.
    pub(super) recipe: Spec,
    pub(super) fingerprint: &'a str,
    pub(super) overwrite: bool,
    pub(super) shards: &'a [Vec<Item>],
}

impl Plan {
    /// A plan, and the lists of its shards.
    ///
    /// # Errors
    /// None that are known.
    pub(super) fn new(draft: Draft<'_>) -> Result<(Self, Vec<Vec<u8>>)> {
        let lists = draft.shards.iter().map(|items| lines(items));
        let lists: Vec<_> = lists.collect::<Result<_>>()?;
        let infos = std::iter::zip(draft.shards, &lists).map(|(items, list)| ShardInfo {
            pictures: items.len() as u64,
            bytes: items.iter().map(|item| item.bytes).sum(),
            list: digest(list),
        });
        let shards: Vec<_> = infos.collect();
        let plan = Self {
            form: FORM,
            version: env!("CARGO_PKG_VERSION").into(),
            input: draft.input.url().into(),
            output: draft.output.url().into(),
            recipe: draft.recipe,
            fingerprint: draft.fingerprint.into(),
            overwrite: draft.overwrite,
            pictures: shards.iter().map(|shard| shard.pictures).sum(),
            bytes: shards.iter().map(|shard| shard.bytes).sum(),
            shards,
        };
        Ok((plan, lists))
    }

    /// Writes the plan, itself last, and gives its URL. One that is there already is the same: its name is made of its contents.
    pub(super) fn write<'a>(
        &self,
        output: &Place,
        files: impl Iterator<Item = &'a Vec<u8>>,
        lists: &[Vec<u8>],
    ) -> Result<String> {
        let whole = serde_json::to_vec_pretty(self)?;
        let home = output.below(&format!("{HOME}/{}", id(&whole)))?;
        if !home.has(PLAN)? {
            for bytes in files {
                create_same(&home, &format!("files/{}", digest(bytes)), bytes)?;
            }
            for (index, list) in lists.iter().enumerate() {
                create_same(&home, &list_name(index), list)?;
            }
        }
        create_same(&home, PLAN, &whole)?;
        Ok(format!("{}/{PLAN}", home.url()))
    }

    /// Bytes of a shard's list to its items.
    fn items(&self, shard: usize, list: &[u8]) -> Result<Vec<Item>> {
        if self
            .shards
            .get(shard)
            .is_none_or(|info| info.list != digest(list))
        {
            let fault = Fault::usage(format!("the list of shard {shard} is not the plan's"));
            return Err(fault.hint("make the plan again").into());
        }
        let lines = list
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        lines
            .map(|line| serde_json::from_slice(line).context("a shard's list"))
            .collect()
    }
}

/// Makes an object, or finds it there as it would be.
fn create_same(place: &Place, name: &str, bytes: &[u8]) -> Result<()> {
    if place.create(name, bytes)? == Created::There
        && place.read_if_there(name, MOST_BYTES)?.as_deref() != Some(bytes)
    {
        let message = format!("{} is there and is another one", place.name(name));
        return Err(Fault::new(message)
            .hint("somebody changed it; remove it")
            .into());
    }
    Ok(())
}

/// A plan's name: half of its SHA-256's half.
fn id(whole: &[u8]) -> String {
    digest(whole)[..16].to_owned()
}

impl Open {
    /// Reads the plan at a URL.
    ///
    /// # Errors
    /// Usage errors for what is no plan, one of another version, or one that was changed.
    pub(super) fn read(url: &str) -> Result<Self> {
        let (home, name) = Place::of_object(url)?;
        let whole = home.read_if_there(&name, MOST_BYTES)?;
        let bytes = whole.ok_or_else(|| {
            Fault::usage(format!("{}: no such plan", home.name(&name)))
                .hint("`hypercut fleet plan` prints the URL of the plan that it makes")
        })?;
        let wrong = |why: &str| Fault::usage(format!("{}: {why}", home.name(&name)));
        let plan: Plan = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(&format!("is no plan that this version reads: {error}")))?;
        if plan.form != FORM {
            return Err(wrong(&format!(
                "a plan of form {}; this version reads {FORM}",
                plan.form
            ))
            .into());
        }
        if !home.url().ends_with(&format!("/{}", id(&bytes))) {
            return Err(wrong("was changed or moved: its name is not that of its contents").into());
        }
        let (input, output) = (Place::open(&plan.input)?, Place::open(&plan.output)?);
        Ok(Self {
            plan,
            home,
            input,
            output,
        })
    }

    /// What is drawn.
    ///
    /// # Errors
    /// A usage error when this program would draw something else.
    pub(super) fn recipe(&self) -> Result<Recipe> {
        let most = recipe_bytes(&self.plan.recipe);
        let recipe = Recipe::new(&self.plan.recipe, |name| {
            let name = format!("files/{name}");
            let bytes = self.home.read_if_there(&name, most)?;
            bytes.with_context(|| format!("{}: no such file", self.home.name(&name)))
        })?;
        if recipe.fingerprint() != self.plan.fingerprint {
            let message = format!(
                "the plan was made by hypercut {}; this one, {}, would draw other pictures",
                self.plan.version,
                env!("CARGO_PKG_VERSION")
            );
            let fault = Fault::usage(message);
            return Err(fault
                .hint("take the same program, or make the plan again")
                .into());
        }
        Ok(recipe)
    }

    /// The pictures of a shard.
    ///
    /// # Errors
    /// The list can't be read or is not the plan's.
    pub(super) fn items(&self, shard: usize) -> Result<Vec<Item>> {
        let name = list_name(shard);
        let list = self.home.read_if_there(&name, MOST_BYTES)?;
        let list = list.with_context(|| format!("{}: no such list", self.home.name(&name)))?;
        self.plan.items(shard, &list)
    }

    /// Which shards are finished.
    ///
    /// # Errors
    /// The store can't be asked.
    pub(super) fn finished(&self) -> Result<HashMap<usize, Listed>> {
        let listed = self.home.below("done")?.list_if_there()?;
        let number = |listed: Listed| {
            let number = listed.name.strip_suffix(".jsonl")?.parse().ok()?;
            Some((number, listed))
        };
        Ok(listed.into_iter().filter_map(number).collect())
    }
}

/// Lines of JSON.
pub(super) fn lines<T: Serialize>(values: &[T]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for value in values {
        serde_json::to_writer(&mut lines, value)?;
        lines.push(b'\n');
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_list_or_plan_is_refused() {
        let item = Item {
            input: "a.jpg".into(),
            output: "a.jpg".into(),
            bytes: 7,
            e_tag: None,
        };
        let folder = tempfile::tempdir().unwrap();
        let output = Place::open(folder.path().to_str().unwrap()).unwrap();
        let (plan, lists) = Plan::new(Draft {
            input: &Place::open("/in").unwrap(),
            output: &output,
            recipe: Spec::default(),
            fingerprint: "",
            overwrite: false,
            shards: &[vec![item.clone()]],
        })
        .unwrap();
        let list = &lists[0];
        assert_eq!(plan.items(0, list).unwrap(), [item]);
        assert!(plan.items(1, list).is_err());
        assert!(plan.items(0, &list[..list.len() - 1]).is_err());

        let url = plan.write(&output, [].iter(), &lists).unwrap();
        assert_eq!(Open::read(&url).unwrap().plan.shards, plan.shards);
        let path = reqwest::Url::parse(&url).unwrap().to_file_path().unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("false", "true")).unwrap();
        let error = Open::read(&url).unwrap_err().to_string();
        assert!(error.contains("was changed or moved"), "{error}");
    }
}
