"""What stands around the model that `llama.py` spells out: mask, cache, counting, weights.

`attention_mask` is the only place where a mask is built, `KeyValueCache` the only place where
old keys and values are kept, `LlamaPreTrainedModel` the only way in and out of a checkpoint.
Shapes: see config.py.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from os import PathLike
from typing import Any, Self

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

import checkpoints
from config import LlamaConfig
from support.processor import free_memory


def attention_mask(
    T: int, *, causal: bool, past: int = 0, real: Tensor | None = None, device: Any = None
) -> Tensor | None:
    """Which of S = past + T tokens each of the T newest may attend to.

    Args:
        T: number of queries.
        causal: no query sees a later token.
        past: tokens before the first query (in a cache).
        real: (B, S) boolean, False where a token is padding; None means nowhere.
        device: where to build it.

    Returns:
        Boolean, broadcastable to (B, H, T, S), True where attention is allowed; None when
        everything is allowed.
    """
    S = past + T
    if real is None and (T == 1 or not causal):
        return None
    everything = torch.ones(T, S, dtype=torch.bool, device=device)
    seen = everything.tril(past) if causal else everything  # (T, S)
    if real is None:
        return seen
    # A padding token attends at least to itself: a row without any True would turn into NaN in
    # the softmax, and NaN times a weight of zero is still NaN one layer further up.
    itself = everything.tril(past).triu(past)
    return ((seen & real[:, None, :]) | itself)[:, None]  # (B, 1, T, S)


class KeyValueCache:
    """The keys and values of the tokens a model has already seen, so that a new one costs one.

    Slots are filled from left to right, the same for every row; a slot that holds padding in one
    row is marked so in `real` and never attended to. Positions count the real tokens only.
    """

    def __init__(
        self,
        config: LlamaConfig,
        batch_size: int,
        capacity: int | None = None,
        *,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        """Reserve room for `capacity` slots (default: max_seq_len) in each layer.

        Raises:
            ValueError: the memory that is free does not hold it.
        """
        self.capacity = config.max_seq_len if capacity is None else capacity
        # A head's slots are neighbours, since a query reads them all, one head at a time.
        shape = (config.n_layers, batch_size, config.n_kv_heads, self.capacity, config.head_dim)
        require_memory(shape, device, dtype)
        self.keys = torch.empty(shape, device=device, dtype=dtype)
        self.values = torch.empty(shape, device=device, dtype=dtype)
        self.real = torch.ones(batch_size, self.capacity, dtype=torch.bool, device=device)
        self.padded = False  # whether any slot holds padding
        self.length = 0  # slots in use

    def reserve(self, batch_size: int, T: int, mask: Tensor | None) -> Tensor:
        """Take the next T slots; returns the (B, T) or (T,) positions of their tokens.

        Raises:
            ValueError: the slots do not suffice, or the batch has another number of rows.
        """
        if batch_size != self.real.shape[0]:
            raise ValueError(
                f"a batch of {batch_size} rows and a cache of {self.real.shape[0]}: "
                "use one cache for each batch"
            )
        start, end = self.length, self.length + T
        if end > self.capacity:
            raise ValueError(
                f"{end} tokens exceed the cache's {self.capacity} slots: "
                "start a new cache with the end of the text"
            )
        self.length = end
        if mask is not None:
            self.real[:, start:end] = mask
            self.padded = self.padded or not bool(mask.all())
        if not self.padded:
            return torch.arange(start, end, device=self.real.device)
        return count_positions(self.real[:, :end])[:, start:]

    def truncate(self, length: int) -> None:
        """Forget what stands in the slots from `length` on."""
        self.real[:, length : self.length] = True
        self.length = length

    def update(self, layer_id: int, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Store a layer's new (B, T, KV, D) keys and values; returns all of them, (B, S, KV, D)."""
        start = self.length - key.shape[1]
        kept = []
        for slots, new in ((self.keys[layer_id], key), (self.values[layer_id], value)):
            slots[:, :, start : self.length] = new.transpose(1, 2)
            kept.append(slots[:, :, : self.length].transpose(1, 2))
        return kept[0], kept[1]


def require_memory(shape: tuple[int, ...], device: Any, dtype: torch.dtype | None) -> None:
    """Raise a ValueError when two tensors of a cache's shape do not fit into a processor's memory.

    The system would hand them out, and stop the program once they are filled.
    """
    free = free_memory()
    if free is None or torch.device(device or "cpu").type != "cpu":
        return
    _, rows, _, capacity, _ = shape
    needed = 2 * math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    if needed > free:
        raise ValueError(
            f"keys and values of {rows} x {capacity} tokens take {needed / 1e9:,.1f} GB and "
            f"{free / 1e9:,.1f} GB are free: {int(rows * free / needed)} rows would fit"
        )


def count_positions(real: Tensor) -> Tensor:
    """(B, T) positions that count real tokens only, so that padding moves nothing."""
    return (real.cumsum(dim=1) - 1).clamp(min=0)


def last_real(h: Tensor, mask: Tensor | None) -> Tensor:
    """The (B, C) states of each row's last real token; no mask means that all are real."""
    if mask is None:
        return h[:, -1]
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1)  # argmax finds the first True
    return h[torch.arange(len(h), device=h.device), last]


@dataclass(frozen=True)
class AttentionContext:
    """What attention needs to know beside its input; the layers hand it on unopened."""

    mask: Tensor | None  # boolean, broadcastable to (B, H, T, S); None: everything is visible
    positions: Tensor | None  # (T,) or (B, T); None: 0 .. T-1
    cache: KeyValueCache | None


def check_mask(mask: Tensor, shape: tuple[int, ...], empty_rows: bool = False) -> None:
    """Raise a ValueError unless `mask` says for (B, T) tokens which are real."""
    if mask.dtype != torch.bool or mask.shape != shape:
        raise ValueError(
            f"mask of shape {tuple(mask.shape)} and {mask.dtype}: must be torch.bool and "
            f"{tuple(shape)}, True where a token is real"
        )
    if not empty_rows and not bool(mask.any(dim=1).all()):
        raise ValueError("mask: a row has no real token; leave empty rows out of the batch")


def attention_context(
    config: LlamaConfig,
    batch_size: int,
    T: int,
    device: Any,
    mask: Tensor | None = None,
    cache: KeyValueCache | None = None,
) -> AttentionContext:
    """Work out mask and positions of T new tokens, and take their slots in the cache.

    Args:
        mask: (B, T) boolean, True where a token is real; None means everywhere.

    Raises:
        ValueError: the text is too long, the mask is of another shape or dtype, a row has no real
            token, or a bidirectional model is given a cache.
    """
    if mask is not None:
        check_mask(mask, (batch_size, T), empty_rows=cache is not None)
    past = 0 if cache is None else cache.length
    if past + T > config.max_seq_len:
        raise ValueError(
            f"{past + T} tokens exceed max_seq_len={config.max_seq_len}: shorten the input"
        )
    if cache is None:
        positions = None if mask is None else count_positions(mask)
        real = mask
    else:
        if not config.causal:
            raise ValueError(
                "a bidirectional model (causal=False) has no use for a cache: "
                "each new token changes the old ones"
            )
        positions = cache.reserve(batch_size, T, mask)
        real = cache.real[:, : past + T] if cache.padded else None
    visible = attention_mask(T, causal=config.causal, past=past, real=real, device=device)
    return AttentionContext(visible, positions, cache)


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
            f"{self.parameters:,} parameters, {self.weight_bytes / 1e6:,.0f} MB of weights, "
            f"{self.cache_bytes_per_token / 1e3:,.1f} kB of cache per token"
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

    def new_cache(self, batch_size: int, capacity: int | None = None) -> KeyValueCache:
        """An empty cache on the model's device and in its dtype; see `KeyValueCache`."""
        return KeyValueCache(
            self.config, batch_size, capacity, device=self.device, dtype=self.dtype
        )

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
        tensors, unless `dtype` asks for another type than the file holds (None: the file's).

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
        tensors = {
            name: tensor if dtype is None else tensor.to(dtype)
            for name, tensor in checkpoint.tensors.items()
        }
        if config.tie_embeddings:
            tensors["output.weight"] = tensors["tok_embeddings.weight"]
        model.load_state_dict(tensors, assign=True)
        model.tie_weights()  # assigning made two parameters of one tensor
        return model.eval()

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
