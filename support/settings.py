"""Settings as nested dataclasses: from TOML and the command line, by dotted name, what differs.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True)
... class Kettle:
...     litres: float = 1.5
>>> kettle = from_arguments(Kettle, ["--litres=2"], tell=print)
overriding litres=2.0 (was 1.5)
>>> get(kettle, "litres"), replaced(kettle, "litres", 3)
(2.0, Kettle(litres=3.0))
"""

from __future__ import annotations

import contextlib
import io
import itertools
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Filled = TypeVar("Filled")


def from_toml(path: Path, defaults: Filled) -> Filled:
    """Settings with what a file says; a ValueError names a key that there is not."""
    try:
        with path.open("rb") as file:
            return filled(defaults, tomllib.load(file), f"{path}: ")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path}: no TOML ({error})") from error


def from_arguments(
    kind: type[Filled],
    arguments: list[str],
    default: Filled | None = None,
    tell: Callable[[str], object] | None = None,
    **options: Any,
) -> Filled:
    """Settings with what the command line says, by tyro: `--foo=9 --some.val 7`; a new instance.

    Args:
        kind: their class; fields without a default have to be given.
        default: an instance to start from, instead of the class's defaults.
        tell: takes a line for each value that is not as at the start (so each has to have one):
            print, or the `info` of an object that can log.
        options: tyro.cli's, such as prog and description.

    Raises:
        ValueError: something is wrong with the arguments, or tyro is missing; in one line.
    """
    try:
        import tyro
    except ImportError as error:
        raise ValueError(
            "settings from the command line need the package tyro (extra pretraining): "
            "pip install tyro"
        ) from error
    if default is not None:
        options["default"] = default
    told = io.StringIO()
    try:
        with contextlib.redirect_stderr(told):
            found = tyro.cli(kind, args=arguments, **options)
    except SystemExit as end:
        if not end.code:  # --help
            raise
        raise ValueError(_words_of(told.getvalue())) from None
    if tell:
        for line in differences(found, kind() if default is None else default):
            tell(f"overriding {line}")
    return found


def _words_of(told: str) -> str:
    """What tyro complains of: between the title of its box and the next line across.

    Where a terminal lacks the characters for it, a box is lines of hyphens.
    """
    lines = [line.strip(" \u2502") for line in re.sub(r"\x1b\[[0-9;]*m", "", told).splitlines()]

    def is_rule(line: str) -> bool:
        return not line.strip("-\u2500\u2570\u256f")

    said = itertools.takewhile(
        lambda line: not is_rule(line), itertools.dropwhile(is_rule, lines[1:])
    )
    return " ".join(" ".join(said).split())


def differences(settings: Any, before: Any, place: str = "") -> list[str]:
    """`model.dim=128 (was 256)`: what is not as it was, or as it is by default."""
    found = []
    for name, value in _values(settings).items():
        was = getattr(before, name)
        if is_dataclass(value) and type(was) is type(value):
            found += differences(value, was, f"{place}{name}.")
        elif value != was:
            found.append(f"{place}{name}={value} (was {was})")
    return found


def get(settings: Any, name: str) -> Any:
    """The value of a dotted name, `model.dim`; a ValueError says which names there are."""
    place = ""
    for part in name.split("."):
        settings = _known(settings, part, place)
        place += f"{part}: "
    return settings


def replaced(settings: Filled, name: str, value: Any) -> Filled:
    """Settings with another value at a dotted name; a ValueError as `filled` raises it."""
    *above, last = name.split(".")
    for part in reversed(above):
        value, last = {last: value}, part
    return filled(settings, {last: value})


def filled(defaults: Filled, values: Mapping[str, Any], place: str = "") -> Filled:
    """A dataclass with other values, those of a nested one in a mapping of their own.

    Raises:
        ValueError: there is no such name, or the value is not of the field's type.
    """
    types = get_type_hints(type(defaults))
    changes = {}
    for name, value in values.items():
        before = _known(defaults, name, place)
        hints = (types[name], *get_args(types[name]))
        if is_dataclass(before) and not isinstance(value, type(before)):
            if not isinstance(value, dict):
                raise ValueError(f"{place}{name} is a table of its own: [{name}]")
            value = filled(before, value, f"{place}{name}: ")
        elif not _fits(value, types[name]):
            hint = types[name]
            wanted = getattr(hint, "__name__", None) if isinstance(hint, type) else None
            if get_origin(hint) is Literal:
                wanted = f"one of {', '.join(get_args(hint))}"
            raise ValueError(f"{place}{name}={value!r}: must be {wanted or hint}")
        elif Path in hints and value is not None:
            value = Path(value)
        elif type(value) is int and float in hints and int not in hints:
            value = float(value)
        elif isinstance(value, list):
            value = tuple(value)
        changes[name] = value
    return replace(defaults, **changes)  # type: ignore[type-var]


def _known(settings: Any, name: str, place: str) -> Any:
    known = _values(settings)
    if name not in known:
        raise ValueError(f"{place}there is no {name}; known: {', '.join(known) or 'none'}")
    return known[name]


def _values(settings: Any) -> dict[str, Any]:
    """Of each field its value; of what is no dataclass none."""
    names = [f.name for f in fields(settings)] if is_dataclass(settings) else []
    return {name: getattr(settings, name) for name in names}


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value of TOML or JSON is of a type."""
    options = get_args(hint)
    if get_origin(hint) is Literal:
        return value in options
    if get_origin(hint) is tuple:
        return (
            isinstance(value, list | tuple)
            and len(value) == len(options)
            and all(map(_fits, value, options))
        )
    if options:
        return any(_fits(value, option) for option in options)
    kinds = {float: (float, int), Path: (str, Path)}.get(hint, (hint,))
    return type(value) in kinds or (hint is Path and isinstance(value, Path))
