"""Pictures of what `backward` walks through: a graph, and the walk one step at a time.

Both are of a `Value` or of a `Tensor`. A tensor's numbers are there until `backward` has used them
up: draw before it, or call it with retain_graph=True.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from tinytorch.autograd import Node, walk
from tinytorch.layout import Refused
from tinytorch.page import page
from tinytorch.reference import formulas
from tinytorch.tensor import Tensor
from tinytorch.value import Value, topological

FEW = 12  # elements of a tensor that are shown; of more, the least and the greatest


@dataclass
class Box:
    """A thing in a graph, as it is shown."""

    title: str  # its name, and what made it
    value: str
    shape: str = ""
    gradient: str = ""
    inputs: list[int] = field(default_factory=list)  # the boxes of what it was made of

    def lines(self) -> list[str]:
        """What stands in the box, from top to bottom."""
        about = [part for part in (self.title, self.shape) if part]
        value = self.value.split("\n") if self.value else []
        return about + value + (in_lines(self.gradient) if self.gradient else [])


def in_lines(gradient: str) -> list[str]:
    """A gradient as it stands in a box."""
    return f"grad {gradient}".replace("\n", "\n     ").split("\n")


@dataclass(frozen=True)
class Move:
    """One node's turn, in words."""

    box: int
    came_in: str  # its gradient
    rows: Sequence[tuple[int, str, str, str]]  # of each input: box, rule, passed on, gathered


class Drawing:
    """A graph; `str` is its DOT, which Graphviz reads."""

    def __init__(self, boxes: Sequence[Box]) -> None:
        self.boxes = boxes

    def __str__(self) -> str:
        rows = ["digraph {", "  rankdir=LR; node [shape=box, fontname=monospace];"]
        for number, box in enumerate(self.boxes):
            label = "".join(f"{quoted(line)}\\l" for line in box.lines())  # \\l: from the left
            rows.append(f'  n{number} [label="{label}"];')
            rows += [f"  n{source} -> n{number};" for source in box.inputs]
        return "\n".join([*rows, "}"])

    def svg(self) -> str:
        """The picture; a Refused error where Graphviz is not installed."""
        if shutil.which("dot") is None:
            raise Refused(
                "an SVG needs Graphviz, whose `dot` is not here: install the package graphviz, or "
                "save the .dot"
            )
        command = ["dot", "-Tsvg"]
        run = subprocess.run(command, input=str(self), capture_output=True, text=True, check=True)
        return run.stdout

    def save(self, path: str | Path) -> None:
        """Write a .dot or an .svg."""
        path = Path(path)
        if path.suffix not in (".dot", ".svg"):
            raise Refused(f"{path}: a drawing is saved as .dot or .svg")
        path.write_text(str(self) + "\n" if path.suffix == ".dot" else self.svg(), "utf-8")

    def _repr_svg_(self) -> str | None:  # in a notebook
        return self.svg() if shutil.which("dot") else None

    __repr__ = __str__


def draw(x: Value | Tensor) -> Drawing:
    """The graph of all that went into a `Value` or a `Tensor`, with values and gradients.

    Of a tensor of one number the gradients are worked out for the picture, and kept nowhere; of
    another, only those are shown that are there.
    """
    boxes, numbers = graph(x)
    if isinstance(x, Value) or x.numel() != 1 or not alive(x):
        return Drawing(boxes)
    for move in moves_of_nodes(x, numbers):
        boxes[move.box].gradient = move.came_in
    return Drawing(boxes)


def graph(x: Value | Tensor) -> tuple[list[Box], dict[Any, int]]:
    """The boxes of a graph, inputs first, and the number of each node's."""
    if isinstance(x, Value):
        values = topological(x)
        numbers: dict[Any, int] = {value: n for n, value in enumerate(values)}
        return [
            Box(titled(v.name, v.operation), f"{v.data:.4g}", gradient=f"{v.grad:.4g}",
                inputs=[numbers[part] for part in v.inputs])
            for v in values
        ], numbers  # fmt: skip
    boxes: list[Box] = []
    numbers = {}
    names = named_parts(x)
    for node in topological(x.edge()):
        sources = []
        if isinstance(node, Node):
            for n, edge in enumerate(node.inputs):
                if edge is not None:
                    sources.append(numbers[edge])
                elif node.operands and node.operands[n] is not None:  # a constant
                    sources.append(len(boxes))
                    boxes.append(constant(node.operands[n]))
        numbers[node] = len(boxes)
        boxes.append(box_of(node, names.get(node, ""), sources))
    return boxes, numbers


def named_parts(x: Tensor) -> dict[Any, str]:
    """The names that were given to tensors on the way, by the nodes that made them."""
    names: dict[Any, str] = {x.edge(): x.name}
    for node in topological(x.edge()):
        if isinstance(node, Node):
            for edge, part in zip(node.inputs, node.operands or (), strict=False):
                if edge is not None and part is not None and part.name:
                    names[edge] = part.name
    return names


def box_of(node: Any, name: str, sources: list[int]) -> Box:
    if isinstance(node, Node):
        value = "" if node.shown is None else in_short(node.shown)
        kept = node.retained and node.retained()
        gradient = "" if kept is None or kept.grad is None else in_short(kept.grad.array)
        return Box(titled(name, node.operation.name), value, str(node.shape), gradient, sources)
    gradient = "" if node.grad is None else in_short(node.grad.array)
    return Box(node.name, in_short(node.array), str(node.shape), gradient)


def constant(part: Any) -> Box:
    if isinstance(part, Tensor):
        return Box(titled(part.name, "") or "constant", in_short(part.array), str(part.shape))
    return Box("", f"{part:.4g}")


def titled(name: str, operation: str) -> str:
    """`h = tanh`, or the one of the two that there is."""
    return " = ".join(part for part in (name, operation) if part)


def in_short(array: Any) -> str:
    """A few numbers as they are, of many the least and the greatest."""
    array = np.asarray(array)
    if not array.ndim:
        return f"{array.item():.4g}"
    if array.size <= FEW:
        return np.array2string(array, precision=4, suppress_small=True)
    return f"{array.min():.4g} ... {array.max():.4g}"


def alive(x: Tensor) -> bool:
    """Whether backward can still walk through a tensor's graph."""
    if not x.requires_grad:
        return False
    return all(n.kept is not None for n in topological(x.edge()) if isinstance(n, Node))


def moves_of_values(x: Value, numbers: dict[Any, int]) -> Iterator[Move]:
    """The walk of `Value.backward`, in words; it changes no gradient."""
    received = {x: 1.0}
    for value in reversed(topological(x)):
        g, rows = received[value], []
        for part, slope in zip(value.inputs, value.slopes, strict=True):
            received[part] = received.get(part, 0.0) + slope * g
            rule = f"g * {slope:.4g}"
            rows.append((numbers[part], rule, f"{slope * g:.4g}", f"{received[part]:.4g}"))
        yield Move(numbers[value], f"{g:.4g}", rows)


def moves_of_nodes(x: Tensor, numbers: dict[Any, int]) -> Iterator[Move]:
    """The walk of `Tensor.backward`, in words; it changes no gradient."""
    gathered: dict[Any, np.ndarray] = {}
    for node, g, passed in walk(x.edge(), np.ones(x.shape, x.array.dtype)):
        rows = []
        if isinstance(node, Node):
            row = node.operation
            inputs = row.inputs * len(node.inputs) if row.variadic else row.inputs
            for edge, name, part in zip(node.inputs, inputs, passed, strict=False):
                if part is not None:
                    gathered[edge] = gathered[edge] + part if edge in gathered else part
                    rule = f"{name}: {formulas()[row.name][name]}"
                    rows.append((numbers[edge], rule, in_short(part), in_short(gathered[edge])))
        yield Move(numbers[node], in_short(g), rows)


class Steps:
    """Backward, one node at a time: `print` shows all, a loop one after the other."""

    def __init__(self, boxes: Sequence[Box], moves: Sequence[Move]) -> None:
        self.boxes, self.moves = boxes, moves

    def __len__(self) -> int:
        return len(self.moves)

    def __iter__(self) -> Iterator[str]:
        """The text of each step."""
        return (self.text(number) for number in range(len(self.moves)))

    def __str__(self) -> str:
        return "\n\n".join(self)

    __repr__ = __str__

    def text(self, number: int) -> str:
        """A node's turn: what it is, what came in, and what each input is passed by which rule."""
        move = self.moves[number]
        box = self.boxes[move.box]
        title = " ".join(part for part in (f"#{move.box}", box.title, box.shape) if part)
        rows = [("value", box.value), ("came in  g", move.came_in)]
        for source, rule, passed, gathered in move.rows:
            name = " ".join(part for part in (f"#{source}", self.boxes[source].title) if part)
            rows.append((f"to {name}", f"{rule}\n= {passed}"))
            if gathered != passed:
                rows.append(("  gathered", gathered))
        if not move.rows:
            rows.append(("", "nothing was made into it: this is its gradient"))
        return "\n".join([f"step {number + 1} of {len(self.moves)}: {title}", *columns(rows)])

    def html(self, path: str | Path) -> None:
        """Write a page that needs nothing else: the graph, and a button for the next step."""
        steps = [
            {"box": move.box, "text": self.text(number), "gradient": in_lines(move.came_in),
             "to": [[source, in_lines(gathered)] for source, _, _, gathered in move.rows]}
            for number, move in enumerate(self.moves)
        ]  # fmt: skip
        final = {move.box: in_lines(move.came_in) for move in self.moves}
        gradients = [final.get(n, []) for n in range(len(self.boxes))]
        texts, inputs = [box.lines() for box in self.boxes], [box.inputs for box in self.boxes]
        Path(path).write_text(page(texts, gradients, inputs, steps), "utf-8")


def steps(x: Value | Tensor) -> Steps:
    """Walk through `backward` of a `Value`, or of a tensor of one number, and change nothing.

    Raises:
        Refused: the tensor is not one number, wants no gradient, or its graph was used up.
    """
    if isinstance(x, Tensor) and (x.numel() != 1 or not alive(x)):
        raise Refused(
            f"steps of a tensor of shape {x.shape}: must be one number, made of what wants a "
            "gradient, before backward() (or after one with retain_graph=True)"
        )
    boxes, numbers = graph(x)
    for box in boxes:  # they come as the walk goes
        box.gradient = ""
    moves = moves_of_values if isinstance(x, Value) else moves_of_nodes
    return Steps(boxes, list(moves(x, numbers)))  # type: ignore[arg-type]


def columns(rows: Sequence[tuple[str, str]]) -> list[str]:
    """Labels, and beside each its lines."""
    width = max(len(label) for label, _ in rows)
    return [
        f"  {label if n == 0 else '':<{width}}  {line}"
        for label, text in rows
        for n, line in enumerate(text.split("\n"))
    ]


def quoted(line: str) -> str:
    """A line within a DOT string."""
    return line.replace("\\", "\\\\").replace('"', '\\"')
