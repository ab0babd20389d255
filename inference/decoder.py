"""The decoder: `Llama.forward` with everything done once that can be done once.

What differs from llama.py, and why it is faster:

- query, key and value are one product, and so are gate and up: fewer, larger reads of memory;
- the weights are packed (packing.py);
- rotations are worked out in advance, not in each layer, and turn queries and keys together, as
  complex numbers: (a + ib) times e^(i angle) is rope.py's rotation of the pair (a, b);
- attention is torch's fused one, which neither repeats the shared key/value heads nor keeps the
  scores (a compiled layer has its own, see traced.py);
- a long prompt is read in chunks, and what all rows of a batch begin with is read once.

Shapes: see config.py.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cache import KeyValueCache, attention_context, last_real_states
from config import LlamaConfig
from generation import TextGenerator
from inference.packing import Packer, Product, pack
from inference.traced import TracedProduct, attend, compile_kernel, pack_traceable
from rope import rotary_angles
from support.processor import compile_fault

DTYPES = ("float32", "bfloat16", "float16")
CHUNK = 512  # tokens of a prompt that are read at once: bounds the memory of a long one
WORTH_SHARING = 8  # tokens; a shorter common prefix is read with the rest
TYPICAL = 512  # tokens of a text, of which a compiler makes its plans
TRIAL = 8  # tokens, to find out whether a compiled layer is faster

Slots = tuple[Tensor, Tensor]  # a layer's keys and values in a cache, (B, KV, S, D)


class PackedLayer(NamedTuple):
    """What a layer multiplies by, and the sizes it needs."""

    attention_gain: Tensor  # (C,)
    query_key_value: Product  # C to (H + 2 KV) * D
    output: Product  # H * D to C
    ffn_gain: Tensor  # (C,)
    gate_up: Product  # C to 2 F
    down: Product  # F to C
    heads: tuple[int, int, int]  # H, KV, KV
    eps: Tensor  # (1,), see `direction`


@dataclass(frozen=True)
class Stack:
    """The layers and what follows them, in one form of packing, and what runs a layer."""

    layers: list[PackedLayer]
    output: Product  # C to V
    run: Callable[..., Tensor]  # `run_layer`, or what a compiler makes of it


class Decoder(nn.Module, TextGenerator):
    """A Llama packed for generating, with the weights it has now: once they change, pack anew."""

    def __init__(
        self,
        model: Any,
        dtype: str = "float32",
        quantize: str | None = None,
        compile: bool = False,
    ) -> None:
        """Pack the weights of `model`, which stays as it is.

        Args:
            model: a `Llama`.
            dtype: of weights, activations and cache: float32, bfloat16 or float16.
            quantize: "int8" packs the matrices so; all else stays float32, as `dtype` has to be.
                Where it costs little, the inputs of a product are rounded to 8 bits as well.
            compile: compile one layer for one token at a time, try it, and use it for all layers
                if it is faster here (`self.compiled` tells). Takes a quarter of a minute the first
                time, and a few seconds once torch has it in its cache.

        Raises:
            ValueError: an option is unknown, two do not go together, or nothing compiles here.
        """
        super().__init__()
        if dtype not in DTYPES:
            raise ValueError(f"dtype={dtype!r}: must be one of {', '.join(DTYPES)}")
        if quantize not in (None, "int8"):
            raise ValueError(f"quantize={quantize!r}: must be 'int8' or None")
        if quantize is not None and dtype != "float32":
            raise ValueError(f"quantize={quantize!r} takes dtype='float32', not {dtype!r}")
        if compile and (fault := compile_fault(model.tok_embeddings.weight.device.type)):
            raise ValueError(f"compile=True: {fault}; leave it out")
        self.config: LlamaConfig = model.config
        self.quantize = quantize
        self.embedding = model.tok_embeddings.weight.detach().to(getattr(torch, dtype))  # (V, C)
        config = self.config
        self.eps = torch.tensor([math.sqrt(config.dim * config.layer_norm_eps)]).to(self.device)
        self.turns = self._turns()
        self.rest = self.turns[0].expand(config.n_kv_heads, -1, -1)  # of an angle of 0
        with torch.no_grad():
            self.gain = self._gain(model.norm)
            self.stack = self._pack_stack(model, pack)
            self.for_one = self.stack  # what runs one token at a time
            self.compiled = compile and self._choose(self.stack, self.compiled_stack(model))

    @property
    def device(self) -> torch.device:
        return self.embedding.device

    @property
    def dtype(self) -> torch.dtype:
        return self.embedding.dtype

    @torch.inference_mode(False)
    def new_cache(self, batch_size: int, capacity: int | None = None) -> KeyValueCache:
        """As any model's; in inference mode, too, it has tensors that kernels are compiled for."""
        return super().new_cache(batch_size, capacity)

    def _pack_stack(self, model: Any, how: Packer) -> Stack:
        layers = [self._pack_layer(layer, how) for layer in model.layers]
        return Stack(layers, self._pack(how, model.output), run_layer)

    def _pack_layer(self, layer: Any, how: Packer) -> PackedLayer:
        attention, feed_forward = layer.attention, layer.feed_forward
        return PackedLayer(
            self._gain(layer.attention_norm),
            self._pack(
                how, attention.compute_query, attention.compute_key, attention.compute_value
            ),
            self._pack(how, attention.compute_output, coarse=True),
            self._gain(layer.ffn_norm),
            self._pack(how, feed_forward.w1, feed_forward.w3, coarse=True),
            self._pack(how, feed_forward.w2),
            (self.config.n_heads, self.config.n_kv_heads, self.config.n_kv_heads),
            self.eps,
        )

    def _pack(self, how: Packer, *parts: nn.Linear, coarse: bool = False) -> Product:
        weights = [part.weight for part in parts]
        whole = torch.cat(weights) if len(weights) > 1 else weights[0]  # of one: no copy
        return how(whole, self.dtype, self.quantize, coarse)

    def _gain(self, norm: Any) -> Tensor:
        """(C,): a norm's weights, and sqrt(C), the rest of `direction`.

        They could be multiplied into the columns of the product that follows. But a norm scales
        down the few features that are far larger than the others, and int8 needs that.
        """
        return (norm.weight * math.sqrt(self.config.dim)).to(self.dtype)

    def compiled_stack(self, model: Any) -> Stack:
        """For one token at a time: a kernel that serves all layers, and one for the logits."""
        plain = self._pack_stack(model, pack_traceable)
        kernel = compile_kernel(run_layer)
        output = partial(compile_kernel(TracedProduct.__call__), plain.output)
        # Compile them now, for a text whose length alone is going to change. For a short one the
        # compiler would leave attention to a single thread, and to that it would keep.
        config = self.config
        shape = 1, config.n_kv_heads, TYPICAL + 1, config.head_dim
        empty = [torch.zeros(shape, device=self.device, dtype=self.dtype) for _ in range(2)]
        slots = tuple(part[:, :, :TYPICAL] for part in empty)
        for part in slots:
            torch._dynamo.mark_dynamic(part, 2)
        with torch.inference_mode():  # as in `forward`; another mode would compile once more
            h = torch.zeros(1, 1, config.dim, device=self.device, dtype=self.dtype)
            rotation = self._rotation(torch.ones(1, dtype=torch.long, device=self.device))
            output(kernel(h, plain.layers[0], rotation, None, slots))
        return Stack(plain.layers, output, kernel)

    def _choose(self, plain: Stack, compiled: Stack) -> bool:
        """Run a few tokens by either, and keep the faster; says whether that is the second."""
        caches = self.new_cache(1, 4 * TRIAL), self.new_cache(1, 4 * TRIAL)
        seconds: tuple[list[float], list[float]] = ([], [])
        token = torch.zeros(1, 1, dtype=torch.long, device=self.device)
        for _ in range(2 * TRIAL):  # the first ones compile
            for rival, cache, times in zip((plain, compiled), caches, seconds, strict=True):
                self.for_one = rival
                start = time.perf_counter()
                self(token, cache=cache)
                times.append(time.perf_counter() - start)
        first, second = (statistics.median(times[TRIAL:]) for times in seconds)
        self.for_one = compiled if second < first else plain
        return second < first

    @torch.inference_mode()
    def forward(
        self,
        tokens: Tensor,
        targets: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        cache: KeyValueCache | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Predict the next token; arguments, results and errors are those of `Llama.forward`."""
        h = self.hidden_states(tokens, mask, cache)
        stack = self.for_one if tokens.shape == (1, 1) else self.stack
        return stack.output(h if targets is not None else last_real_states(h, mask)[:, None]), h

    @torch.inference_mode()
    def hidden_states(
        self, tokens: Tensor, mask: Tensor | None = None, cache: KeyValueCache | None = None
    ) -> Tensor:
        """(B, T) tokens to (B, T, C), normalised; the arguments are `forward`'s."""
        if cache is None:
            return self._read(tokens, mask, None)
        if cache.length == 0 and len(tokens) > 1:
            real = torch.ones_like(tokens, dtype=torch.bool) if mask is None else mask
            shared = shared_prefix(tokens, real)
            if shared >= WORTH_SHARING:
                return self._read_shared(tokens, real, shared, cache)
        return self._read_in_chunks(tokens, mask, cache)

    def _read_shared(
        self, tokens: Tensor, real: Tensor, shared: int, cache: KeyValueCache
    ) -> Tensor:
        """Read the first `shared` real tokens, which all rows begin with, in one row for all.

        They take the first slots of every row; a row's padding, if any, comes after them.
        """
        nth = real.cumsum(dim=1)  # 1 at a row's first real token
        common, rest = real & (nth <= shared), real & (nth > shared)
        prefix = self._read_in_chunks(tokens[:1, common[0]], None, cache)  # (1, shared, C)
        # No row's rest begins further left; so T tokens take T slots, as ever.
        following = self._read_in_chunks(tokens[:, shared:], rest[:, shared:], cache)
        h = F.pad(following, (0, 0, shared, 0))
        h[common] = prefix.repeat(len(tokens), 1, 1).flatten(0, 1)
        return h

    def _read_in_chunks(self, tokens: Tensor, mask: Tensor | None, cache: KeyValueCache) -> Tensor:
        """Read tokens a chunk at a time; one row of them is read on behalf of all of the cache."""
        chunks = tokens.split(CHUNK, dim=1)
        masks = [None] * len(chunks) if mask is None else mask.split(CHUNK, dim=1)
        parts = [self._read(*part, cache) for part in zip(chunks, masks, strict=True)]
        return torch.cat(parts, dim=1)

    def _read(self, tokens: Tensor, mask: Tensor | None, cache: KeyValueCache | None) -> Tensor:
        """One pass through the stack."""
        T = tokens.shape[1]
        rows = len(tokens) if cache is None else len(cache.real)
        context = attention_context(self.config, rows, T, self.device, mask, cache)
        positions = context.positions
        if positions is None:
            positions = torch.arange(T, device=self.device)
        h = F.embedding(tokens, self.embedding)  # (B, T, C)
        rotation = self._rotation(positions)
        stack = self.stack
        slots: Sequence[Slots | None] = [None] * len(stack.layers)
        if cache is not None:
            used = cache.keys[:, :, :, : cache.length], cache.values[:, :, :, : cache.length]
            slots = list(zip(*(part.unbind() for part in used), strict=True))
            # The first token, one that fills the cache, and padding would be compiled for again.
            if tokens.shape == (1, 1) and context.visible is None:
                stack = self.for_one if 1 < cache.length < cache.capacity else stack
        for layer, place in zip(stack.layers, slots, strict=True):
            h = stack.run(h, layer, rotation, context.visible, place)
        return direction(h, self.eps) * self.gain

    def _turns(self) -> Tensor:
        """(max_seq_len, 1, D/2, 2): cosines and sines of all positions."""
        config, positions = self.config, torch.arange(self.config.max_seq_len, device=self.device)
        angles = rotary_angles(
            positions, config.head_dim, config.rope_theta, torch.float32, config.rope_scaling
        )
        return torch.stack((angles.cos(), angles.sin()), dim=-1)

    def _rotation(self, positions: Tensor) -> Tensor:
        """(..., T) positions to (..., T, H + 2 KV, D/2, 2) cosines and sines.

        The values, which are not to turn, have an angle of 0: one multiplication serves all.
        """
        config = self.config
        turning = self.turns[positions]  # (..., T, 1, D/2, 2)
        heads = turning.expand(*turning.shape[:-3], config.n_heads + config.n_kv_heads, -1, -1)
        return torch.cat((heads, self.rest.expand(*turning.shape[:-3], -1, -1, -1)), dim=-3)


def run_layer(
    h: Tensor, layer: PackedLayer, rotation: Tensor, visible: Tensor | None, slots: Slots | None
) -> Tensor:
    """One decoder layer, `LlamaLayer.forward` in packed form.

    Args:
        h: (B, T, C).
        rotation: (..., T, H + 2 KV, D/2, 2), from `_rotation`.
        visible: boolean, broadcastable to (B, H, T, S), True where a query may attend.
        slots: of this layer; the last T are these tokens', and are written to. A single row is
            written to all rows of the cache.
    """
    B, T, _ = h.shape
    x = layer.query_key_value(direction(h, layer.eps) * layer.attention_gain)
    heads = x.view(B, T, *rotation.shape[-3:])
    turned = rotate(heads, rotation).transpose(1, 2)  # (B, H + 2 KV, T, D)
    query, key, value = turned.split(layer.heads, dim=1)
    if slots is not None:
        keys, values = slots
        keys[:, :, -T:], values[:, :, -T:] = key, value
        key, value = keys[:B], values[:B]
    if torch.compiler.is_compiling():  # for one token, whose attention is part of the kernel
        attended = attend(query, key, value)
    else:
        attended = F.scaled_dot_product_attention(query, key, value, visible, enable_gqa=True)
    h = h + layer.output(attended.transpose(1, 2).reshape(B, T, -1))
    gate, up = layer.gate_up(direction(h, layer.eps) * layer.ffn_gain).chunk(2, dim=-1)
    return h + layer.down(F.silu(gate) * up)


def direction(x: Tensor, eps: Tensor) -> Tensor:
    """RMSNorm without its factor sqrt(C) and its weights, in three operations.

    sqrt(mean(x^2) + eps) is hypot(|x|, sqrt(C eps)) / sqrt(C).

    Args:
        eps: (1,), sqrt(C * layer_norm_eps).
    """
    wide = x.float()
    length = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    return (wide / torch.hypot(length, eps)).to(x.dtype)


def rotate(x: Tensor, rotation: Tensor) -> Tensor:
    """(B, T, heads, D/2, 2) turned, pair by pair; see `rope.rotate_pairs`."""
    if torch.compiler.is_compiling():  # which has no complex numbers, and fuses this anyway
        (a, b), (cos, sin) = x.float().unbind(-1), rotation.unbind(-1)
        turned = torch.stack((a * cos - b * sin, a * sin + b * cos), dim=-1)
    else:
        product = torch.view_as_complex(x.float()) * torch.view_as_complex(rotation)
        turned = torch.view_as_real(product)
    return turned.flatten(-2).to(x.dtype)


def shared_prefix(tokens: Tensor, real: Tensor) -> int:
    """How many real tokens all rows of (B, T) begin with; of each row at least one is left out."""
    order = (~real).int().argsort(dim=1, stable=True)  # real tokens first
    aligned = tokens.gather(1, order)
    same = (aligned == aligned[:1]).all(dim=0).int().cumprod(dim=0)
    return min(int(same.sum()), int(real.sum(dim=1).min()) - 1)
