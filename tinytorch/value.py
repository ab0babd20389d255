"""The scalar engine: a number that knows what it was made of, and so how it answers to each part.

All of automatic differentiation is here. `tensor.py` does the same with arrays, whose derivatives
stand in a table (`operations.py`); nothing else changes. The size of it is a lesson of micrograd
(Karpathy 2020, https://github.com/karpathy/micrograd).

>>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
>>> c = a * b + a
>>> c.backward()
>>> c.data, a.grad, b.grad
(-4.0, -2.0, 2.0)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeVar

Joint = TypeVar("Joint")  # a Value, or a node of a tensor's graph: it has `inputs`


def topological(root: Joint) -> list[Joint]:
    """Everything that `root` was made of, each once, and what a thing was made of before it.

    With a stack of our own: a function that calls itself would end at Python's limit, after about
    a thousand operations in a row.
    """
    order: list[Joint] = []
    seen: set[Any] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, inputs_are_listed = stack.pop()
        if inputs_are_listed:
            order.append(node)
        elif node is not None and node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(part, False) for part in node.inputs]
    return order


class Value:
    """A number; arithmetic with it gives a `Value`, and `backward` fills the `grad` of them all."""

    def __init__(
        self,
        data: float,
        inputs: Sequence[Value] = (),
        slopes: Sequence[float] = (),
        operation: str = "",
        name: str = "",
    ) -> None:
        """A number; what follows is for those that an operation has made.

        Args:
            inputs: what it was made of.
            slopes: its derivative to each of them, at their present values.
        """
        self.data = float(data)
        self.grad = 0.0  # derivative to this of what `backward` was called on
        self.inputs, self.slopes = tuple(inputs), tuple(slopes)
        self.operation, self.name = operation, name

    def __add__(self, other: Value | float) -> Value:
        other = as_value(other)
        return Value(self.data + other.data, (self, other), (1.0, 1.0), "+")

    def __mul__(self, other: Value | float) -> Value:
        other = as_value(other)
        return Value(self.data * other.data, (self, other), (other.data, self.data), "*")

    def __pow__(self, n: float) -> Value:
        slope = n * self.data ** (n - 1) if n else 0.0
        return Value(self.data**n, (self,), (slope,), f"**{n:g}")

    def exp(self) -> Value:
        try:
            y = math.exp(self.data)
        except OverflowError:  # as arrays have it
            y = math.inf
        return Value(y, (self,), (y,), "exp")

    def log(self) -> Value:
        return Value(math.log(self.data), (self,), (1 / self.data,), "log")

    def tanh(self) -> Value:
        y = math.tanh(self.data)  # (e**2x - 1) / (e**2x + 1) would be inf / inf
        return Value(y, (self,), (1 - y * y,), "tanh")

    def relu(self) -> Value:
        return Value(max(self.data, 0.0), (self,), (float(self.data > 0),), "relu")

    def backward(self) -> None:
        """Add to the `grad` of all that this was made of how this answers to it.

        The chain rule, from the result back: a thing's gradient is complete once all that was made
        of it has been visited, and then each of its inputs receives that times its slope. It
        *adds*, since a number that is used twice answers on two ways.
        """
        order = topological(self)
        for value in order:
            if value.inputs:  # those that nothing was made into keep theirs, and add to it
                value.grad = 0.0
        self.grad += 1.0
        for value in reversed(order):
            for part, slope in zip(value.inputs, value.slopes, strict=True):
                part.grad += slope * value.grad

    def __neg__(self) -> Value:
        return self * -1

    def __sub__(self, other: Value | float) -> Value:
        return self + -as_value(other)

    def __truediv__(self, other: Value | float) -> Value:
        return self * as_value(other) ** -1

    def __rsub__(self, other: float) -> Value:
        return as_value(other) - self

    def __rtruediv__(self, other: float) -> Value:
        return as_value(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def __repr__(self) -> str:
        return f"Value({self.data:g}, grad={self.grad:g})"


def as_value(number: Value | float) -> Value:
    return number if isinstance(number, Value) else Value(number)
