"""How weights begin, what they count, and that tied ones are one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import pytest
import torch
from torch import nn

from config import LlamaConfig
from llama import Llama
from tests.helpers import CONFIG, random_llama, random_tokens


def test_residual_projections_start_smaller() -> None:
    config = LlamaConfig(vocab_size=500, dim=128, n_layers=6)
    torch.manual_seed(0)
    for name, parameter in Llama(config).named_parameters():
        if parameter.ndim == 1:
            assert bool((parameter == 1).all()), name
            continue
        residual = name.endswith(("w2.weight", "compute_output.weight"))
        expected = 0.02 / math.sqrt(2 * config.n_layers) if residual else 0.02
        assert parameter.std().item() == pytest.approx(expected, rel=0.05), name


def test_tied_weights_are_one_parameter() -> None:
    model = random_llama()
    assert model.output.weight is model.tok_embeddings.weight
    untied = random_llama(replace(CONFIG, tie_embeddings=False))
    assert untied.output.weight is not untied.tok_embeddings.weight
    difference = untied.footprint().parameters - model.footprint().parameters
    assert difference == CONFIG.vocab_size * CONFIG.dim


def test_the_footprint_counts_every_parameter_once() -> None:
    model = random_llama().bfloat16()
    footprint = model.footprint()
    assert footprint.parameters == sum(p.numel() for p in model.parameters())
    assert footprint.weight_bytes == 2 * footprint.parameters
    cache = model.new_cache(1, 10)
    assert footprint.cache_bytes_per_token * 10 == cache.keys.nbytes + cache.values.nbytes


def test_compiled_prefixes_do_not_reach_a_file(tmp_path) -> None:
    from llama import load_pretrained

    model = random_llama()
    # Renames its weights at once and would compile on first use.
    model.layers[0] = cast(nn.Module, torch.compile(model.layers[0]))
    assert any("_orig_mod." in name for name in model.state_dict())
    model.save_pretrained(tmp_path / "m.pt")
    tokens = random_tokens(1, 6)
    assert torch.equal(load_pretrained(tmp_path / "m.pt")(tokens)[0], random_llama()(tokens)[0])
