"""Stand-ins for the parts around a task, plain enough for NumPy to repeat (`reference.py`).

They keep what matters of the real parts: an attention that obeys mask and context, a language
model in which order counts and padding does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from assignment.cases import FADING
from assignment.tasks import PROJECT
from base_llama import LlamaPreTrainedModel
from cache import AttentionContext, KeyValueCache, attention_context
from config import LlamaConfig, RopeScaling


@contextmanager
def in_place_of(function: Callable[..., Any], other: Callable[..., Any]) -> Iterator[None]:
    """Use another function wherever a module of this tree knows one by name."""
    places = [
        (module, name)
        for module in list(sys.modules.values())
        if str(getattr(module, "__file__", "")).startswith(str(PROJECT))
        for name, value in list(vars(module).items())
        if value is function
    ]
    with ExitStack() as stack:
        for module, name in places:
            stack.enter_context(mock.patch.object(module, name, other))
        yield


def stand_in_rotary(
    query: Tensor,
    key: Tensor,
    head_dim: int,
    max_seq_len: int,
    theta: float = 10000.0,
    positions: Tensor | None = None,
    scaling: RopeScaling | None = None,
) -> tuple[Tensor, Tensor]:
    """Stretches where RoPE turns, the more the later a token stands; it takes what RoPE takes."""
    _, length, _, width = query.shape
    if length > max_seq_len or {width, key.shape[-1]} != {head_dim}:
        raise ValueError(f"head_dim={head_dim} and max_seq_len={max_seq_len} do not fit the query")
    places = torch.arange(length) if positions is None else positions
    slowed = places if scaling is None else places / scaling.factor
    stretch = (1 + slowed / theta**0.5)[..., None, None].to(query.dtype)
    return query * stretch, key * stretch


def stand_in_draw(
    logits: Tensor, temperature: float, generator: torch.Generator | None = None
) -> Tensor:
    """The best token of each row at temperature 0, else the second, where a filter has left one."""
    first, second = logits.topk(2).indices.split(1, dim=-1)
    torch.rand(1, generator=generator)  # so that it shows who was asked
    none = logits.gather(-1, second) == float("-inf")
    return first if temperature == 0 else torch.where(none, first, second)


class StandInNorm(nn.Module):
    """Scales each feature, and no more."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class StandInAttention(nn.Module):
    """Averages what the context lets a token see, all alike, and projects it."""

    def __init__(self, weight: Tensor, layer_id: int = 0) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)
        self.layer_id = layer_id

    def forward(self, x: Tensor, context: AttentionContext | None = None) -> Tensor:
        rows, T = x.shape[:2]
        seen = torch.ones(T, T, dtype=torch.bool).tril() if context is None else context.visible
        if context is not None and context.cache is not None:
            x = context.cache.update(self.layer_id, x[:, :, None], x[:, :, None])[0][:, :, 0]
        weights = x.new_ones(rows, T, x.shape[1])  # (B, T, S)
        if seen is not None:
            weights = weights * seen.expand(rows, 1, -1, -1)[:, 0]
        return weights / weights.sum(-1, keepdim=True) @ x @ self.weight


class StandInLayer(nn.Module):
    """Adds to the stream what the stand-in of attention finds in it."""

    def __init__(self, weight: Tensor, layer_id: int) -> None:
        super().__init__()
        self.attention = StandInAttention(weight, layer_id)

    def forward(self, x: Tensor, context: AttentionContext | None = None) -> Tensor:
        attended: Tensor = self.attention(x, context)
        return x + attended


class StandInFeedForward(nn.Module):
    """One projection and a tanh."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(x @ self.weight)


class StandInLlama(LlamaPreTrainedModel):
    """A language model without layers: a token's state is a fading sum of what stands before it.

    It has the methods of `Llama` that a classifier may call, its cache and its mask.
    """

    def __init__(self, embeddings: Tensor) -> None:
        vocab_size, dim = embeddings.shape
        super().__init__(
            LlamaConfig(
                vocab_size=vocab_size, dim=dim, n_layers=1, n_heads=1, n_kv_heads=1, max_seq_len=32
            )
        )
        self.tok_embeddings = nn.Embedding(vocab_size, dim, _weight=embeddings)
        self.output = nn.Linear(dim, vocab_size, bias=False)
        self.tie_weights()

    def new_cache(self, batch_size: int, capacity: int | None = None) -> KeyValueCache:
        """As `TextGenerator.new_cache`, whose file imports one that a learner writes in."""
        return KeyValueCache(self.config, batch_size, capacity, dtype=self.dtype)

    def hidden_states(
        self, tokens: Tensor, mask: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """(B, T) tokens to (B, T, C)."""
        x = self.tok_embeddings(tokens)
        rows, T = tokens.shape
        context = attention_context(self.config, rows, T, tokens.device, mask, cache)
        if context.cache is not None:
            x = context.cache.update(0, x[:, :, None], x[:, :, None])[0][:, :, 0]  # (B, S, C)
        seen = x.new_ones(rows, T, x.shape[1])  # one new token alone sees everything
        if context.visible is not None:
            seen = seen * context.visible.expand(rows, 1, -1, -1)[:, 0]
        age = seen.sum(dim=-1, keepdim=True) - seen.cumsum(dim=-1)  # padding does not count
        return torch.tanh(FADING**age * seen @ x)

    def forward(
        self,
        tokens: Tensor,
        targets: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor]:
        """As `Llama.forward`."""
        states = self.hidden_states(tokens, mask, cache)
        logits: Tensor = self.output(states)
        if targets is None:
            real = torch.ones_like(tokens) if mask is None else mask
            ends = [row.nonzero()[-1] for row in real]
            logits = torch.stack([x[end] for x, end in zip(logits, ends, strict=True)])
        return logits, states
