"""LlamaConfig: the course's defaults, the names of old checkpoints, one message for each fault."""

import dataclasses
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from config import LlamaConfig, RopeScaling
from llama import Llama
from tests.helpers import CONFIG


def test_the_defaults_are_the_courses() -> None:
    with torch.device("meta"):
        assert Llama(LlamaConfig()).footprint().parameters == 41_689_600


def test_round_trip() -> None:
    assert LlamaConfig.from_dict(CONFIG.to_dict()) == CONFIG


@pytest.mark.parametrize(
    "config",
    [
        CONFIG,
        replace(CONFIG, head_dim=10, rope_scaling=RopeScaling("llama3", 8)),
        replace(CONFIG, rope_scaling=RopeScaling("factors", factors=(1.0, 2.0, 4.0, 8.0))),
    ],
)
def test_to_a_file_and_back(tmp_path: Path, config: LlamaConfig) -> None:
    config.to_file(tmp_path / "config.json")
    assert LlamaConfig.from_file(tmp_path / "config.json") == config
    for content in ("", "[1]", '{"dims": 3}'):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(ValueError, match=r"bad\.json: "):
            LlamaConfig.from_file(tmp_path / "bad.json")
    with pytest.raises(ValueError, match=r"absent\.json: No such file"):
        LlamaConfig.from_file(tmp_path / "absent.json")


def test_names_of_old_checkpoints() -> None:
    old = {"norm_eps": 1e-6, "position_embedding_type": "rotary", "use_cache": True, "dim": 64}
    assert LlamaConfig.from_dict(old) == LlamaConfig(layer_norm_eps=1e-6, dim=64)
    assert LlamaConfig.from_dict({"n_heads": 4, "n_kv_heads": None}).n_kv_heads == 4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"n_head": 8}, "unknown configuration field 'n_head'"),
        ({"position_embedding_type": "absolute"}, "position_embedding_type='absolute'"),
        ({"norm_eps": 1e-5, "layer_norm_eps": 1e-6}, "states 'layer_norm_eps' twice"),
        ({"dim": 0}, "dim=0: must be an integer from 1 to"),
        ({"dim": 64.0}, "dim=64.0: must be an integer"),
        ({"n_layers": True}, "n_layers=True: must be an integer"),
        ({"hidden_dim": -1}, "hidden_dim=-1: must be an integer"),
        ({"dim": 100, "n_heads": 8}, "dim=100 is not a multiple of n_heads=8"),
        ({"n_heads": 8, "n_kv_heads": 3}, "n_heads=8 is not a multiple of n_kv_heads=3"),
        ({"dim": 24, "n_heads": 8}, "head_dim=3 is odd"),
        ({"n_layers": 10**6}, "n_layers=1000000: must be an integer from 1 to 1,024"),
        ({"hidden_dim": 2**62}, "must be an integer from 1 to"),
        ({"use_cache": [1]}, "use_cache=[1]"),
        ({"dropout": 1.0}, "dropout=1.0: must be in [0, 1)"),
        ({"layer_norm_eps": 0}, "layer_norm_eps=0: must be a finite number above 0"),
        ({"rope_theta": float("nan")}, "rope_theta=nan: must be"),
        ({"head_dim": 7}, "head_dim=7 is odd"),
        ({"head_dim": -2}, "head_dim=-2: must be an integer"),
        ({"rope_scaling": "llama3"}, "rope_scaling='llama3': must be an object"),
        ({"rope_scaling": {"factor": 8}}, "must have fields of"),
        ({"rope_scaling": {"kind": "yarn"}}, "rope_scaling is 'yarn': linear and llama3"),
        ({"rope_scaling": {"kind": "linear", "factor": 0}}, "factor=0: must be a number above 0"),
        ({"rope_scaling": {"kind": "llama3", "low_freq_factor": 4}}, "must be less than"),
        ({"rope_scaling": {"kind": "factors", "factors": [1.0, "x"]}}, "factors='x'"),
        ({"rope_scaling": {"kind": "factors", "factors": [2.0]}}, "has 1 factors, and heads of 64"),
        ({"causal": 1}, "causal=1: must be True or False"),
    ],
)
def test_a_wrong_value_is_named_with_its_bound(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        LlamaConfig.from_dict(values)
    assert message in str(caught.value)


def test_it_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONFIG.dim = 3  # type: ignore[misc]
