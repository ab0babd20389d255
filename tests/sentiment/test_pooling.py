"""Pooling by hand, and without padding."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from sentiment.pooling import POOLING_METHODS, make_classifier, pool
from tests.helpers import random_llama
from training.batches import pad


@pytest.mark.parametrize("method", POOLING_METHODS)
def test_pooling_ignores_padding(method: str) -> None:
    torch.manual_seed(0)
    config = SimpleNamespace(num_labels=3, option="finetune", hidden_dropout_prob=0.5)
    classifier = make_classifier(config, method, random_llama()).eval()
    ids = [[5, 0, 3], [7, 8, 9, 10, 0], [3]]
    with torch.no_grad():
        batch = pad(ids, [0, 1, 2], 3)
        together = classifier(batch.tokens, batch.mask)
        left = classifier(batch.tokens.flip(1), batch.mask.flip(1))  # other texts, padded left
        for row, text in enumerate(ids):
            alone = classifier(torch.tensor([text]))
            torch.testing.assert_close(together[row : row + 1], alone, atol=1e-4, rtol=1e-4)
            alone = classifier(torch.tensor([text[::-1]]))
            torch.testing.assert_close(left[row : row + 1], alone, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(together.exp().sum(dim=1), torch.ones(3))


def test_pooling_by_hand() -> None:
    h = torch.tensor([[[1.0, 5.0], [3.0, -1.0], [9.0, 9.0]]])
    mask = torch.tensor([[True, True, False]])
    scores = torch.log(torch.tensor([[1.0, 3.0, 7.0]]))
    expected = {
        "last_token": [3, -1],
        "cls_token": [1, 5],
        "mean_pooling": [2, 2],
        "max_pooling": [3, 5],
        "attention_pooling": [2.5, 0.5],
    }
    for method, result in expected.items():
        got = pool(method, h, mask, scores)[0].tolist()
        assert got == pytest.approx(result), method
