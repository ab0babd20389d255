"""What the hand-written optimizers build on: groups of parameters, and a state for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tinytorch.layout import Refused
from tinytorch.missing import no_such_name
from tinytorch.tensor import Tensor


class Optimizer:
    """Holds parameters in groups, each with its own numbers; a subclass has `step`."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        """Take parameters, or dicts with "params" and what differs from the defaults."""
        self.defaults = defaults
        self.state: dict[Tensor, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        groups = list(params)
        if not groups:
            raise Refused("an optimizer without parameters: give model.parameters()")
        for group in groups if isinstance(groups[0], dict) else [{"params": groups}]:
            self.add_param_group(group)

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Add a dict with "params" and numbers of its own."""
        params = [group["params"]] if isinstance(group["params"], Tensor) else list(group["params"])
        for p in params:
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise TypeError(f"{type(p).__name__}: an optimizer changes leaves, no others")
            if any(p is other for known in self.param_groups for other in known["params"]):
                raise Refused("a parameter is in two groups: each belongs to one")
        self.param_groups.append({**self.defaults, **group, "params": params})

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none:
                    p.grad = None
                elif p.grad is not None:
                    p.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """The groups and the states, by the numbers of the parameters."""
        numbers = {p: i for i, p in enumerate(self._all())}
        groups = [{**g, "params": [numbers[p] for p in g["params"]]} for g in self.param_groups]
        return {"state": {numbers[p]: dict(s) for p, s in self.state.items()},
                "param_groups": groups}  # fmt: skip

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what `state_dict` gave; copies its tensors, in the types of the parameters."""
        saved = state_dict["param_groups"]
        if [len(g["params"]) for g in saved] != [len(g["params"]) for g in self.param_groups]:
            raise Refused("the state is of other groups of parameters than this optimizer's")
        for group, other in zip(self.param_groups, saved, strict=True):
            group.update({name: value for name, value in other.items() if name != "params"})
        order = [number for group in saved for number in group["params"]]
        self.state.clear()
        for number, p in zip(order, self._all(), strict=True):
            for name, value in state_dict["state"].get(number, {}).items():
                is_moment = isinstance(value, Tensor) and name != "step"
                self.state[p][name] = value.to(p.dtype, copy=True) if is_moment else value

    def _all(self) -> list[Tensor]:
        return [p for group in self.param_groups for p in group["params"]]


def __getattr__(name: str) -> Any:
    no_such_name("optim", name, globals())
