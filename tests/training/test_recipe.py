"""The numbers of a run are checked once, and named."""

from __future__ import annotations

import pytest
import torch

from training import recipe
from training.recipe import Recipe, choose_autocast


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 0}, "epochs=0: must be at least 1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"max_tokens": -1}, "max_tokens=-1"),
        ({"lr": 0.0}, "lr=0.0: must be a positive number"),
        ({"lr": float("inf")}, "lr=inf"),
        ({"lr": float("nan")}, "lr=nan"),
    ],
)
def test_a_number_out_of_range_is_named(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Recipe(**{"epochs": 1, "lr": 0.1, **given})


def test_bfloat16_where_it_is_fast_and_where_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cpu = torch.device("cpu")
    assert (choose_autocast("on", cpu), choose_autocast("off", cpu)) == (True, False)
    for here in (True, False):
        monkeypatch.setattr(recipe, "has_units", lambda dtype, here=here: here)
        assert choose_autocast("auto", cpu) is here
