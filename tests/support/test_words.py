"""What is said fits the terminal, and is no number of noughts."""

from __future__ import annotations

import doctest

import pytest

from support import words


def test_the_examples() -> None:
    assert doctest.testmod(words).failed == 0


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_a_banner_is_cut_between_words(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "a file-name_that.is-one-word " + "word " * 40
    lines = words.banner("note", text).splitlines()
    assert all(len(line) < columns for line in lines)
    assert lines[0].startswith("note      a file-name_that.is-one-word")
    assert all(line.startswith(" " * 10) for line in lines[1:])
    assert " ".join(" ".join(lines).split()) == " ".join(f"note {text}".split())


def test_what_does_not_fit_stays_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    path = "runs/" + "x" * 60
    assert path in words.banner("run", f"{path}: state").splitlines()[0]


@pytest.mark.parametrize("number", [0, 1, 999, 1_000, 588, 10_400, 999_999, 10**6, 10**9, 10**12])
def test_a_size_is_never_nought_of_a_unit(number: int) -> None:
    said = words.size_in_words(number)
    assert number == 0 or not said.startswith("0"), said


@pytest.mark.parametrize("seconds", [0.0004, 0.02, 0.4, 3, 100, 119, 121, 7_000, 10**5])
def test_a_time_is_never_nought_of_a_unit(seconds: float) -> None:
    said = words.time_in_words(seconds)
    assert not said.startswith(("0.0 ", "0 minutes", "0 s")), said
