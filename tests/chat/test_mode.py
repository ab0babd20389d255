"""`--option chat` as a user types it: through a pipe, and in a terminal."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

import run_llama
from tests.helpers import PROJECT

OPTIONS = ("--option", "chat", "--chat_format", "llama-2", "--max_new_tokens", "9")


@pytest.fixture
def chat(folder: Path, run_here: Callable, monkeypatch: pytest.MonkeyPatch) -> Callable:
    """The mode on the folder's checkpoint, in this process, with these lines to read."""

    def run(lines: bytes, *arguments: str):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
        return run_here(run_llama.main, *OPTIONS, *arguments, cwd=folder)

    return run


def test_a_line_in_a_line_out(chat: Callable) -> None:
    counting = ("--temperature", "0", "--pretrained-model-path", "counting.pt")
    result = chat("a hero\n\nwhile naïve".encode(), *counting, "--max_new_tokens", "60")
    assert result.returncode == 0, result.stderr
    first, empty, last, end = result.stdout.split("\n")
    assert first
    assert last
    assert (empty, end) == ("", "")
    assert "chat      as llama-2 has it, 128 tokens" in result.stderr
    assert chat(b"a hero\n", *counting, "--max_new_tokens", "60").stdout == f"{first}\n"


def test_the_same_seed_gives_the_same_talk(chat: Callable) -> None:
    talks = {chat(b"a hero\nand\n", "--seed", seed).stdout for seed in ("1", "1", "2")}
    assert len(talks) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--bidirectional"], "--bidirectional: chat keeps what was said in a cache"),
        (["--context", "1"], "context=1: must be from 2 to 128"),
        (["--max_new_tokens", "0"], "--max_new_tokens 0: must be at least 1"),
        (["--temperature", "-1"], "temperature=-1.0: must be 0"),
        (["--stop", ""], "--stop is empty"),
        (["--chat_format", "auto"], "brings no chat template, and its tokens are of no known"),
        (["--chat_format", "llama-3"], "the tokenizer has no token <|eot_id|>"),
    ],
)
def test_bad_input(chat: Callable, arguments: list[str], message: str) -> None:
    result = chat(b"a\n", *arguments)
    assert (result.returncode, result.stdout) == (2, "")
    last = result.stderr.splitlines()[-1]  # what was loaded may be said before
    assert last.startswith("run_llama.py: error: ")
    assert message in last


def test_a_line_that_is_no_utf_8(chat: Callable) -> None:
    result = chat(b"a hero\n\xff\n")
    assert result.returncode == 2
    assert len(result.stdout.splitlines()) == 1
    assert result.stderr.endswith("standard input: not UTF-8 (invalid start byte); convert it\n")


@pytest.mark.slow
def test_in_a_terminal(folder: Path, tmp_path: Path) -> None:
    """Streams, stops at Ctrl-C and goes on, edits a line, recalls the last, saves, ends."""
    pty = pytest.importorskip("pty")
    asked = [*OPTIONS, "--pretrained-model-path", "counting.pt", "--max_new_tokens", "100000"]
    asked += ["--context", "100"]
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.environ |= {"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm", "PYTHONPATH": str(PROJECT)}
        os.execv(sys.executable, [sys.executable, str(PROJECT / "run_llama.py"), *asked])
    screen = SimpleNamespace(text="")

    def until(text: str) -> None:
        start = len(screen.text)
        while text not in screen.text[start:]:
            screen.text += os.read(terminal, 4096).decode(errors="replace")

    def type_in(keys: bytes) -> None:
        os.write(terminal, keys)

    def interrupt() -> None:
        time.sleep(0.2)
        os.kill(process, signal.SIGINT)

    signal.alarm(100)  # a test that hangs ends
    try:
        until("\n> ")
        type_in(b"hero\x01a \r")  # Ctrl-A: to the beginning of the line
        until("is full")  # the answer is longer than the context
        until("\n> ")
        type_in(b"\x1b[A\r")  # the line before
        until("is full")
        until("\n> ")
        interrupt()
        until("Ctrl-D or /quit ends")
        type_in(f"/save {tmp_path}/talk.json\r".encode())
        until("saved")
        type_in(b"/quit\r")
        status = os.waitpid(process, 0)[1]
    finally:
        signal.alarm(0)
        os.close(terminal)
    assert status == 0, screen.text
    messages = json.loads((tmp_path / "talk.json").read_text())
    assert [m["content"] for m in messages if m["role"] == "user"][-1] == "a hero"
    assert "a hero" in (tmp_path / "min-llama" / "chat-history").read_text().splitlines()
