"""The conversation at a terminal, or, where none is there, a question and an answer a line."""

from __future__ import annotations

import atexit
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path

from chat.conversation import Conversation
from support.files import require_outputs, write_text

COMMANDS = "/reset forgets what was said, /save FILE writes it, /quit ends (as Ctrl-D does)"
HISTORY = 1000  # lines that are kept of what was typed


class End(Exception):
    """The user has had enough."""


def is_terminal() -> bool:
    """Whether somebody types and reads."""
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout.isatty()


def run_terminal(conversation: Conversation, inputs: Iterable[Path]) -> None:
    """Ask for questions and print each answer as it is written, until the user ends it.

    Args:
        inputs: files that /save may not overwrite.
    """
    keep_history()
    print(f"{COMMANDS}; Ctrl-C stops an answer")
    while True:
        try:
            line = input("\n> ").strip()
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print("\n(Ctrl-D or /quit ends)", end="")
            continue
        try:
            if line and not obey(conversation, line, inputs):
                answer(conversation, line)
        except End:
            return
        except (ValueError, OSError) as error:
            print(f"({error})")


def answer(conversation: Conversation, question: str) -> None:
    """Print the answer as it comes; Ctrl-C ends it, and what was written stays."""
    begun = False
    with closing(conversation.ask(question)) as pieces:
        try:
            for piece in pieces:
                piece = piece if begun else piece.lstrip()
                print(piece, end="", flush=True)
                begun = begun or bool(piece)
            print()
        except KeyboardInterrupt:
            print("\n(stopped)" if begun else "\n(stopped: the question is taken back)")


def run_lines(conversation: Conversation, lines: Iterator[str], inputs: Iterable[Path]) -> None:
    """Answer each line in a line of its own: what breaks lines in an answer becomes a space.

    An empty line, and one that is refused, is answered by an empty one; commands by none.

    Raises:
        ValueError: at the end, if a line was refused.
    """
    refused = 0
    for line in map(str.strip, lines):
        try:
            if obey(conversation, line, inputs):
                continue
            written = "".join(conversation.ask(line)) if line else ""
        except End:
            break
        except (ValueError, OSError) as error:
            print(f"refused: {error}", file=sys.stderr)
            refused += 1
            written = ""
        print(" ".join(written.split()), flush=True)
    if refused:
        raise ValueError(f"{refused} of the lines were refused, see above")


def obey(conversation: Conversation, line: str, inputs: Iterable[Path]) -> bool:
    """Do what a line commands; False where it is none: a path, say, is a question.

    Raises:
        End: the command is to end.
        ValueError: it is unknown, or its file cannot be written.
    """
    word, _, rest = line.partition(" ")
    if not (word.startswith("/") and word[1:].isalpha()):
        return False
    if word == "/quit":
        raise End
    if word == "/reset":
        conversation.reset()
    elif word == "/save":
        save(conversation, rest.strip(), inputs)
    else:
        raise ValueError(f"no command {word}: {COMMANDS}")
    return True


def save(conversation: Conversation, name: str, inputs: Iterable[Path]) -> None:
    """Write what was said: as JSON messages to a file so named, else as text."""
    if not name:
        raise ValueError("/save needs a file: /save talk.txt, or talk.json for other programs")
    path = Path(name).expanduser()
    require_outputs([path], inputs)
    messages = conversation.messages
    if path.suffix == ".json":
        content = json.dumps(messages, indent=1, ensure_ascii=False) + "\n"
    else:
        content = "\n\n".join(f"{m['role']}: {m['content'].strip()}" for m in messages) + "\n"
    write_text(path, content)
    print(f"(saved {len(messages)} messages to {path})", file=sys.stderr)


def keep_history() -> None:
    """Line editing and a history that lasts, where Python has the library for them."""
    try:
        import readline
    except ImportError:  # Windows, whose terminal has its own
        return
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    path = Path(state) / "min-llama" / "chat-history"
    with suppress(OSError):  # a home that cannot be written: a history of this session alone
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        readline.read_history_file(path)
        readline.set_history_length(HISTORY)
        atexit.register(write_history, path)


def write_history(path: Path) -> None:
    import readline

    with suppress(OSError):
        readline.write_history_file(path)
