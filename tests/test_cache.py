"""What attention is told: visible tokens, positions, and the cache."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from cache import KeyValueCache, visible_tokens
from tests.helpers import CONFIG, random_llama, random_tokens


def test_the_mask_by_hand() -> None:
    assert visible_tokens(1, causal=True, past=5) is None
    assert visible_tokens(4, causal=False) is None
    seen = visible_tokens(2, causal=True, past=1)
    assert seen is not None
    assert seen.tolist() == [[True, True, False], [True, True, True]]
    real = torch.tensor([[False, True, True]])
    seen = visible_tokens(3, causal=True, real=real)
    assert seen is not None
    assert seen[0, 0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    seen = visible_tokens(3, causal=False, real=real)
    assert seen is not None
    assert seen[0, 0].int().tolist() == [[1, 1, 1], [0, 1, 1], [0, 1, 1]]


@torch.no_grad()
def test_a_cache_filled_in_chunks_with_padding() -> None:
    """Left, right and no padding, read in chunks of 1 to 5 tokens, some of them all padding."""
    model, tokens = random_llama(), random_tokens(3, 14)
    mask = torch.ones(3, 14, dtype=torch.bool)
    mask[0, :6], mask[1, 9:] = False, False
    expected, _ = model(tokens, targets=tokens, mask=mask)
    for size in (1, 3, 5):
        cache = model.new_cache(3)
        pieces = []
        for part, real in zip(tokens.split(size, 1), mask.split(size, 1), strict=True):
            pieces.append(model(part, targets=part, mask=real, cache=cache)[0])
        got = torch.cat(pieces, dim=1)
        torch.testing.assert_close(got[mask], expected[mask], atol=1e-4, rtol=1e-4)
        assert bool(got.isfinite().all())


@torch.no_grad()
def test_padding_between_real_tokens_takes_no_position() -> None:
    """A right-padded prompt that goes on, in a cache and without one."""
    model, tokens = random_llama(), random_tokens(2, 10)
    mask = torch.ones(2, 10, dtype=torch.bool)
    mask[0, 3:6] = False
    alone, _ = model(tokens[:1][mask[:1]][None])
    together, _ = model(tokens, mask=mask)
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)
    cache = model.new_cache(2)
    model(tokens[:, :6], mask=mask[:, :6], cache=cache)
    for i in range(6, 10):
        together, _ = model(tokens[:, i : i + 1], cache=cache)
    torch.testing.assert_close(together[:1], alone, atol=1e-4, rtol=1e-4)


def test_a_cache_that_does_not_fit_is_refused_and_unharmed() -> None:
    model, tokens = random_llama(), random_tokens(2, 6)
    cache = model.new_cache(2, 8)
    model(tokens, cache=cache)
    with pytest.raises(ValueError, match="12 tokens exceed the cache's 8 slots"):
        model(tokens, cache=cache)
    with pytest.raises(ValueError, match="one cache for each batch"):
        model(tokens[:1, :1], cache=cache)
    assert cache.length == 6
    long = model.new_cache(2)
    long.length = 62
    with pytest.raises(ValueError, match="68 tokens exceed max_seq_len=64"):
        model(tokens, cache=long)
    bidirectional = random_llama(replace(CONFIG, causal=False))
    with pytest.raises(ValueError, match="no use for a cache"):
        bidirectional(tokens, cache=bidirectional.new_cache(2))


def test_a_batch_that_does_not_fit_says_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.processor.free_memory", lambda: 10**6)
    # 2 tensors, 3 layers, 2 heads of 8 numbers of 4 bytes: 24,576 bytes for 64 tokens of a row
    with pytest.raises(ValueError, match=r"100 x 64 tokens take 2\.5 MB.*40 rows would fit"):
        KeyValueCache(CONFIG, 100)
    KeyValueCache(CONFIG, 40)
