"""What a checkpoint holds, whatever its format, and the strict comparison with a model."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from checkpoints.vocabulary import Vocabulary
from config import LlamaConfig

NAMED = 3  # tensors that an error names; it counts the others
AT_ONCE = 1024  # rows of two matrices that are compared at a time: bounds the memory


class LazyTensors(MutableMapping[str, Tensor]):
    """Tensors that are made when they are asked for, each time anew: one at a time takes memory."""

    def __init__(
        self, shapes: Mapping[str, tuple[int, ...]], make: Callable[[str], Tensor]
    ) -> None:
        """`make` gives the tensor of a name, of the shape that is known beforehand."""
        self.shapes, self.make = dict(shapes), make

    def __getitem__(self, name: str) -> Tensor:
        if name not in self.shapes:
            raise KeyError(name)
        return self.make(name)

    def __setitem__(self, name: str, tensor: Tensor) -> None:
        others = self.make
        self.shapes[name] = tuple(tensor.shape)
        self.make = lambda asked: tensor if asked == name else others(asked)

    def __delitem__(self, name: str) -> None:
        del self.shapes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.shapes)

    def __len__(self) -> int:
        return len(self.shapes)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint as plain data: the tensors carry the names of `Llama.state_dict()`."""

    path: Path
    format: str  # for people: "PyTorch", "GGUF Q4_1"
    config: LlamaConfig
    tensors: MutableMapping[str, Tensor]  # with tied embeddings, without `output.weight`
    vocabulary: Vocabulary | None  # None: the file brings no tokenizer
    guesses: tuple[str, ...] = ()  # what the file does not say, and what was taken

    @property
    def shapes(self) -> Mapping[str, tuple[int, ...]]:
        """Of all tensors, without making any."""
        return shapes_of(self.tensors)


def watched(checkpoint: Checkpoint, found: Callable[[str], None]) -> Checkpoint:
    """The checkpoint; `found` is told the name of each tensor it gives that is not all numbers."""

    def make(name: str) -> Tensor:
        tensor = checkpoint.tensors[name]
        # A sum is finite if all of its terms are, and takes no copy.
        if not bool(tensor.sum(dtype=torch.float32).isfinite()):
            found(name)
        return tensor

    return replace(checkpoint, tensors=LazyTensors(checkpoint.shapes, make))


def not_numbers(path: Path, names: list[str]) -> str:
    """What is said of tensors that `watched` has found."""
    return (
        f"{path.name} holds weights that are no numbers (NaN) or infinite, in "
        f"{_some(list(dict.fromkeys(names)))}: it is damaged, or its training went astray"
    )


def shapes_of(tensors: Mapping[str, Tensor]) -> Mapping[str, tuple[int, ...]]:
    """The shapes of tensors, without making any that is not there yet."""
    if isinstance(tensors, LazyTensors):
        return tensors.shapes
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def assemble(
    path: Path,
    format: str,
    config: LlamaConfig,
    tensors: MutableMapping[str, Tensor],
    *,
    tied: bool | None,
    vocabulary: Vocabulary | None = None,
    guesses: tuple[str, ...] = (),
) -> Checkpoint:
    """Make a Checkpoint, settling whether embedding and output projection are one matrix.

    Args:
        tied: what the file says; None where it says nothing, and its tensors decide: tied when
            there is no output projection or it equals the embedding.

    Raises:
        ValueError: the file says tied and holds two different matrices.
    """
    output = tensors.get("output.weight") if tied is not False else None
    if output is None:
        tied = tied is not False
    elif "tok_embeddings.weight" not in tensors:
        if tied:
            tensors["tok_embeddings.weight"] = tensors.pop("output.weight")
        tied = bool(tied)
    elif _equal(tensors["tok_embeddings.weight"], output):
        tied = True
        del tensors["output.weight"]
    elif tied:
        raise ValueError(
            f"{path}: says tie_embeddings=True and holds an output.weight that differs from "
            "tok_embeddings.weight"
        )
    else:
        tied = False
    config = replace(config, tie_embeddings=tied)
    return Checkpoint(path, format, config, tensors, vocabulary, guesses)


def _equal(one: Tensor, other: Tensor) -> bool:
    """Whether two matrices are the same, compared by parts up to the first that differs."""
    pairs = zip(one.split(AT_ONCE), other.split(AT_ONCE), strict=False)
    return one.shape == other.shape and (
        one.data_ptr() == other.data_ptr() or all(bool((a == b).all()) for a, b in pairs)
    )


def require_layers(checkpoint: Checkpoint) -> None:
    """Raise a ValueError unless there are tensors of exactly the layers that it configures."""
    pattern = re.compile(r"layers\.(\d{1,6})\.")
    found = {int(m[1]) for name in checkpoint.tensors if (m := pattern.match(name))}
    if found != set(range(checkpoint.config.n_layers)):
        last = max(found, default=None)
        raise ValueError(
            f"{checkpoint.path}: its configuration says n_layers={checkpoint.config.n_layers} "
            f"and it holds tensors of {len(found)} layers, the last being {last}"
        )


def require_tensors(checkpoint: Checkpoint, expected: Mapping[str, Tensor]) -> None:
    """Raise a ValueError that names each missing, unexpected and misshapen tensor."""
    found = checkpoint.shapes
    faults = []
    if missing := [name for name in expected if name not in found]:
        faults.append(f"missing {_some(missing)}")
    if unexpected := [name for name in found if name not in expected]:
        faults.append(f"unexpected {_some(unexpected)}")
    if misshapen := [
        f"{name} {found[name]} instead of {tuple(tensor.shape)}"
        for name, tensor in expected.items()
        if name in found and found[name] != tensor.shape
    ]:
        faults.append(f"misshapen {_some(misshapen)}")
    if faults:
        raise ValueError(f"{checkpoint.path}: does not fit its configuration: {'; '.join(faults)}")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def our_name(theirs: str, table: Mapping[str, str], format: str) -> str:
    """What the model calls a tensor, by a table in which {} is the number of a layer.

    One that the table lacks is named with its format, and unexpected later.
    """
    layer = re.search(r"(?<=\.)\d{1,6}(?=\.)", theirs)
    if layer is None:
        return table.get(theirs, f"{format}:{theirs}")
    general = table.get(f"{theirs[: layer.start()]}{{}}{theirs[layer.end() :]}")
    return f"{format}:{theirs}" if general is None else general.format(layer[0])


def their_name(name: str, table: Mapping[str, str]) -> str:
    """The inverse of `our_name`."""
    theirs = {ours: other for other, ours in table.items()}
    layer = re.search(r"(?<=\.)\d{1,6}(?=\.)", name)
    if layer is None:
        return theirs[name]
    return theirs[f"{name[: layer.start()]}{{}}{name[layer.end() :]}"].format(layer[0])
