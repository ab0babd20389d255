"""Tensors as a picture in characters: side by side, below one another, with names and shapes.

>>> import numpy as np
>>> x, y = np.array([[1.0, 2.5], [3.0, 4.0]]), np.array([[-1.0], [10.0]])
>>> hprt("x @ y:", x, "@", y, "=", x @ y)
         (2, 2)         (2, 1)     (2, 1)
x @ y: [[1.  2.5]  @  [[-1.]   =  [[24.]
        [3.  4. ]]     [10.]]      [37.]]
"""

from __future__ import annotations

from typing import Any

import numpy as np


class Block(str):
    """Lines of a picture, which may be a part of another one."""


def hprt(*things: Any, **named: Any) -> None:
    """Print things side by side; a keyword gives its name: `hprt(x=x, w=w)`."""
    print(beside(*things, **named))


def vprt(*things: Any, **named: Any) -> None:
    """Print things below one another."""
    print(below(*things, **named))


def beside(*things: Any, **named: Any) -> Block:
    """Side by side, each in the middle of the tallest's height."""
    blocks = [lines_of(*pair) for pair in pairs(things, named)]
    height = max(map(len, blocks), default=0)
    columns = []
    for block in blocks:
        above = (height - len(block) + 1) // 2
        width = max(map(len, block), default=0)
        column = [""] * above + block + [""] * (height - above - len(block))
        columns.append([line.ljust(width) for line in column])
    return Block("\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True)))


def below(*things: Any, **named: Any) -> Block:
    """Below one another, from the left edge."""
    return Block("\n".join(line for pair in pairs(things, named) for line in lines_of(*pair)))


def pairs(things: Any, named: dict[str, Any]) -> list[tuple[Any, str]]:
    return [(thing, "") for thing in things] + [(thing, name) for name, thing in named.items()]


def lines_of(thing: Any, name: str) -> list[str]:
    """What is printed of one thing: a tensor's numbers below its name and shape."""
    if isinstance(thing, str):
        return ([f"{name}:"] if name else []) + thing.split("\n")
    if not hasattr(thing, "shape"):
        return ([f"{name}:"] if name else []) + str(thing).split("\n")
    array = as_array(thing)
    name = name or getattr(thing, "name", None) or ""
    head = f"{name} {array.shape}".strip()
    numbers = np.array2string(array, precision=4, suppress_small=True).split("\n")
    width = max(map(len, numbers))
    return [head.center(width).rstrip(), *numbers]


def as_array(thing: Any) -> np.ndarray:
    """NumPy's view of a tensor of NumPy, TinyTorch or torch, also one that wants a gradient."""
    if hasattr(thing, "detach"):
        thing = thing.detach().cpu()
        if str(thing.dtype).endswith(("bfloat16", "float16")):  # which NumPy has not, or not all
            thing = thing.float()
        return np.asarray(thing.numpy())
    return np.asarray(thing)
