"""A module holds parameters and other modules as plain attributes, and finds them among these."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Self

from tinytorch import dtypes
from tinytorch.autograd import no_grad
from tinytorch.layout import Refused
from tinytorch.missing import no_such_name
from tinytorch.tensor import Parameter, Tensor


class Mismatch(NamedTuple):
    """Names that a `load_state_dict` did not find, and that it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]


class Module:
    """A part of a network; a subclass sets parts and parameters in `__init__`, has `forward`."""

    training = True

    def __init__(self) -> None:
        self._buffers: set[str] = set()  # attributes that are saved, and not learnt

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(vars(self).get(name), Parameter) and type(value) is Tensor:
            raise TypeError(f"{name} is a parameter: set a Parameter, or write into its .data")
        super().__setattr__(name, value)

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self.forward(*args, **named)

    def forward(self, *args: Any, **named: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Hold a tensor that is saved with the module (if persistent), and not learnt."""
        setattr(self, name, tensor)
        if persistent and tensor is not None:
            self._buffers.add(name)

    # What it consists of. A parameter or module under two names comes once, as in torch.

    def children(self) -> Iterator[Module]:
        return (part for _, part in self.named_children())

    def named_children(self) -> Iterator[tuple[str, Module]]:
        return ((name, part) for name, part in vars(self).items() if isinstance(part, Module))

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        seen: set[Module] = set()
        for name, part in self._all_modules(prefix):
            if part not in seen:
                seen.add(part)
                yield name, part

    def modules(self) -> Iterator[Module]:
        return (part for _, part in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        seen: set[int] = set()
        for path, part in self._all_modules(prefix) if recurse else [(prefix, self)]:
            for name, value in vars(part).items():
                if isinstance(value, Parameter) and not (remove_duplicate and id(value) in seen):
                    seen.add(id(value))
                    yield joined(path, name), value

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        for path, part in self._all_modules():
            for name in sorted(part._buffers):
                yield joined(path, name), getattr(part, name)

    def _all_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        yield prefix, self
        for name, part in self.named_children():
            yield from part._all_modules(joined(prefix, name))

    def get_submodule(self, path: str) -> Module:
        """The part of a dotted name."""
        part: Any = self
        for name in path.split(".") if path else []:
            part = getattr(part, name)
        return part

    def get_parameter(self, path: str) -> Parameter:
        """The parameter of a dotted name."""
        owner, _, name = path.rpartition(".")
        return getattr(self.get_submodule(owner), name)

    # Changing all of it

    def train(self, mode: bool = True) -> Self:
        """Whether dropout drops."""
        for part in self.modules():
            part.training = mode
        return self

    def eval(self) -> Self:
        return self.train(False)

    def requires_grad_(self, mode: bool = True) -> Self:
        for parameter in self.parameters():
            parameter.requires_grad_(mode)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        for parameter in self.parameters():
            if set_to_none:
                parameter.grad = None
            elif parameter.grad is not None:
                parameter.grad.zero_()

    def apply(self, function: Callable[[Module], Any]) -> Self:
        """Call a function with each module, the inner ones first."""
        for part in self.children():
            part.apply(function)
        function(self)
        return self

    def to(self, *args: Any, **named: Any) -> Self:
        """Parameters and buffers of floats in another type; where they lie there is no choice."""
        for part in self.modules():
            for value in vars(part).values():
                if isinstance(value, Tensor) and value.is_floating_point():
                    value.data = value.detach().to(*args, **named)
                    if value.grad is not None:
                        value.grad = value.grad.to(*args, **named)
        return self

    def float(self) -> Self:
        return self.to(dtypes.float32)

    def double(self) -> Self:
        return self.to(dtypes.float64)

    # The way to and from a file

    def state_dict(self) -> dict[str, Tensor]:
        """All parameters and buffers by their dotted names; they share the module's storage."""
        state: dict[str, Tensor] = {}
        for path, part in self._all_modules():
            for name, value in vars(part).items():
                if isinstance(value, Parameter) or name in part._buffers:
                    state[joined(path, name)] = value.detach()
        return state

    def load_state_dict(
        self, state_dict: Mapping[str, Tensor], strict: bool = True, assign: bool = False
    ) -> Mismatch:
        """Take up what `state_dict` gave: copy its numbers or, with `assign`, take its tensors.

        Raises:
            Refused: a name is missing or unexpected (if strict), or a shape is another; all are
                named, and nothing was taken up.
        """
        own = self.state_dict()
        missing = [name for name in own if name not in state_dict]
        unexpected = [name for name in state_dict if name not in own]
        faults = [f"{name} has shape {state_dict[name].shape} instead of {tensor.shape}"
                  for name, tensor in own.items()
                  if name in state_dict and state_dict[name].shape != tensor.shape]  # fmt: skip
        if strict:
            faults += [f"missing {name}" for name in missing]
            faults += [f"unexpected {name}" for name in unexpected]
        if faults:
            raise Refused(f"load_state_dict of {type(self).__name__}: {'; '.join(faults)}")
        for path in [name for name in own if name in state_dict]:
            owner, _, name = path.rpartition(".")
            part, tensor = self.get_submodule(owner), state_dict[path]
            before = getattr(part, name)
            if not assign:
                with no_grad():
                    before.copy_(tensor)
            elif isinstance(before, Parameter):
                setattr(part, name, Parameter(tensor, before.requires_grad))
            else:
                setattr(part, name, tensor)
        return Mismatch(missing, unexpected)

    def extra_repr(self) -> str:
        return ""

    def __repr__(self) -> str:
        rows = [f"({name}): {part!r}".replace("\n", "\n  ") for name, part in self.named_children()]
        inside = "".join(f"\n  {row}" for row in rows) + ("\n" if rows else "")
        return f"{type(self).__name__}({self.extra_repr()}{inside})"

    def __getattr__(self, name: str) -> Any:
        no_such_name(type(self).__name__, name, [*vars(self), *dir(type(self))])


class ModuleList(Module):
    """Modules in order; their names are 0, 1, ..."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        for module in modules:
            self.append(module)

    def append(self, module: Module) -> Self:
        setattr(self, str(len(self)), module)
        return self

    def __len__(self) -> int:
        return sum(1 for _ in self.children())

    def __iter__(self) -> Iterator[Any]:
        return self.children()

    def __getitem__(self, index: Any) -> Any:
        parts = list(self.children())
        return ModuleList(parts[index]) if isinstance(index, slice) else parts[index]


class Sequential(ModuleList):
    """Modules of which each reads what the one before it gave."""

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, x: Any) -> Any:
        for part in self.children():
            x = part(x)
        return x


def joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
