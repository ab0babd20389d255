"""What a submission's year asked for, read from its source without running it.

The course has changed from year to year: LayerNorm came for RMSNorm, filters into `generate`,
clipping into AdamW. Its skeletons say which, in names that learners do not choose.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass

from assignment.grading.stubs import Function, find, parse

FILTERS = ("top_p", "epsilon")


@dataclass(frozen=True)
class Form:
    """In which of its forms a submission has the course."""

    layer_norm: bool = False
    filters: tuple[str, ...] = ()  # arguments of `generate` that filter by default
    clips: bool = False  # whether AdamW takes `max_grad_norm`

    def remarks(self) -> list[str]:
        """A line for each difference from the first year's course."""
        lines = []
        if self.layer_norm:
            lines.append("llama.py: has LayerNorm for RMSNorm, as a later year, and is judged so")
        lines += [f"llama.py: `generate` filters by {name}; judged too" for name in self.filters]
        if self.clips:
            lines.append("optimizer.py: AdamW takes max_grad_norm; judged too")
        return lines


def read_form(files: Mapping[str, bytes]) -> Form:
    """The form of a submission's files; the first year's where a file cannot be read."""
    llama, optimizer = (files.get(f"{name}.py", b"") for name in ("llama", "optimizer"))
    try:
        names = classes(llama)
        return Form(
            layer_norm="LayerNorm" in names and "RMSNorm" not in names,
            filters=tuple(n for n in FILTERS if n in numbers(llama, "Llama.generate")),
            clips="max_grad_norm" in arguments(optimizer, "AdamW.__init__"),
        )
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return Form()  # it will be reported as a file that cannot be imported


def classes(source: bytes) -> set[str]:
    """The names of a module's classes."""
    body = parse(source.decode(errors="replace")).body
    return {node.name for node in body if isinstance(node, ast.ClassDef)}


def arguments(source: bytes, function: str) -> set[str]:
    """The names of a function's arguments."""
    found = find(source.decode(errors="replace"), function)
    return set() if found is None else {argument.arg for argument in all_of(found)}


def numbers(source: bytes, function: str) -> set[str]:
    """The names of its arguments that are a number by default."""
    found = find(source.decode(errors="replace"), function)
    if found is None:
        return set()
    defaults = [*found.args.defaults, *found.args.kw_defaults]
    names = all_of(found)[-len(defaults) :] if defaults else []
    return {
        argument.arg
        for argument, default in zip(names, defaults, strict=True)
        if isinstance(default, ast.Constant) and isinstance(default.value, float)
    }


def all_of(function: Function) -> list[ast.arg]:
    return [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
