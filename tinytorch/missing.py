"""What is said of a name that torch has and TinyTorch has not."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn


def no_such_name(owner: str, name: str, known: Iterable[str]) -> NoReturn:
    """Raise an AttributeError that names the nearest of what there is."""
    if name.startswith("__"):  # a question of Python's, not of a person
        raise AttributeError(name)
    public = [other for other in known if not other.startswith("_")]
    near = get_close_matches(name, public, 3, cutoff=0.5)
    hint = f"the nearest that it has: {', '.join(near)}" if near else "and nothing like it"
    raise AttributeError(f"TinyTorch's {owner} has no {name!r}, {hint}", name=name)
