"""The tensor: a layout over a storage, and the operation that made it.

Bottom-up: how an operation of the table is carried out on tensors (`apply`), how a view is taken
(`look`), how a tensor is changed in place (`change`); then the class: what it is, `backward`,
views, indices. Its other methods are the rows of the table, put there at the end of this file, what
is made of others (`derived.py`), and what Python asks of it (`python_side.py`).
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from copy import deepcopy
from types import EllipsisType
from typing import Any

import numpy as np

from support.logging import CanLog
from tinytorch import autograd, dtypes
from tinytorch.autograd import Kept, Node
from tinytorch.derived import Derived
from tinytorch.layout import Layout, Refused, Storage
from tinytorch.layout import device as device_of
from tinytorch.missing import no_such_name
from tinytorch.operations import TABLE, Operation
from tinytorch.python_side import PythonSide


def apply(row: Operation, inputs: Sequence[Any], options: dict[str, Any] | None = None) -> Tensor:
    """Carry out an operation, and take it down where an input wants a gradient.

    Args:
        inputs: tensors and numbers.
        options: those that differ from the row's defaults.

    Raises:
        Refused: shapes that do not fit one another.
    """
    inputs = [as_number(part) for part in inputs]
    arrays = promoted(row, inputs)
    y = computed(row, arrays, options or {})
    result = from_array(y)
    if row.derivatives and autograd.is_grad_enabled():
        record(result, row, inputs, arrays, options or {})
    return result


def computed(row: Operation, arrays: Sequence[Any], options: dict[str, Any]) -> np.ndarray:
    """The forward; a ValueError of NumPy's names the shapes."""
    try:
        with np.errstate(all="ignore"):  # infinity and NaN are results, as torch has it
            return np.asarray(row.forward(*arrays, **options))
    except ValueError as error:
        if isinstance(error, IndexError):  # an axis that there is not
            raise
        shapes = " and ".join(str(np.shape(a)) for a in arrays if a is not None)
        raise Refused(f"{row.name} of shapes {shapes}: {error}") from error


def as_number(part: Any) -> Any:
    """NumPy's single numbers as Python's, which take a tensor's type."""
    return part.item() if isinstance(part, np.generic) else part


def promoted(row: Operation, inputs: Sequence[Any]) -> list[Any]:
    """The inputs as arrays, those that the arithmetic mixes in one type."""
    arrays = [part.array if isinstance(part, Tensor) else part for part in inputs]
    mixed = range(len(arrays)) if row.variadic else row.promoted
    kinds = {arrays[i].dtype for i in mixed if i < len(arrays) and isinstance(inputs[i], Tensor)}
    if len(kinds) == 1 and next(iter(kinds)).kind == "f":  # as a rule; numbers adapt
        return arrays
    operands = [kind_and_rank(inputs[i]) for i in mixed if inputs[i] is not None]
    if not operands:
        return arrays
    kind = dtypes.result_type(operands)
    if row.floats and not kind.is_floating_point:
        kind = dtypes.DEFAULT
    for i in mixed:
        if isinstance(inputs[i], Tensor):
            arrays[i] = arrays[i].astype(kind.numpy, copy=False)
        elif not kinds and arrays[i] is not None:  # numbers alone
            arrays[i] = np.asarray(arrays[i], kind.numpy)
    return arrays


def kind_and_rank(part: Any) -> tuple[dtypes.dtype, int]:
    """What `dtypes.result_type` wants to know of an operand."""
    if isinstance(part, Tensor):
        return part.dtype, 2 if part.shape else 1
    if type(part) not in dtypes.OF_NUMBERS:
        raise TypeError(f"{type(part).__name__} {part!r}: an operation takes tensors and numbers")
    return dtypes.OF_NUMBERS[type(part)], 0


def record(
    result: Tensor,
    row: Operation,
    inputs: Sequence[Any],
    arrays: Sequence[Any],
    options: dict[str, Any],
) -> None:
    """Give the result a node, if one of the inputs wants a gradient."""
    for part in inputs:
        if isinstance(part, Tensor):
            part.require_own_history()
    names = row.inputs * len(inputs) if row.variadic else row.inputs
    wanted = tuple(
        [isinstance(part, Tensor) and part.requires_grad and name in row.derivatives
         for part, name in zip(inputs, names, strict=False)]
    )  # fmt: skip
    if True not in wanted:
        return
    kept, settings = {}, {**row.options, **options}
    for name in row.needs(wanted):
        if name == "y":
            kept["y"] = Kept(result.array, result.storage, result.storage.version)
        elif name == "shape":
            settings["shape"] = np.shape(arrays[0])
        elif name == "shapes":
            settings["shapes"] = [np.shape(a) for a in arrays]
        elif name in row.inputs:
            i = row.inputs.index(name)
            storage = inputs[i].storage if isinstance(inputs[i], Tensor) else None
            kept[name] = Kept(arrays[i], storage, storage.version if storage else 0)
    edges = [part.edge() if wants else None for part, wants in zip(inputs, wanted, strict=False)]
    fits: Any = [(part.shape, part.storage.buffer.dtype) if wants else None
                 for part, wants in zip(inputs, wanted, strict=False)]  # fmt: skip
    value = Kept(result.array, result.storage, result.storage.version)
    result.node = Node(row, edges, inputs, kept, settings, value, fits)


def look(row: Operation, tensor: Tensor, **options: Any) -> Tensor:
    """Take a view: another layout over the same storage."""
    result = Tensor(tensor.storage, row.forward(tensor.layout, **options))
    if autograd.is_grad_enabled():
        tensor.require_own_history()
    if tensor.requires_grad and autograd.is_grad_enabled():
        settings = {"shape": tensor.shape, **options}
        fits = [(tensor.shape, tensor.storage.buffer.dtype)]
        value = Kept(result.array, result.storage, result.storage.version)
        result.node = Node(row, [tensor.edge()], [tensor], {}, settings, value, fits)
    return result


def change(row: Operation, tensor: Tensor, *others: Any, **options: Any) -> Tensor:
    """Carry out an operation and write its result into its first input, whose views all see it.

    Where a gradient is wanted the tensor's history goes on: what it was is an input of what it is.

    Raises:
        Refused: the tensor is a leaf that wants a gradient, or two of its elements are one number.
    """
    if tensor.storage.meta:
        return tensor
    inputs = (tensor, *map(as_number, others))
    recording = autograd.is_grad_enabled() and any(
        isinstance(part, Tensor) and part.requires_grad for part in inputs
    )
    if recording and tensor.requires_grad and is_part_of_a_leaf(tensor):
        raise Refused(
            f"{row.name}_ of a tensor that wants a gradient and that nothing was made into, or of "
            "a view of one: change it under no_grad(), or make a new one"
        )
    if tensor.layout.overlaps_itself:
        raise Refused(f"{row.name}_: after expand several elements are one number; .clone() first")
    arrays = promoted(row, inputs)
    if recording:  # backward may need what is overwritten now
        arrays = [a.copy() if isinstance(part, Tensor) and part.storage is tensor.storage else a
                  for a, part in zip(arrays, inputs, strict=True)]  # fmt: skip
    result = computed(row, arrays, options)
    if result.shape != tensor.shape:
        raise Refused(f"{row.name}_: the result of shape {result.shape} does not fit into the "
                      f"tensor of shape {tensor.shape}")  # fmt: skip
    if not np.can_cast(result.dtype, tensor.array.dtype, "same_kind"):
        raise Refused(f"{row.name}_: {result.dtype} does not fit into {tensor.dtype}")
    if recording:
        made = from_array(result.astype(tensor.array.dtype))
        record(made, row, inputs, arrays, options)
        if made.node is not None:
            made.node.kept = {
                name: Kept(kept.array, None, 0) if kept.storage is tensor.storage else kept
                for name, kept in (made.node.kept or {}).items()
            }
            made.node.operands = [None, *others]  # not the tensor itself: that would be a circle
            if tensor.node is not None:
                made.node.retained, tensor.node.retained = tensor.node.retained, None
            tensor.node = made.node
            storage = tensor.storage
            tensor.born = storage.version + 1
            storage.earlier, storage.rewritten = storage.rewritten, tensor.born
    tensor.array[...] = result
    tensor.storage.version += 1
    return tensor


def is_part_of_a_leaf(tensor: Tensor) -> bool:
    """Whether it is a leaf, or a view of one."""
    place = tensor.edge()
    while isinstance(place, Node) and place.operation.view:
        place = place.inputs[0]
    return isinstance(place, Tensor)


def signs(name: str) -> list[Any]:
    """What Python calls for a sign: `a + b`, `b + a` where b is a number, and `a += b`."""
    row = TABLE[name]

    def known(other: Any) -> bool:
        return isinstance(other, Tensor | int | float | np.generic)

    def plain(self: Tensor, other: Any) -> Any:
        return apply(row, (self, other)) if known(other) else NotImplemented

    def swapped(self: Tensor, other: Any) -> Any:
        return apply(row, (other, self)) if known(other) else NotImplemented

    def in_place(self: Tensor, other: Any) -> Any:
        return change(row, self, other) if known(other) else NotImplemented

    return [plain, swapped, in_place]


class Tensor(Derived, PythonSide, CanLog):
    """An array of numbers that can be told to find its gradient.

    A row of the table is a method of the same name (`x.exp()`, `x.sum(dim=1)`), and where it can
    write into its first input also one with an underscore (`x.add_(1)`). docs/operations.md lists
    them.
    """

    __add__, __radd__, __iadd__ = signs("add")
    __sub__, __rsub__, __isub__ = signs("sub")
    __mul__, __rmul__, __imul__ = signs("mul")
    __truediv__, __rtruediv__, __itruediv__ = signs("div")
    __pow__, __rpow__, __ipow__ = signs("pow")
    __and__, __rand__, __iand__ = signs("bitwise_and")
    __or__, __ror__, __ior__ = signs("bitwise_or")
    __xor__, __rxor__, __ixor__ = signs("bitwise_xor")
    __floordiv__, __rfloordiv__ = signs("floor_divide")[:2]
    __mod__, __rmod__ = signs("remainder")[:2]
    __lt__, __le__, __gt__, __ge__ = (signs(name)[0] for name in ("lt", "le", "gt", "ge"))
    __eq__, __ne__ = (signs(name)[0] for name in ("eq", "ne"))

    __array_ufunc__ = None  # NumPy's arrays leave arithmetic with a tensor to the tensor
    inputs = ()  # of a tensor in a graph: it ends a path
    is_sparse = False

    def __init__(self, storage: Storage, layout: Layout) -> None:
        """A look at a storage; `tensor(...)` and its like in `creation.py` make one of data."""
        self.storage, self.layout = storage, layout
        self.grad: Any = None  # a Tensor, once backward has been here
        self.node: Any = None  # how it was made, if that was taken down
        self.born = storage.version  # how often the storage had been changed by then
        self.wants_gradient = False  # as a leaf
        self.name = ""  # for pictures
        self._window: np.ndarray | None = None

    # What it is

    @property
    def array(self) -> np.ndarray:
        """The elements as NumPy reads them: a window onto the storage, no copy.

        Raises:
            Refused: a tensor on the meta device has a shape and no elements.
        """
        if self._window is None:
            if self.storage.meta:
                raise Refused(f"a tensor of shape {self.shape} on the meta device holds no data")
            self._window = self.layout.window(self.storage.buffer)
        return self._window

    @property
    def shape(self) -> tuple[int, ...]:
        return self.layout.shape

    @property
    def ndim(self) -> int:
        return len(self.layout.shape)

    @property
    def dtype(self) -> dtypes.dtype:
        return dtypes.of_array(self.storage.buffer)

    @property
    def device(self) -> device_of:
        return device_of("meta" if self.storage.meta else "cpu")

    @property
    def nbytes(self) -> int:
        return self.numel() * self.element_size()

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def stride(self, dim: int | None = None) -> Any:
        return self.layout.strides if dim is None else self.layout.strides[dim]

    def storage_offset(self) -> int:
        return self.layout.offset

    def dim(self) -> int:
        return self.ndim

    def numel(self) -> int:
        return self.layout.numel

    def element_size(self) -> int:
        return self.dtype.itemsize

    def is_contiguous(self) -> bool:
        return self.layout.is_contiguous

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def data_ptr(self) -> int:
        """The address of the first element; views of one storage share it."""
        first = self.layout.offset * self.element_size()
        return int(self.storage.buffer.__array_interface__["data"][0]) + first

    # Gradients

    @property
    def requires_grad(self) -> bool:
        return self.node is not None or self.wants_gradient

    @requires_grad.setter
    def requires_grad(self, mode: bool) -> None:
        self.requires_grad_(mode)

    def requires_grad_(self, mode: bool = True) -> Tensor:
        """Want a gradient, or no longer.

        Raises:
            Refused: of integers or truth values; or not of one that was made from others.
        """
        if mode and not self.is_floating_point():
            raise Refused(f"a gradient of {self.dtype.name}: only floats have one; take .float()")
        if self.node is not None and not mode:
            raise Refused("what was made of others cannot give up its gradient: take .detach()")
        self.wants_gradient = mode
        return self

    @property
    def is_leaf(self) -> bool:
        return self.node is None

    @property
    def grad_fn(self) -> Node | None:
        return self.node

    def edge(self) -> Node | Tensor:
        """Where its gradient goes: to the node that made it, or to itself."""
        return self.node or self

    def require_own_history(self) -> None:
        """Raise a Refused error where the node no longer tells how these numbers came about.

        An in-place operation on another view of the storage was taken down since. (PyTorch works
        the history of every other view out anew.)
        """
        if self.born < self.storage.rewritten:
            raise Refused(
                f"a tensor of shape {self.shape} shares its storage with one that was changed in "
                "place, in a step that takes part in the gradient: use that one, or take the view "
                "again afterwards"
            )

    def backward(self, gradient: Tensor | None = None, retain_graph: bool = False) -> None:
        """Add to the `grad` of each leaf how this answers to it.

        Args:
            gradient: of what is asked for to this; needed where this is not one number.
            retain_graph: keep what the derivatives need, for a second backward.

        Raises:
            Refused: this wants no gradient, is not one number, or its graph was used up.
        """
        if not self.requires_grad:
            raise Refused(
                "backward from a tensor that was not made of one that wants a gradient: "
                "requires_grad=True asks for it"
            )
        if gradient is None and self.numel() != 1:
            raise Refused(
                f"backward from shape {self.shape}: a gradient is that of one number; take .sum() "
                "or .mean(), or give gradient="
            )
        if gradient is not None and gradient.shape != self.shape:
            raise Refused(
                f"gradient of shape {gradient.shape}: must be {self.shape}, as the tensor"
            )
        self.require_own_history()
        start = np.ones(self.shape, self.array.dtype) if gradient is None else gradient.array
        for step in autograd.walk(self.edge(), start):
            node = step.node
            if isinstance(node, Node):
                kept = node.retained and node.retained()
                if kept is not None:
                    kept.accumulate(step.received)
                if not retain_graph:
                    node.release()
                self.debug("backward %s %s", node.operation.name, node.shape)
            else:
                node.accumulate(step.received)

    def accumulate(self, received: np.ndarray) -> None:
        """Add to `grad`: a copy, since a gradient may go to several."""
        if self.grad is None:
            self.grad = from_array(np.array(received))
        else:
            self.grad.array[...] += received
            self.grad.storage.version += 1

    def retain_grad(self) -> None:
        """Keep the gradient of a tensor that was made of others, too."""
        if self.node is not None:
            self.node.retained = weakref.ref(self)

    def detach(self) -> Tensor:
        """The same storage without the history."""
        return Tensor(self.storage, self.layout)

    @property
    def data(self) -> Tensor:
        return self.detach()

    @data.setter
    def data(self, other: Tensor) -> None:
        self.storage, self.layout, self._window = other.storage, other.layout, None
        self.born = other.storage.version

    # Views: `operations.py` has the four of which all are made

    def view(self, *size: Any) -> Tensor:
        """Another shape over the same storage; an error where that needs a copy."""
        return look(TABLE["view"], self, size=sizes(size))

    def permute(self, *dims: Any) -> Tensor:
        return look(TABLE["permute"], self, dims=sizes(dims))

    def expand(self, *size: Any) -> Tensor:
        return look(TABLE["expand"], self, size=sizes(size))

    def flip(self, *dims: Any) -> Tensor:
        """Axes in the other direction: a copy, as torch's (`x[::-1]` is a view)."""
        return apply(TABLE["flip"], (self,), {"dims": sizes(dims)})

    def __getitem__(self, key: Any) -> Tensor:
        """Integers, slices of any step, None and ... give a view; arrays and masks a copy."""
        basic, advanced = split_key(key)
        part = look(TABLE["slice"], self, key=basic)
        return part if advanced is None else apply(TABLE["index"], (part,), {"key": advanced})

    def __setitem__(self, key: Any, value: Any) -> None:
        """Write into what `x[key]` names; only that part is touched."""
        basic, advanced = split_key(key)
        if isinstance(value, Tensor) and value.storage is self.storage and advanced is None:
            storage, same = self.storage, value.layout == self.layout.at(basic)
            if same and value.born == storage.rewritten and self.born >= storage.earlier:
                self.born = value.born  # x[0] *= 2, which Python writes back: its history is ours
        wants = isinstance(value, Tensor) and value.requires_grad
        if (wants or self.requires_grad) and autograd.is_grad_enabled():
            change(TABLE["put"], self, value, basic=basic, advanced=advanced)
            return
        if self.storage.meta:
            return
        if self.layout.overlaps_itself:
            raise Refused("x[...] = after expand: several elements are one number; .clone() first")
        part = self.layout.at(basic).window(self.storage.buffer)
        new = value.array if isinstance(value, Tensor) else value
        try:
            part[... if advanced is None else advanced] = new
        except ValueError as error:
            raise Refused(
                f"a value of shape {np.shape(new)} does not fit into x[key], of shape "
                f"{part.shape if advanced is None else part[advanced].shape}"
            ) from error
        self.storage.version += 1

    def matmul(self, other: Tensor) -> Tensor:
        """The matrix product; a vector is a row in front of a matrix and a column behind one."""
        a = self[None] if self.ndim == 1 else self
        b = other[:, None] if other.ndim == 1 else other
        if not (a.ndim and b.ndim) or a.shape[-1] != b.shape[-2]:
            raise Refused(f"matmul of shapes {self.shape} and {other.shape}: the last axis of the "
                          "first must be as long as the last but one of the second")  # fmt: skip
        product = apply(TABLE["matmul"], (a, b))
        if other.ndim == 1:
            product = product.squeeze(-1)
        return product.squeeze(-2 if other.ndim > 1 else -1) if self.ndim == 1 else product

    def __neg__(self) -> Tensor:
        return apply(TABLE["neg"], (self,))

    def __invert__(self) -> Tensor:
        return apply(TABLE["bitwise_not"], (self,))

    def __abs__(self) -> Tensor:
        return apply(TABLE["abs"], (self,))

    def __matmul__(self, other: Tensor) -> Tensor:
        return self.matmul(other) if isinstance(other, Tensor) else NotImplemented

    # Types

    def to(self, *args: Any, dtype: dtypes.dtype | None = None, device: Any = None,
           copy: bool = False, non_blocking: bool = False) -> Tensor:  # fmt: skip
        """Another type; itself where it has that already."""
        for argument in args:
            if isinstance(argument, Tensor):
                dtype, device = argument.dtype, argument.device
            elif isinstance(argument, dtypes.dtype):
                dtype = argument
            else:
                device = argument
        place = device_of(device) if device is not None else self.device
        if place != self.device:
            if place.type == "cpu":
                raise Refused(f"a tensor of shape {self.shape} on meta holds no data to move")
            return empty_like_on_meta(self, dtype or self.dtype)
        if dtype is not None and dtype != self.dtype:
            if self.storage.meta:
                return empty_like_on_meta(self, dtype)
            return apply(TABLE["cast"], (self,), {"dtype": dtype})
        return self.clone() if copy else self

    def new_tensor(self, data: Any, dtype: dtypes.dtype | None = None) -> Tensor:
        """A tensor of other numbers in this one's type."""
        return from_array(np.array(data, (dtype or self.dtype).numpy))

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        """A leaf with a storage of its own, which copies of its views share."""
        if self.node is not None:
            raise Refused("deepcopy of what was made of other tensors: take .detach() first")
        twin = object.__new__(type(self))
        Tensor.__init__(twin, deepcopy(self.storage, memo), self.layout)
        twin.wants_gradient, twin.name = self.wants_gradient, self.name
        twin.grad = deepcopy(self.grad, memo)
        return twin

    def __getstate__(self) -> dict[str, Any]:
        """For pickle: the window is opened anew, onto the storage that comes with it."""
        return {**vars(self), "_window": None}

    def __hash__(self) -> int:
        return id(self)

    def __getattr__(self, name: str) -> Any:
        no_such_name("Tensor", name, dir(type(self)))


class Parameter(Tensor):
    """A tensor that is learnt: a module finds it among its attributes."""

    def __init__(self, data: Tensor, requires_grad: bool = True) -> None:
        super().__init__(data.storage, data.layout)
        self.requires_grad_(requires_grad)


def from_array(array: np.ndarray) -> Tensor:
    """A tensor of an array of its own, which lies row by row or is copied so."""
    if not array.flags.c_contiguous:
        array = array.copy(order="C")
    result = Tensor(Storage(array.reshape(-1)), Layout.contiguous(array.shape))
    result._window = array
    return result


def empty_like_on_meta(tensor: Tensor, kind: dtypes.dtype) -> Tensor:
    return Tensor(Storage(np.empty(0, kind.numpy), meta=True), Layout.contiguous(tensor.shape))


def sizes(given: Sequence[Any]) -> tuple[int, ...]:
    """Sizes or axes, given one by one or as a sequence."""
    if len(given) == 1 and not isinstance(given[0], int | np.integer | Tensor):
        given = given[0]
    return tuple([int(size) for size in given])


def split_key(key: Any) -> tuple[tuple[Any, ...], Any]:
    """An index in two parts: what can be a view, and what then has to be copied.

    x[0, :, rows] is x[0] first, a view, and of that [:, rows]. (NumPy takes the 0 for an array as
    well, and then puts the axis of `rows` in front; torch does as we do.)
    """
    items = list(key) if isinstance(key, tuple) else [key]
    basic: list[Any] = []
    advanced: list[Any] = []
    for item in items:
        if isinstance(item, Tensor) and not item.ndim and item.dtype.category == 1:
            item = int(item)
        if isinstance(item, np.integer):
            item = int(item)
        plain = isinstance(item, int | slice | EllipsisType) and not isinstance(item, bool)
        if item is None or plain:
            basic.append(item)
            if not isinstance(item, int):
                advanced.append(item if item is Ellipsis else slice(None))
        else:
            array = np.array(item.array if isinstance(item, Tensor) else item)  # it may change
            if array.dtype.kind == "f" and array.size:
                raise IndexError("an index of floats: must be integers, or truth values")
            array = array.astype(np.int64) if array.dtype.kind == "f" else array
            basic += [slice(None)] * (array.ndim if array.dtype.kind == "b" else 1)
            advanced.append(array)
    if all(item is Ellipsis or isinstance(item, slice) for item in advanced):
        return tuple(basic), None
    return tuple(basic), tuple(advanced)


def bound(row: Operation, args: Sequence[Any], named: dict[str, Any]) -> tuple[list, dict]:
    """Inputs and options of a call that is written as torch's are."""
    torch_names = {"input": row.inputs[0], "other": "b", "axis": "dim", "keepdims": "keepdim",
                   "exponent": "b", "tensors": "parts"}  # fmt: skip
    values = dict(zip(row.arguments, args, strict=False))
    values |= {torch_names.get(name, name): value for name, value in named.items()}
    if len(args) > len(row.arguments) or not values.keys() <= set(row.arguments):
        raise TypeError(f"{row.name} takes {', '.join(row.arguments)}")
    inputs = [values.pop(name, None) for name in row.inputs]
    if row.variadic:
        inputs = list(inputs[0])
    for name, value in values.items():
        if isinstance(value, list):
            values[name] = tuple(value)
        elif isinstance(value, Tensor) and value.requires_grad:
            raise Refused(
                f"{row.name}: {name} is no input, and would have no gradient: .detach() it"
            )
        elif isinstance(value, Tensor):
            values[name] = value.array.copy() if value.ndim else value.item()
    if values.get("dim") == ():  # all of them
        values["dim"] = None
    return inputs, values


def call(row: Operation, *args: Any, **named: Any) -> Tensor:
    """`apply`, with torch's ways to write arguments."""
    if not named and len(args) == len(row.inputs) and not row.variadic and not row.reordered:
        return apply(row, args)
    return apply(row, *bound(row, args, named))


def call_in_place(row: Operation, *args: Any, **named: Any) -> Tensor:
    inputs, options = bound(row, args, named)
    return change(row, *inputs, **options)


def method(function: Callable[..., Tensor], row: Operation, name: str) -> Callable[..., Any]:
    def of_row(*args: Any, **named: Any) -> Tensor:
        return function(row, *args, **named)

    of_row.__name__, of_row.__doc__ = name, row.sentence
    return of_row


for row in TABLE.values():
    if not row.view and row.inputs[0] not in ("mask", "parts") and row.name not in vars(Tensor):
        setattr(Tensor, row.name, method(call, row, row.name))
    if row.in_place:
        setattr(Tensor, f"{row.name}_", method(call_in_place, row, f"{row.name}_"))
