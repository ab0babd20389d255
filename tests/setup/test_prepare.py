"""The stand-ins: converted once, split without a sentence twice."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from checkpoints.convert import convert
from setup.prepare import bible_chapters, split_snippets
from tests.helpers import run_code


def test_snippets_are_split_without_a_sentence_twice() -> None:
    ratings = {-4.0: 0, -2.4: 0, -2.3: 1, -0.8: 1, 0.0: 2, 0.8: 2, 0.9: 3, 2.4: 3, 2.5: 4, 4.0: 4}
    rows = [f"{i}\t{rating}\tFilm  number {i}" for i, rating in enumerate(ratings)]
    rows += ["99\t4.0\tfilm NUMBER 0", "100\t-4.0\tfilm number  1 "]
    splits = split_snippets("\n".join(rows * 1))
    lines = [line for part in splits.values() for line in part]
    assert sorted(lines) == sorted(
        f"{label} ||| Film number {i}" for i, label in enumerate(ratings.values())
    )


@pytest.mark.slow
def test_a_disk_that_fills_up_while_converting_leaves_nothing(tmp_path: Path) -> None:
    """The operating system's limit on a file's size stands in for a full disk."""
    pytest.importorskip("gguf")
    from tests.checkpoints.test_gguf import CONFIG, write_gguf
    from tests.helpers import random_llama

    write_gguf(tmp_path / "m.gguf", random_llama(CONFIG))
    code = (
        "import resource, sys; sys.path.insert(0, '.')\n"
        "from pathlib import Path; from support import errors\n"
        "from checkpoints.convert import convert\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000,) * 2)\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "errors.run(lambda: convert(folder / 'm.gguf', folder / 'm.pt', 'course'))\n"
    )
    result = run_code(code)
    assert result.returncode == 2, result.stderr
    assert "m.pt: could not be written" in result.stderr.splitlines()[-1]
    assert sorted(os.listdir(tmp_path)) == ["m.gguf"]
    convert(tmp_path / "m.gguf", tmp_path / "m.pt", "course")
    assert (tmp_path / "m.pt").exists()


def test_the_chapters_of_the_bible() -> None:
    """From where its verses begin; apostrophes are mended, and nothing of the module is run."""
    module = (
        "from nowhere import Bible\n"
        "bible = Bible(WORLD, 'God`s light.  It was. A second  one. Another book.',\n"
        "    {1001001: 0, 1001002: 14, 1002001: 22, 2001001: 36}, {}, {})\n"
    )
    assert bible_chapters(module) == [
        "God's light. It was.",
        "A second one.",
        "Another book.",
    ]
