"""Files that say `import torch` on this engine, as they are.

    with instead_of_torch():
        import llama

    model = llama.Llama(config)  # its tensors are TinyTorch's

Within the `with`, the names torch, torch.nn, ... lead to this package, and the project's modules
are read anew, since those that are there hold on to the real one. Afterwards all is found under its
name as before; what was imported inside keeps what it got.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import tinytorch
from tinytorch import nn, optim

PROJECT = Path(__file__).parent.parent
# The same with either engine: what they hold is no tensor.
SHARED = ("tinytorch", "config", "support", "tests", "__main__")


class TorchFunctionMode:
    """Torch's way to see each call of its functions. Here they are not announced.

    (`base_llama.WithoutInitialisation` leaves initialisation out with it, to save time: on the meta
    device it fills nothing anyway.)
    """

    def __enter__(self) -> TorchFunctionMode:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def module(name: str, **contents: object) -> ModuleType:
    made = ModuleType(name)
    vars(made).update(contents)
    return made


def torch_names() -> dict[str, ModuleType]:
    """What stands under each of torch's names."""
    return {
        "torch": tinytorch,
        "torch.nn": nn,
        "torch.nn.functional": nn.functional,
        "torch.nn.init": nn.init,
        "torch.nn.utils": nn.utils,
        "torch.optim": optim,
        "torch.autograd": tinytorch.autograd,
        "torch.random": tinytorch.random,
        "torch.overrides": module("torch.overrides", TorchFunctionMode=TorchFunctionMode),
    }


def is_rival(name: str, loaded: ModuleType) -> bool:
    """Whether a module is torch's own, or one of the project's that may hold on to it."""
    root = name.partition(".")[0]
    if root == "torch":
        return True
    file = getattr(loaded, "__file__", None)
    ours = file is not None and Path(file).is_relative_to(PROJECT)
    return ours and root not in SHARED and ".venv" not in Path(str(file)).parts


@contextmanager
def instead_of_torch() -> Iterator[None]:
    """Within this, `import torch` gives TinyTorch, also to the modules that are imported."""
    before = {name: m for name, m in sys.modules.items() if is_rival(name, m)}
    for name in before:
        del sys.modules[name]
    sys.modules.update(torch_names())
    try:
        yield
    finally:
        for name in [name for name, loaded in sys.modules.items() if is_rival(name, loaded)]:
            del sys.modules[name]
        sys.modules.update(before)


def on_tinytorch(checkpoint: Any) -> Any:
    """A `checkpoints.Checkpoint` of torch's with TinyTorch's tensors, over the same memory.

    What is no float32 there is converted. A model is built of it by `Llama.from_checkpoint`.
    """
    tensors = {
        name: tinytorch.from_numpy(tensor.float().contiguous().numpy())
        for name, tensor in checkpoint.tensors.items()
    }
    return replace(checkpoint, tensors=tensors)
