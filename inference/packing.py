"""A weight matrix in the form in which a processor multiplies by it fastest.

At batch 1 every weight is read once and used once, so the time is that of moving weights from
memory. `F.linear` reaches half of a processor's bandwidth, since it walks along rows and adds up
as it goes; oneDNN's blocked layout comes closer to all of it, and does well on many rows, too.
Fewer bytes are the other way to be fast: bfloat16 halves them, int8 quarters them.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from support.processor import has_onednn, has_quantised_engine, has_units

Product = Callable[[Tensor], Tensor]  # (..., in) to (..., out)
Packer = Callable[[Tensor, torch.dtype, str | None, bool], Product]

BLOCKED_FOR = 16  # rows that oneDNN lays weights out for; good from 1 to 64
MANY_ROWS = 20  # above, int8 weights are widened before the product
WIDENED = 1024  # outputs whose weights are widened at once
AT_ONCE = 2048  # rows of a matrix that are rounded at a time: bounds the memory
TINY = 1e-12  # in place of a zero that would be divided by
INT8_COLUMNS = 8  # that torch's product reads at a time, past the end of a row if need be
FEW_ROWS = 4  # up to here, half precision without units for it is still limited by memory


def pack(weight: Tensor, dtype: torch.dtype, quantize: str | None, coarse: bool) -> Product:
    """The product with an (out, in) matrix, in the form that suits where and in what it is.

    Args:
        quantize: "int8" or None.
        coarse: with int8, whether 8 bits will do for the inputs, too. Attention's output and the
            gates take it; queries, keys and the logits do not (a test holds the divergence).
    """
    cpu = weight.device.type == "cpu"
    if quantize == "int8":
        # torch will drop its quantised tensors one day; what is left then is slower, no worse.
        fast = coarse and cpu and has_quantised_engine()
        return Int8Product(weight) if fast else Int8WeightProduct(weight)
    if cpu and has_onednn() and has_units(dtype):
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


class Int8WeightProduct:
    """int8 weights with a scale for each output channel; inputs are rounded to bfloat16 only.

    Jacob et al. 2018, https://arxiv.org/abs/1712.05877, with a zero point of 0.
    """

    def __init__(self, weight: Tensor) -> None:
        self.padding = 0, -weight.shape[1] % INT8_COLUMNS
        whole, self.scales = to_int8(weight)
        self.weight = F.pad(whole, self.padding)
        self.few_rows = MANY_ROWS if multiplies_int8_weights(weight.device.type) else 0

    def __call__(self, x: Tensor) -> Tensor:
        rows = F.pad(x, self.padding).flatten(0, -2)
        if (
            len(rows) > self.few_rows
        ):  # a part of the matrix is widened for all of them, in the cache
            y = rows.new_empty(len(rows), len(self.weight))
            for part, out in zip(self.weight.split(WIDENED), y.split(WIDENED, dim=1), strict=True):
                torch.mm(rows, part.float().mT, out=out)
            y *= self.scales
        else:
            y = torch._weight_int8pack_mm(rows.bfloat16(), self.weight, self.scales.bfloat16())
        return y.to(x.dtype).view(*x.shape[:-1], -1)


class Int8Product:
    """int8 weights as above, and inputs in 8 bits, with one scale for all of x.

    So the rows of x are brought to the same magnitude first: the first token of a text is often a
    thousand times larger than the others (Sun et al. 2024, https://arxiv.org/abs/2402.17762), and
    would leave nothing of those.
    """

    def __init__(self, weight: Tensor) -> None:
        weight = weight.float()
        scales, zeros = paired_scales(weight), torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():  # of quantised tensors' end, see `pack`
            warnings.simplefilter("ignore", UserWarning)
            quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self.weight = torch.ops.quantized.linear_prepack(quantized, None)

    def __call__(self, x: Tensor) -> Tensor:
        if x.shape[:-1].numel() == 1:
            return torch.ops.quantized.linear_dynamic(x, self.weight, False)
        largest = x.abs().amax(dim=-1, keepdim=True).clamp(min=TINY)
        return torch.ops.quantized.linear_dynamic(x / largest, self.weight, False) * largest


@cache
def multiplies_int8_weights(device: str) -> bool:
    """Whether torch has its product with int8 weights for a device: not every build and device."""
    rows, weight = torch.zeros(1, 32, dtype=torch.bfloat16), torch.zeros(32, 32, dtype=torch.int8)
    parts = (part.to(device) for part in (rows, weight, torch.ones(32, dtype=torch.bfloat16)))
    try:
        torch._weight_int8pack_mm(*parts)
    except (AttributeError, RuntimeError):  # NotImplementedError is one of these
        return False
    return True


def to_int8(weight: Tensor) -> tuple[Tensor, Tensor]:
    """An (out, in) matrix in whole steps, and the (out,) steps, from `int8_scales`."""
    scales, whole = int8_scales(weight), torch.empty_like(weight, dtype=torch.int8)
    for part, step, out in zip(*(t.split(AT_ONCE) for t in (weight, scales, whole)), strict=True):
        out.copy_((part / step[:, None]).round())
    return whole, scales


def int8_scales(weight: Tensor) -> Tensor:
    """(out,): the step with which the largest weight of each row becomes 127."""
    largest = [part.float().abs().amax(dim=1) for part in weight.split(AT_ONCE)]
    return torch.cat(largest).clamp(min=TINY) / 127


def paired_scales(weight: Tensor) -> Tensor:
    """(out,): steps with which no sum of two neighbours' products leaves 16 bits.

    AVX2 multiplies inputs of 0 .. 255 by pairs of weights and adds each pair in 16 bits, where
    too large a sum is cut off. 255 times a pair's weights stays below 2^15 if they add up to 128.
    """
    largest = []
    for part in weight.split(AT_ONCE):
        pairs = F.pad(part, (0, part.shape[1] % 2)).unflatten(1, (-1, 2))
        sums = torch.stack((pairs.clamp(min=0).sum(dim=-1), pairs.clamp(max=0).sum(dim=-1).abs()))
        largest.append(sums.amax(dim=(0, 2)))
    return torch.maximum(torch.cat(largest) / 128, int8_scales(weight))
