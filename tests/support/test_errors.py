"""A user's mistake is one line and status 2; a bug keeps its traceback."""

from __future__ import annotations

import signal
from typing import NoReturn

import pytest

from support import errors


def ends(main: object) -> int:
    with pytest.raises(SystemExit) as stopped:
        errors.run(main)  # type: ignore[arg-type]
    assert isinstance(stopped.value.code, int)
    return stopped.value.code


def failing(error: BaseException) -> object:
    def main() -> NoReturn:
        raise error

    return main


def test_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(lambda: None) == 0
    assert ends(lambda: 3) == 3
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("x=1:\n  must be 2"), "error: x=1: must be 2\n"),
        (FileNotFoundError(2, "No such file", "a.txt"), "error: a.txt: No such file\n"),
    ],
)
def test_a_mistake_is_one_line(
    error: Exception, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(failing(error)) == 2
    output = capsys.readouterr().err
    assert output.endswith(line)
    assert output.count("\n") == 1


def test_a_bug_is_no_mistake() -> None:
    with pytest.raises(KeyError):
        errors.run(failing(KeyError("bug")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "status"),
    [((), 130), ((signal.SIGINT,), 130), ((signal.SIGTERM,), 143)],
)
def test_interrupted_as_a_shell_says_it(
    arguments: tuple, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(failing(KeyboardInterrupt(*arguments))) == status
    assert capsys.readouterr().err == "\ninterrupted\n"


def test_a_reader_who_has_seen_enough_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    assert ends(failing(BrokenPipeError())) == 1


def test_a_wrong_flag_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    parser = errors.ArgumentParser()
    parser.add_argument("--n", type=int)
    with pytest.raises(SystemExit) as stopped:
        parser.parse_args(["--n", "x"])
    assert stopped.value.code == 2
    output = capsys.readouterr().err
    assert "--n" in output
    assert "(--help lists every flag)" in output
    assert output.count("\n") == 1
