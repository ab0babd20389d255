"""The course's `.pt`: a dict with `model_args` (the configuration) and `model` (the tensors).

Reads both key styles, this project's and the course's (`compute_query`) and Meta's and
llama2.c's (`wq`), with or without the `_orig_mod.` that `torch.compile` puts before names.
"""

from __future__ import annotations

import pickle
import pickletools
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from checkpoints.contents import Checkpoint, assemble
from config import LlamaConfig
from support.tensors import save_tensors, unpickle

# The one key table of this format: what stands in the file -> what the model calls it.
RENAMED_KEYS = {
    "attention.wq.": "attention.compute_query.",
    "attention.wk.": "attention.compute_key.",
    "attention.wv.": "attention.compute_value.",
    "attention.wo.": "attention.compute_output.",
}
# Tables that some files store although the configuration implies them.
DERIVED_KEYS = re.compile(r"(freqs_cos|freqs_sin|freqs_cis|rope\.freqs)$")
PICKLE = b"\x80"  # how a bare one begins
MAX_PICKLE = 2**20  # bytes; that of a thousand tensors has 130 kB
MAX_REPETITIONS = 16  # of tuples in it
MAX_VALUES = 10_000  # of a configuration


def read(path: Path) -> Checkpoint:
    """Read a `.pt`, memory-mapped, without running anything that it contains.

    Raises:
        ValueError: the file is damaged, contains code, or is not a Llama checkpoint.
    """
    contents = unpickle_file(path)
    if not isinstance(contents, dict) or not {"model_args", "model"} <= contents.keys():
        raise ValueError(f"{path}: {_what_else(contents)}")
    arguments, state = contents["model_args"], contents["model"]
    if not isinstance(arguments, dict) or not isinstance(state, dict):
        raise ValueError(f"{path}: no course checkpoint: model_args and model must be dicts")
    tensors = state_tensors(path, state)
    try:
        config = LlamaConfig.from_dict(plain(arguments, iter(range(MAX_VALUES))))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    tied = config.tie_embeddings if "tie_embeddings" in arguments else None
    return assemble(path, "PyTorch", config, tensors, tied=tied)


def _what_else(contents: Any) -> str:
    """What a file without a configuration is, and what helps."""
    keys = [key for key in contents if isinstance(key, str)] if isinstance(contents, dict) else []
    if any("self_attn.q_proj" in key for key in keys):
        return (
            "holds Hugging Face's weights without their configuration: save them with "
            "save_pretrained, as safetensors, and give the folder"
        )
    if any(key.startswith("module.") for key in keys):
        return (
            "holds the weights of a DistributedDataParallel, without a configuration: save "
            "model.module, with min-llama's save_pretrained"
        )
    if any(key.endswith(("attention.wq.weight", "compute_query.weight")) for key in keys):
        return (
            "holds weights without their configuration: Meta's go with a params.json, in a folder "
            "with consolidated.00.pth; others are saved as {'model_args': ..., 'model': ...}"
        )
    return "no course checkpoint: it lacks the keys model_args and model"


def state_tensors(path: Path, state: Mapping[Any, Any]) -> dict[str, Tensor]:
    """The tensors of a state_dict under the model's own names, without derived tables.

    Raises:
        ValueError: something is no tensor of floats, or comes twice.
    """
    tensors: dict[str, Tensor] = {}
    for key, tensor in state.items():
        if not isinstance(key, str) or not isinstance(tensor, Tensor):
            raise ValueError(f"{path}: model[{key!r}] is no tensor")
        name = _model_key(key)
        if DERIVED_KEYS.search(name):
            continue
        if name in tensors:
            raise ValueError(f"{path}: holds {name} twice (once as {key})")
        if not tensor.is_floating_point() or tensor.layout != torch.strided:
            raise ValueError(f"{path}: {key} is {tensor.dtype}: weights must be dense floats")
        tensors[name] = tensor
    return tensors


def unpickle_file(path: Path) -> Any:
    """What a file of torch.save holds, memory-mapped.

    Raises:
        ValueError: it is damaged, or holds code or objects other than tensors and plain data.
    """
    try:
        with path.open("rb") as file:
            if file.read(1) == PICKLE:
                raise pickle.UnpicklingError("a bare pickle")
        with zipfile.ZipFile(path) as archive:
            require_harmless(archive, path.stat().st_size)
            # A memory-mapped load would not notice a flipped bit; the checksums cost 0.2 s for
            # half a gigabyte, which has to come from the disk anyway.
            if damaged := archive.testzip():
                raise zipfile.BadZipFile(f"checksum of {damaged}")
        return unpickle(path, mmap=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"{path}: contains code (as a TorchScript program does, or a bare pickle can) or "
            "objects other than tensors and plain data, which are never run or loaded, or is "
            "damaged; get weights that were saved as a state_dict"
        ) from error
    except MemoryError:
        raise
    except Exception as error:  # torch and zipfile raise a dozen types on damaged archives
        raise ValueError(f"{path}: truncated or corrupt; fetch or convert it again") from error


def require_harmless(archive: zipfile.ZipFile, size: int) -> None:
    """Raise an error on an archive that torch.save does not write, and that would unpack to more.

    Raises:
        BadZipFile: members are compressed, or share their bytes: a zip bomb.
        UnpicklingError: the pickle is a program, huge, or made to take for ever.
    """
    members = archive.infolist()
    names = [member.filename.rpartition("/")[2] for member in members]
    if "constants.pkl" in names:
        raise pickle.UnpicklingError("a TorchScript program")
    if any(m.compress_type != zipfile.ZIP_STORED for m in members):
        raise zipfile.BadZipFile("compressed, as torch.save never does")
    if sum(m.file_size for m in members) > size:
        raise zipfile.BadZipFile("members that share their bytes")
    for member in (m for m, name in zip(members, names, strict=True) if name == "data.pkl"):
        if member.file_size > MAX_PICKLE:
            raise pickle.UnpicklingError(f"a pickle of more than {MAX_PICKLE:,} bytes")
        content = archive.read(member)
        if b"\nbytearray\n" in content:  # a call of it is all that fills memory at a word
            raise pickle.UnpicklingError("a bytearray")
        if repetitions(content) > MAX_REPETITIONS:
            raise pickle.UnpicklingError("tuples that are held over and over")


def repetitions(content: bytes) -> int:
    """How often a pickle holds a tuple that it has held before.

    As a key, a tuple of two tuples of two tuples ... is hashed each time all the way down: 40
    levels, which take a kilobyte, are for ever.
    """
    tuples: set[int] = set()  # their places in the pickle's memory
    count, last = 0, ""
    for operation, argument, _ in pickletools.genops(content):
        name = operation.name
        if name.endswith("PUT"):
            (tuples.add if last.startswith("TUPLE") else tuples.discard)(int(str(argument)))
        elif name.endswith("GET"):
            count += int(str(argument)) in tuples
        last = name
    return count


def plain(value: Any, left: Iterator[int]) -> Any:
    """A configuration's values, numpy's numbers as Python's; as many as are `left`.

    Raises:
        ValueError: there are more, as where each dict of a few holds the next one twice.
    """
    if next(left, None) is None:
        raise ValueError("its model_args hold no configuration, but far too much")
    if isinstance(value, dict):
        return {key: plain(part, left) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part, left) for part in value]
    return value.item() if isinstance(value, np.generic) else value


def _model_key(key: str) -> str:
    key = key.replace("_orig_mod.", "")
    for theirs, ours in RENAMED_KEYS.items():
        key = key.replace(theirs, ours)
    return key


def write(
    path: Path,
    config: LlamaConfig,
    tensors: Mapping[str, Tensor],
    dtype: torch.dtype | None = None,
) -> None:
    """Write a `.pt` atomically, under the model's own names, tied weights once.

    Args:
        dtype: of the weights; None keeps each tensor's.

    Raises:
        ValueError: there is no room, or the disk refused; nothing is left under the name.
    """
    state = {}
    for key, tensor in tensors.items():
        name = _model_key(key)
        if name == "output.weight" and config.tie_embeddings:
            embedding = tensors.get("tok_embeddings.weight")
            if embedding is not None and not torch.equal(tensor, embedding):
                raise ValueError(
                    f"{path}: output.weight differs from tok_embeddings.weight and the "
                    "configuration says tie_embeddings=True; nothing was written"
                )
            continue
        tensor = tensor.detach().cpu().to(dtype or tensor.dtype)
        if tensor.untyped_storage().nbytes() != tensor.nbytes:
            tensor = tensor.clone()  # torch.save would write all that the view is a part of
        state[name] = tensor
    save_tensors(path, {"model_args": config.to_dict(), "model": state})
