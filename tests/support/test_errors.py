"""A user's mistake is one line and status 2; a bug keeps its traceback."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

from support import errors
from tests.helpers import PROJECT, buffered, ended_by, run_code


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


@pytest.mark.parametrize(
    "given",
    [
        ["--max-new-tokens", "3", "--label_names", "x"],
        ["--max_new_tokens=3", "--label-names=x"],
        ["--max-new", "3", "--label_n", "x"],
        ["--max_new-tokens", "3", "--label-names", "x"],
    ],
)
def test_flags_are_spelt_with_either(given: list[str]) -> None:
    parser = errors.ArgumentParser()
    parser.add_argument("--max_new_tokens", type=int)
    parser.add_argument("--label-names")
    parser.add_argument("rest", nargs="*")
    args = parser.parse_args([*given, "--", "--max-new-tokens"])
    assert (args.max_new_tokens, args.label_names) == (3, "x")
    assert args.rest == ["--max-new-tokens"]


def test_an_ambiguous_or_unknown_flag_is_told_as_it_was_typed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    parser = errors.ArgumentParser()
    parser.add_argument("--max_new_tokens", type=int)
    parser.add_argument("--max_len", type=int)
    for given in ("--max-", "--nope-nope"):
        with pytest.raises(SystemExit):
            parser.parse_args([given, "3"])
        assert given in capsys.readouterr().err


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
    ids=["Python", "torch", "a GPU"],
)
def test_too_little_memory_is_one_line(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ends(failing(error)) == 2
    assert "error: out of memory: " in capsys.readouterr().err


def test_another_runtime_error_is_a_bug() -> None:
    with pytest.raises(RuntimeError):
        errors.run(failing(RuntimeError("shapes do not fit")))  # type: ignore[arg-type]


def shell(command: str, code: str) -> subprocess.CompletedProcess[str]:
    """Python code in a shell's command, which has `$PYTHON -c "$CODE"`."""
    environment = {**buffered(), "PYTHON": sys.executable, "CODE": code}
    return subprocess.run(
        ["sh", "-c", command], cwd=PROJECT, env=environment, capture_output=True, text=True
    )


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_closed_streams_are_no_error(tmp_path: Path) -> None:
    """And what is opened then does not take their place: a print would go into a file."""
    code = (
        "from support import errors\n"
        "def main():\n"
        f"    with open({str(tmp_path / 'out')!r}, 'w') as file:\n"
        "        print('said')\n"
        "        import os; os.write(1, b'by a library'); os.write(2, b'and here')\n"
        "        file.write('written')\n"
        "errors.run(main)\n"
    )
    for closed in (">&-", "2>&-", ">&- 2>&- <&-"):
        result = shell(f'"$PYTHON" -c "$CODE" {closed}', code)
        assert result.returncode == 0, (closed, result.stderr)
        assert (tmp_path / "out").read_text() == "written"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_standard_output_is_named() -> None:
    code = "from support import errors; errors.run(lambda: print('said'))"
    result = shell('"$PYTHON" -c "$CODE" > /dev/full', code)
    assert result.returncode == 2
    assert result.stderr == "-c: error: standard output: No space left on device\n"


def test_a_log_has_a_line_as_soon_as_it_is_said(tmp_path: Path) -> None:
    code = (
        "import os, signal; from support import errors\n"
        "errors.run(lambda: (print('epoch 1'), os.kill(os.getpid(), signal.SIGKILL))[0])\n"
    )
    with (tmp_path / "log").open("w") as log:
        subprocess.run(
            [sys.executable, "-c", code], cwd=PROJECT, env=buffered(), stdout=log, check=False
        )
    assert (tmp_path / "log").read_text() == "epoch 1\n"


@pytest.mark.parametrize("script", ["run_llama.py", "rope_test.py", "tokenizer.py"])
def test_ctrl_c_while_packages_load(script: str, tmp_path: Path) -> None:
    """A package in torch's place that takes a minute, and would swallow an exception."""
    slow = "print('loading', flush=True)\nimport time\ntry: time.sleep(60)\nexcept: pass\n"
    for name in ("torch", "pytest", "sentencepiece"):
        (tmp_path / f"{name}.py").write_text(slow)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, str(PROJECT / script)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process, ended_by(process, 30):
        assert process.stdout is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert err == "\ninterrupted\n"
    assert process.returncode == 130


def test_the_handler_of_early_is_for_scripts() -> None:
    """Whoever imports a module of ours keeps the Ctrl-C of their own program."""
    code = (
        "import signal, support.early\n"
        "assert signal.getsignal(signal.SIGINT) is signal.default_int_handler"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr
