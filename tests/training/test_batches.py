"""Padded batches: every text once, and no order that matters."""

from __future__ import annotations

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.batches import padded_batches, shown


@given(
    ids=st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=30), min_size=1, max_size=40),
    max_tokens=st.integers(1, 100),
    max_rows=st.none() | st.integers(1, 5),
)
@settings(max_examples=60, deadline=None)
def test_batches_hold_every_text_once(ids, max_tokens, max_rows) -> None:
    seen = []
    for batch in padded_batches(ids, 7, max_tokens=max_tokens, max_rows=max_rows):
        assert len(batch.rows) == 1 or batch.tokens.numel() <= max_tokens
        assert max_rows is None or len(batch.rows) <= max_rows
        for i, row in enumerate(batch.rows):
            assert batch.tokens[i][batch.mask[i]].tolist() == ids[row]
            assert set(batch.tokens[i][~batch.mask[i]].tolist()) <= {7}
        seen += batch.rows
    assert sorted(seen) == list(range(len(ids)))


def test_batches_do_not_depend_on_the_order_of_the_file() -> None:
    generator = torch.Generator().manual_seed(0)
    ids = [torch.randint(0, 5, (n,), generator=generator).tolist() for n in (3, 5, 3, 4, 3, 5, 1)]
    order = torch.randperm(len(ids), generator=generator).tolist()
    first = [b.tokens.tolist() for b in padded_batches(ids, 0, max_tokens=10)]
    second = [b.tokens.tolist() for b in padded_batches([ids[i] for i in order], 0, max_tokens=10)]
    assert first == second


def test_what_is_shown_is_handed_on(capsys, monkeypatch) -> None:
    """With an estimate where one is wanted; the bar is for terminals."""
    ids = [[1, 2, 3], [4, 5], [6], [7]]
    clock = itertools.count(0.0, 10.0)
    monkeypatch.setattr("training.estimate.time.perf_counter", lambda: next(clock))
    for estimate in (True, False):
        plain = padded_batches(ids, 0, max_tokens=4)
        batches = list(shown(plain, ids, "prompts", estimate=estimate))
        assert sorted(row for batch in batches for row in batch.rows) == [0, 1, 2, 3]
        output = capsys.readouterr()
        assert bool(output.out) is estimate
        assert output.out.endswith("s for 4 prompts\n" * estimate)
        assert output.err == ""
