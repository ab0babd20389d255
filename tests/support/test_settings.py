"""Nested dataclasses as settings: from the command line, by dotted name, and what was changed."""

from __future__ import annotations

import doctest
import io
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

pytest.importorskip("tyro")

from support import settings
from support.logging import OURS, can_log, set_up
from support.settings import differences, filled, from_arguments, from_toml, get, replaced


@dataclass
class SomeFoo:
    val: float = 8.0


@dataclass
class SomeDataClass:
    foo: int = 0
    somefoo: SomeFoo = field(default_factory=SomeFoo)


@dataclass(frozen=True)
class Inner:
    sizes: tuple[int, int] = (1, 2)
    path: Path | None = None


@dataclass(frozen=True)
class Outer:
    inner: Inner = field(default_factory=Inner)
    kind: Literal["a", "b"] = "a"
    rate: float = 0.5


@pytest.fixture
def told() -> Iterator[io.StringIO]:
    """What is logged, with our logger as it was afterwards."""
    before = (OURS.handlers[:], OURS.level, OURS.propagate)
    stream = io.StringIO()
    set_up(logging.INFO, stream)
    yield stream
    OURS.handlers[:], OURS.level, OURS.propagate = before


def test_the_documents_example_runs(told: io.StringIO) -> None:
    """Of seed 004, under our names: both changes are reported by the object's own logger."""
    cc: Any = can_log(SomeDataClass())
    given = "--somefoo.val=7 --foo=9"
    cc = can_log(from_arguments(SomeDataClass, given.split(), cc, cc.info))
    assert asdict(cc) == {"foo": 9, "somefoo": {"val": 7.0}}
    cc.info("Now I am enabled for logging!")
    lines = told.getvalue().splitlines()
    times = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}:INFO:SomeDataClass: "
    said = ["overriding foo=9 (was 0)", "overriding somefoo.val=7.0 (was 8.0)",
            "Now I am enabled for logging!"]  # fmt: skip
    assert [re.sub(times, "", line) for line in lines] == said
    assert all(re.match(times, line) for line in lines)


def test_the_examples() -> None:
    assert doctest.testmod(settings).failed == 0


def test_switches_start_from_an_instance_and_leave_it_as_it_was() -> None:
    start = Outer(Inner((3, 4)), rate=0.25)
    lines: list[str] = []
    found = from_arguments(Outer, ["--inner.path", "x", "--kind", "b"], start, lines.append)
    assert found == Outer(Inner((3, 4), Path("x")), "b", 0.25)
    assert start == Outer(Inner((3, 4)), rate=0.25)
    assert lines == ["overriding inner.path=x (was None)", "overriding kind=b (was a)"]
    assert from_arguments(Outer, [], start, lines.append) == start
    assert len(lines) == 2  # nothing was changed, nothing is said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rate", "much"], "Error parsing --rate: could not convert string to float: 'much'"),
        (["--inner.sizes", "1"], "--inner.sizes"),
        (["--kind", "c"], "--kind"),
        (["--rates", "1"], "--rates"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_wrong_switch_is_one_line(
    arguments: list[str], words: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether or not the terminal has the characters that tyro draws boxes with."""
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(io.BytesIO(), encoding))
    with pytest.raises(ValueError, match=words) as caught:
        from_arguments(Outer, arguments)
    found = str(caught.value)
    assert not set(found) & set("\n\u2500\u2502\u256d\u256f")
    assert "helptext" not in found


def test_a_nested_value_is_read_and_set_by_its_dotted_name() -> None:
    cc = SomeDataClass()
    assert get(cc, "somefoo.val") == 8.0
    other = replaced(cc, "somefoo.val", 7)
    assert (other.somefoo.val, type(other.somefoo.val)) == (7.0, float)
    assert (cc.somefoo.val, other.foo) == (8.0, 0)
    assert replaced(Outer(), "inner", Inner((5, 6))).inner.sizes == (5, 6)
    assert replaced(Outer(), "inner.sizes", [5, 6]).inner == Inner((5, 6))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: get(Outer(), "inner.size"), "inner: there is no size; known: sizes, path"),
        (lambda: get(Outer(), "rate.val"), "rate: there is no val; known: none"),
        (lambda: replaced(Outer(), "innr.path", "x"), "there is no innr; known: inner, kind, rate"),
        (lambda: replaced(Outer(), "rate", "fast"), "rate='fast': must be float"),
        (lambda: replaced(Outer(), "kind", "c"), "kind='c': must be one of a, b"),
        (lambda: filled(Outer(), {"inner": 3}), r"inner is a table of its own: \[inner\]"),
        (lambda: from_toml(Path("none.toml"), Outer()), "none.toml: No such file"),
    ],
)
def test_a_name_or_value_that_does_not_fit_is_named(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call()


def test_a_file_fills_what_it_names(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('rate = 2\n[inner]\nsizes = [7, 8]\npath = "y"\n')
    found = from_toml(path, Outer(kind="b"))
    assert found == Outer(Inner((7, 8), Path("y")), "b", 2.0)
    assert differences(found, Outer()) == [
        "inner.sizes=(7, 8) (was (1, 2))",
        "inner.path=y (was None)",
        "kind=b (was a)",
        "rate=2.0 (was 0.5)",
    ]
    path.write_text("rate = \n")
    with pytest.raises(ValueError, match="run.toml: no TOML"):
        from_toml(path, Outer())


def test_what_is_not_named_stays_as_deep_as_it_lies(tmp_path: Path) -> None:
    """Of the instance that is changed, not of its class's defaults."""
    start = Outer(Inner((3, 4), Path("x")), "b", 0.25)
    assert filled(start, {"inner": {"sizes": [5, 6]}}) == Outer(Inner((5, 6), Path("x")), "b", 0.25)
    assert replaced(start, "inner.path", "y") == Outer(Inner((3, 4), Path("y")), "b", 0.25)
    path = tmp_path / "run.toml"
    path.write_text("[inner]\nsizes = [5, 6]\n")
    assert from_toml(path, start) == Outer(Inner((5, 6), Path("x")), "b", 0.25)


def test_without_tyro_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tyro", None)
    with pytest.raises(ValueError, match="need the package tyro .*: pip install tyro"):
        from_arguments(Outer, [])
