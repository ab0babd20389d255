"""For each row of the table: inputs that a draw chooses, and how both engines are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

Shape = tuple[int, ...]


@dataclass
class Case:
    """One call."""

    inputs: list[np.ndarray]
    call: Callable[..., Any]  # of the engine and tensors


def shapes(low: int = 0, high: int = 3, least: int = 0) -> st.SearchStrategy[Shape]:
    sizes = st.integers(least, 4)
    return st.lists(sizes, min_size=low, max_size=high).map(tuple)


def numbers(draw: Any, shape: Shape, domain: str = "any", kind: str = "float64") -> np.ndarray:
    """Random numbers, no two alike."""
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = source.permutation(np.prod(shape, dtype=int)) + source.uniform(0.1, 0.9)
    values = (values - values.mean() if values.size else values).reshape(shape) * 0.37
    if domain == "positive":
        values = np.abs(values) + 0.3
    elif domain == "away":  # from 0
        values = values + np.where(values < 0, -0.3, 0.3)
    return values.astype(kind)


def together(draw: Any, count: int, domain: str = "any") -> list[np.ndarray]:
    """Arrays that broadcast with one another."""
    found = draw(arrays.mutually_broadcastable_shapes(num_shapes=count, max_dims=3, max_side=4,
                                                      min_side=0)).input_shapes  # fmt: skip
    return [numbers(draw, shape, domain) for shape in found]


def integers(draw: Any, shape: Shape, below: int) -> np.ndarray:
    source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return source.integers(0, below, shape)


def elementwise(name: str, count: int, domain: str = "any", apart: float = 0.0, **options: Any
                ) -> Callable[[Any], Case]:  # fmt: skip
    """`apart`: by how much inputs differ that a draw made alike."""

    def case(draw: Any) -> Case:
        inputs = [x + apart * n for n, x in enumerate(together(draw, count, domain))]
        return Case(inputs, lambda t, *xs: getattr(t, name)(*xs, **options))

    return case


def reduction(name: str, several: bool = True, empty: bool = False) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        shape = draw(shapes(least=0 if empty else 1))
        dims: list[Any] = list(range(-len(shape), len(shape)))
        if several and len(shape) > 1:
            dims.append((0, -1))
        dim = draw(st.sampled_from([None, *dims])) if name != "logsumexp" or shape else None
        if name == "logsumexp" and dim is None:
            dim = tuple(range(len(shape)))
        options = {} if dim is None else {"dim": dim, "keepdim": draw(st.booleans())}
        return Case([numbers(draw, shape)], lambda t, a: getattr(t, name)(a, **options))

    return case


def truths(name: str) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        shape = draw(shapes())
        dim = draw(st.sampled_from([None, *range(len(shape))]))
        options = {} if dim is None else {"dim": dim}
        source = integers(draw, shape, 3) > 0
        return Case([source], lambda t, a: getattr(t, name)(a, **options))

    return case


def on_axis(call: Callable[..., Any], least: int = 1) -> Callable[[Any], Case]:
    """`call` is of engine, tensor and axis."""

    def case(draw: Any) -> Case:
        shape = draw(shapes(1, 3, least))
        dim = draw(st.integers(-len(shape), len(shape) - 1))
        return Case([numbers(draw, shape)], lambda t, a: call(t, a, dim))

    return case


def where(draw: Any) -> Case:
    a, b, mask = together(draw, 3)
    return Case([mask > 0, a, b], lambda t, m, a, b: t.where(m, a, b))


def masked_fill(draw: Any) -> Case:
    a = numbers(draw, draw(shapes()))
    mask = integers(draw, a.shape[1:] if draw(st.booleans()) else a.shape, 2) > 0
    value = draw(st.sampled_from([2.5, -np.inf]))
    return Case([a, mask], lambda t, a, m: a.masked_fill(m, value))


def gather(draw: Any) -> Case:
    shape = draw(shapes(1, 3, 1))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    smaller = tuple(draw(st.integers(0, n)) for n in shape)
    index = integers(draw, smaller, shape[dim])
    return Case([numbers(draw, shape), index], lambda t, a, i: a.gather(dim, i))


def scatter(name: str) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        shape = draw(shapes(1, 3, 1))
        dim = draw(st.integers(0, len(shape) - 1))
        # Different places along the axis: which of two would win is nobody's business.
        source = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
        index = np.argsort(source.random(shape), axis=dim)
        src = numbers(draw, shape)
        inputs = [numbers(draw, shape), index, src]
        return Case(inputs, lambda t, a, i, s: getattr(t, name)(a, dim, i, s))

    return case


def index(draw: Any) -> Case:
    shape = draw(shapes(2, 3, 1))
    rows = integers(draw, draw(shapes(1, 2)), shape[0])
    columns = integers(draw, rows.shape[-1:], shape[1])
    ways: list[Callable[..., Any]] = [
        lambda t, a, r, c: a[r],
        lambda t, a, r, c: a[r, c],
        lambda t, a, r, c: a[..., :1][r],
        lambda t, a, r, c: a[None, r],
        lambda t, a, r, c: a[:, c],
        lambda t, a, r, c: a[a > 0],
        lambda t, a, r, c: a[0][c] if a.ndim > 2 and c.max() < a.shape[1] else a[0],
    ]
    if not rows.size:
        ways = ways[:5]
    return Case([numbers(draw, shape), rows, columns], draw(st.sampled_from(ways)))


def put(draw: Any) -> Case:
    shape = draw(shapes(2, 3, 1))
    row = draw(st.integers(-shape[0], shape[0] - 1))
    keys: list[Any] = [row, slice(None, None, 2), (..., 0), (slice(1, None), slice(0, 1))]
    key = draw(st.sampled_from(keys))
    part = np.empty(shape)[key].shape
    value = numbers(draw, part[draw(st.integers(0, len(part))) :])

    def call(t: Any, a: Any, value: Any) -> Any:
        whole = a.clone()
        whole[key] = value
        return whole * whole

    return Case([numbers(draw, shape), value], call)


def embedding(draw: Any) -> Case:
    rows, width = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    ids = integers(draw, draw(shapes()), rows)
    weight = numbers(draw, (rows, width))
    return Case([ids, weight], lambda t, i, w: t.nn.functional.embedding(i, w))


def matmul(draw: Any) -> Case:
    n, k, m = (draw(st.integers(0, 3)) for _ in range(3))
    batch = draw(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    left, right = batch.input_shapes
    a = numbers(draw, draw(st.sampled_from([(k,), (*left, n, k)])))
    b = numbers(draw, draw(st.sampled_from([(k,), (*right, k, m)])))
    return Case([a, b], lambda t, a, b: a @ b)


def linear(draw: Any) -> Case:
    size, out = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    a = numbers(draw, (*draw(shapes(0, 2)), size))
    inputs = [a, numbers(draw, (out, size))]
    if draw(st.booleans()):
        inputs.append(numbers(draw, (out,)))
    return Case(inputs, lambda t, *xs: t.nn.functional.linear(*xs))


def cat(draw: Any) -> Case:
    shape = draw(shapes(1, 3))
    dim = draw(st.integers(-len(shape), len(shape) - 1))
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        own = list(shape)
        own[dim] = draw(st.integers(0, 3))
        parts.append(numbers(draw, tuple(own)))
    if all(part.shape == (0,) for part in parts):
        parts.append(numbers(draw, (2,)))
    return Case(parts, lambda t, *xs: t.cat(xs, dim=dim))


def stack(draw: Any) -> Case:
    shape = draw(shapes())
    dim = draw(st.integers(-len(shape) - 1, len(shape)))
    parts = [numbers(draw, shape) for _ in range(draw(st.integers(1, 3)))]
    return Case(parts, lambda t, *xs: t.stack(xs, dim=dim))


def pad(draw: Any) -> Case:
    shape = draw(shapes(1, 3, 1))
    widths = [draw(st.integers(0, 2)) for _ in range(2 * draw(st.integers(1, len(shape))))]
    pad = widths
    return Case([numbers(draw, shape)], lambda t, a: t.nn.functional.pad(a, pad, value=1.5))


def repeat_interleave(draw: Any) -> Case:
    shape = draw(shapes(1, 3, 1))
    dim = draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    if dim is not None and draw(st.booleans()):
        counts = integers(draw, (shape[dim],), 3)
        return Case([numbers(draw, shape), counts], lambda t, a, n: a.repeat_interleave(n, dim=dim))
    count = draw(st.integers(0, 3))
    return Case([numbers(draw, shape)], lambda t, a: a.repeat_interleave(count, dim=dim))


def flip(draw: Any) -> Case:
    shape = draw(shapes(1, 3))
    dims = draw(st.sampled_from([(0,), (-1,), tuple(range(len(shape)))]))
    return Case([numbers(draw, shape)], lambda t, a: a.flip(*dims))


def clamp(draw: Any) -> Case:
    low, high = draw(st.sampled_from([(None, 0.5), (-0.4, None), (-0.3, 0.6)]))
    return Case([numbers(draw, draw(shapes()))], lambda t, a: a.clamp(min=low, max=high))


def triangle(name: str) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        diagonal = draw(st.integers(-2, 2))
        inputs = [numbers(draw, draw(shapes(2, 3, 1)))]
        return Case(inputs, lambda t, a: getattr(a, name)(diagonal))

    return case


def special(name: str) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        values = np.array([1.0, np.inf, -np.inf, np.nan, 0.0])
        return Case([values[integers(draw, draw(shapes()), 5)]], lambda t, a: getattr(t, name)(a))

    return case


def bits(name: str, count: int) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        inputs = together(draw, count)
        kind = draw(st.sampled_from(["bool", "int64"]))
        cast = [(x * 9).round().astype(int) if kind == "int64" else x > 0 for x in inputs]
        return Case(cast, lambda t, *xs: getattr(t, name)(*xs))

    return case


def isin(draw: Any) -> Case:
    inputs = [integers(draw, draw(shapes()), 5), integers(draw, draw(shapes()), 5)]
    return Case(inputs, lambda t, a, b: t.isin(a, b))


def whole_quotient(name: str) -> Callable[[Any], Case]:
    def case(draw: Any) -> Case:
        detached = name == "floor_divide"  # torch has no derivative of it at all
        return Case(
            together(draw, 2, "away"),
            lambda t, a, b: getattr(t, name)(*(x.detach() if detached else x for x in (a, b))),
        )

    return case


def view(draw: Any) -> Case:
    shape = draw(shapes(0, 3, 1))
    flat = int(np.prod(shape))
    sizes = draw(st.sampled_from([(flat,), (-1,), (1, flat), (*shape, 1), (1, *shape[::-1])]))
    return Case([numbers(draw, shape)], lambda t, a: a.clone().view(*sizes))


def permute(draw: Any) -> Case:
    shape = draw(shapes())
    dims = draw(st.permutations(range(len(shape))))
    dims = [d - len(shape) if draw(st.booleans()) else d for d in dims]
    return Case([numbers(draw, shape)], lambda t, a: a.permute(*dims) if dims else a)


def expand(draw: Any) -> Case:
    shape = draw(shapes(0, 2))
    sizes = [draw(st.integers(0, 3)) if n == 1 else draw(st.sampled_from([n, -1])) for n in shape]
    sizes = [draw(st.integers(1, 3)) for _ in range(draw(st.integers(0, 1)))] + sizes
    return Case([numbers(draw, shape)], lambda t, a: a.expand(*sizes) if sizes else a.expand(()))


def slices(draw: Any) -> Case:
    shape = draw(shapes(1, 3))
    key: list[Any] = []
    for n in shape[: draw(st.integers(0, len(shape)))]:
        bound = st.one_of(st.none(), st.integers(-5, 5))
        part = slice(draw(bound), draw(bound), draw(st.one_of(st.none(), st.integers(1, 3))))
        key.append(draw(st.integers(-n, n - 1)) if n and draw(st.booleans()) else part)
    if draw(st.booleans()):
        key.insert(draw(st.integers(0, len(key))), None)
    else:
        key.append(...)
    return Case([numbers(draw, shape)], lambda t, a: a[tuple(key)])


# By the name of a row.
CASES: dict[str, Callable[[Any], Case]] = {
    "add": elementwise("add", 2, alpha=2),
    "sub": elementwise("sub", 2, alpha=0.5),
    "mul": elementwise("mul", 2),
    "div": elementwise("div", 2, "away"),
    "pow": elementwise("pow", 2, "positive"),
    "neg": elementwise("neg", 1),
    "abs": elementwise("abs", 1, "away"),
    "maximum": elementwise("maximum", 2, apart=0.013),
    "minimum": elementwise("minimum", 2, apart=0.013),
    "clamp": clamp,
    "lerp": elementwise("lerp", 3),
    "addcmul": elementwise("addcmul", 3, value=0.5),
    "addcdiv": elementwise("addcdiv", 3, "away", value=0.5),
    "floor_divide": whole_quotient("floor_divide"),
    "remainder": whole_quotient("remainder"),
    "exp": elementwise("exp", 1),
    "log": elementwise("log", 1, "positive"),
    "square": elementwise("square", 1),
    "sqrt": elementwise("sqrt", 1, "positive"),
    "rsqrt": elementwise("rsqrt", 1, "positive"),
    "sin": elementwise("sin", 1),
    "cos": elementwise("cos", 1),
    "tanh": elementwise("tanh", 1),
    "sigmoid": elementwise("sigmoid", 1),
    "relu": elementwise("relu", 1, "away"),
    "silu": lambda draw: Case(together(draw, 1), lambda t, a: t.nn.functional.silu(a)),
    "sign": elementwise("sign", 1, "away"),
    "floor": elementwise("floor", 1),
    "round": elementwise("round", 1),
    **{name: elementwise(name, 2) for name in ("eq", "ne", "lt", "le", "gt", "ge")},
    "logical_and": bits("logical_and", 2),
    "logical_or": bits("logical_or", 2),
    "logical_not": bits("logical_not", 1),
    "bitwise_and": bits("bitwise_and", 2),
    "bitwise_or": bits("bitwise_or", 2),
    "bitwise_xor": bits("bitwise_xor", 2),
    "bitwise_not": bits("bitwise_not", 1),
    "isfinite": special("isfinite"),
    "isinf": special("isinf"),
    "isnan": special("isnan"),
    "isin": isin,
    "where": where,
    "masked_fill": masked_fill,
    "gather": gather,
    "scatter": scatter("scatter"),
    "scatter_add": scatter("scatter_add"),
    "index": index,
    "put": put,
    "embedding": embedding,
    "tril": triangle("tril"),
    "triu": triangle("triu"),
    "sum": reduction("sum", empty=True),
    "mean": reduction("mean", empty=True),
    "norm": on_axis(lambda t, a, dim: a.norm(dim=dim, keepdim=dim < 0)),
    "amax": reduction("amax"),
    "amin": reduction("amin"),
    "argmax": reduction("argmax", several=False),
    "argmin": reduction("argmin", several=False),
    "all": truths("all"),
    "any": truths("any"),
    "logsumexp": reduction("logsumexp"),
    "softmax": on_axis(lambda t, a, dim: t.softmax(a, dim), least=0),
    "log_softmax": on_axis(lambda t, a, dim: t.log_softmax(a, dim), least=0),
    "cumsum": on_axis(lambda t, a, dim: t.cumsum(a, dim), least=0),
    "flip": flip,
    "argsort": on_axis(lambda t, a, dim: t.argsort(a, dim=dim, descending=dim < 0, stable=True)),
    "repeat_interleave": repeat_interleave,
    "cat": cat,
    "stack": stack,
    "pad": pad,
    "matmul": matmul,
    "linear": linear,
    "clone": elementwise("clone", 1),
    "cast": lambda draw: Case(together(draw, 1), lambda t, a: a.to(t.float32).to(t.float64) * 2),
    "view": view,
    "permute": permute,
    "expand": expand,
    "slice": slices,
}

# What the class makes of rows.
COMPOSED: dict[str, Callable[[Any], Case]] = {
    "max": on_axis(lambda t, a, dim: a.max(dim, keepdim=dim < 0)),
    "min": on_axis(lambda t, a, dim: a.min(dim, keepdim=dim < 0)),
    "max of all": lambda draw: Case([numbers(draw, draw(shapes(least=1)))], lambda t, a: a.max()),
    "sort": on_axis(lambda t, a, dim: t.sort(a, dim=dim, descending=dim < 0, stable=True)),
    "topk": on_axis(lambda t, a, dim: a.topk((a.shape[dim] + 1) // 2, dim=dim, largest=dim < 0)),
    "var": on_axis(lambda t, a, dim: a.var(dim, keepdim=dim < 0), least=2),
    "std": on_axis(lambda t, a, dim: a.std(dim, keepdim=dim < 0), least=2),
    "flatten": on_axis(lambda t, a, dim: a.flatten(dim), least=0),
    "transpose": on_axis(lambda t, a, dim: a.transpose(0, dim), least=0),
    "unsqueeze": on_axis(lambda t, a, dim: a.unsqueeze(dim), least=0),
    "squeeze": on_axis(lambda t, a, dim: a.squeeze(dim), least=0),
    "squeeze all": on_axis(lambda t, a, dim: a.squeeze(), least=0),
    "reshape": on_axis(lambda t, a, dim: a.transpose(0, dim).reshape(-1)),
    "split": on_axis(lambda t, a, dim: a.split(2, dim)),
    "chunk": on_axis(lambda t, a, dim: a.chunk(3, dim)),
    "unbind": on_axis(lambda t, a, dim: a.unbind(dim)),
    "normalize": on_axis(lambda t, a, dim: t.nn.functional.normalize(a, dim=dim)),
    "select": on_axis(lambda t, a, dim: a.select(dim, -1)),
    "narrow": on_axis(lambda t, a, dim: a.narrow(dim, 0, 1)),
}
