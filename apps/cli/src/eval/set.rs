//! Which pictures there are, and where their masks lie.
use anyhow::{Context, Result};
use csv::StringRecord;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::picture::Format;
use crate::source;

/// The most bytes of a list.
const LIST_BYTES: u64 = 64 << 20;

/// A picture and its true mask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The picture's name without ending.
    pub(super) id: String,
    /// The set whose table it counts in.
    pub(super) set: String,
    pub(super) image: PathBuf,
    pub(super) mask: PathBuf,
}

/// Pictures of `images/` with their masks in `masks/`: those that `index.csv` names, in its order, or all as one set.
///
/// With `only`, the sets named there.
///
/// # Errors
/// A picture or mask that is missing, two pictures of one name, a list that lacks a column, a set that isn't there.
pub(super) fn read(folder: &Path, only: &[String]) -> Result<Vec<Item>> {
    let mut images = images(&folder.join("images"))?;
    let index = folder.join("index.csv");
    let listed = if index.is_file() {
        rows(&index, ["id", "set"])?
    } else {
        let set = folder.canonicalize().unwrap_or_else(|_| folder.into());
        let set = set.file_name().unwrap_or_default().to_string_lossy();
        let ids = images.keys().cloned();
        ids.map(|id| [id, set.clone().into_owned()]).collect()
    };
    if let Some(wanted) = only
        .iter()
        .find(|&name| listed.iter().all(|[_, set]| set != name))
    {
        let mut sets: Vec<_> = listed.iter().map(|[_, set]| set.as_str()).collect();
        sets.sort_unstable();
        sets.dedup();
        let fault = Fault::usage(format!("no set {wanted} in {}", folder.display()));
        return Err(fault.hint(format!("there are {}", sets.join(", "))).into());
    }
    let mut items = Vec::with_capacity(listed.len());
    for [id, set] in listed {
        if !only.is_empty() && !only.contains(&set) {
            continue;
        }
        // Taken out, so that a picture can't count twice.
        let Some(image) = images.remove(&id) else {
            let message = format!("{}: no picture {id}, or listed twice", index.display());
            let hint = format!("{} holds the pictures", folder.join("images").display());
            return Err(Fault::new(message).hint(hint).into());
        };
        let mask = folder.join("masks").join(format!("{id}.png"));
        if !mask.is_file() {
            let message = format!(
                "{}: its mask {} is missing",
                image.display(),
                mask.display()
            );
            return Err(Fault::new(message).into());
        }
        items.push(Item {
            id,
            set,
            image,
            mask,
        });
    }
    if items.is_empty() {
        return Err(Fault::new(format!("{}: no pictures", folder.display())).into());
    }
    Ok(items)
}

/// Pictures by their names without ending.
fn images(folder: &Path) -> Result<BTreeMap<String, PathBuf>> {
    let list = || -> io::Result<Vec<PathBuf>> {
        let entries = fs::read_dir(folder)?;
        entries.map(|entry| Ok(entry?.path())).collect()
    };
    let mut paths = list().map_err(|error| {
        let fault = Fault::new(format!("{}: can't be read: {error}", folder.display()));
        fault.hint("a set is a folder with images/ and masks/")
    })?;
    paths.sort_unstable();
    let mut images = BTreeMap::new();
    for path in paths {
        let (Some(id), Some(_)) = (path.file_stem(), Format::from_path(&path)) else {
            continue;
        };
        let id = id.to_string_lossy().into_owned();
        if let Some(other) = images.insert(id, path.clone()) {
            let message = format!(
                "{} and {} would have the same mask",
                other.display(),
                path.display()
            );
            return Err(Fault::new(message).into());
        }
    }
    Ok(images)
}

/// The named columns of every row of a list with a header.
///
/// # Errors
/// Unreadable, no CSV, or without such a column; messages name the file.
pub(super) fn rows<const N: usize>(path: &Path, columns: [&str; N]) -> Result<Vec<[String; N]>> {
    let bytes = source::read_file(path, LIST_BYTES)?;
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let header = reader
        .headers()
        .with_context(|| path.display().to_string())?;
    let mut places = [0; N];
    for (place, name) in places.iter_mut().zip(columns) {
        *place = header
            .iter()
            .position(|column| column == name)
            .ok_or_else(|| Fault::new(format!("{}: no column {name}", path.display())))?;
    }
    let pick = |row: StringRecord| places.map(|place| row[place].to_owned());
    let rows = reader.into_records().map(|row| row.map(pick));
    rows.collect::<Result<_, _>>()
        .with_context(|| path.display().to_string())
}
