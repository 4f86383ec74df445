"""Takes the pictures of `sources.csv` out of the repositories that hold them, so that every later command finds its folders.

[gather] `repositories` holds clones or bare copies, `OWNER+NAME/repo` or `OWNER+NAME/repo/.git`; each source's `files` (patterns, `*` crosses
folders; without any, those that `picked` lists for it, which somebody looked at) at its `commit` come to `out`/`folder`, with the paths that
they have there. Files that are there already stay; what a copy lacks (files in Git LFS, say) is counted, not fatal. Where `likes` isn't
"stay", what looks like a picture of the common set or of a source before goes again: collections repeat themselves and each other, and
teachers are slow. A source without `folder` is fetched by hand (its `repository` says from where); the folder of one that has left the
table is removed by hand, too, or it would be learned further.
"""

import csv
import fnmatch
import pathlib
import subprocess

from PIL import Image

from .teach import LONGEST, common, pictures, signature

ALIKE = 0.95  # product of two signatures


def git(repository, *arguments, **options):
    """What git prints, as bytes."""
    command = ["git", f"--git-dir={repository}", *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def repository_of(folder, name):
    """The git directory of `OWNER/NAME`, or None."""
    base = folder / name.replace("/", "+") / "repo"
    return next((path for path in (base / ".git", base) if (path / "HEAD").exists()), None)


def tree(repository, commit):
    """(path, object name) of every file at a commit."""
    entries = git(repository, "ls-tree", "-r", "-z", "--full-tree", commit).decode().split("\0")
    split = (entry.split("\t", 1) for entry in filter(None, entries))
    return [(path, about.split()[2]) for about, path in split]


def listed(files, patterns):
    """Of files as `tree` gives them those that fit one of the patterns; of files that differ in their endings alone, the first."""
    found, stems = [], set()
    for path, name in files:
        stem = path.rsplit(".", 1)[0]
        if stem not in stems and any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns):
            stems.add(stem)
            found.append((path, name))
    return found


def contents(repository, names):
    """The bytes of each object, or None where the copy lacks it; in order."""
    stream = memoryview(git(repository, "cat-file", "--batch", input="\n".join(names).encode()))
    for _ in names:
        line = bytes(stream[: bytes(stream[:200]).index(b"\n")])
        stream = stream[len(line) + 1 :]
        if line.endswith(b"missing"):
            yield None
            continue
        length = int(line.split()[2])
        yield bytes(stream[:length])
        stream = stream[length + 1 :]


def take(repository, source, picked, out):
    """Writes one source's files under `out`; returns how many of them, or of those `picked`, the copy lacks."""
    files = tree(repository, source["commit"])
    chosen = listed(files, source["files"].split()) if source["files"] else [(path, name) for path, name in files if path in picked]
    lacking = 0 if source["files"] else len(picked) - len(chosen)
    wanted = [(path, name) for path, name in chosen if not (out / path).exists()]
    for start in range(0, len(wanted), 500):
        block = wanted[start : start + 500]
        for (path, _), data in zip(block, contents(repository, [name for _, name in block])):
            if data is None:
                lacking += 1
                continue
            (out / path).parent.mkdir(parents=True, exist_ok=True)
            (out / path).write_bytes(data)
    return lacking


def signature_of(path):
    """A picture's signature."""
    with Image.open(path) as picture:
        picture.draft("RGB", (LONGEST, LONGEST))
        return signature(picture)


def thin(folder, seen):
    """Removes pictures that look like one that was seen before, and adds the others; returns how many stay."""
    stay = 0
    for path in pictures(folder):
        vector = signature_of(path)
        if seen.nearest(vector) > ALIKE:
            path.unlink()
            continue
        seen.add(vector)
        stay += 1
    return stay


def main(config):
    """The `gather` command."""
    settings = config["gather"]
    with open(config["here"] / settings["sources"]) as table:
        sources = list(csv.DictReader(table))
    with open(config["here"] / settings["picked"]) as table:
        picked = [(row["source"], row["file"]) for row in csv.DictReader(table)]
    seen = common(config)
    for source in sources:
        repository = repository_of(pathlib.Path(settings["repositories"]), source["repository"])
        if not source["folder"] or repository is None:
            print(f"{source['source']}: not here; put {source['repository']} at {source['commit']} beside the others", flush=True)
            continue
        folder = pathlib.Path(settings["out"]) / source["folder"]
        own = {file for name, file in picked if name == source["source"]}
        lacking = take(repository, source, own, folder)
        there = len(pictures(folder)) if source["likes"] == "stay" else thin(folder, seen)
        print(f"{source['source']}: {there} pictures in {source['folder']}, {lacking} lacking", flush=True)
