"""What runs a model, and in what arithmetic: the taught model, or its fast twin in `inference/`.

A learner's tree has no such room, so that what it prints comes from the learner's own code.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from tqdm import tqdm

import checkpoints
from base_llama import WithoutInitialisation
from llama import Llama, LlamaLayer
from support.processor import (
    compile_fault,
    has_quantised_engine,
    has_units,
    require_memory,
    return_memory,
)
from support.words import size_in_words

try:
    from inference import Decoder
except ModuleNotFoundError as error:
    if error.name != "inference":
        raise
    Decoder = None  # type: ignore[assignment, misc]

ENGINES = ("auto", "fast", "taught")
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}

COPIES = 3  # of the largest matrix, in float32, while it is read and packed
COMPILER = 600e6  # bytes, of torch's compiler

Model = Any  # a `Llama`, or an `inference.Decoder`, which has its methods


@dataclass(frozen=True)
class Engine:
    """What runs a model, and in what arithmetic.

    Raises:
        ValueError: two options do not go together, or there is no fast engine here.
    """

    name: str = "taught"  # taught, fast, or auto: fast on a processor, where inference/ is here
    dtype: str = "float32"  # of the weights
    quantize: str | None = None  # int8, or None
    compile: bool = False
    trained: bool = False  # whether gradients and AdamW's two moments follow, as large each

    def __post_init__(self) -> None:
        if self.name not in ENGINES:
            raise ValueError(f"engine={self.name}: must be one of {', '.join(ENGINES)}")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype={self.dtype}: must be one of {', '.join(DTYPES)}")
        wanted = self.wants_fast()
        if wanted and Decoder is None:
            raise ValueError(f"{wanted}: this tree has no folder inference/; leave it out")
        if wanted and self.name == "taught":
            raise ValueError(f"{wanted} needs the fast engine; leave out engine=taught")
        if self.quantize is not None and self.dtype != "float32":
            raise ValueError(f"quantize={self.quantize} and dtype={self.dtype}: give one")

    def is_fast(self, device: torch.device) -> bool:
        """Whether the fast engine runs: asked for, or by default where it serves."""
        by_default = self.name == "auto" and Decoder is not None and device.type == "cpu"
        return by_default or bool(self.wants_fast())

    def held_bytes(self, skeleton: Llama, device: torch.device) -> int:
        """What the weights, and what follows them, take once they are in the form that runs."""
        size = DTYPES[self.dtype].itemsize
        parameters = list(skeleton.named_parameters())
        if not self.is_fast(device):
            return sum(p.numel() for _, p in parameters) * size * (4 if self.trained else 1)
        embedding = skeleton.tok_embeddings.weight.numel()
        packed = sum(p.numel() for name, p in parameters if "embeddings" not in name)
        if skeleton.config.tie_embeddings:  # packed for the logits, as it is for the tokens
            packed += embedding
        return embedding * size + packed * (1 if self.quantize else size) * (1 + self.compile)

    def wants_fast(self) -> str:
        """The first option that only the fast engine has, or nothing."""
        if self.name == "fast":
            return "engine=fast"
        if self.quantize is not None:
            return f"quantize={self.quantize}"
        return "compile" if self.compile else ""

    def run(
        self, checkpoint: checkpoints.Checkpoint, device: torch.device, causal: bool | None = None
    ) -> tuple[Model, str]:
        """The model that is to run, and what to call it."""
        dtype = DTYPES[self.dtype]
        if not self.is_fast(device):
            model = Llama.from_checkpoint(checkpoint, dtype=dtype, causal=causal)
            return model.to(device), "taught engine"
        compile = self.compile and not compile_fault(device.type)
        unread = LayerByLayer(checkpoint, dtype, device, causal)
        decoder = Decoder(unread, self.dtype, self.quantize, compile)
        words = "fast engine" + (f" with {self.quantize} weights" if self.quantize else "")
        if compile:
            words += ", compiled" if decoder.compiled else ", not compiled, which is faster here"
        return decoder, words

    def notes(self, device: torch.device) -> list[str]:
        """What a user should know of these options on this machine."""
        notes = []
        if self.compile and (fault := compile_fault(device.type)):
            notes.append(f"compile: {fault}; goes on without")
        if self.quantize and device.type == "cpu" and not has_quantised_engine():
            notes.append("torch has no quantised engine here: int8 takes longer than elsewhere")
        if device.type == "cpu" and not has_units(DTYPES[self.dtype]):
            notes.append(
                f"this processor has no {self.dtype} units: a long prompt or a batch is slower "
                "than in float32"
            )
        return notes


class LayerByLayer:
    """A Llama for packing: each layer is read when it is reached, and forgotten after it.

    So the packed weights and one layer are all that is ever there.
    """

    def __init__(
        self,
        checkpoint: checkpoints.Checkpoint,
        dtype: torch.dtype,
        device: torch.device,
        causal: bool | None = None,
    ) -> None:
        self.checkpoint, self.dtype, self.device = checkpoint, dtype, device
        skeleton = Llama.skeleton(checkpoint, causal=causal)
        self.config = skeleton.config
        self.tok_embeddings = self._read(skeleton.tok_embeddings, "tok_embeddings.")
        self.norm = self._read(skeleton.norm, "norm.")
        self._output = skeleton.output

    @property
    def output(self) -> torch.nn.Module:
        """The projection to the logits: the embeddings, or read when it is reached."""
        if self.config.tie_embeddings:
            return self.tok_embeddings
        return self._read(self._output, "output.")

    @property
    def layers(self) -> Iterator[torch.nn.Module]:
        """Each layer in turn, with a bar on a terminal."""
        numbers = range(self.config.n_layers)
        for i in tqdm(numbers, "packing", unit=" layers", leave=False, disable=None):
            with torch.device("meta"), WithoutInitialisation():
                layer = LlamaLayer(i, self.config)
            yield self._read(layer, f"layers.{i}.")

    def _read(self, module: torch.nn.Module, prefix: str) -> torch.nn.Module:
        """Fill a part of the model, whose weights' names begin so."""
        names = {name: prefix + name for name in module.state_dict()}
        tensors = self.checkpoint.tensors
        state = {name: tensors[whole].to(self.device, self.dtype) for name, whole in names.items()}
        module.load_state_dict(state, assign=True)
        return_memory()  # of the layer before
        return module.eval()


def require_room(
    checkpoint: checkpoints.Checkpoint, skeleton: Llama, options: Engine, device: torch.device
) -> None:
    """Raise a ValueError when the weights do not fit into memory, saying what would."""
    if device.type != "cpu":
        return

    def needed(form: Engine) -> float:
        layer = sum(p.numel() for p in skeleton.layers[0].parameters())
        largest = max(math.prod(shape) for shape in checkpoint.shapes.values())
        converted = DTYPES[form.dtype].itemsize * layer + COPIES * 4 * largest
        return form.held_bytes(skeleton, device) + converted + form.compile * COMPILER

    def remedy(free: int) -> str:
        if options.trained:
            return "--freeze trains the head alone, a smaller model takes less"
        forms = {"dtype bfloat16": Engine(options.name, "bfloat16")}
        if Decoder is not None and options.name != "taught":
            forms["quantize int8"] = Engine(options.name, quantize="int8")
        sizes = {f"--{flag}": needed(form) for flag, form in forms.items()}
        fit = [f"{flag} takes {size_in_words(n)}" for flag, n in sizes.items() if n <= free]
        return ", ".join(fit) or "free some memory, or take a smaller model"

    what = f"the weights take, in {options.quantize or options.dtype},"
    if options.trained:
        what = "weights, gradients and AdamW's moments take"
    what = f"{checkpoint.path}: {what}"
    require_memory(needed(options), what, remedy)
