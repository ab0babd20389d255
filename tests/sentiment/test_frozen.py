"""States that are computed once: equal to the model's own, and found again."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from sentiment import frozen
from sentiment.encoding import Encoded
from sentiment.frozen import StateBank, compute_states, freeze
from tests.helpers import CONFIG, random_llama
from training.recipe import Recipe

TEXTS = [[5, 0, 3], [7, 8, 9, 10, 0], [3], [1, 2, 3, 4]]


@torch.no_grad()
def test_a_text_is_one_row_and_for_learnt_weights_one_of_each_token() -> None:
    model = random_llama()
    for pooling in ("last_token", "attention_pooling"):
        bank = StateBank(model)
        assert bank.add(torch.zeros(2, CONFIG.dim)) == 0  # of another split
        states, rows = compute_states(model, TEXTS, pooling, 0, max_tokens=8)
        start = bank.add(states)
        for text, own in zip(TEXTS, rows, strict=True):
            h = model.hidden_states(torch.tensor([text]))
            wanted = h if pooling == "attention_pooling" else h[:, -1:]
            got = bank.hidden_states(torch.tensor([own]) + start)
            torch.testing.assert_close(got, wanted, atol=1e-4, rtol=1e-4)


def test_states_are_kept_by_all_that_decides_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    model, encoded = random_llama(), {"dev": Encoded(TEXTS, 0)}

    def read_back(pooling: str = "last_token", digest: str = "a", **recipe: object) -> bool:
        capsys.readouterr()
        given = Recipe(**{"epochs": 1, "lr": 0.1, **recipe})  # type: ignore[arg-type]
        bank, rows = freeze(model, encoded, 0, pooling, given, digest)
        assert sorted(rows["dev"].ids) == [[0], [1], [2], [3]]
        assert len(bank.states) == sum(map(len, rows["dev"].ids))
        return "those of dev read from" in capsys.readouterr().out

    assert not read_back()
    assert read_back()
    assert read_back(lr=0.5, seed=2)  # of the training, which states do not depend on
    assert not read_back(pooling="mean_pooling")
    assert not read_back(digest="b")
    assert not read_back(max_tokens=64)
    for kept in frozen.KEPT.iterdir():
        kept.write_bytes(b"damaged")
    assert not read_back()
    assert read_back()
