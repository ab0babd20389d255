"""What can be said of a source file before any of it runs: its encoding, and what it defines."""

from __future__ import annotations

import ast
import codecs
import re
from collections.abc import Iterable, Sequence

MARKS = {  # byte order marks; the longer ones first, since one begins with another
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
DECLARED = re.compile(rb"\A(.*\n)?[ \t\f]*#.*?coding[:=]")  # in one of the first two lines


def as_utf8(data: bytes) -> tuple[bytes, str]:
    """A file as Python reads it, and a line on what was done to it or should be; maybe empty."""
    if data.startswith(codecs.BOM_UTF8):
        data = data.removeprefix(codecs.BOM_UTF8)
        return data, "begins with a byte order mark, which was taken off"
    for mark, encoding in MARKS.items():
        if data.startswith(mark):
            try:
                text = data.decode(encoding)
            except UnicodeDecodeError:
                break
            name = encoding.upper()
            return text.encode(errors="replace"), (
                f"is {name}, which Python does not read, and was taken as UTF-8; save it as UTF-8"
            )
    return data, unreadable(data)


def unreadable(data: bytes) -> str:
    """Why Python cannot read a file's characters; empty where it can."""
    if b"\0" in data:
        return "holds NUL bytes, as UTF-16 does, and Python cannot read it; save it as UTF-8"
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        if not DECLARED.match(data):
            return f"line {line} is not UTF-8, and Python cannot read it; save it as UTF-8"
    return ""


def parsed(data: bytes) -> Sequence[ast.stmt] | None:
    """The statements of a file; None where it is no Python."""
    try:
        return ast.parse(data).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def is_empty(data: bytes) -> bool:
    """Whether there is nothing in a file but spaces, comments and texts."""
    body = parsed(data)
    return body is not None and all(is_text(node) for node in body)


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def defined_twice(data: bytes, names: Iterable[str]) -> list[str]:
    """A line for each function or class, given as `Class.function`, that is defined again."""
    lines = {}
    for name in names:
        body = parsed(data) or []
        parts = name.split(".")
        for i, part in enumerate(parts, start=1):
            found = [
                node
                for node in body
                if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
                and node.name == part
            ]
            if len(found) > 1:
                places = ", ".join(str(node.lineno) for node in found)
                lines[".".join(parts[:i])] = f"in lines {places}; the last one counts"
            body = found[-1].body if found else []
    return [f"defines {name} more than once, {where}" for name, where in lines.items()]
