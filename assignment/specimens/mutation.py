"""Put a specimen in the place of the function that its task is about, for a while."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assignment.specimens import Specimen
from assignment.tasks import require_task


@contextmanager
def applied(specimen: Specimen) -> Iterator[None]:
    """Use it in every module that has imported the function, and put that back at the end."""
    symbol = require_task(specimen.task).symbol
    assert symbol is not None
    module_name, *path = symbol.split(".")
    module = importlib.import_module(module_name)
    own: dict[str, Any] = {}
    exec(compile(specimen.text, f"<specimen {specimen}>", "exec"), vars(module), own)
    other = own[path[-1]]
    if len(path) > 1:  # a method of a class
        places = [(getattr(module, path[0]), path[-1])]
        right = getattr(*places[0])
    else:  # a function, which other modules have imported by name
        right = getattr(module, path[0])
        places = [
            (place, name)
            for place in list(sys.modules.values())
            for name, value in list(getattr(place, "__dict__", {}).items())
            if value is right
        ]
    try:
        for place, name in places:
            setattr(place, name, other)
        yield
    finally:
        for place, name in places:
            setattr(place, name, right)
