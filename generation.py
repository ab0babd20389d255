"""The loop around a model that writes text: feed every new token back, until it is to stop.

`TextGenerator` gives `generate`, `stream` and `write` to whatever turns tokens into logits:
`Llama`, which is read to learn, and `inference.Decoder`, its fast twin. Shapes: see config.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, TypedDict, Unpack

import torch
import torch.nn.functional as F
from torch import Tensor

from cache import KeyValueCache, check_mask
from config import LlamaConfig
from sampling import Filters, Sampling, choose_token


class Options(TypedDict, total=False):
    """What `generate`, `stream` and `write` take beside the prompt, the length and the sampling."""

    stop_tokens: Collection[int]  # a row is finished with the first of these, and filled up with it
    generator: torch.Generator | None  # the source of randomness; None is torch's global one
    mask: Tensor | None  # (B, T) boolean, True where a token is real, padding on either side
    logprobs: list[Tensor] | None  # takes the (B, 1) log-probabilities of each step's new tokens
    use_cache: bool  # keep keys and values of old tokens; changes the time, not the result
    cache: KeyValueCache | None  # has read the first tokens of the prompt already, and takes more


class SamplingOptions(Options, Filters):
    """What `generate` and `stream` take: `Sampling`'s fields as well."""


class TextGenerator:
    """Generates with any model that has a configuration and a `forward`."""

    config: LlamaConfig

    @property
    def device(self) -> torch.device:
        raise NotImplementedError

    @property
    def dtype(self) -> torch.dtype:
        raise NotImplementedError

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """(B, T) tokens to (B, 1, V) logits and (B, T, C) states; see `Llama.forward`."""
        raise NotImplementedError

    def new_cache(self, batch_size: int, capacity: int | None = None) -> KeyValueCache:
        """An empty cache on the model's device and in its dtype; see `KeyValueCache`."""
        return KeyValueCache(
            self.config, batch_size, capacity, device=self.device, dtype=self.dtype
        )

    def generate(
        self,
        idx: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        *,
        return_logprobs: bool = False,
        **options: Unpack[SamplingOptions],
    ) -> Any:  # a Tensor, or two
        """Continue each row of `idx`, feeding every new token back into the model.

        When a text outgrows `max_seq_len`, its last half is kept and read once more. A
        bidirectional model reads the whole text again for each token. Dropout needs eval mode.

        Args:
            idx: (B, T) prompts, T at most max_seq_len; rows of unequal length are padded.
            max_new_tokens: how many tokens to add.
            temperature: 0 takes the most likely token; above, samples (`sampling.py`).
            options: top_k, top_p, min_p, repetition_penalty as in `sampling.Sampling`; stop_tokens,
                generator, mask, use_cache, cache as in `Options`.

        Returns:
            (B, T + new): idx and what follows; new is max_new_tokens, or fewer when every row
            has met a stop token. With return_logprobs also (B, new), the log-probability that the
            model itself gives each new token, whatever the sampling; 0 after a stop token.

        Raises:
            ValueError: an argument is out of range, or the prompt is empty or too long.
        """
        logprobs = [torch.empty(len(idx), 0, device=idx.device)]
        if return_logprobs:
            options["logprobs"] = logprobs
        text = torch.cat((idx, *self.stream(idx, max_new_tokens, temperature, **options)), dim=1)
        return (text, torch.cat(logprobs, dim=1)) if return_logprobs else text

    def stream(
        self,
        idx: Tensor,
        max_new_tokens: int,
        temperature: float = 1.0,
        **options: Unpack[SamplingOptions],
    ) -> Iterator[Tensor]:
        """Yield (B, 1) new tokens at a time; the arguments are those of `generate`."""
        filters: Any = {k: v for k, v in options.items() if k in Filters.__annotations__}
        others: Any = {k: v for k, v in options.items() if k not in filters}
        return self.write(idx, max_new_tokens, Sampling(temperature, **filters), **others)

    @torch.no_grad()
    def write(
        self,
        idx: Tensor,
        max_new_tokens: int,
        sampling: Sampling,
        *,
        stop_tokens: Collection[int] = (),
        generator: torch.Generator | None = None,
        mask: Tensor | None = None,
        logprobs: list[Tensor] | None = None,
        use_cache: bool = True,
        cache: KeyValueCache | None = None,
    ) -> Iterator[Tensor]:
        """The loop behind `generate` and `stream`: yield (B, 1) new tokens at a time.

        First `check_prompt`, then `pack_left_padded`, so that all rows end in one column. Then, for
        each new token of a row:

        1. A text that has outgrown `max_seq_len` goes on from its last half (`keep_last_half`),
           without the cache, which knows the tokens at other positions.
        2. A causal model is given a `new_cache`, if `use_cache` and it has none, with room for all
           that may come: `max_seq_len` slots at most.
        3. The model reads what is not in the cache yet, which holds `cache.length` tokens; without
           one, everything. Its mask says which of what it reads is real; None says that all is.
        4. `choose_token` from the logits. What it is to see are the tokens of the text; padding is
           none, so that another token of the row stands in its place.
        5. `logprobs` takes up their `log_probabilities`, and 0 for a row that is finished.
        6. A finished row repeats its stop token; a row is finished with its first one.
        7. Append the new tokens, which are real, and yield them. End when all rows are finished.

        The arguments are those of `generate`, and checked when the first token is asked for.
        """
        check_prompt(idx, max_new_tokens, mask, self.config.max_seq_len)
        real = torch.ones_like(idx, dtype=torch.bool) if mask is None else mask
        tokens, real = pack_left_padded(idx, real)
        stops = torch.tensor(sorted(stop_tokens), dtype=idx.dtype, device=idx.device)
        finished = torch.zeros_like(tokens[:, :1], dtype=torch.bool)
        limit = self.config.max_seq_len
        for step in range(max_new_tokens):
            if tokens.shape[1] > limit:
                tokens, real = keep_last_half(tokens, real, limit)
                cache = None
            if cache is None and use_cache and self.config.causal:
                slots = min(limit, tokens.shape[1] + max_new_tokens - step)
                cache = self.new_cache(len(idx), slots)
            read = 0 if cache is None else cache.length
            mask = None if bool(real[:, read:].all()) else real[:, read:]
            logits, _ = self(tokens[:, read:], mask=mask, cache=cache)
            seen = torch.where(real, tokens, tokens[:, -1:])  # padding stands for a token again
            new = choose_token(logits[:, -1], sampling, generator, seen)  # (B, 1)
            if logprobs is not None:
                logprobs.append(log_probabilities(logits[:, -1], new).masked_fill(finished, 0.0))
            # A finished row repeats its stop token, which is the last one it holds.
            new = torch.where(finished, tokens[:, -1:], new)
            finished |= torch.isin(new, stops)
            tokens = torch.cat((tokens, new), dim=1)
            real = F.pad(real, (0, 1), value=True)
            yield new
            if len(stops) and bool(finished.all()):
                return


def log_probabilities(logits: Tensor, tokens: Tensor) -> Tensor:
    """Of (..., T) tokens under (..., V) logits, in float32: of the model, before any filter."""
    return F.log_softmax(logits.float(), dim=-1).gather(-1, tokens)


def check_prompt(idx: Tensor, max_new_tokens: int, mask: Tensor | None, limit: int) -> None:
    """Raise a ValueError when `TextGenerator.write` cannot start from these arguments."""
    if max_new_tokens < 0:
        raise ValueError(f"max_new_tokens={max_new_tokens}: must be at least 0")
    if idx.ndim != 2 or 0 in idx.shape:
        raise ValueError(f"prompt of shape {tuple(idx.shape)}: must be (B, T), T at least 1")
    if mask is not None:
        check_mask(mask, idx.shape)
    longest = idx.shape[1] if mask is None else int(mask.sum(dim=1).max())
    if longest > limit:
        raise ValueError(
            f"prompt of {longest} tokens: the context ends at max_seq_len={limit}; "
            "shorten the prompt"
        )


def keep_last_half(tokens: Tensor, real: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Cut rows of more than `limit` real tokens to the last half of that; left-padded, as before.

    Half, so that the next tokens have room, and the text is not read once more for each of them.
    """
    overgrown = real.sum(dim=1, keepdim=True) > limit
    return pack_left_padded(tokens, real, torch.where(overgrown, max(1, limit // 2), limit))


def pack_left_padded(
    tokens: Tensor, real: Tensor, keep: Tensor | int | None = None
) -> tuple[Tensor, Tensor]:
    """Move each row's real tokens to the right edge and drop the columns nobody needs.

    Args:
        tokens, real: (B, T); real is True where a token is not padding.
        keep: keep only the last so many real tokens of a row; an integer or (B, 1).

    Returns:
        tokens and real, (B, longest row).
    """
    if keep is not None:
        from_the_end = real.flip(1).cumsum(dim=1).flip(1)  # 1 at a row's last real token
        real = real & (from_the_end <= keep)
    order = real.int().argsort(dim=1, stable=True)  # padding first, order kept
    longest = int(real.sum(dim=1).max())
    tokens, real = tokens.gather(1, order), real.gather(1, order)
    return tokens[:, tokens.shape[1] - longest :], real[:, real.shape[1] - longest :]
