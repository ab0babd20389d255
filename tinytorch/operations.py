"""The one table of operations: what each computes, and how its result answers to each input.

A row reads

    operation("mul", "The product.",
        lambda a, b: a * b,
        a=lambda g, b: g * b,
        b=lambda g, a: g * a)

The forward takes inputs by position and options by keyword. Then comes, for each input that has
one, the derivative: what the gradient `g` of the result makes of it (the chain rule: g times the
local slope). A derivative names what it needs: `g`; the inputs and options, by their names; `y`,
the result; `shape`, of the first input; `shapes`, of all. What none of them names may be changed in
place before backward. Where an input was broadcast, the engine sums its gradient back to its shape,
so rows write as if all shapes were alike.

Methods of `Tensor`, functions of the package, docs/operations.md and tests come from this table.
Everything here is NumPy; the rows of views work on a `Layout` and copy nothing.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tinytorch.layout import Refused

Array = Any  # an np.ndarray, or a number of Python's
UNPROMOTED = ("mask", "index")  # inputs that say where: their type is none of the arithmetic's


@dataclass(frozen=True)
class Derivative:
    """One of a row's, and the names of what it needs."""

    function: Callable[..., Any]
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """A row of the table."""

    name: str
    sentence: str
    forward: Callable[..., Any]
    derivatives: dict[str, Derivative]
    inputs: tuple[str, ...]
    options: dict[str, Any]  # with their defaults
    arguments: tuple[str, ...]  # inputs and options in the order of torch's positions
    reordered: bool  # which is another than inputs first
    promoted: tuple[int, ...]  # inputs that are brought to one type
    variadic: bool  # any number of inputs
    floats: bool  # integers become floats first
    view: bool  # the forward is of layouts
    in_place: bool  # there is a form that writes into its first input: add_
    kept: dict[tuple[bool, ...], tuple[str, ...]] = field(default_factory=dict)

    def needs(self, wanted: tuple[bool, ...]) -> tuple[str, ...]:
        """What backward has to be left, if these inputs want a gradient."""
        if wanted not in self.kept:
            if self.variadic:
                names = self.derivatives[self.inputs[0]].needs
            else:
                pairs = zip(self.inputs, wanted, strict=False)
                names = tuple(
                    name for part, wants in pairs
                    if wants and part in self.derivatives
                    for name in self.derivatives[part].needs
                )  # fmt: skip
            self.kept[wanted] = tuple(dict.fromkeys(name for name in names if name != "g"))
        return self.kept[wanted]


TABLE: dict[str, Operation] = {}


def operation(
    name: str,
    sentence: str,
    forward: Callable[..., Any],
    /,
    *,
    floats: bool = False,
    in_place: bool = False,
    view: bool = False,
    order: str = "",
    **derivatives: Callable[..., Any],
) -> None:
    """Put a row into the table."""
    parameters = inspect.signature(forward).parameters.values()
    options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
    inputs = tuple(p.name for p in parameters if p.name not in options)
    assert derivatives.keys() <= set(inputs), name
    TABLE[name] = Operation(
        name, sentence, forward,
        {part: Derivative(f, tuple(inspect.signature(f).parameters))
         for part, f in derivatives.items()},
        inputs,
        options,
        tuple(order.split()) or (*inputs, *options),
        bool(order),
        tuple(i for i, part in enumerate(inputs) if part not in UNPROMOTED),
        any(p.kind is p.VAR_POSITIONAL for p in parameters),
        floats, view, in_place,
    )  # fmt: skip


def restored(g: Array, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Array:
    """What a reduction left of an array of that shape, with the reduced axes back, of size 1."""
    if dim is None:
        return np.reshape(g, (1,) * len(shape))
    if keepdim:
        return g
    dims = [d % len(shape) for d in (dim if isinstance(dim, tuple) else (dim,))] if shape else []
    return np.reshape(g, [1 if d in dims else size for d, size in enumerate(shape)])


def spread(g: Array, shape: tuple[int, ...], dim: Any, keepdim: bool) -> Array:
    """The gradient of a sum: each element that went into it receives the same."""
    return np.broadcast_to(restored(g, shape, dim, keepdim), shape)


def evenly(g: Array, a: Array, y: Array, dim: Any, keepdim: bool) -> Array:
    """The gradient of a maximum: those that are the greatest share it."""
    greatest = a == restored(y, a.shape, dim, keepdim)
    each = restored(g, a.shape, dim, keepdim) / greatest.sum(axis=dim, keepdims=True)
    return np.where(greatest, each, 0)


def mean(a: Array, dim: Any, keepdim: Any) -> Array:
    if a.dtype.kind != "f":
        raise Refused(f"mean of {a.dtype}: only floats have one; convert with .float()")
    dims = range(a.ndim) if dim is None else (dim if isinstance(dim, tuple) else (dim,))
    count = math.prod(a.shape[d] for d in dims)
    return np.add.reduce(a, axis=dim, keepdims=keepdim) / np.asarray(count, a.dtype)


def share(g: Array, shape: tuple[int, ...]) -> float:
    """What part one element has in a mean that left `g` of an array of that shape."""
    return g.size / max(math.prod(shape), 1)


def shifted(a: Array, dim: Any) -> tuple[Array, Array]:
    """`a` less its greatest along an axis, so that exp cannot overflow; and the greatest."""
    greatest: Array = np.max(a, axis=dim, keepdims=True, initial=-np.inf)
    greatest = np.where(np.isfinite(greatest), greatest, 0).astype(a.dtype)  # -inf - -inf is NaN
    return a - greatest, greatest


def softmax(a: Array, dim: int) -> Array:
    e = np.exp(a - np.maximum.reduce(a, axis=dim, keepdims=True)) if a.size else a.copy()
    return e / np.add.reduce(e, axis=dim, keepdims=True)


def log_softmax(a: Array, dim: int) -> Array:
    less, _ = shifted(a, dim)
    return less - np.log(np.add.reduce(np.exp(less), axis=dim, keepdims=True))


def logsumexp(a: Array, dim: Any, keepdim: bool) -> Array:
    less, greatest = shifted(a, dim)
    y = np.log(np.add.reduce(np.exp(less), axis=dim, keepdims=True)) + greatest
    return y if keepdim else np.squeeze(y, tuple(range(a.ndim)) if dim is None else dim)


def norm(a: Array, p: float, dim: Any, keepdim: Any) -> Array:
    if p != 2:
        raise Refused(f"norm: p={p}: 2 is implemented")
    return np.sqrt(np.add.reduce(a * a, axis=dim, keepdims=keepdim))


def sigmoid(a: Array) -> Array:
    return 1 / (1 + np.exp(-a))  # where exp is infinite, 1 / inf is the 0 that it should be


def transposed(a: Array) -> Array:
    """A matrix, or each of a batch, with rows and columns exchanged."""
    return np.swapaxes(a, -1, -2)


def rows_of(x: Array) -> Array:
    """All but the last axis as one: a batch of matrices times a matrix is then one product."""
    return x.reshape(-1, x.shape[-1])


def linear(a: Array, weight: Array, bias: Array | None) -> Array:
    y = (rows_of(a) @ weight.T).reshape(*a.shape[:-1], weight.shape[0])
    return y if bias is None else y + bias


def placed(g: Array, shape: tuple[int, ...], key: Any) -> Array:
    """Zeros, and `g` where the key points to."""
    whole = np.zeros(shape, g.dtype)
    whole[key] = g
    return whole


def gathered_into(g: Array, shape: tuple[int, ...], key: Any) -> Array:
    """Zeros, and `g` added where the key points to: what is named twice receives twice."""
    whole = np.zeros(shape, g.dtype)
    np.add.at(whole, key, g)
    return whole


def added_rows(g: Array, shape: tuple[int, ...], index: Array) -> Array:
    """(V, C) zeros with the rows of `g` added at (...) indices, by sorting: `add.at` is slower."""
    whole, ids = np.zeros(shape, g.dtype), index.reshape(-1)
    if len(ids):
        order = np.argsort(ids, kind="stable")
        found, starts = np.unique(ids[order], return_index=True)
        whole[found] = np.add.reduceat(g.reshape(len(ids), -1)[order], starts).reshape(
            len(found), *shape[1:]
        )
    return whole


def along(index: Array, dim: int) -> tuple[Array, ...]:
    """The key of `gather`: an index's own place in each axis, and what it says in axis `dim`."""
    grid = list(np.ogrid[tuple(slice(size) for size in index.shape)])
    if index.ndim:
        grid[dim] = index
    return tuple(grid)


def rows_that_are(index: Array, count: int) -> Array:
    """Indices of rows, which are integers from 0 on: a negative one is a mistake, no last row."""
    if index.dtype.kind != "i" or (index.size and not 0 <= index.min() <= index.max() < count):
        raise IndexError(f"embedding: indices must be integers from 0 to {count - 1}")
    return index


def gathered(a: Array, dim: int, index: Array) -> Array:
    if index.ndim != a.ndim or (index.size and index.min() < 0):
        raise IndexError(f"gather of shape {a.shape} by an index of shape {index.shape}: must have "
                         "as many axes, and no negative number")  # fmt: skip
    return a[along(index, dim)]


def scattered(a: Array, dim: int, index: Array, src: Array, add: bool = False) -> Array:
    whole, key = a.copy(), along(index, dim)
    if isinstance(src, np.ndarray) and src.shape != index.shape:
        src = src[tuple(slice(size) for size in index.shape)]
    if add:
        np.add.at(whole, key, src)
    else:
        whole[key] = src
    return whole


def taken(g: Array, shapes: Any, dim: int, index: Array) -> Array:
    """How `scatter` answers to its source, which may be larger than the index."""
    return placed(g[along(index, dim)], shapes[2], tuple(slice(size) for size in index.shape))


def put(a: Array, value: Array, basic: Any, advanced: Any) -> Array:
    """`a` with `value` where the two parts of a key point to; see `Tensor.__getitem__`."""
    whole = a.copy()
    if advanced is None:
        whole[basic] = value
    else:
        part = whole[basic]
        part[advanced] = value
    return whole


def found_at(a: Array, basic: Any, advanced: Any) -> Array:
    return a[basic] if advanced is None else a[basic][advanced]


def repeated(g: Array, shape: tuple[int, ...], repeats: Any, dim: int | None) -> Array:
    """How `repeat_interleave` answers: each element receives from all of its copies."""
    axis = 0 if dim is None else dim % len(shape)
    flat = shape if dim is not None else (math.prod(shape),)
    if isinstance(repeats, int):
        copies = (*flat[: axis + 1], repeats, *flat[axis + 1 :])
        return np.add.reduce(g.reshape(copies), axis=axis + 1).reshape(shape)
    whole = np.zeros(flat, g.dtype)
    source = np.repeat(np.arange(whole.shape[axis]), repeats)
    np.add.at(np.moveaxis(whole, axis, 0), source, np.moveaxis(g, axis, 0))
    return whole.reshape(shape)


def widths(pad: Any, ndim: int) -> list[tuple[int, int]]:
    """What is put before and behind each axis; torch names the last axis first."""
    pairs = list(zip(pad[::2], pad[1::2], strict=True))[::-1]
    return [(0, 0)] * (ndim - len(pairs)) + pairs


def inside(pad: Any, shape: tuple[int, ...]) -> tuple[slice, ...]:
    """Where in a padded array the old one lies."""
    both = zip(widths(pad, len(shape)), shape, strict=True)
    return tuple(slice(before, before + size) for (before, _), size in both)


def sorted_order(a: Array, dim: int, descending: bool) -> Array:
    """Indices that sort, equal elements in their old order either way."""
    if not descending:
        return np.argsort(a, axis=dim, kind="stable")
    order = np.argsort(np.flip(a, dim), axis=dim, kind="stable")
    return a.shape[dim] - 1 - np.flip(order, dim)


# fmt: off

# Arithmetic, element by element.

operation("add", "The sum; `alpha` multiplies the second.",
    lambda a, b, *, alpha=1: a + (b if alpha == 1 else alpha * b), in_place=True,
    a=lambda g: g,
    b=lambda g, alpha: g if alpha == 1 else g * alpha)
operation("sub", "The difference; `alpha` multiplies the second.",
    lambda a, b, *, alpha=1: a - (b if alpha == 1 else alpha * b), in_place=True,
    a=lambda g: g,
    b=lambda g, alpha: g * -alpha)
operation("mul", "The product.",
    lambda a, b: a * b, in_place=True,
    a=lambda g, b: g * b,
    b=lambda g, a: g * a)
operation("div", "The quotient.",
    lambda a, b: a / b, floats=True, in_place=True,
    a=lambda g, b: g / b,
    b=lambda g, a, b: -g * a / (b * b))
operation("pow", "The first to the power of the second.",
    lambda a, b: a**b, in_place=True,
    a=lambda g, a, b: np.where(b == 0, 0, g * b * a ** np.where(b == 0, 1, b - 1)),
    b=lambda g, a, y: g * y * np.where(a == 0, 0, np.log(np.where(a == 0, 1, a))))
operation("neg", "The negative.",
    lambda a: -a, in_place=True,
    a=lambda g: -g)
operation("abs", "The magnitude.",
    lambda a: np.abs(a), in_place=True,
    a=lambda g, a: g * np.sign(a))
operation("maximum", "The greater of two; equal ones share the gradient.",
    lambda a, b: np.maximum(a, b),
    a=lambda g, a, b: np.where(a < b, 0, np.where(a == b, g / 2, g)),
    b=lambda g, a, b: np.where(b < a, 0, np.where(a == b, g / 2, g)))
operation("minimum", "The lesser of two; equal ones share the gradient.",
    lambda a, b: np.minimum(a, b),
    a=lambda g, a, b: np.where(a > b, 0, np.where(a == b, g / 2, g)),
    b=lambda g, a, b: np.where(b > a, 0, np.where(a == b, g / 2, g)))
operation("clamp", "Kept between two bounds, either of which may be absent.",
    lambda a, *, min=None, max=None: np.clip(a, min, max), in_place=True,
    a=lambda g, a, min, max: np.where(np.clip(a, min, max) == a, g, 0))
operation("lerp", "From `a` a part of the way to `b`: a + weight (b - a).",
    lambda a, b, weight: a + weight * (b - a), in_place=True,
    a=lambda g, weight: g * (1 - weight),
    b=lambda g, weight: g * weight,
    weight=lambda g, a, b: g * (b - a))
operation("addcmul", "A sum and a product: a + value b c.",
    lambda a, b, c, *, value=1: a + value * b * c, in_place=True,
    a=lambda g: g,
    b=lambda g, c, value: g * value * c,
    c=lambda g, b, value: g * value * b)
operation("addcdiv", "A sum and a quotient: a + value b / c.",
    lambda a, b, c, *, value=1: a + value * b / c, floats=True, in_place=True,
    a=lambda g: g,
    b=lambda g, c, value: g * value / c,
    c=lambda g, b, c, value: -g * value * b / (c * c))
operation("floor_divide", "The quotient, rounded down.",
    lambda a, b: a // b)
operation("remainder", "What division, rounded down, leaves over.",
    lambda a, b: a % b,
    a=lambda g: g,
    b=lambda g, a, b: -g * np.floor(a / b))

# Functions of one number.

operation("exp", "e to the power.",
    lambda a: np.exp(a), floats=True, in_place=True,
    a=lambda g, y: g * y)
operation("log", "The natural logarithm.",
    lambda a: np.log(a), floats=True, in_place=True,
    a=lambda g, a: g / a)
operation("square", "The number times itself.",
    lambda a: a * a, in_place=True,
    a=lambda g, a: g * 2 * a)
operation("sqrt", "The square root.",
    lambda a: np.sqrt(a), floats=True, in_place=True,
    a=lambda g, y: g / (2 * y))
operation("rsqrt", "One over the square root.",
    lambda a: 1 / np.sqrt(a), floats=True, in_place=True,
    a=lambda g, y: g * -0.5 * y * y * y)
operation("sin", "The sine of radians.",
    lambda a: np.sin(a), floats=True, in_place=True,
    a=lambda g, a: g * np.cos(a))
operation("cos", "The cosine of radians.",
    lambda a: np.cos(a), floats=True, in_place=True,
    a=lambda g, a: g * -np.sin(a))
operation("tanh", "The hyperbolic tangent: from -1 to 1.",
    lambda a: np.tanh(a), floats=True, in_place=True,
    a=lambda g, y: g * (1 - y * y))
operation("sigmoid", "1 / (1 + e^-a): from 0 to 1.",
    lambda a: sigmoid(a), floats=True, in_place=True,
    a=lambda g, y: g * y * (1 - y))
operation("relu", "The number, or 0 where it is negative.",
    lambda a: np.maximum(a, 0), in_place=True,
    a=lambda g, y: np.where(y > 0, g, 0))
operation("silu", "The number times its sigmoid (Swish).",
    lambda a: a * sigmoid(a), floats=True,
    a=lambda g, a: g * (s := sigmoid(a)) * (1 + a * (1 - s)))
operation("sign", "-1, 0 or 1.",
    lambda a: np.sign(a), in_place=True,
    a=lambda g: np.zeros_like(g))
operation("floor", "Rounded down.",
    lambda a: np.floor(a) if a.dtype.kind == "f" else a.copy(), in_place=True,
    a=lambda g: np.zeros_like(g))
operation("round", "Rounded; a half goes to the even neighbour.",
    lambda a: np.round(a), in_place=True,
    a=lambda g: np.zeros_like(g))

# Comparison, which has no slope.

operation("eq", "Whether equal.", lambda a, b: np.equal(a, b))
operation("ne", "Whether different.", lambda a, b: np.not_equal(a, b))
operation("lt", "Whether less.", lambda a, b: np.less(a, b))
operation("le", "Whether less or equal.", lambda a, b: np.less_equal(a, b))
operation("gt", "Whether greater.", lambda a, b: np.greater(a, b))
operation("ge", "Whether greater or equal.", lambda a, b: np.greater_equal(a, b))
operation("logical_and", "Whether both.", lambda a, b: np.logical_and(a, b))
operation("logical_or", "Whether either.", lambda a, b: np.logical_or(a, b))
operation("logical_not", "Whether not.", lambda a: np.logical_not(a))
operation("bitwise_and", "Bits that are in both; of truth values: both.",
    lambda a, b: np.bitwise_and(a, b), in_place=True)
operation("bitwise_or", "Bits that are in either; of truth values: either.",
    lambda a, b: np.bitwise_or(a, b), in_place=True)
operation("bitwise_xor", "Bits that are in one alone.",
    lambda a, b: np.bitwise_xor(a, b), in_place=True)
operation("bitwise_not", "The other bits; of truth values: not.", lambda a: np.invert(a))
operation("isfinite", "Whether neither infinite nor NaN.", lambda a: np.isfinite(a))
operation("isinf", "Whether infinite.", lambda a: np.isinf(a))
operation("isnan", "Whether no number.", lambda a: np.isnan(a))
operation("isin", "Whether among the elements of `b`.", lambda a, b: np.isin(a, b))

# Choice.

operation("where", "`a` where the mask is True, else `b`.",
    lambda mask, a, b: np.where(mask, a, b),
    a=lambda g, mask: np.where(mask, g, 0),
    b=lambda g, mask: np.where(mask, 0, g))
operation("masked_fill", "`value` where the mask is True.",
    lambda a, mask, value: np.where(mask, value, a), in_place=True,
    a=lambda g, mask: np.where(mask, 0, g),
    value=lambda g, mask: np.where(mask, g, 0))
operation("gather", "Elements of axis `dim` at the places that an index names.",
    lambda a, index, *, dim: gathered(a, dim, index), order="a dim index",
    a=lambda g, index, shape, dim: gathered_into(g, shape, along(index, dim)))
operation("scatter", "`src` at the places of axis `dim` that an index names, `a` elsewhere.",
    lambda a, index, src, *, dim: scattered(a, dim, index, src),
    order="a dim index src", in_place=True,
    a=lambda g, index, dim: scattered(g, dim, index, 0),
    src=lambda g, index, shapes, dim: taken(g, shapes, dim, index))
operation("scatter_add", "`src` added at the places of axis `dim` that an index names.",
    lambda a, index, src, *, dim: scattered(a, dim, index, src, add=True),
    order="a dim index src", in_place=True,
    a=lambda g: g,
    src=lambda g, index, shapes, dim: taken(g, shapes, dim, index))
operation("index", "Elements at the places that arrays name, as x[rows, columns] does.",
    lambda a, *, key: a[key],
    a=lambda g, shape, key: gathered_into(g, shape, key))
operation("put", "`a` with `value` in the place of x[key].",
    lambda a, value, *, basic, advanced: put(a, value, basic, advanced), in_place=True,
    a=lambda g, basic, advanced: put(g, 0, basic, advanced),
    value=lambda g, basic, advanced: found_at(g, basic, advanced))
operation("embedding", "Rows of a matrix, by their numbers; a row named twice receives twice.",
    lambda weight, index: weight[rows_that_are(index, len(weight))],
    weight=lambda g, index, shape: added_rows(g, shape, index))
operation("tril", "The lower triangle, zeros above the diagonal.",
    lambda a, *, diagonal=0: np.tril(a, diagonal),
    a=lambda g, diagonal: np.tril(g, diagonal))
operation("triu", "The upper triangle, zeros below the diagonal.",
    lambda a, *, diagonal=0: np.triu(a, diagonal),
    a=lambda g, diagonal: np.triu(g, diagonal))

# Reductions: of one axis, several (a tuple) or all (None).

operation("sum", "The sum.",
    lambda a, *, dim=None, keepdim=False, dtype=None:
        np.add.reduce(a, axis=dim, keepdims=keepdim, dtype=dtype and dtype.numpy),
    a=lambda g, shape, dim, keepdim: spread(g, shape, dim, keepdim))
operation("mean", "The arithmetic mean.",
    lambda a, *, dim=None, keepdim=False: mean(a, dim, keepdim),
    a=lambda g, shape, dim, keepdim: spread(g * share(g, shape), shape, dim, keepdim))
operation("norm", "The root of the sum of squares (p = 2); its slope at 0 is taken to be 0.",
    lambda a, *, p=2, dim=None, keepdim=False: norm(a, p, dim, keepdim), floats=True,
    a=lambda g, a, y, dim, keepdim: restored(g, a.shape, dim, keepdim) * a
        / restored(np.where(y == 0, 1, y), a.shape, dim, keepdim))
operation("amax", "The greatest; equal ones share the gradient.",
    lambda a, *, dim=None, keepdim=False: np.maximum.reduce(a, axis=dim, keepdims=keepdim),
    a=lambda g, a, y, dim, keepdim: evenly(g, a, y, dim, keepdim))
operation("amin", "The least; equal ones share the gradient.",
    lambda a, *, dim=None, keepdim=False: np.minimum.reduce(a, axis=dim, keepdims=keepdim),
    a=lambda g, a, y, dim, keepdim: evenly(g, a, y, dim, keepdim))
operation("argmax", "Where the greatest is, the first of equal ones.",
    lambda a, *, dim=None, keepdim=False: np.argmax(a, axis=dim, keepdims=keepdim))
operation("argmin", "Where the least is, the first of equal ones.",
    lambda a, *, dim=None, keepdim=False: np.argmin(a, axis=dim, keepdims=keepdim))
operation("all", "Whether all are True.",
    lambda a, *, dim=None, keepdim=False: np.all(a, axis=dim, keepdims=keepdim))
operation("any", "Whether any is True.",
    lambda a, *, dim=None, keepdim=False: np.any(a, axis=dim, keepdims=keepdim))
operation("logsumexp", "The logarithm of the sum of e^a.",
    lambda a, *, dim=None, keepdim=False: logsumexp(a, dim, keepdim), floats=True,
    a=lambda g, a, y, dim, keepdim:
        restored(g, a.shape, dim, keepdim) * np.exp(a - restored(y, a.shape, dim, keepdim)))

# Along an axis.

operation("softmax", "e^a, divided by its sum along an axis.",
    lambda a, *, dim: softmax(a, dim), floats=True,
    a=lambda g, y, dim: y * (g - np.add.reduce(g * y, axis=dim, keepdims=True)))
operation("log_softmax", "The logarithm of the softmax, in one step: no log(0).",
    lambda a, *, dim: log_softmax(a, dim), floats=True,
    a=lambda g, y, dim: g - np.exp(y) * np.add.reduce(g, axis=dim, keepdims=True))
operation("cumsum", "The sum of all elements up to here.",
    lambda a, *, dim: np.cumsum(a, axis=dim) if a.ndim else a.copy(),
    a=lambda g, dim: np.flip(np.cumsum(np.flip(g, dim), axis=dim), dim) if g.ndim else g)
operation("flip", "Axes in the other direction.",
    lambda a, *, dims: np.flip(a, dims).copy(),
    a=lambda g, dims: np.flip(g, dims))
operation("argsort", "Where the elements stand once they are in order.",
    lambda a, *, dim=-1, descending=False, stable=True: sorted_order(a, dim, descending))
operation("repeat_interleave", "Each element so often, one after the other.",
    lambda a, *, repeats, dim=None: np.repeat(a, repeats, dim),
    a=lambda g, shape, repeats, dim: repeated(g, shape, repeats, dim))
operation("cat", "Tensors one behind the other along an axis that is there.",
    lambda *parts, dim=0: np.concatenate(parts, dim),
    parts=lambda g, shapes, dim: np.split(g, np.cumsum([s[dim] for s in shapes])[:-1], dim))
operation("stack", "Tensors beside one another along a new axis.",
    lambda *parts, dim=0: np.stack(parts, dim),
    parts=lambda g, dim: list(np.moveaxis(g, dim, 0)))
operation("pad", "With `value` around it: so many before and behind, for the last axis first.",
    lambda a, *, pad, value=0: np.pad(a, widths(pad, a.ndim), constant_values=value),
    a=lambda g, shape, pad: g[inside(pad, shape)])

# Products.

operation("matmul", "The matrix product of the last two axes; the others are broadcast.",
    lambda a, b: a @ b,
    a=lambda g, b: g @ transposed(b),
    b=lambda g, a: transposed(a) @ g)
operation("linear", "a times the transposed weight, plus a bias.",
    lambda a, weight, bias=None: linear(a, weight, bias),
    a=lambda g, weight: (rows_of(g) @ weight).reshape(*g.shape[:-1], weight.shape[1]),
    weight=lambda g, a: rows_of(g).T @ rows_of(a),
    bias=lambda g: g)

# Copies.

operation("clone", "The same numbers in a storage of their own.",
    lambda a: a.copy(),
    a=lambda g: g)
operation("cast", "The same numbers in another type.",
    lambda a, *, dtype: a.astype(dtype.numpy),
    a=lambda g: g)

# Views: where the elements lie, not what they are.

operation("view", "Another shape.",
    lambda a, *, size: a.view(size), view=True,
    a=lambda g, shape: np.reshape(g, shape))
operation("permute", "The axes in another order.",
    lambda a, *, dims: a.permute(dims), view=True,
    a=lambda g, dims: np.transpose(g, np.argsort([d % g.ndim for d in dims])))
operation("expand", "Axes of size 1 repeated; their gradients add up.",
    lambda a, *, size: a.expand(size), view=True,
    a=lambda g: g)
operation("slice", "Part of each axis: x[1:, ::2, 0].",
    lambda a, *, key: a.at(key), view=True,
    a=lambda g, shape, key: placed(g, shape, key))

# fmt: on
