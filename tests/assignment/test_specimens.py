"""Specimens: each is what it says it is, and a file that is not in the format is refused."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest
import torch

from assignment.cases import load_cases
from assignment.checks import check
from assignment.specimens import HERE, OUTCOMES, Specimen, attacks, mistakes, read, right, variants
from assignment.specimens.mutation import applied
from assignment.tasks import all_tasks

TASKS = [task.name for task in all_tasks().values() if task.symbol is not None]
RIGHT = """\
# === right: the right one
def f(x):
    if x:
        y = 1
    y = 2
    y = 2
    return y
"""


def load(folder: Path, text: str, task: str = "rope") -> dict[str, Specimen]:
    found: dict[str, Specimen] = {}
    path = folder / "some.py"
    path.write_text(text, encoding="utf-8")
    read(path, found, task)
    return found


@pytest.mark.parametrize("task", TASKS)
def test_the_right_version_passes_all_recorded_cases(task: str) -> None:
    with applied(right(task)):
        torch.manual_seed(0)
        check(load_cases(task))


@pytest.mark.parametrize("kind", ["mistakes", "variants"])
def test_each_task_has_its_file(kind: str) -> None:
    assert {path.stem for path in (HERE / kind).glob("*.py")} == set(TASKS)


def test_each_version_is_its_tasks_function_and_nothing_else() -> None:
    versions = [one for one in attacks() if one.place == "body"]
    for task in TASKS:
        versions += [right(task), *mistakes(task), *variants(task)]
    assert len(versions) > 300
    for one in versions:
        names = [getattr(node, "name", "") for node in ast.parse(one.text).body]
        assert names == [all_tasks()[one.task].qualified_name.split(".")[-1]], one


def test_the_examples_are_put_together_from_what_there_is() -> None:
    with (HERE / "examples.toml").open("rb") as file:
        examples = tomllib.load(file)["submission"]
    for example in examples:
        for task, choice in example["tasks"].items():
            kind, _, name = choice.rpartition(":")
            known = variants(task) if kind == "variant" else mistakes(task)
            assert name in {"right", "empty", *(one.name for one in known)}, example["name"]


def test_each_attack_has_a_known_outcome() -> None:
    found = attacks()
    assert len(found) > 250
    assert {one.expect for one in found} == set(OUTCOMES)
    assert [one.name for one in found] == sorted(one.name for one in found)
    for one in found:
        ast.parse(one.text)
        assert one.about, one
        assert (one.expect == "ignored") == one.place.startswith("file:"), one


def test_a_change_keeps_indentation_and_the_other_lines(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        RIGHT + "# === two: two changes\n# - if x:\n# -     y = 1\n# + while x:\n# +     x = 0\n"
        "# - return y\n# === other\ndef f(x):\n    return x",
    )
    assert list(found) == ["right", "two", "other"]
    expected = "def f(x):\n    while x:\n        x = 0\n    y = 2\n    y = 2\n"
    assert found["two"].text == expected
    assert found["two"].about == "two changes"
    assert found["other"].text == "def f(x):\n    return x\n"


def test_a_default_stands_in_for_what_is_not_said(tmp_path: Path) -> None:
    text = (
        "# === default\n# expect: ignored\nx = 1\n# === a: b\n# place: file:c\n# === d: e\ny = 1\n"
    )
    a, d = load(tmp_path, text, "").values()
    assert (a.text, a.expect, a.place, a.about) == ("x = 1\n", "ignored", "file:c", "b")
    assert (d.text, d.expect, d.place, d.task) == ("y = 1\n", "ignored", "body", "rmsnorm")


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("# === odd: x\n# - y = 3\n# + y = 4", "'y = 3' stands 0 times"),
        ("# === odd: x\n# - y = 2\n# + y = 4", "'y = 2' stands 2 times"),
        ("# === odd: x\n# + y = 4", "is no change"),
        ("# === odd: x\n# - y = 1\n# + y = 4\ny = 5", "'y = 5' is no change"),
        ("# === odd: x\ny = 1\n# === odd: x\ny = 1", "another section has this name"),
        ("# === odd: x\n", "is empty"),
        (
            "# === odd: x\n# author: me\ny = 1",
            "header 'author'; choose from ['expect', 'place', 'task']",
        ),
        ("# === odd: x\n# expect: gold\ny = 1", "expect 'gold'; choose from ['timeout', 'memory'"),
        ("# === odd: x\n# place: here\ny = 1", "place 'here'; it is body, top, helper or file"),
        ("# === odd: x\n# task: wings\ny = 1", "task 'wings'; choose from ['rope'"),
    ],
)
def test_what_is_not_in_the_format_is_named(tmp_path: Path, section: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"some\.py, section odd: ") as caught:
        load(tmp_path, RIGHT + section, "")
    assert message in str(caught.value)


def test_a_change_needs_a_right_version_and_a_file_has_one_task(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="section odd: is a change; put a section `right`"):
        load(tmp_path, "# === odd: x\n# - y = 1")
    with pytest.raises(ValueError, match="section odd: header 'task'"):
        load(tmp_path, "# === odd: x\n# task: rmsnorm\ny = 1")
