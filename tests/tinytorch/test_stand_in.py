"""`llama.py` and what it imports, as they are, on TinyTorch: logits, gradients, texts, training."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

import base_llama
import checkpoints
import classifier
import llama
import optimizer
import tinytorch
from data import STAND_IN
from tests.helpers import CONFIG, random_llama
from tests.tinytorch.both import to_numpy
from tinytorch.stand_in import instead_of_torch, on_tinytorch

TAUGHT = ("llama", "rope", "sampling", "cache", "base_llama", "generation", "optimizer",
          "checkpoints", "classifier")  # fmt: skip


@pytest.fixture(scope="module")
def tiny() -> Any:
    """The taught files on TinyTorch."""
    with instead_of_torch():
        import base_llama
        import cache
        import classifier
        import generation
        import llama
        import optimizer
        import rope
        import sampling
    return SimpleNamespace(base_llama=base_llama, cache=cache, classifier=classifier,
                           generation=generation, llama=llama, optimizer=optimizer, rope=rope,
                           sampling=sampling)  # fmt: skip


def twin_of(model: llama.Llama, tiny: Any, dtype: str = "float32") -> Any:
    """A model with the same weights on the other engine."""
    twin = tiny.llama.Llama(model.config).to(getattr(tinytorch, dtype))
    model.to(getattr(torch, dtype))
    twin.load_state_dict({n: tinytorch.tensor(w.numpy()) for n, w in model.state_dict().items()})
    return twin.train(model.training)


def test_the_files_are_the_same_and_the_engine_is_another(tiny: Any) -> None:
    assert tiny.llama.__file__ == llama.__file__
    assert tiny.llama.torch is tinytorch
    assert llama.torch is torch
    assert not issubclass(tiny.llama.Llama, torch.nn.Module)
    for name in TAUGHT:  # outside, all is as it was
        assert sys.modules[name] is globals().get(name, sys.modules[name])
        assert getattr(sys.modules[name], "torch", torch) is torch
    assert sys.modules["torch"] is torch
    assert sys.modules["torch.nn"] is torch.nn
    from base_llama import WithoutInitialisation

    assert base_llama.WithoutInitialisation is WithoutInitialisation


def test_an_error_inside_leaves_torch_in_its_place() -> None:
    with pytest.raises(ZeroDivisionError), instead_of_torch():
        import torch as inside

        assert inside is tinytorch
        1 / 0  # noqa: B018
    assert sys.modules["torch"] is torch


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
@pytest.mark.parametrize("causal", [True, False])
def test_logits_loss_and_every_gradient_are_torchs(
    tiny: Any, dtype: str, tolerance: float, causal: bool
) -> None:
    """With padding on either side."""
    model = llama.Llama(replace(CONFIG, causal=causal, tie_embeddings=causal))
    twin = twin_of(model, tiny, dtype)
    source = np.random.default_rng(0)
    ids = source.integers(0, CONFIG.vocab_size, (3, 12))
    real = np.ones((3, 11), bool)
    real[0, :4] = real[1, 7:] = False
    found: list[Any] = []
    for t, net in ((torch, model), (tinytorch, twin)):
        engine: Any = t
        tokens, targets = engine.tensor(ids[:, :-1].copy()), engine.tensor(ids[:, 1:].copy())
        mask = engine.tensor(real)
        logits, h = net(tokens, targets, mask=mask)
        wanted = targets.masked_fill(~mask, -100)
        loss = engine.nn.functional.cross_entropy(logits.flatten(0, 1), wanted.flatten())
        loss.backward()
        last, _ = net(tokens, mask=mask)
        shown = [to_numpy(x)[real] for x in (logits, h)]
        found.append([loss.item(), to_numpy(last), *shown,
                      {n: to_numpy(p.grad) for n, p in net.named_parameters()}])  # fmt: skip
    theirs, ours = found
    for one, other in zip(theirs[:4], ours[:4], strict=True):
        np.testing.assert_allclose(other, one, rtol=tolerance, atol=tolerance)
    assert theirs[4].keys() == ours[4].keys()
    for name, gradient in theirs[4].items():
        assert np.abs(gradient).max() > 0
        np.testing.assert_allclose(ours[4][name], gradient, atol=tolerance)


def test_texts_are_torchs_with_a_cache_and_without_and_past_the_context(tiny: Any) -> None:
    model = random_llama()
    twin = twin_of(model, tiny)
    prompts = np.random.default_rng(1).integers(0, CONFIG.vocab_size, (2, 9))
    mask = np.ones((2, 9), bool)
    mask[0, :5] = False
    for options in ({}, {"use_cache": False}, {"stop_tokens": [3, 4, 5, 6, 7, 8]}):
        theirs = model.generate(torch.tensor(prompts), 80, 0.0, mask=torch.tensor(mask), **options)
        ours = twin.generate(
            tinytorch.tensor(prompts), 80, 0.0, mask=tinytorch.tensor(mask), **options
        )
        assert ours.tolist() == theirs.tolist()
    _, logprobs = twin.generate(tinytorch.tensor(prompts), 5, 0.0, return_logprobs=True)
    _, expected = model.generate(torch.tensor(prompts), 5, 0.0, return_logprobs=True)
    np.testing.assert_allclose(logprobs.numpy(), expected.numpy(), atol=1e-4)


def test_filters_leave_what_they_leave_on_torch(tiny: Any) -> None:
    import sampling

    logits = np.random.default_rng(2).normal(size=(3, 50)).astype("float32") * 3
    seen = np.array([[1, 2, 2], [3, 4, 5], [0, 0, 0]])
    for call in (
        lambda s, t: s.filter_top_k(t.tensor(logits), 7),
        lambda s, t: s.filter_top_p(t.tensor(logits), 0.8),
        lambda s, t: s.filter_min_p(t.tensor(logits), 0.1),
        lambda s, t: s.penalise_repetition(t.tensor(logits), t.tensor(seen), 1.3),
        lambda s, t: s.scale(t.tensor(logits), 0.7),
    ):
        theirs, ours = call(sampling, torch), call(tiny.sampling, tinytorch)
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-6)
    chosen = tiny.sampling.choose_token(
        tinytorch.tensor(logits), tiny.sampling.Sampling(0.8, top_k=3, top_p=0.9, min_p=0.05)
    )
    kept = tiny.sampling.filter_top_k(tinytorch.tensor(logits), 3)
    assert tinytorch.isfinite(kept.gather(-1, chosen)).all()


def test_a_hundred_steps_of_the_hand_written_adamw_give_torchs_losses(tiny: Any) -> None:
    """With decay and two groups; then its state is taken up by another, and goes on alike."""
    config = replace(CONFIG, n_layers=2)
    torch.manual_seed(0)
    model = llama.Llama(config)
    twin = twin_of(model, tiny)
    source = np.random.default_rng(3)
    rows = source.integers(0, 20, (100, 4, 10))
    losses: list[list[float]] = [[], []]
    for n, (t, net, optim) in enumerate(
        ((torch, model, optimizer), (tinytorch, twin, tiny.optimizer))
    ):
        engine: Any = t
        matrices = [p for p in net.parameters() if p.ndim > 1]
        others = [p for p in net.parameters() if p.ndim == 1]
        groups = [{"params": matrices, "weight_decay": 0.1}, {"params": others}]
        adamw = optim.AdamW(groups, lr=1e-3)
        for step, row in enumerate(rows):
            if step == 60:
                state, adamw = adamw.state_dict(), optim.AdamW(groups, lr=0.5)
                adamw.load_state_dict(state)
            adamw.zero_grad()
            tokens, targets = engine.tensor(row[:, :-1].copy()), engine.tensor(row[:, 1:].copy())
            logits, _ = net(tokens, targets)
            loss = engine.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
            loss.backward()
            adamw.step()
            losses[n].append(loss.item())
    np.testing.assert_allclose(losses[1], losses[0], atol=1e-4)
    assert losses[0][-1] < losses[0][0] - 0.5
    with pytest.raises(ValueError, match="lr=-1"):
        tiny.optimizer.AdamW(twin.parameters(), lr=-1)


def test_sgd_the_head_and_rope_scaling_run_too(tiny: Any) -> None:
    import rope
    from config import RopeScaling

    settings = SimpleNamespace(num_labels=3, option="finetune", hidden_dropout_prob=0.0,
                               pretrained_model_path=None)  # fmt: skip
    model = random_llama().train()
    head = classifier.LlamaEmbeddingClassifier(settings, model)
    twin = tiny.classifier.LlamaEmbeddingClassifier(settings, twin_of(model, tiny))
    twin.load_state_dict({n: tinytorch.tensor(w.numpy()) for n, w in head.state_dict().items()})
    ids, labels = np.random.default_rng(4).integers(0, 97, (4, 7)), np.array([0, 2, 1, 2])
    losses: list[list[float]] = [[], []]
    for n, (t, net, optim) in enumerate(
        ((torch, head, optimizer), (tinytorch, twin, tiny.optimizer))
    ):
        engine: Any = t
        sgd = optim.SGD(net.parameters(), lr=0.05)
        for _ in range(5):
            sgd.zero_grad()
            loss = engine.nn.functional.nll_loss(net(engine.tensor(ids)), engine.tensor(labels))
            loss.backward()
            sgd.step()
            losses[n].append(loss.item())
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    scaling = RopeScaling("llama3", 8.0, 1.0, 4.0, 64)
    theirs = rope.rotary_angles(torch.arange(200), 16, 10000.0, torch.float64, scaling)
    ours = tiny.rope.rotary_angles(tinytorch.arange(200), 16, 10000.0, tinytorch.float64, scaling)
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-12)


def test_a_checkpoint_that_does_not_fit_is_told_as_on_torch(tiny: Any, tmp_path: Any) -> None:
    path = tmp_path / "model.pt"
    random_llama().save_pretrained(path)
    checkpoint = checkpoints.read(path)
    converted = on_tinytorch(checkpoint)
    good = tiny.llama.Llama.from_checkpoint(converted)
    assert good.output.weight is good.tok_embeddings.weight
    assert not good.training
    del converted.tensors["norm.weight"]
    with pytest.raises(ValueError, match="missing norm.weight"):
        tiny.llama.Llama.from_checkpoint(converted)


@pytest.mark.slow
def test_smollm2_writes_the_same_greedy_text(tiny: Any) -> None:
    if not STAND_IN.exists():
        pytest.skip("no SmolLM2 here: bash setup.sh prepares it")
    checkpoint = checkpoints.read(STAND_IN)
    model = llama.Llama.from_checkpoint(checkpoint)
    twin = tiny.llama.Llama.from_checkpoint(on_tinytorch(checkpoint))
    ids = np.array([[3725, 9931, 418, 253]])
    theirs = model.generate(torch.tensor(ids), 20, 0.0)
    ours = twin.generate(tinytorch.tensor(ids), 20, 0.0)
    assert ours.tolist() == theirs.tolist()
