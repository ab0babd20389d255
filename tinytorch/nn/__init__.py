"""Modules, layers and functions of networks, under torch's names."""

from typing import Any

from tinytorch.missing import no_such_name
from tinytorch.nn import functional, init, utils
from tinytorch.nn.layers import Dropout, Embedding, Linear, ReLU, Tanh
from tinytorch.nn.module import Module, ModuleList, Sequential
from tinytorch.tensor import Parameter

__all__ = [
    "Dropout",
    "Embedding",
    "Linear",
    "Module",
    "ModuleList",
    "Parameter",
    "ReLU",
    "Sequential",
    "Tanh",
    "functional",
    "init",
    "utils",
]


def __getattr__(name: str) -> Any:
    no_such_name("nn", name, __all__)
