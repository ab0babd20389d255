"""What attention is told beside its input: what is visible, where it stands, what came before.

Two things must not be confused, and have names of their own here:

- `mask` (B, T) says which tokens are real and which are padding. Whoever made the batch knows.
- `visible` (B, H, T, S), or what broadcasts to it, says which of S tokens each of T queries may
  attend to: none that is padding, and none that comes later. `visible_tokens` works it out.

`attention_context` makes the one of the other, with positions and cache, once for each call of a
model. Shapes: see config.py.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from config import LlamaConfig
from support.processor import require_memory


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
        require_room(shape, device, dtype)
        self.keys = torch.empty(shape, device=device, dtype=dtype)
        self.values = torch.empty(shape, device=device, dtype=dtype)
        self.real = torch.ones(batch_size, self.capacity, dtype=torch.bool, device=device)
        self.padded = False  # whether any slot holds padding
        self.length = 0  # slots in use

    def take_slots(self, batch_size: int, T: int, mask: Tensor | None) -> Tensor:
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


def require_room(shape: tuple[int, ...], device: Any, dtype: torch.dtype | None) -> None:
    """Raise a ValueError when two tensors of a cache's shape do not fit into a processor's memory.

    The system would hand them out, and stop the program once they are filled.
    """
    if torch.device(device or "cpu").type != "cpu":
        return
    _, rows, _, capacity, _ = shape
    needed = 2 * math.prod(shape) * torch.empty(0, dtype=dtype).element_size()
    what = f"keys and values of {rows} x {capacity} tokens take"
    require_memory(needed, what, lambda free: f"{int(rows * free / needed)} rows would fit")


@dataclass(frozen=True)
class AttentionContext:
    """What attention needs to know beside its input; the layers hand it on unopened."""

    visible: Tensor | None  # boolean, broadcastable to (B, H, T, S); None: everything is visible
    positions: Tensor | None  # (T,) or (B, T); None: 0 .. T-1
    cache: KeyValueCache | None


def attention_context(
    config: LlamaConfig,
    batch_size: int,
    T: int,
    device: Any,
    mask: Tensor | None = None,
    cache: KeyValueCache | None = None,
) -> AttentionContext:
    """What the layers are told of T new tokens, whose slots in the cache are taken by this call.

    Args:
        mask: (B, T) boolean, True where a token is real; None means everywhere.

    Raises:
        ValueError: the text is too long, the mask is of another shape or dtype, a row has no real
            token, or a bidirectional model is given a cache.
    """
    past = 0 if cache is None else cache.length
    check_tokens(config, batch_size, past, T, mask, cache)
    if cache is None:
        positions = None if mask is None else count_positions(mask)
        real = mask
    else:
        positions = cache.take_slots(batch_size, T, mask)
        real = cache.real[:, : past + T] if cache.padded else None
    visible = visible_tokens(T, causal=config.causal, past=past, real=real, device=device)
    return AttentionContext(visible, positions, cache)


def check_tokens(
    config: LlamaConfig,
    batch_size: int,
    past: int,
    T: int,
    mask: Tensor | None,
    cache: KeyValueCache | None,
) -> None:
    """Raise a ValueError when T more tokens do not fit the model, the mask or the cache."""
    if mask is not None:
        check_mask(mask, (batch_size, T), empty_rows=cache is not None)
    if past + T > config.max_seq_len:
        raise ValueError(
            f"{past + T} tokens exceed max_seq_len={config.max_seq_len}: shorten the input"
        )
    if cache is not None and not config.causal:
        raise ValueError(
            "a bidirectional model (causal=False) has no use for a cache: "
            "each new token changes the old ones"
        )


def check_mask(mask: Tensor, shape: tuple[int, ...], empty_rows: bool = False) -> None:
    """Raise a ValueError unless `mask` says for (B, T) tokens which are real."""
    if mask.dtype != torch.bool or mask.shape != shape:
        raise ValueError(
            f"mask of shape {tuple(mask.shape)} and {mask.dtype}: must be torch.bool and "
            f"{tuple(shape)}, True where a token is real"
        )
    if not empty_rows and not bool(mask.any(dim=1).all()):
        raise ValueError("mask: a row has no real token; leave empty rows out of the batch")


def visible_tokens(
    T: int, *, causal: bool, past: int = 0, real: Tensor | None = None, device: Any = None
) -> Tensor | None:
    """Which of S = past + T tokens each of the T newest may attend to.

    Four tokens, causal, the first of them padding (a row for each query, x where it may look):

        query 0   x . . .    padding attends to itself alone
        query 1   . x . .
        query 2   . x x .
        query 3   . x x x

    1. Query t of the newest stands at past + t among all S. With `causal` it may see the tokens up
       to there, itself included; without, every token.
    2. Padding is seen by nobody: where `real` is False, so is the column, in that row of the batch.
    3. But every token sees itself, padding too: a row without any True would turn into NaN in the
       softmax, and NaN times a weight of zero is still NaN one layer further up.

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
    itself = everything.tril(past).triu(past)
    return ((seen & real[:, None, :]) | itself)[:, None]  # (B, 1, T, S)


def count_positions(mask: Tensor) -> Tensor:
    """(B, T) positions that count real tokens only, so that padding moves nothing."""
    return (mask.cumsum(dim=1) - 1).clamp(min=0)


def last_real_states(h: Tensor, mask: Tensor | None) -> Tensor:
    """(B, T, C) states to (B, C): those of each row's last real token; no mask: all are real."""
    if mask is None:
        return h[:, -1]
    last = mask.shape[1] - 1 - mask.flip(1).int().argmax(dim=1)  # argmax finds the first True
    return h[torch.arange(len(h), device=h.device), last]
