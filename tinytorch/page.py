"""The page of `steps(...).html(path)`: a graph drawn from left to right, and a button.

Graphviz draws graphs better; but it need not be installed, and its picture does not move.
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINE, CHARACTER, GAP_X, GAP_Y = 16, 7.3, 44, 16  # pixels


@dataclass
class Place:
    """A rectangle: of a box, or of an arrow's way past a column."""

    left: float = 0
    top: float = 0
    width: float = 0
    height: float = 0

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def page(
    texts: Sequence[Sequence[str]],
    gradients: Sequence[Sequence[str]],
    inputs: Sequence[Sequence[int]],
    steps: Sequence[dict[str, Any]],
) -> str:
    """The whole page.

    Args:
        texts: the lines of each box, the first being its title.
        gradients: the lines that are added to it in the end, for which there is room.
        inputs: the boxes from which arrows lead to it; each comes before it.
        steps: what `steps.html` plays.
    """
    source = (Path(__file__).parent / "steps.html").read_text("utf-8")
    script = json.dumps(steps).replace("</", "<\\/")
    drawn = picture(texts, gradients, inputs)
    return source.replace("<!--GRAPH-->", drawn).replace("/*STEPS*/[]", script)


def columns_of(inputs: Sequence[Sequence[int]]) -> list[int]:
    """The column of each box: behind its last input; what was given stands just before its use."""
    column = [0] * len(inputs)
    for n, sources in enumerate(inputs):
        column[n] = max((column[i] + 1 for i in sources), default=0)
    users: list[list[int]] = [[] for _ in inputs]
    for n, sources in enumerate(inputs):
        for i in sources:
            users[i].append(column[n])
    return [c if inputs[n] else min(users[n], default=1) - 1 for n, c in enumerate(column)]


def arranged(
    sizes: Sequence[tuple[float, float]], inputs: Sequence[Sequence[int]]
) -> tuple[list[Place], list[list[Place]]]:
    """The place of each box, and the places through which each arrow goes.

    An arrow past a column has a lane of its own in it, so that it runs behind no box. A column is
    ordered by where its arrows come from (Sugiyama et al. 1981).
    """
    column = columns_of(inputs)
    places = [Place(width=width, height=height) for width, height in sizes]
    ways = [[places[i]] for sources in inputs for i in sources]  # of each arrow, so far
    arrows = [(i, n) for n, sources in enumerate(inputs) for i in sources]
    left = 10.0
    for c in range(max(column, default=0) + 1):
        members: list[tuple[float, Place]] = []
        for n, sources in enumerate(inputs):
            if column[n] == c:
                froms = [
                    way[-1].middle for way, (_, to) in zip(ways, arrows, strict=True) if to == n
                ]
                members.append((sum(froms) / len(sources) if froms else float(n), places[n]))
        for way, (i, n) in zip(ways, arrows, strict=True):
            if column[i] < c < column[n]:
                lane = Place(height=2)
                members.append((way[-1].middle, lane))
                way.append(lane)
        top = 10.0
        for _, place in sorted(members, key=lambda member: member[0]):
            place.left, place.top = left, top
            top += place.height + GAP_Y
        widest = max((place.width for _, place in members), default=0)
        for _, place in members:
            if not place.width:  # a lane goes straight through
                place.width = widest
        left += widest + GAP_X
    for way, (_, n) in zip(ways, arrows, strict=True):
        way.append(places[n])
    return places, ways


def picture(
    texts: Sequence[Sequence[str]],
    gradients: Sequence[Sequence[str]],
    inputs: Sequence[Sequence[int]],
) -> str:
    """The graph as SVG; each box has an empty text for its gradient."""
    sizes = [
        (CHARACTER * max([5, *map(len, text), *map(len, more)]) + 16,
         LINE * (len(text) + len(more)) + 12)
        for text, more in zip(texts, gradients, strict=True)
    ]  # fmt: skip
    places, ways = arranged(sizes, inputs)
    width = max((p.left + p.width for p in places), default=0) + 12
    height = max((p.top + p.height for p in places), default=0) + 12
    rows = [f'<svg width="{width:.0f}" height="{height:.0f}">']
    rows += [f'<path d="{curve(way)}"/>' for way in ways]
    for n, (text, place) in enumerate(zip(texts, places, strict=True)):
        at, size = f"{place.left:.0f},{place.top:.0f}", (place.width, place.height)
        rows.append(f'<g id="box{n}" transform="translate({at})">')
        rows.append('<rect width="{:.0f}" height="{:.0f}" rx="5"/>'.format(*size))
        for row, line in enumerate(text):
            weight = ' class="title"' if row == 0 else ""
            rows.append(f'<text x="8" y="{(row + 1) * LINE}"{weight}>{html.escape(line)}</text>')
        rows.append(f'<text class="grad" x="8" y="{(len(text) + 1) * LINE}"></text></g>')
    return "\n".join([*rows, "</svg>"])


def curve(way: Sequence[Place]) -> str:
    """An arrow's path, from the right edge of a place to the left edge of the next."""
    start = way[0]
    x, y = start.left + start.width, start.middle
    path = f"M{x:.0f},{y:.0f}"
    for place in way[1:]:
        bend, to = (x + place.left) / 2, place.middle
        path += f" C{bend:.0f},{y:.0f} {bend:.0f},{to:.0f} {place.left:.0f},{to:.0f}"
        x, y = place.left + place.width, to
        path += f" L{x:.0f},{y:.0f}" if place is not way[-1] else ""
    return path
