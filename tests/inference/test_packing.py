"""Packed products are the products, up to the rounding of their weights."""

from __future__ import annotations

from types import SimpleNamespace

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


def test_products_where_torch_lacks_what_they_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """On macOS no oneDNN and no quantised engine; for some devices no product with int8 weights."""
    torch.manual_seed(0)
    weight, x = torch.randn(64, 64), torch.randn(1, 3, 64)
    exact = x @ weight.T

    def refused(*_: object) -> None:
        raise RuntimeError("not for this device")

    monkeypatch.setattr(torch.ops, "mkldnn", SimpleNamespace())
    monkeypatch.setattr(torch.backends, "quantized", SimpleNamespace(engine="none"))
    monkeypatch.setattr(torch.ops.quantized, "linear_prepack", refused)
    monkeypatch.setattr(torch, "_weight_int8pack_mm", refused)
    inference.packing.multiplies_int8_weights.cache_clear()
    try:
        for quantize, worst in ((None, 1e-6), ("int8", 0.02)):
            for coarse in (False, True):
                product = inference.packing.pack(weight, torch.float32, quantize, coarse)
                assert (product(x) - exact).norm() / exact.norm() < worst
    finally:
        inference.packing.multiplies_int8_weights.cache_clear()


def test_a_large_matrix_is_rounded_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    weight = torch.randn(50, 33)
    whole = [inference.packing.paired_scales(weight), *inference.packing.to_int8(weight)]
    monkeypatch.setattr(inference.packing, "AT_ONCE", 7)
    parts = [inference.packing.paired_scales(weight), *inference.packing.to_int8(weight)]
    assert all(torch.equal(a, b) for a, b in zip(whole, parts, strict=True))
