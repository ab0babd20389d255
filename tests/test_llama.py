"""The model: equal to transformers' and to NumPy's, and what must hold for any weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import nn

from assignment.grading import reference
from config import LlamaConfig
from llama import Attention, Llama, LlamaLayer, RMSNorm
from tests.helpers import (
    CONFIG,
    assert_close,
    assert_same_text,
    random_llama,
    random_tokens,
    recorded_margins,
)
from tests.oracle import hugging_face_twin


def to_numpy(model: Llama) -> dict:
    return {name: p.detach().double().numpy() for name, p in model.named_parameters()}


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, n_kv_heads=6, rope_theta=500.0, layer_norm_eps=1e-2),
        replace(CONFIG, n_kv_heads=1, tie_embeddings=False),
    ],
    ids=["grouped", "all heads", "one head, untied"],
)
@torch.no_grad()
def test_equal_to_transformers(config: LlamaConfig) -> None:
    model = random_llama(config)
    theirs = hugging_face_twin(model)
    tokens = random_tokens(2, 40)
    expected = theirs(tokens).logits
    logits, _ = model(tokens, targets=tokens)
    torch.testing.assert_close(logits, expected, atol=2e-4, rtol=1e-4)
    cache = model.new_cache(2)
    pieces = [model(tokens[:, i : i + 8], targets=tokens, cache=cache)[0] for i in range(0, 40, 8)]
    torch.testing.assert_close(torch.cat(pieces, dim=1), expected, atol=2e-4, rtol=1e-4)
    generated = theirs.generate(
        tokens[:, :5],
        attention_mask=torch.ones(2, 5),  # which it would infer from the padding id, 0
        max_new_tokens=30,
        do_sample=False,
        pad_token_id=0,
        eos_token_id=None,
    )
    with recorded_margins() as margins:
        text = model.generate(tokens[:, :5], 30, 0.0)
    assert_same_text(text, generated, margins)


@pytest.mark.parametrize("causal", [True, False])
@torch.no_grad()
def test_equal_to_numpy(causal: bool) -> None:
    model = random_llama(replace(CONFIG, causal=causal))
    tokens = random_tokens(2, 33)
    expected_logits, expected_hidden = reference.llama(
        tokens.numpy(), to_numpy(model), model.config
    )
    logits, hidden = model(tokens, targets=tokens)
    last, _ = model(tokens)
    torch.testing.assert_close(
        hidden.double(), torch.from_numpy(expected_hidden), atol=1e-4, rtol=1e-4
    )
    torch.testing.assert_close(
        logits.double(), torch.from_numpy(expected_logits), atol=1e-4, rtol=1e-4
    )
    assert last.shape == (2, 1, CONFIG.vocab_size)
    torch.testing.assert_close(last, logits[:, -1:])


@torch.no_grad()
def test_float64_leaves_no_rounding() -> None:
    model = random_llama().double()
    tokens = random_tokens(2, 20)
    expected, _ = reference.llama(tokens.numpy(), to_numpy(model), CONFIG)
    logits, _ = model(tokens, targets=tokens)
    assert_close(logits, expected, atol=1e-11, rtol=1e-10)


@torch.no_grad()
def test_causal_by_default() -> None:
    model, tokens = random_llama(), random_tokens(2, 12)
    later = tokens.clone()
    later[:, 7:] = (later[:, 7:] + 1) % CONFIG.vocab_size
    before, after = (model(t, targets=t)[0] for t in (tokens, later))
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert not torch.allclose(before[:, 7:], after[:, 7:])


@torch.no_grad()
def test_bidirectional_sees_the_future() -> None:
    model, tokens = random_llama(replace(CONFIG, causal=False)), random_tokens(2, 12)
    later = tokens.clone()
    later[:, 11] = (later[:, 11] + 1) % CONFIG.vocab_size
    before, after = (model(t, targets=t)[1] for t in (tokens, later))
    assert not torch.allclose(before[:, 0], after[:, 0], atol=1e-3)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize("pad", [0, 3, 96])
@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_a_sentence_is_the_same_alone_and_in_any_batch(side: str, pad: int, causal: bool) -> None:
    model = random_llama(replace(CONFIG, causal=causal))
    # Sentences that contain and end in the usual padding ids: nothing may be inferred from them.
    sentences = [[5, 0, 3, 0], [7, 8, 9, 10, 11, 12, 3], [3], [0, 0]]
    width = 9
    tokens = torch.full((len(sentences), width), pad)
    mask = torch.zeros(len(sentences), width, dtype=torch.bool)
    for row, sentence in enumerate(sentences):
        span = slice(width - len(sentence), width) if side == "left" else slice(0, len(sentence))
        tokens[row, span], mask[row, span] = torch.tensor(sentence), True
    logits, hidden = model(tokens, mask=mask)
    for row, sentence in enumerate(sentences):
        alone, alone_hidden = model(torch.tensor([sentence]))
        torch.testing.assert_close(logits[row : row + 1], alone, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(hidden[row][mask[row]], alone_hidden[0], atol=1e-4, rtol=1e-4)
    assert bool(hidden.isfinite().all())


def test_a_mask_that_does_not_fit_is_refused() -> None:
    model, tokens = random_llama(), random_tokens(2, 4)
    with pytest.raises(ValueError, match="must be torch.bool"):
        model(tokens, mask=torch.ones(2, 4))
    with pytest.raises(ValueError, match="must be torch.bool"):
        model(tokens, mask=torch.ones(2, 5, dtype=torch.bool))
    with pytest.raises(ValueError, match="no real token"):
        model(tokens, mask=torch.tensor([[True] * 4, [False] * 4]))


def test_too_many_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="65 tokens exceed max_seq_len=64"):
        random_llama()(random_tokens(1, 65))


def test_zero_projections_make_a_layer_the_identity() -> None:
    layer, x = LlamaLayer(0, CONFIG), torch.randn(2, 5, CONFIG.dim)
    nn.init.zeros_(layer.attention.compute_output.weight)
    nn.init.zeros_(layer.feed_forward.w2.weight)
    assert torch.equal(layer(x), x)


def test_heads_share_keys_in_consecutive_groups() -> None:
    """Key/value head 0 serves query heads 0 to n_rep - 1: zeroing it changes these alone."""
    attention, x = Attention(CONFIG), torch.randn(1, 6, CONFIG.dim)
    nn.init.eye_(attention.compute_output.weight)
    before = attention(x).unflatten(-1, (CONFIG.n_heads, -1))
    with torch.no_grad():
        attention.compute_value.weight[: CONFIG.head_dim] = 0
    after = attention(x).unflatten(-1, (CONFIG.n_heads, -1))
    changed = [not torch.allclose(before[:, :, h], after[:, :, h]) for h in range(CONFIG.n_heads)]
    assert changed == [True, True, True, False, False, False]


def test_rmsnorm_survives_half_precision() -> None:
    for dtype in (torch.float16, torch.bfloat16):
        x = torch.tensor([[1000.0, -1000.0, 1000.0, 500.0]], dtype=dtype)
        norm = RMSNorm(4).to(dtype)
        expected = reference.rmsnorm(x.double().numpy(), 1e-6)
        torch.testing.assert_close(
            norm(x).double(), torch.from_numpy(expected), atol=1e-2, rtol=1e-2
        )


def test_rmsnorm_rows_are_independent() -> None:
    norm, x = RMSNorm(6), torch.randn(3, 4, 6)
    torch.testing.assert_close(norm(x)[1, 2], norm(x[1, 2]))


def test_dropout_in_train_mode_only() -> None:
    model, tokens = random_llama(replace(CONFIG, dropout=0.3)), random_tokens(1, 10)
    assert torch.equal(model(tokens)[0], model(tokens)[0])
    model.train()
    assert not torch.equal(model(tokens)[0], model(tokens)[0])


def test_gradients_reach_every_weight() -> None:
    model, tokens = random_llama(), random_tokens(2, 9)
    logits, _ = model(tokens, targets=tokens)
    nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert bool(parameter.grad.abs().sum() > 0), name


def test_on_the_meta_device_and_in_bfloat16() -> None:
    with torch.device("meta"):
        logits, hidden = Llama(CONFIG)(torch.zeros(2, 5, dtype=torch.long))
    assert (logits.shape, hidden.shape) == ((2, 1, 97), (2, 5, 48))
    model, tokens = random_llama(), random_tokens(1, 8)
    expected, _ = model(tokens)
    logits, _ = model.bfloat16()(tokens)
    assert logits.dtype == torch.bfloat16
    torch.testing.assert_close(logits.float(), expected, atol=0.35, rtol=0.1)
