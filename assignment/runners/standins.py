"""Stand-ins for the parts around a task, plain enough for NumPy to repeat (`reference.py`).

They keep what matters of the real parts: an attention that obeys mask and context, a language
model in which order counts and padding does not.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from assignment.cases import FADING
from base_llama import LlamaPreTrainedModel
from cache import AttentionContext, KeyValueCache, attention_context, last_real_states
from config import LlamaConfig


class StandInNorm(nn.Module):
    """Scales each feature, and no more."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor) -> Tensor:
        return x * self.weight


class StandInAttention(nn.Module):
    """Averages what the context lets a token see, all alike, and projects it."""

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        self.weight = nn.Parameter(weight)

    def forward(self, x: Tensor, context: AttentionContext | None = None) -> Tensor:
        if context is None or context.visible is None:
            seen = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).tril()
        else:
            seen = context.visible
        weights = seen.to(x.dtype).expand(len(x), 1, -1, -1)[:, 0]  # (B, T, T)
        return weights / weights.sum(-1, keepdim=True) @ x @ self.weight


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
        B, T = tokens.shape
        x = self.tok_embeddings(tokens)
        context = attention_context(self.config, B, T, tokens.device, mask, cache)
        if context.cache is not None:
            x = context.cache.update(0, x[:, :, None], x[:, :, None])[0][:, :, 0]  # (B, S, C)
        seen = x.new_ones(B, T, x.shape[1])  # one new token alone sees everything
        if context.visible is not None:
            seen = seen * context.visible.expand(B, 1, -1, -1)[:, 0]
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
        h = self.hidden_states(tokens, mask, cache)
        wanted = h if targets is not None else last_real_states(h, mask)[:, None]
        return self.output(wanted), h
