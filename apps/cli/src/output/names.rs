//! Output names, and everything that can be wrong with them before any work is done.
use anyhow::Result;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::fault::Fault;
use crate::picture::Format;

/// Most paths that one message lists.
const LISTED: usize = 5;

/// `path` with links and `..` resolved, whether it exists or not: two names of one file compare equal.
pub(crate) fn resolve(path: &Path) -> PathBuf {
    if let Ok(real) = path.canonicalize() {
        return real;
    }
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match (whole.parent(), whole.file_name()) {
        (Some(parent), Some(name)) => resolve(parent).join(name),
        _ => whole,
    }
}

/// The name of an input's result in an output folder: its own, with the ending of `format` where its own promises
/// another format.
pub(crate) fn in_folder(name: &Path, format: Format) -> PathBuf {
    if Format::from_path(name) == Some(format) {
        name.to_owned()
    } else {
        name.with_extension(format.extension())
    }
}

/// The name of a result beside its input: `<stem>-<effect>.<ending>`.
pub(crate) fn beside(input: &Path, effect: &str, format: Format) -> PathBuf {
    let mut name = input.file_stem().unwrap_or_default().to_owned();
    name.push(format!("-{effect}."));
    match input.extension() {
        Some(own) if Format::from_path(input) == Some(format) => name.push(own),
        _ => name.push(format.extension()),
    }
    input.with_file_name(name)
}

/// Refuses two inputs that would be written to one file.
///
/// # Errors
/// A usage error naming both inputs and the output.
pub(crate) fn refuse_collisions<'a>(
    pairs: impl Iterator<Item = (&'a Path, &'a Path)>,
) -> Result<()> {
    let mut taken: HashMap<PathBuf, &Path> = HashMap::new();
    for (input, output) in pairs {
        if let Some(first) = taken.insert(resolve(output), input) {
            let message = format!(
                "{} and {} would both be written to {}",
                first.display(),
                input.display(),
                output.display()
            );
            let hint =
                "rename one, or run once per folder with an own `-o` each; nothing was written";
            return Err(Fault::usage(message).hint(hint).into());
        }
    }
    Ok(())
}

/// Refuses to write over anything that this run reads.
///
/// # Errors
/// A usage error naming the input and the output.
pub(crate) fn refuse_overwriting_inputs<'a>(
    read: impl Iterator<Item = &'a Path>,
    written: impl Iterator<Item = &'a Path>,
) -> Result<()> {
    let read: HashMap<PathBuf, &Path> = read.map(|path| (resolve(path), path)).collect();
    for output in written {
        if let Some(input) = read.get(&resolve(output)) {
            let message = format!(
                "the output {} is the input {}",
                output.display(),
                input.display()
            );
            let hint = "originals are never written over: choose another name or folder";
            return Err(Fault::usage(message).hint(hint).into());
        }
    }
    Ok(())
}

/// Refuses outputs that are already there.
///
/// # Errors
/// A usage error that lists the first few.
pub(crate) fn refuse_existing<'a>(written: impl Iterator<Item = &'a Path>) -> Result<()> {
    let there: Vec<_> = written.filter(|path| path.exists()).collect();
    if there.is_empty() {
        return Ok(());
    }
    let mut names: Vec<_> = there
        .iter()
        .take(LISTED)
        .map(|path| path.display().to_string())
        .collect();
    if there.len() > LISTED {
        names.push(format!("{} more", there.len() - LISTED));
    }
    let message = format!("already there: {}", names.join(", "));
    let hint = "`--overwrite` replaces them, `--skip-existing` leaves them; nothing was written";
    Err(Fault::usage(message).hint(hint).into())
}

/// Where `-o` points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// Beside each input.
    Beside,
    /// One file.
    File(PathBuf),
    /// A folder, which may not exist yet.
    Folder(PathBuf),
    /// Standard output.
    Stdout,
}

impl Target {
    /// Understands `-o`. `many` says that there are several inputs or a folder among them.
    ///
    /// # Errors
    /// A usage error when several inputs are sent to one file or to standard output.
    pub(crate) fn new(output: Option<&Path>, many: bool) -> Result<Self> {
        let Some(path) = output else {
            return Ok(Self::Beside);
        };
        if path == Path::new("-") {
            if many {
                let fault = Fault::usage("several pictures don't fit on standard output");
                return Err(fault.hint("give a folder with `-o`").into());
            }
            return Ok(Self::Stdout);
        }
        let text = path.as_os_str().to_string_lossy();
        if path.is_dir() || text.ends_with(std::path::is_separator) {
            return Ok(Self::Folder(path.to_owned()));
        }
        if !many {
            return Ok(Self::File(path.to_owned()));
        }
        if path.exists() || Format::from_path(path).is_some() {
            let message = format!(
                "several inputs can't all be written to the one file {}",
                path.display()
            );
            return Err(Fault::usage(message).hint("give a folder with `-o`").into());
        }
        Ok(Self::Folder(path.to_owned()))
    }
}

/// The format of a file named with `-o`.
///
/// # Errors
/// A usage error when the name promises none and `--format` isn't given, or the two disagree.
pub(crate) fn format_of_file(path: &Path, wanted: Option<Format>) -> Result<Format> {
    match (Format::from_path(path), wanted) {
        (Some(named), Some(wanted)) if named != wanted => {
            let message = format!(
                "{} is named as {}, but `--format` says {}",
                path.display(),
                named.name(),
                wanted.name()
            );
            let hint = format!("name it .{} or leave out `--format`", wanted.extension());
            Err(Fault::usage(message).hint(hint).into())
        }
        (_, Some(wanted)) => Ok(wanted),
        (Some(named), None) => Ok(named),
        (None, None) => Err(Fault::usage(format!(
            "{}: the name doesn't say which format to write",
            path.display()
        ))
        .hint("end it in .jpg, .png or .webp, or add `--format`")
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_the_ending_where_it_is_right() {
        let beside = |input: &str, format| beside(Path::new(input), "blur", format);
        assert_eq!(beside("a/x.JPEG", Format::Jpeg), Path::new("a/x-blur.JPEG"));
        assert_eq!(beside("a/x.jpg", Format::Png), Path::new("a/x-blur.png"));
        assert_eq!(beside("x.v2.png", Format::Png), Path::new("x.v2-blur.png"));
        assert_eq!(beside("x.v2", Format::Webp), Path::new("x-blur.webp"));
        assert_eq!(beside("x", Format::Jpeg), Path::new("x-blur.jpg"));
        assert_eq!(
            in_folder(Path::new("sub/y.png"), Format::Jpeg),
            Path::new("sub/y.jpg")
        );
    }

    #[test]
    fn two_names_of_one_file_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (
            folder.path().join("out.jpg"),
            folder.path().join("sub/../out.jpg"),
        );
        std::fs::create_dir(folder.path().join("sub")).unwrap();
        assert_eq!(resolve(&a), resolve(&b));
        let pairs = [(Path::new("1"), a.as_path()), (Path::new("2"), b.as_path())];
        assert!(refuse_collisions(pairs.into_iter()).is_err());
    }
}
