"""Llama, bottom-up: RMSNorm > Attention > FeedForward > LlamaLayer > Llama.

Llama 2, Touvron et al. 2023, https://arxiv.org/abs/2307.09288: decoder layers normalised before
each of their two parts, with rotary positions, grouped-query attention, SwiGLU and no bias.
The letters of the shape comments are declared in config.py; what attention is told of padding and
of older tokens comes from cache.py.
"""

from __future__ import annotations

import math
from os import PathLike

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import checkpoints
from base_llama import LlamaPreTrainedModel
from cache import AttentionContext, KeyValueCache, attention_context, last_real_states
from config import LlamaConfig
from generation import TextGenerator
from rope import apply_rotary_emb


class RMSNorm(nn.Module):
    """Root mean square layer normalisation: divide by the magnitude, then scale each feature.

    Zhang and Sennrich 2019, https://arxiv.org/abs/1910.07467, equation 4.
    """

    def __init__(self, dim: int, eps: float = 1e-6) -> None:
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def _norm(self, x: Tensor) -> Tensor:
        """Divide each vector by the root of the mean of its squares.

        1. The mean of x squared over the last axis, one number per token;
        2. plus eps, inside the root, so that a zero vector stays zero;
        3. multiply x by the reciprocal of the root.

        The weight is not applied here; `forward` does that.

        Args:
            x: (..., C), float32 at least.

        Returns:
            (..., C), with a root mean square of about 1.
        """
        return x * torch.rsqrt(x.pow(2).mean(dim=-1, keepdim=True) + self.eps)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise (..., C) in float32 at least, since half precision overflows at 256 squared."""
        wide = x.to(torch.promote_types(x.dtype, torch.float32))
        return (self._norm(wide) * self.weight).type_as(x)


class Attention(nn.Module):
    """Causal self-attention with grouped queries: H query heads share KV key/value heads.

    Which query head meets which key/value head, for H = 6 and KV = 2, so three (`n_rep`) to each:

        query head        0   1   2   3   4   5
                          +---+---+   +---+---+
                              |           |
        key/value head        0           1

    Ainslie et al. 2023, https://arxiv.org/abs/2305.13245, section 2.2.
    """

    def __init__(self, config: LlamaConfig, layer_id: int = 0) -> None:
        super().__init__()
        self.config = config
        self.layer_id = layer_id  # which part of the key/value cache is this layer's
        self.n_rep = config.n_heads // config.n_kv_heads  # query heads per key/value head
        self.compute_query = nn.Linear(config.dim, config.n_heads * config.head_dim, bias=False)
        self.compute_key = nn.Linear(config.dim, config.n_kv_heads * config.head_dim, bias=False)
        self.compute_value = nn.Linear(config.dim, config.n_kv_heads * config.head_dim, bias=False)
        self.compute_output = nn.Linear(config.n_heads * config.head_dim, config.dim, bias=False)
        self.attn_dropout = nn.Dropout(config.dropout)
        self.resid_dropout = nn.Dropout(config.dropout)

    def compute_query_key_value_scores(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """Scaled dot-product attention, all heads at once.

        Vaswani et al. 2017, https://arxiv.org/abs/1706.03762, equation 1.

        1. The dot product of every query with every key, divided by sqrt(D);
        2. -inf where the mask forbids it;
        3. a softmax over the keys turns a query's scores into weights;
        4. `self.attn_dropout` on the weights;
        5. the weighted sum of the values.

        Args:
            query: (B, H, T, D).
            key, value: (B, H, S, D); S exceeds T when older tokens come from a cache.
            mask: what is visible: boolean, broadcastable to (B, H, T, S), True where a query may
                attend; None means everywhere. (The name is the course's; everywhere else here a
                `mask` is (B, T) and says which tokens are real.)

        Returns:
            (B, H, T, D), the attended values (and no scores, whatever the course's name says).
        """
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (B, H, T, S)
        if mask is not None:
            scores = scores.masked_fill(~mask, float("-inf"))
        weights = self.attn_dropout(F.softmax(scores, dim=-1))
        return weights @ value

    def forward(self, x: Tensor, context: AttentionContext | None = None) -> Tensor:
        """Multi-head attention: tokens attend to one another, and to older ones from a cache.

        1. Without a context, `attention_context` makes one: tokens 0 .. T-1, all of them real.
        2. Project x to queries, (B, T, H, D), and to keys and values, (B, T, KV, D).
        3. `apply_rotary_emb` turns queries and keys, not values, at `context.positions`; what else
           it takes is in `self.config`, its theta and its scaling as well.
        4. With a cache, `update` it, under `self.layer_id`: all S keys and values come back.
        5. Repeat each key/value head for the `self.n_rep` query heads that share it.
        6. `compute_query_key_value_scores` of (B, H, ., D), with what the context says is visible.
        7. Each token's heads side by side, (B, T, H * D), which need not be C wide.
        8. `self.compute_output`, then `self.resid_dropout`.

        Args:
            x: (B, T, C).
            context: what is visible, positions and cache.

        Returns:
            (B, T, C).
        """
        B, T, _ = x.shape
        D = self.config.head_dim
        if context is None:
            context = attention_context(self.config, B, T, x.device)

        query = self.compute_query(x).view(B, T, -1, D)  # (B, T, H, D)
        key = self.compute_key(x).view(B, T, -1, D)  # (B, T, KV, D)
        value = self.compute_value(x).view(B, T, -1, D)
        scaling = {"scaling": self.config.rope_scaling} if self.config.rope_scaling else {}
        query, key = apply_rotary_emb(
            query, key, D, self.config.max_seq_len, self.config.rope_theta, context.positions,
            **scaling,
        )  # fmt: skip
        if context.cache is not None:  # keys are cached after RoPE: a token's position is final
            key, value = context.cache.update(self.layer_id, key, value)  # (B, S, KV, D)

        # Query heads 0 .. n_rep-1 use key/value head 0, and so on: repeat each, not the sequence.
        key = key.repeat_interleave(self.n_rep, dim=2)  # (B, S, H, D)
        value = value.repeat_interleave(self.n_rep, dim=2)
        attended = self.compute_query_key_value_scores(
            query.transpose(1, 2), key.transpose(1, 2), value.transpose(1, 2), context.visible
        )  # (B, H, T, D)
        joined = attended.transpose(1, 2).reshape(B, T, -1)  # (B, T, H * D)
        return self.resid_dropout(self.compute_output(joined))


class FeedForward(nn.Module):
    """The SwiGLU feed-forward: `w1` is the gate, `w3` goes up, `w2` comes down again.

    Shazeer 2020, https://arxiv.org/abs/2002.05202, equation 6.
    """

    def __init__(self, dim: int, hidden_dim: int | None, multiple_of: int, dropout: float) -> None:
        super().__init__()
        if hidden_dim is None:
            # Three matrices in place of two: 2/3 of the usual 4 * dim keeps the parameters equal.
            hidden_dim = multiple_of * math.ceil(int(2 * 4 * dim / 3) / multiple_of)
        self.w1 = nn.Linear(dim, hidden_dim, bias=False)
        self.w2 = nn.Linear(hidden_dim, dim, bias=False)
        self.w3 = nn.Linear(dim, hidden_dim, bias=False)
        self.dropout = nn.Dropout(dropout)

    def SwiGLU(self, x: Tensor) -> Tensor:
        """The gated activation: SiLU(`w1` x) times `w3` x, element by element.

        SiLU(z) = z * sigmoid(z), which is Swish with beta = 1. The projection down, `w2`, is not
        part of it; `forward` applies it.

        Args:
            x: (..., C).

        Returns:
            (..., F).
        """
        return F.silu(self.w1(x)) * self.w3(x)

    def forward(self, x: Tensor) -> Tensor:
        """(..., C) to (..., C)."""
        return self.dropout(self.w2(self.SwiGLU(x)))


class LlamaLayer(nn.Module):
    """One decoder layer: attention, then feed-forward, each on a normalised copy of the stream."""

    def __init__(self, layer_id: int, config: LlamaConfig) -> None:
        super().__init__()
        self.layer_id = layer_id
        self.attention = Attention(config, layer_id)
        self.feed_forward = FeedForward(
            config.dim, config.hidden_dim, config.multiple_of, config.dropout
        )
        self.attention_norm = RMSNorm(config.dim, eps=config.layer_norm_eps)
        self.ffn_norm = RMSNorm(config.dim, eps=config.layer_norm_eps)

    def forward(self, x: Tensor, context: AttentionContext | None = None) -> Tensor:
        """Add what attention and the feed-forward have to say to the residual stream.

        The pre-norm block (Xiong et al. 2020, https://arxiv.org/abs/2002.04745, figure 1b):

        1. `attention_norm` of x, then `attention` of that (hand `context` on as it is);
        2. add the result to x, not to its normalised copy: the stream itself passes untouched;
        3. `ffn_norm` of the sum, then `feed_forward` of that;
        4. add the result to the sum of step 2.

        Args:
            x: (B, T, C).
            context: what is visible, positions and cache, for the attention.

        Returns:
            (B, T, C).
        """
        h = x + self.attention(self.attention_norm(x), context)
        return h + self.feed_forward(self.ffn_norm(h))


class Llama(LlamaPreTrainedModel, TextGenerator):
    """Token embedding, a stack of layers, a final norm, and a projection to the vocabulary."""

    def __init__(self, config: LlamaConfig) -> None:
        super().__init__(config)
        self.tok_embeddings = nn.Embedding(config.vocab_size, config.dim)
        self.dropout = nn.Dropout(config.dropout)
        self.layers = nn.ModuleList(LlamaLayer(i, config) for i in range(config.n_layers))
        self.norm = RMSNorm(config.dim, eps=config.layer_norm_eps)
        self.output = nn.Linear(config.dim, config.vocab_size, bias=False)
        self.tie_weights()
        self.init_weights()

    def forward(
        self,
        tokens: Tensor,
        targets: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict the next token.

        1. `attention_context` says once for all layers what is visible, and where.
        2. `self.tok_embeddings` of the tokens, (B, T, C), then `self.dropout`.
        3. Each of `self.layers` in turn, with that context, then `self.norm`: the hidden states.
        4. `self.output` makes logits of them: of all with targets, else of the one alone that has
           read the whole row, at its last real token (`last_real_states`).

        Args:
            tokens: (B, T) indices.
            targets: anything but None asks for the logits of all positions, as a loss needs them.
            mask: (B, T) boolean, True where a token is real, padding on either side.
            cache: keys and values of the tokens before these; takes up the new ones.

        Returns:
            logits: (B, T, V) with targets, else (B, 1, V).
            hidden_states: (B, T, C), normalised; of no meaning where a token is padding.

        Raises:
            ValueError: too many tokens, or a mask or cache that does not fit (cache.py).
        """
        B, T = tokens.shape
        context = attention_context(self.config, B, T, tokens.device, mask, cache)
        h = self.dropout(self.tok_embeddings(tokens))  # (B, T, C)
        for layer in self.layers:
            h = layer(h, context)
        h = self.norm(h)
        read = h if targets is not None else last_real_states(h, mask)[:, None]  # (B, T or 1, C)
        return self.output(read), h

    def hidden_states(
        self, tokens: Tensor, mask: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """The second of what `forward` returns; a row's one prediction beside it costs little."""
        states: Tensor = self(tokens, mask=mask, cache=cache)[1]
        return states


def load_pretrained(
    checkpoint: str | PathLike[str],
    *,
    dtype: torch.dtype | None = torch.float32,
    causal: bool | None = None,
) -> Llama:
    """Load a course `.pt` or a GGUF file, recognised from its content, onto the CPU.

    Args:
        dtype: of the parameters; None keeps what the file holds.
        causal: overrides the file's configuration; False is the course's 2024-25 reference.

    Raises:
        ValueError: the file is missing, damaged or no Llama, or a tensor does not fit.
    """
    return Llama.from_checkpoint(checkpoints.read(checkpoint), dtype=dtype, causal=causal)
