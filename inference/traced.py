"""Products and attention for one token, spelt out for torch.compile: one kernel a layer.

In C++ a product is a loop over the weights. How fast it is depends on four things here:

- Sizes are constants. Only the number of tokens before this one may change.
- A loop works on several sums. With a single one each addition would wait for the one before.
- The inputs are taken from memory. Left to itself the compiler works out each of them where it is
  used, which is once for every output: a norm with its root, 49,152 times for the logits.
- Weights come in words of 32 bits that the processor loads as if they were float32, and takes
  apart with shifts. Narrower ones it would collect byte by byte.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from inference.packing import to_int8

ROWS = 4  # outputs of a loop, from as many parts of a matrix; neighbours would be gathered
LANES = 8  # columns of a loop over the tokens: what AVX2 adds at once, in a sum of its own
PER_WORD = {torch.bfloat16: 2, torch.int8: 4}  # others are not taken apart


class TracedProduct(NamedTuple):
    """The product of one row with an (out, in) matrix; activations keep their precision."""

    words: Tensor  # (out, in / n), see `to_words`
    scales: Tensor | None  # (out,), of int8
    dtype: torch.dtype  # of a weight

    def __call__(self, x: Tensor) -> Tensor:
        """(1, 1, in) to (1, 1, out)."""
        n = PER_WORD.get(self.dtype, 1)
        wide = F.pad(x.float(), (0, n * self.words.shape[1] - x.shape[-1]))
        wide = wide.as_strided(wide.shape, wide.stride())  # which only memory can give
        inputs = wide.chunk(n, dim=-1)
        sums = []
        for words in self.words.chunk(ROWS):
            parts = zip(unpack(words, self.dtype), inputs, strict=True)
            first, *others = [part * these for part, these in parts]  # (1, out / ROWS, in / n) each
            sums.append(sum(others, first).sum(dim=-1))
        y = torch.cat(sums, dim=-1)  # (1, out)
        if self.scales is not None:
            y = y * self.scales
        return y[:, None].to(x.dtype)


def compile_kernel(function: Callable[..., Any]) -> Callable[..., Any]:
    """torch.compile, checking little at each call, of which a token makes one for every layer.

    Of torch's guards only those on tensors stay: not what tells one packing from another. torch
    keeps what it compiled with a function's code, so each kernel is made of a copy with code of
    its own, and serves one model in one form. Sizes are constants but for those marked otherwise;
    left to itself torch lets those vary that differ between two calls.
    """
    own = FunctionType(function.__code__.replace(), function.__globals__, function.__name__)
    options: dict[str, Any] = {"size_asserts": False}
    if hasattr(torch.compiler, "keep_tensor_guards_unsafe"):  # older versions check everything
        options["guard_filter_fn"] = torch.compiler.keep_tensor_guards_unsafe
        options["cpp.enable_floating_point_contract_flag"] = "fast"  # a * b + c, rounded once
    return torch.compile(own, dynamic=False, options=options)


def pack_traceable(
    weight: Tensor, dtype: torch.dtype, quantize: str | None, coarse: bool
) -> Any:  # a `Product`; mypy does not see that a NamedTuple with __call__ is one
    """`packing.pack` for a layer that is compiled for one token at a time."""
    if quantize is None:
        return TracedProduct(to_words(weight.to(dtype)), None, dtype)
    whole, scales = to_int8(weight)
    return TracedProduct(to_words(whole), scales, torch.int8)


def to_words(weight: Tensor) -> Tensor:
    """An (out, in) matrix with n weights to a word: columns j, j + in/n, ... lie in word j.

    Returns:
        (out, in / n) with the bits of n weights in each float32, the first in the lowest; where n
        is 1, the matrix.
    """
    n = PER_WORD.get(weight.dtype, 1)
    if n == 1:
        return weight.contiguous()
    padded = F.pad(weight, (0, -weight.shape[1] % n))
    return padded.unflatten(1, (n, -1)).mT.contiguous().view(torch.float32).squeeze(-1)


def unpack(words: Tensor, dtype: torch.dtype) -> list[Tensor]:
    """The n weights of each word, in float32: n times (out, in / n)."""
    if dtype not in PER_WORD:
        return [words.float()]
    bits = words.view(torch.int32)
    if dtype == torch.bfloat16:  # which is the upper half of a float32
        return [(bits << 16).view(torch.float32), (bits & -(1 << 16)).view(torch.float32)]
    return [(bits << shift >> 24).float() for shift in (24, 16, 8, 0)]  # with its sign


def attend(query: Tensor, keys: Tensor, values: Tensor) -> Tensor:
    """Scaled dot-product attention of one token: (B, H, 1, D) with (B, KV, S, D) to (B, H, 1, D).

    Nothing is repeated in memory: the loop over H heads looks up which keys are its own. One over
    KV heads would be shared out among the threads less evenly.
    """
    _, H, _, D = query.shape
    sharing = H // keys.shape[1]
    keys, values = (part.repeat_interleave(sharing, dim=1) for part in (keys, values))
    scores = (query.float() * D**-0.5 * keys).sum(dim=-1)  # (B, H, S)
    weights = scores.softmax(dim=-1)[..., None]
    sums = [(weights * columns).sum(dim=-2) for columns in values.split(LANES, dim=-1)]
    return torch.cat(sums, dim=-1).to(query.dtype)[:, :, None]
