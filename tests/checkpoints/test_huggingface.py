"""Hugging Face's folders: transformers' own files, its logits, and what is not a Llama."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import checkpoints
from cache import AttentionContext
from llama import load_pretrained
from tests.helpers import random_tokens

pytest.importorskip("safetensors")
transformers = pytest.importorskip("transformers")
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

BASE = {
    "vocab_size": 97,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rope_theta": 5e5,
    "tie_word_embeddings": True,
}
LLAMA_3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 8192,
}
KINDS: dict[str, dict[str, Any]] = {
    "tied": {},
    "untied": {"tie_word_embeddings": False},
    "other head size": {"head_dim": 10},
    "every head its own": {"num_key_value_heads": 6},
    "linear": {"rope_scaling": {"rope_type": "linear", "factor": 4.0}},
    "llama 3.1": {"rope_scaling": LLAMA_3, "max_position_embeddings": 9000},
}


def save(folder: Path, kind: str = "LlamaForCausalLM", shard: str = "5GB", **changes: Any) -> Any:
    """A random model in a folder, as transformers writes it; returns it."""
    torch.manual_seed(0)
    values = {**BASE, **changes}
    theirs = getattr(transformers, kind)
    model = theirs(theirs.config_class(**values)).eval()
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 1.0 if parameter.ndim == 1 else 0.0, 0.2)
    model.save_pretrained(folder, max_shard_size=shard)
    return model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save(tmp_path / "m")
    return tmp_path / "m"


def change(folder: Path, name: str = "config.json", **values: Any) -> None:
    """Set values in a JSON file; None takes one out."""
    facts = json.loads((folder / name).read_text())
    facts |= values
    (folder / name).write_text(json.dumps({k: v for k, v in facts.items() if v is not None}))


@pytest.mark.parametrize("changes", KINDS.values(), ids=KINDS)
@torch.no_grad()
def test_logits_are_transformers(tmp_path: Path, changes: dict[str, Any]) -> None:
    theirs = save(tmp_path / "m", **changes)
    ours = load_pretrained(tmp_path / "m")
    tokens = random_tokens(2, 40)
    logits = theirs(tokens).logits
    assert (ours(tokens, tokens)[0] - logits).abs().max() < 1e-4
    assert logits.abs().max() > 1, "else a wrong model would be close"


@torch.no_grad()
def test_llama_3s_frequencies_beyond_the_old_context(tmp_path: Path) -> None:
    """A few tokens at positions past 8,192, where the scaling is what it is for."""
    theirs = save(tmp_path / "m", **KINDS["llama 3.1"])
    ours = load_pretrained(tmp_path / "m")
    tokens = random_tokens(1, 12)
    positions = torch.arange(8500, 8512)
    logits = theirs(tokens, position_ids=positions[None]).logits
    h = ours.tok_embeddings(tokens)
    visible = torch.ones(12, 12, dtype=torch.bool).tril()
    for layer in ours.layers:
        h = layer(h, AttentionContext(visible, positions, None))
    assert (ours.output(ours.norm(h)) - logits).abs().max() < 1e-4


def test_several_files_with_an_index(tmp_path: Path) -> None:
    save(tmp_path / "m", shard="40KB")
    save(tmp_path / "one")
    assert len(list((tmp_path / "m").glob("*.safetensors"))) > 2
    ours, one = (checkpoints.read(tmp_path / name) for name in ("m", "one"))
    assert ours.tensors.keys() == one.tensors.keys()
    for name, tensor in one.tensors.items():
        assert torch.equal(ours.tensors[name], tensor), name
    index = tmp_path / "m" / "model.safetensors.index.json"
    assert checkpoints.read(index).shapes == one.shapes


def test_a_file_of_a_folder_stands_for_it(folder: Path) -> None:
    for name in ("model.safetensors", "config.json"):
        assert checkpoints.read(folder / name).config == checkpoints.read(folder).config


def test_weights_are_mapped_and_the_file_stays_as_it_is(folder: Path) -> None:
    file = folder / "model.safetensors"
    before = file.read_bytes()
    model = load_pretrained(folder)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    assert file.read_bytes() == before


def test_mistral_is_a_llama_within_its_window(tmp_path: Path) -> None:
    theirs = save(tmp_path / "m", "MistralForCausalLM", sliding_window=None)
    tokens = random_tokens(2, 30)
    with torch.no_grad():
        logits = theirs(tokens).logits
        assert (load_pretrained(tmp_path / "m")(tokens, tokens)[0] - logits).abs().max() < 1e-4
    change(tmp_path / "m", sliding_window=16)
    with pytest.raises(ValueError, match="sliding_window=16 within a context of 64"):
        load_pretrained(tmp_path / "m")
    change(tmp_path / "m", sliding_window=64)
    load_pretrained(tmp_path / "m")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"model_type": "qwen2"}, "model_type is 'qwen2'"),
        ({"hidden_act": "gelu"}, "hidden_act='gelu'"),
        ({"attention_bias": True}, "attention_bias=True"),
        ({"mlp_bias": True}, "mlp_bias=True"),
        ({"quantization_config": {"quant_method": "gptq"}}, "quantization_config="),
        ({"rope_parameters": {"rope_type": "yarn", "factor": 2.0}}, "RoPE of type 'yarn'"),
        ({"rope_parameters": [1]}, "rope_scaling=[1]"),
        ({"rope_parameters": {"rope_type": "llama3", "factor": 8}}, "lacks low_freq_factor"),
        ({"hidden_size": None}, "lacks 'hidden_size'"),
        ({"hidden_size": 1e9}, "dim=1000000000.0"),
        ({"num_hidden_layers": 3}, "says n_layers=3"),
        ({"intermediate_size": 81}, "misshapen"),
        ({"num_attention_heads": 5, "head_dim": None}, "not a multiple"),
        ({"tie_word_embeddings": False}, "missing output.weight"),
        ({"tie_word_embeddings": "no"}, "tie_word_embeddings='no'"),
    ],
)
def test_what_is_no_llama_is_named(folder: Path, values: dict[str, Any], message: str) -> None:
    change(folder, **values)
    with pytest.raises(ValueError, match=r".") as caught:
        load_pretrained(folder)
    assert message in str(caught.value)
    assert str(folder) in str(caught.value)


def test_biases_are_named(tmp_path: Path) -> None:
    save(tmp_path / "m", attention_bias=True)
    change(tmp_path / "m", attention_bias=False)
    with pytest.raises(ValueError, match=r"unexpected .*q_proj.bias and 5 more|and 5 more"):
        load_pretrained(tmp_path / "m")


@pytest.mark.parametrize("name", ["../model.safetensors", "/etc/passwd", "..", "absent"])
def test_an_index_names_files_of_its_folder_alone(tmp_path: Path, name: str) -> None:
    save(tmp_path / "m", shard="40KB")
    shutil.copy(next((tmp_path / "m").glob("*.safetensors")), tmp_path / "model.safetensors")
    index = "model.safetensors.index.json"
    names = json.loads((tmp_path / "m" / index).read_text())["weight_map"]
    change(tmp_path / "m", index, weight_map={**names, "model.norm.weight": name})
    with pytest.raises(ValueError, match="not in the folder|no such file"):
        checkpoints.read(tmp_path / "m")


def test_a_folder_without_weights_says_what_it_has(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"no such file; pytorch_model.bin holds pickles: save it"):
        checkpoints.read(folder)
    (folder / "config.json").unlink()
    with pytest.raises(ValueError, match=r"is a folder without params.json and config.json"):
        checkpoints.read(folder)
