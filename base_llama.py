"""What the course gives around the model that `llama.py` spells out: how its weights begin, how
many they are, and the way from and to a checkpoint. Shapes: see config.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from tqdm import tqdm

import checkpoints
from config import LlamaConfig
from support.words import size_in_words


@dataclass(frozen=True)
class Footprint:
    """How large a model is; `str()` gives one line."""

    parts: Mapping[str, int]  # parameters in each part, tied ones once
    weight_bytes: int
    cache_bytes_per_token: int  # keys and values of one token, in the dtype of the weights

    @property
    def parameters(self) -> int:
        return sum(self.parts.values())

    def __str__(self) -> str:
        return (
            f"{self.parameters:,} parameters, {size_in_words(self.weight_bytes)} of weights, "
            f"{size_in_words(self.cache_bytes_per_token)} of cache per token"
        )


class WithoutInitialisation(TorchFunctionMode):
    """In it, `torch.nn.init` does nothing: for weights that are about to be replaced.

    On the meta device there is nothing to fill, and yet a second would pass: torch looks for a way
    to draw random numbers there, and imports its compiler for that.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        if getattr(function, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return function(*args, **kwargs)


class LlamaPreTrainedModel(nn.Module):
    """Initialisation, counting, and the way from and to a checkpoint; `Llama` builds on it."""

    tok_embeddings: nn.Embedding  # these two are made by the model itself
    output: nn.Linear

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__()
        self.config = config
        self.vocab_size = config.vocab_size
        self.n_layers = config.n_layers

    @property
    def dtype(self) -> torch.dtype:
        return next(self.parameters()).dtype

    @property
    def device(self) -> torch.device:
        return next(self.parameters()).device

    def init_weights(self) -> None:
        """Normal(0, 0.02), and a smaller deviation where a layer adds to the residual stream.

        Two projections per layer write into the stream, `compute_output` of the attention and
        `w2` of the feed-forward. Scaled by 1 / sqrt(2 * n_layers), as in GPT-2 (Radford et al.
        2019, section 2.3), their sum keeps its variance however deep the stack. (The course's
        code scales `w3`, which writes nothing into the stream.)
        """
        for name, parameter in self.named_parameters():
            if name.endswith(("compute_output.weight", "w2.weight")):
                nn.init.normal_(parameter, std=0.02 / math.sqrt(2 * self.n_layers))
            elif parameter.ndim == 2:
                nn.init.normal_(parameter, std=0.02)

    def footprint(self) -> Footprint:
        """Parameters by part, and the memory they and a token's keys and values take."""
        parts = dict.fromkeys(("embeddings", "attention", "feed_forward", "norms", "output"), 0)
        for name, parameter in self.named_parameters():  # a tied matrix comes once
            if name.startswith("tok_embeddings"):
                part = "embeddings"
            elif name.startswith("output"):
                part = "output"
            elif "norm" in name:
                part = "norms"
            else:
                part = "attention" if ".attention." in name else "feed_forward"
            parts[part] += parameter.numel()
        size = next(self.parameters()).element_size()
        config = self.config
        cached = 2 * config.n_layers * config.n_kv_heads * config.head_dim * size
        weight_bytes = sum(p.numel() * p.element_size() for p in self.parameters())
        return Footprint(parts, weight_bytes, cached)

    def activation_bytes(self, B: int, T: int) -> float:
        """About how many bytes autograd keeps of one layer that reads (B, T, C) in float32."""
        config, C = self.config, self.config.dim
        F = self.get_parameter("layers.0.feed_forward.w1.weight").shape[0]
        norms = 6 * C  # two norms of three tensors: the input, normalised, scaled
        # Queries, repeated keys and values, the attended, copied in order.
        attention = 5 * config.n_heads * config.head_dim
        projected = 2 * config.n_kv_heads * config.head_dim
        feed_forward = 4 * F  # gate, its SiLU, up, their product
        weights = config.n_heads * T  # of the attention, for one query
        return 4.0 * B * T * (norms + attention + projected + feed_forward + weights)

    @classmethod
    def from_checkpoint(
        cls,
        checkpoint: checkpoints.Checkpoint,
        *,
        dtype: torch.dtype | None = torch.float32,
        causal: bool | None = None,
    ) -> Self:
        """Build the model that a checkpoint describes, in eval mode, around its own tensors.

        Nothing is initialised or copied: the parameters are the checkpoint's (memory-mapped)
        tensors, unless `dtype` asks for another type than the file holds (None: the file's). They
        are converted one at a time, so that no second copy of all of them is ever there.

        Raises:
            ValueError: tensors are missing, unexpected or of another shape; each is named.
        """
        model = cls.skeleton(checkpoint, causal=causal)
        names = tqdm(checkpoint.tensors, "reading", unit=" tensors", leave=False, disable=None)
        tensors = {}
        for name in names:  # the bar shows on a terminal only: an error is one line
            tensor = checkpoint.tensors[name]
            tensors[name] = tensor if dtype is None else tensor.to(dtype)
        if model.config.tie_embeddings:
            tensors["output.weight"] = tensors["tok_embeddings.weight"]
        model.load_state_dict(tensors, assign=True)
        model.tie_weights()  # assigning made two parameters of one tensor
        return model.eval()

    @classmethod
    def skeleton(cls, checkpoint: checkpoints.Checkpoint, *, causal: bool | None = None) -> Self:
        """The model that a checkpoint describes, on the meta device: shapes without weights.

        Raises:
            ValueError: tensors are missing, unexpected or of another shape; each is named.
        """
        config = checkpoint.config
        if causal is not None:
            config = replace(config, causal=causal)
        checkpoints.require_layers(checkpoint)  # before a stack of that depth is built
        with torch.device("meta"), WithoutInitialisation():
            model = cls(config)
        expected = model.state_dict()
        if config.tie_embeddings:
            del expected["output.weight"]  # the model's second name for tok_embeddings.weight
        checkpoints.require_tensors(checkpoint, expected)
        return model

    def tie_weights(self) -> None:
        """Make input embedding and output projection one parameter, if the configuration says so.

        Press and Wolf 2016, https://arxiv.org/abs/1608.05859.
        """
        if self.config.tie_embeddings:
            self.output.weight = self.tok_embeddings.weight

    def save_pretrained(self, path: str | PathLike[str]) -> None:
        """Write the course's `.pt`: atomically, without a compiler's prefixes, tied weights once.

        Raises:
            ValueError: the file cannot be written; nothing is left under its name.
        """
        checkpoints.write(path, self.config, self.state_dict())
