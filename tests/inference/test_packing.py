"""Packed products are the products, up to the rounding of their weights."""

from __future__ import annotations

import pytest
import torch

import inference.decoder
import inference.packing
from inference.packing import Int8Product, Int8WeightProduct, PlainProduct


@pytest.mark.parametrize("rows", [1, 40])
def test_emulated_half_precision_is_still_the_product(rows: int) -> None:
    weight, x = torch.randn(24, 48), torch.randn(rows, 48)
    product = PlainProduct(weight.bfloat16())
    product.emulated = True
    ours = product(x.bfloat16()).float()
    assert (ours - x @ weight.T).norm() / (x @ weight.T).norm() < 0.01


@pytest.mark.parametrize("kind", [Int8Product, Int8WeightProduct])
def test_int8_is_off_by_its_rounding_only(kind) -> None:
    torch.manual_seed(0)
    weight = torch.randn(96, 256) * torch.logspace(-3, 3, 96)[:, None]  # scales that differ
    product, x = kind(weight), torch.randn(3, 8, 256)
    for ours in (product(x), torch.cat([product(row[None, None]) for row in x.flatten(0, 1)])):
        errors = (ours.view(24, 96) - (x @ weight.T).view(24, 96)) / weight.norm(dim=1)
        assert errors.square().mean(dim=0).sqrt().max() < 0.025


def test_no_pair_of_products_leaves_16_bits() -> None:
    """The worst input for each row, and weights that all are of one size."""
    weight = torch.randn(24, 64).sign() * 0.7
    x = (weight > 0).float()
    exact = x @ weight.T
    errors = (Int8Product(weight)(x) - exact).diagonal() / exact.diagonal()
    assert errors.abs().max() < 0.02


@pytest.mark.parametrize("columns", [48, 44, 43])  # torch reads them 8 at a time
def test_many_rows_are_the_product_too(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inference.packing, "WIDENED", 10)
    weight, x = torch.randn(24, columns), torch.randn(100, columns)
    few = torch.cat([Int8WeightProduct(weight)(part) for part in x.split(10)])
    assert (Int8WeightProduct(weight)(x) - few).norm() / few.norm() < 0.01


def test_a_huge_row_does_not_cost_the_others_their_precision() -> None:
    torch.manual_seed(0)
    weight, x = torch.randn(96, 256), torch.randn(8, 256)
    x[0] *= 1e4
    exact = x @ weight.T
    errors = (Int8Product(weight)(x) - exact).norm(dim=1) / exact.norm(dim=1)
    assert errors.max() < 0.03
    assert torch.equal(Int8Product(weight)(torch.zeros(2, 256)), torch.zeros(2, 96))
