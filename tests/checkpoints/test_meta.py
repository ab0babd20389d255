"""Meta's folders: one shard, its parameters, and what was guessed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import checkpoints
from config import LlamaConfig, RopeScaling
from llama import load_pretrained
from tests.helpers import CONFIG, random_llama, random_tokens

PARAMS: dict[str, Any] = {
    "dim": CONFIG.dim,
    "n_layers": CONFIG.n_layers,
    "n_heads": CONFIG.n_heads,
    "n_kv_heads": CONFIG.n_kv_heads,
    "norm_eps": 1e-5,
    "vocab_size": -1,
    "multiple_of": 256,
    "rope_theta": 500000.0,
}


def write_meta(folder: Path, config: LlamaConfig, **params: Any) -> None:
    """As Meta's own: short names, the projection in any case, a table of frequencies."""
    folder.mkdir(exist_ok=True)
    state = dict(random_llama(config).state_dict())
    names = {"query": "wq", "key": "wk", "value": "wv", "output": "wo"}
    for ours, theirs in names.items():
        state = {n.replace(f"compute_{ours}", theirs): t for n, t in state.items()}
    torch.save({**state, "rope.freqs": torch.ones(4)}, folder / "consolidated.00.pth")
    (folder / "params.json").write_text(json.dumps({**PARAMS, **params}))


def test_the_same_model(tmp_path: Path) -> None:
    config = replace(CONFIG, tie_embeddings=False, rope_theta=500000.0, layer_norm_eps=1e-5)
    write_meta(tmp_path / "m", config)
    tokens = random_tokens(1, 9)
    expected = random_llama(config)(tokens)[0]
    for path in (tmp_path / "m", tmp_path / "m" / "consolidated.00.pth"):
        checkpoint = checkpoints.read(path)
        assert torch.equal(load_pretrained(path)(tokens)[0], expected)
        assert checkpoint.config == replace(
            config, max_seq_len=8192, hidden_dim=checkpoint.config.hidden_dim
        )
        assert "longest context: 8192" in checkpoint.guesses[0]


def test_scaled_frequencies(tmp_path: Path) -> None:
    write_meta(tmp_path / "m", CONFIG, use_scaled_rope=True)
    checkpoint = checkpoints.read(tmp_path / "m")
    assert checkpoint.config.rope_scaling == RopeScaling("llama3", 8)
    assert checkpoint.config.max_seq_len == 131072
    assert "no factor: 8 is taken" in checkpoint.guesses[0]
    write_meta(tmp_path / "m", CONFIG, use_scaled_rope=True, rope_scaling_factor=32)
    assert checkpoints.read(tmp_path / "m").config.rope_scaling == RopeScaling("llama3", 32)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"moe": {"num_experts": 8}}, "has moe"),
        ({"quantization_args": {"scheme": "int4"}}, "has quantization_args"),
        ({"n_heads": 5}, "not a multiple"),
        ({"norm_eps": "x"}, "layer_norm_eps='x'"),
        ({"n_layers": 9}, "says n_layers=9"),
    ],
)
def test_what_is_no_llama_is_named(tmp_path: Path, params: dict[str, Any], message: str) -> None:
    write_meta(tmp_path / "m", CONFIG, **params)
    with pytest.raises(ValueError, match=message):
        load_pretrained(tmp_path / "m")


def test_several_shards_are_refused_by_name(tmp_path: Path) -> None:
    write_meta(tmp_path / "m", CONFIG)
    (tmp_path / "m" / "consolidated.01.pth").write_bytes(b"")
    with pytest.raises(ValueError, match=r"2 parts, consolidated.00.pth to consolidated.01.pth"):
        checkpoints.read(tmp_path / "m")
    for path in (tmp_path / "m").glob("*.pth"):
        path.unlink()
    with pytest.raises(ValueError, match=r"consolidated\.00\.pth: no such file"):
        checkpoints.read(tmp_path / "m")
