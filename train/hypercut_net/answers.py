"""What was seen on the sheets of `ask`, into `verdicts.csv`."""

import csv
import pathlib
import sys

from . import verdicts

LETTERS = {verdicts.PERSON, verdicts.NOBODY, verdicts.PASSING, verdicts.HELD, verdicts.MIXED}


def verdict(letters, points):
    """The table's text for the letters of one tile, or None where they aren't an answer."""
    if letters in verdicts.WHOLE:
        return letters
    if len(letters) != len(points) or set(letters) - LETTERS:
        return None
    return " ".join(f"{letter}.{point}" for letter, point in zip(letters, points) if letter != verdicts.MIXED)


def answered(file):
    """Source, picture and verdict of every line `TILE LETTERS` of a file beside `asked.csv`; others are named on stderr."""
    with open(file.parent / "asked.csv") as table:
        asked = {row["tile"]: row for row in csv.DictReader(table)}
    for line in file.read_text().splitlines():
        number, _, letters = line.strip().partition(" ")
        row = asked.get(number)
        text = row and verdict(letters, row["points"].split())
        if text is None:
            print(f"{file}: not an answer: {line}", file=sys.stderr)
        else:
            yield row["source"], row["picture"], text


def main(config):
    """The `answers` command: joins `answers-*.txt` in every folder of sheets to the table, later names over earlier ones."""
    settings = config["verdicts"]
    path = config["here"] / settings["table"]
    rows = verdicts.texts(path)
    for file in sorted(pathlib.Path(settings["sheets"]).glob("*/answers-*.txt")):
        rows |= {(source, picture): text for source, picture, text in answered(file)}
    with open(path, "w", newline="") as table:
        writer = csv.writer(table, lineterminator="\n")
        writer.writerow(["source", "picture", "verdicts"])
        writer.writerows([*key, text] for key, text in sorted(rows.items()))
    print(f"{len(rows)} pictures in {path}")
