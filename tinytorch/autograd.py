"""Backpropagation: what is taken down while operations run, and the walk back through it.

An operation on a tensor that wants a gradient leaves a `Node`: its row of the table, the nodes of
its inputs, and of the numbers those that the row's derivatives name. `walk` goes through the nodes
from the result back, as `Value.backward` does with numbers.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from tinytorch.layout import Refused, Storage
from tinytorch.missing import no_such_name
from tinytorch.operations import Operation
from tinytorch.value import topological

_recording = True
END = object()  # of a generator


def is_grad_enabled() -> bool:
    return _recording


class Recording:
    """Whether operations are taken down: in a `with`, or around a function."""

    def __init__(self, mode: bool) -> None:
        self.mode = mode

    def __enter__(self) -> None:
        global _recording
        self.before, _recording = _recording, self.mode

    def __exit__(self, *_: object) -> None:
        global _recording
        _recording = self.before

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isgeneratorfunction(function):  # from piece to piece, and not between them

            @functools.wraps(function)
            def pieces(*args: Any, **named: Any) -> Iterator[Any]:
                source = function(*args, **named)
                while True:
                    with Recording(self.mode):
                        piece = next(source, END)
                    if piece is END:
                        return
                    yield piece

            return pieces

        @functools.wraps(function)
        def whole(*args: Any, **named: Any) -> Any:
            with Recording(self.mode):
                return function(*args, **named)

        return whole


def no_grad(function: Callable[..., Any] | None = None) -> Any:
    """Nothing is taken down: `with no_grad():`, or a decorator with or without parentheses."""
    return Recording(False)(function) if function else Recording(False)


def enable_grad(function: Callable[..., Any] | None = None) -> Any:
    """The opposite of `no_grad`, within one."""
    return Recording(True)(function) if function else Recording(True)


class set_grad_enabled(Recording):
    """The same from now on, and in a `with` until its end."""

    def __init__(self, mode: bool) -> None:
        super().__init__(mode)
        super().__enter__()

    def __enter__(self) -> None:
        pass


class Kept(NamedTuple):
    """Numbers that a derivative needs, and how often their storage had been changed by then."""

    array: np.ndarray | float
    storage: Storage | None  # None: a copy of its own, which nobody changes
    version: int

    @property
    def is_unchanged(self) -> bool:
        return self.storage is None or self.storage.version == self.version


class Node:
    """One operation that was carried out; a tensor that wants a gradient ends a path as itself."""

    __slots__ = ("fits", "inputs", "kept", "operands", "operation", "options", "retained",
                 "shape", "value")  # fmt: skip

    def __init__(
        self,
        operation: Operation,
        inputs: Sequence[Any],
        operands: Sequence[Any],
        kept: dict[str, Kept],
        options: dict[str, Any],
        value: Kept,
        fits: Sequence[Any],
    ) -> None:
        self.operation = operation
        self.inputs = inputs  # nodes, or tensors; None where no gradient is wanted
        self.operands: Sequence[Any] | None = operands  # tensors and numbers, to be looked at
        self.kept: dict[str, Kept] | None = kept  # by name; None once backward has been here
        self.options = options
        self.value: Kept | None = value  # to be looked at, until backward has been here
        self.shape = np.shape(value.array)
        self.fits = fits  # shape and type of each input's gradient; None where none is wanted
        self.retained: Any = None  # a weak reference to the tensor that asked for its gradient

    @property
    def shown(self) -> Any:
        """Its numbers; None once backward has used them up, or where they were changed in place."""
        return self.value.array if self.value is not None and self.value.is_unchanged else None

    def gradients(self, g: np.ndarray) -> list[np.ndarray | None]:
        """What each input receives, from what the result has received: the chain rule."""
        slots = {**self.options, **self.unchanged(), "g": g}
        operation = self.operation
        with np.errstate(all="ignore"):
            if operation.variadic:
                rule = operation.derivatives[operation.inputs[0]]
                parts = rule.function(*[slots[name] for name in rule.needs])
                return [fitted(part, *fit) if fit else None
                        for part, fit in zip(parts, self.fits, strict=True)]  # fmt: skip
            received: list[np.ndarray | None] = []
            for input, name, fit in zip(self.inputs, operation.inputs, self.fits, strict=False):
                rule = operation.derivatives.get(name)  # type: ignore[assignment]
                if input is None or rule is None:
                    received.append(None)
                else:
                    part = rule.function(*[slots[needed] for needed in rule.needs])
                    received.append(fitted(part, *fit))
        return received

    def unchanged(self) -> dict[str, Any]:
        """The numbers that were kept.

        Raises:
            Refused: they were freed by an earlier backward, or changed in place since.
        """
        if self.kept is None:
            raise Refused(
                "backward a second time: what the first one needed was freed after it; give the "
                "first retain_graph=True"
            )
        for name, kept in self.kept.items():
            if not kept.is_unchanged:
                raise Refused(
                    f"{name} of {self.operation.name}, of shape {np.shape(kept.array)}, was "
                    "changed in place, and backward needs what it was: change a .clone() of it"
                )
        return {name: kept.array for name, kept in self.kept.items()}

    def release(self) -> None:
        """Let go of the numbers; a node that kept none can be walked through again, as torch's."""
        self.kept = None if self.kept else self.kept
        self.value = self.operands = None


def fitted(g: np.ndarray, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A gradient in the shape and type of its input.

    An input of size 1 (or of fewer axes) that was broadcast met several numbers, and answers to
    the sum of what they received.
    """
    if np.shape(g) != shape:
        new = np.ndim(g) - len(shape)
        axes = [d + new for d, n in enumerate(shape) if n == 1 and g.shape[d + new] != 1]
        g = np.add.reduce(g, axis=(*range(new), *axes)).reshape(shape)
    return np.asarray(g, dtype)


class Step(NamedTuple):
    """One node's turn in a walk back."""

    node: Any  # a Node, or a tensor that nothing was made into
    received: np.ndarray  # all that came in, from everything that was made of it
    passed: Sequence[np.ndarray | None]  # what goes on to each of its inputs


def walk(root: Any, gradient: np.ndarray) -> Iterator[Step]:
    """Backpropagation, one node at a time, from the result to what it was made of.

    A node's turn comes when all that was made of it has had its own: its gradient is then complete,
    and it is visited once, however many paths lead to it.
    """
    received = {root: gradient}
    for node in reversed(topological(root)):
        g = received.pop(node)
        passed = node.gradients(g) if isinstance(node, Node) else ()
        for input, part in zip(node.inputs, passed, strict=False):
            if part is not None:
                received[input] = np.asarray(received[input] + part) if input in received else part
        yield Step(node, g, passed)


def gradcheck(
    function: Callable[..., Any],
    inputs: Any,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
) -> bool:
    """Whether backward agrees with the slope that two evaluations nearby give, for every element.

    Args:
        function: of tensors, to a tensor.
        inputs: one or several; those that want a gradient are float64 and are checked.
        eps: how far away it is evaluated, on either side.

    Raises:
        Refused: it does not agree; the element is named, with both slopes. Or an input is float32,
            whose rounding drowns the difference.
    """
    inputs = tuple(inputs) if isinstance(inputs, list | tuple) else (inputs,)
    checked = [(n, x) for n, x in enumerate(inputs) if getattr(x, "requires_grad", False)]
    if narrow := [n for n, x in checked if x.array.dtype != np.float64]:
        raise Refused(f"gradcheck of input {narrow[0]}: must be float64, take .double()")
    leaves = {n: x.detach().clone().requires_grad_() for n, x in checked}
    result = function(*(leaves.get(n, x) for n, x in enumerate(inputs)))
    weights = np.cos(np.arange(result.array.size)).reshape(result.shape)  # no two alike
    (result * result.new_tensor(weights)).sum().backward()

    def at(n: int, place: tuple[int, ...], moved: float) -> float:
        shifted = {m: x.detach().clone() for m, x in checked}
        shifted[n].array[place] += moved
        y = function(*(shifted.get(m, x) for m, x in enumerate(inputs)))
        return float((y.array * weights).sum())

    for n, leaf in leaves.items():
        for place in np.ndindex(leaf.shape):
            slope = (at(n, place, eps) - at(n, place, -eps)) / (2 * eps)
            told = 0.0 if leaf.grad is None else float(leaf.grad.array[place])
            if not abs(told - slope) <= atol + rtol * abs(slope):
                raise Refused(f"gradcheck: input {n}, element {place}: backward gives {told:.8g}, "
                              f"two evaluations give {slope:.8g}")  # fmt: skip
    return True


def __getattr__(name: str) -> Any:
    no_such_name("autograd", name, globals())
