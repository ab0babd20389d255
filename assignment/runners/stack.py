"""Runs the whole model, and keeps what stands at each stage on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

from torch import Tensor, nn

import llama
from assignment.cases import STAGE, TINY
from assignment.runners.llama import blank_padding
from assignment.runners.tensors import Tensors, as_told


def tiny_llama(given: Tensors) -> llama.Llama:
    """A model of the tiny shape with the given weights."""
    model = llama.Llama(TINY).eval()
    weights = {name: given.get(name, given["tok_embeddings.weight"]) for name in model.state_dict()}
    model.load_state_dict(weights, assign=True)
    model.tie_weights()
    return model


def run_stack(given: Tensors) -> dict[str, Tensor]:
    model = tiny_llama(given)
    if "new" in given:
        return {"tokens": model.generate(given["tokens"], int(given["new"]), temperature=0.0)}
    tokens, real = given["tokens"], given.get("real")
    with as_told(model, given):
        with recorded_stages(model) as stages:
            logits, hidden = model(tokens, targets=tokens, mask=real)
        last, _ = model(tokens, mask=real)
    return {
        **{STAGE + name: blank_padding(x, real) for name, x in stages.items()},
        "hidden_states": blank_padding(hidden, real),
        "logits": blank_padding(logits, real),
        "last_logits": last,
    }


@contextmanager
def recorded_stages(model: llama.Llama) -> Iterator[dict[str, Tensor]]:
    """Fill the yielded dictionary, in the order of computation, while the model runs.

    Modules are watched from outside, the functions within them by a wrapper. A model that does
    without one of these simply lacks that stage.
    """
    stages: dict[str, Tensor] = {}
    layer = 0

    def keep(name: str, x: Any) -> None:
        if isinstance(x, Tensor):
            stages[name] = x.detach().clone()

    def watch(module: nn.Module, name: str) -> None:
        module.register_forward_hook(lambda _module, _inputs, output: keep(name, output))

    def enter(index: int) -> Callable[..., None]:
        def note(*_: Any) -> None:
            nonlocal layer
            layer = index

        return note

    def rotate(*args: Any, **kwargs: Any) -> Any:
        query, key = right_rotation(*args, **kwargs)
        keep(f"layers.{layer}.attention: query after RoPE", query)
        keep(f"layers.{layer}.attention: key after RoPE", key)
        return query, key

    def wrap(owner: Any, method: str, name: str, flip: bool = False) -> None:
        original = getattr(owner, method)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            output = original(*args, **kwargs)
            keep(name, output.transpose(1, 2) if flip else output)  # (B, T, ...), as all stages
            return output

        setattr(owner, method, wrapper)

    watch(model.tok_embeddings, "tok_embeddings")
    layers = cast(list[llama.LlamaLayer], list(model.layers))
    for index, block in enumerate(layers):
        start = f"layers.{index}"
        block.register_forward_pre_hook(enter(index))
        watch(block.attention_norm, f"{start}.attention_norm")
        wrap(
            block.attention,
            "compute_query_key_value_scores",
            f"{start}.attention: values, weighted",
            flip=True,
        )
        watch(block.attention, f"{start}.attention")
        watch(block.ffn_norm, f"{start}.ffn_norm")
        wrap(block.feed_forward, "SwiGLU", f"{start}.feed_forward: SwiGLU")
        watch(block.feed_forward, f"{start}.feed_forward")
        watch(block, start)
    right_rotation = llama.apply_rotary_emb
    with mock.patch.object(llama, "apply_rotary_emb", rotate):
        yield stages


RUNNERS = {"stack": run_stack}
