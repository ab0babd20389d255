"""Other ways than the last token to make one vector of a text's states."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cache import last_real_states
from classifier import LlamaEmbeddingClassifier
from llama import Llama

POOLING_METHODS = (
    "last_token",
    "cls_token",
    "mean_pooling",
    "max_pooling",
    "attention_pooling",
)


def pool(method: str, h: Tensor, mask: Tensor, scores: Tensor | None = None) -> Tensor:
    """(B, T, C) states to (B, C), padding left out.

    Args:
        method: `last_token`; `cls_token`, the first real token; `mean_pooling`; `max_pooling`,
            of each feature; `attention_pooling`, weighted by the softmax of `scores`.
        mask: (B, T) boolean, True where a token is real.
        scores: (B, T), for attention_pooling.
    """
    real = mask[..., None]
    if method == "last_token":
        return last_real_states(h, mask)
    if method == "cls_token":
        return h[torch.arange(len(h), device=h.device), mask.int().argmax(dim=1)]
    if method == "mean_pooling":
        return (h * real).sum(dim=1) / real.sum(dim=1)
    if method == "max_pooling":
        return h.masked_fill(~real, float("-inf")).amax(dim=1)
    assert method == "attention_pooling"
    assert scores is not None
    weights = F.softmax(scores.masked_fill(~mask, float("-inf")), dim=1)
    return (weights[..., None] * h).sum(dim=1)


class PoolingClassifier(LlamaEmbeddingClassifier):
    """The embedding classifier with another pooling than the last token."""

    def __init__(self, config: Any, method: str, llama: Llama | None = None) -> None:
        super().__init__(config, llama)
        self.method = method
        self.attention = nn.Linear(self.llama.config.dim, 1) if "attention" in method else None

    def forward(self, input_ids: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, T) tokens to (B, classes) log-probabilities, as the class it derives from."""
        if mask is None:
            mask = torch.ones_like(input_ids, dtype=torch.bool)
        h = self.llama.hidden_states(input_ids, mask)
        scores = None if self.attention is None else self.attention(h).squeeze(-1).float()
        pooled = pool(self.method, h, mask, scores)[:, None]  # (B, 1, C): a text of one token
        # From here on classifier.py's own code goes on, as for states that are kept
        states = SimpleNamespace(hidden_states=lambda tokens, mask=None: pooled)
        own = SimpleNamespace(
            llama=states, dropout=self.dropout, classifier_head=self.classifier_head
        )
        return LlamaEmbeddingClassifier.forward(
            cast(LlamaEmbeddingClassifier, own), input_ids[:, :1]
        )


def make_classifier(config: Any, method: str, llama: Llama) -> LlamaEmbeddingClassifier:
    """The classifier for a pooling method; `last_token` is classifier.py's own."""
    if method == "last_token":
        return LlamaEmbeddingClassifier(config, llama)
    return PoolingClassifier(config, method, llama)
