"""Activation checkpointing: less is kept, and nothing else changes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from llama import Llama, LlamaLayer
from tests.helpers import CONFIG, random_llama, random_tokens
from training.activations import checkpoint_layers

MASK = torch.arange(40) < torch.tensor([[40], [23], [31]])  # (B, T)


@contextlib.contextmanager
def kept_activations() -> Iterator[dict[int, int]]:
    """What autograd keeps within, parameters left out: bytes by address."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, torch.nn.Parameter):
            storage = tensor.untyped_storage()
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept


def layers_of(model: Llama) -> list[LlamaLayer]:
    return [layer for layer in model.layers if isinstance(layer, LlamaLayer)]


def backward(model: Llama) -> tuple[dict[str, Tensor], int]:
    """Gradients of a training step with dropout, and the bytes that were kept for them."""
    torch.manual_seed(5)
    model.train().zero_grad()
    with kept_activations() as kept:
        loss = model.hidden_states(random_tokens(3, 40), MASK).square().sum()
    loss.backward()
    # `output` of an untied model has none: no token is predicted
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return gradients, sum(kept.values())


@pytest.fixture
def model() -> Llama:
    return random_llama(replace(CONFIG, dropout=0.2))


def test_gradients_stay_the_same_to_the_last_bit_and_less_is_kept(model: Llama) -> None:
    plain, much = backward(model)
    names = list(model.state_dict())
    checkpoint_layers(model.layers, model.activation_bytes, limit=0)
    recomputed, little = backward(model)
    assert list(model.state_dict()) == names
    assert recomputed.keys() == plain.keys()
    for name, gradient in plain.items():
        assert torch.equal(gradient, recomputed[name]), name
    assert little < much / 5


def test_layers_keep_what_fits(model: Llama) -> None:
    """One layer of three within the limit: the other two are computed again."""
    calls = []
    for layer in layers_of(model):
        layer.feed_forward.register_forward_pre_hook(
            lambda *_, number=layer.layer_id: calls.append(number)
        )
    one = model.activation_bytes(3, 40)
    checkpoint_layers(model.layers, model.activation_bytes, limit=1.5 * one)
    backward(model)
    assert calls == [0, 1, 2, 2, 1]
    calls.clear()
    with torch.no_grad():
        model.hidden_states(random_tokens(3, 40), MASK)
    assert calls == [0, 1, 2]


@pytest.mark.parametrize(("dim", "T"), [(48, 12), (96, 40), (48, 64)])
def test_the_estimate_is_about_what_is_kept(dim: int, T: int) -> None:
    kept = []
    for n_layers in (1, 2):
        model = random_llama(replace(CONFIG, dim=dim, head_dim=0, n_layers=n_layers))
        with kept_activations() as activations:
            result = model.hidden_states(random_tokens(5, T))
        kept.append(sum(activations.values()))
        del result
    one_layer = kept[1] - kept[0]
    assert model.activation_bytes(5, T) == pytest.approx(one_layer, rel=0.2)


def test_any_stack_of_layers_will_do() -> None:
    """The trainer's rooms have other stacks than a Llama's."""
    layers = torch.nn.ModuleList(torch.nn.Linear(6, 6) for _ in range(4))
    x, gradients = torch.randn(2, 5, 6), []
    for limit in (float("inf"), 0.0):
        checkpoint_layers(layers, lambda B, T: 4.0 * B * T * 6, limit)
        layers.zero_grad()
        h = x
        for layer in layers:
            h = layer(h).tanh()
        h.sum().backward()
        gradients.append([p.grad.clone() for p in layers.parameters() if p.grad is not None])
    assert all(torch.equal(a, b) for a, b in zip(*gradients, strict=True))
