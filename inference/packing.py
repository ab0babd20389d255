"""A weight matrix in the form in which a processor multiplies by it fastest.

At batch 1 every weight is read once and used once, so the time is that of moving weights from
memory. `F.linear` reaches half of a processor's bandwidth, since it walks along rows and adds up
as it goes; oneDNN's blocked layout comes close to all of it, and does well on many rows, too.
Fewer bytes are the other way to be fast: bfloat16 halves them, int8 quarters them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

Product = Callable[[Tensor], Tensor]  # (..., in) to (..., out)

BLOCKED_FOR = 16  # rows that oneDNN lays weights out for; good from 1 to 64
FEW_ROWS = 4  # up to here, half precision without units for it is still limited by memory


@cache
def has_units(dtype: torch.dtype) -> bool:
    """Whether the processor multiplies matrices of this dtype itself, rather than emulating it."""
    if dtype == torch.bfloat16:
        return torch.ops.mkldnn._is_mkldnn_bf16_supported()
    if dtype == torch.float16:
        return torch.ops.mkldnn._is_mkldnn_fp16_supported()
    return True


def pack(weight: Tensor, dtype: torch.dtype, quantize: str | None) -> Product:
    """The product with an (out, in) matrix, as the form that suits where and in what it is."""
    if quantize == "int8":
        return Int8Product(weight)
    if weight.device.type == "cpu" and torch.backends.mkldnn.is_available() and has_units(dtype):
        return BlockedProduct(weight.to(dtype))
    return PlainProduct(weight.to(dtype))


class BlockedProduct:
    """Weights in oneDNN's own layout, reordered once."""

    def __init__(self, weight: Tensor) -> None:
        self.weight = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), BLOCKED_FOR)

    def __call__(self, x: Tensor) -> Tensor:
        return torch.ops.mkldnn._linear_pointwise(x, self.weight, None, "none", [], "")


class PlainProduct:
    """Weights as they are, for devices and dtypes that oneDNN does not serve.

    A processor without units for a half-precision dtype emulates its products, far slower than
    float32 unless memory is the limit; from a few rows on, widening the weights each time wins.
    """

    def __init__(self, weight: Tensor) -> None:
        self.weight = weight.contiguous()
        self.emulated = weight.device.type == "cpu" and not has_units(weight.dtype)

    def __call__(self, x: Tensor) -> Tensor:
        if self.emulated and x.shape[:-1].numel() > FEW_ROWS:
            return F.linear(x.float(), self.weight.float()).to(x.dtype)
        return F.linear(x, self.weight)


class Int8Product:
    """int8 weights with a scale for each output channel; activations in 8 bits as they come.

    The rows of x are brought to the same magnitude first: they are quantised with one scale, and
    the first token of a text is often a thousand times larger than the others (Sun et al. 2024,
    https://arxiv.org/abs/2402.17762), which would leave nothing of those.
    """

    def __init__(self, weight: Tensor) -> None:
        weight = weight.float()
        scales = weight.abs().amax(dim=1).clamp(min=1e-12) / 127  # (out,)
        zeros = torch.zeros(len(weight), dtype=torch.long)
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self.weight = torch.ops.quantized.linear_prepack(quantized, None)

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[:-1].numel() == 1:
            return self._product(x)
        largest = x.abs().amax(dim=-1, keepdim=True).clamp(min=1e-12)
        return self._product(x / largest) * largest

    def _product(self, x: Tensor) -> Tensor:
        # 7 bits of activations: pairs of 8-bit products overflow the 16 bits that AVX2 adds in.
        return torch.ops.quantized.linear_dynamic(x, self.weight, True)
