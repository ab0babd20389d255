"""llama2.c's files: its own small model to the byte, each version, and sizes that lie."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import checkpoints
from checkpoints.llama2c import layout, sizes
from config import LlamaConfig
from llama import Llama, load_pretrained
from loading import generate, load
from tests.helpers import PROJECT, random_llama

MODELS = PROJECT.parent / "shared" / "models"
CONFIG = LlamaConfig(
    vocab_size=50, dim=32, n_layers=2, n_heads=4, n_kv_heads=2, max_seq_len=24, hidden_dim=48
)


@pytest.mark.skipif(not MODELS.exists(), reason="shared/models is not there")
def test_the_small_model_writes_what_llama2c_writes() -> None:
    model, tokenizer = load(MODELS / "stories260K.bin")
    for golden in json.loads((MODELS / "golden.json").read_text(encoding="utf-8")):
        prompt = golden["prompt"]
        # Each step writes a token, those of the prompt among them, but for BOS.
        new = golden["steps"] - len(tokenizer.encode(prompt, bos=False, eos=False))
        assert generate(model, tokenizer, prompt, new, 0.0) == golden["stdout"].removesuffix("\n")


def by_hand(path: Path, model: Llama, version: int, group: int = 16) -> dict[str, np.ndarray]:
    """Write a file as llama2.c's export.py lays it out; returns what it holds of each tensor."""
    c, held = model.config, {}
    own = {name: p.detach().numpy() for name, p in model.named_parameters()}
    V = c.vocab_size if version or c.tie_embeddings else -c.vocab_size
    numbers = (c.dim, c.hidden_dim, c.n_layers, c.n_heads, c.n_kv_heads, V, c.max_seq_len)
    start = struct.pack("<7i", *numbers)
    if version:
        start = struct.pack("<Ii", 0x616B3432, version) + start
        start += struct.pack("<B", c.tie_embeddings)
        start += struct.pack("<i", group) if version == 2 else b""
        start = start.ljust(256, b"\0")
    parts = [start]

    def put(name: str) -> None:
        values = own[name]
        if version < 2 or values.ndim == 1:
            held[name] = values
            parts.append(values.astype("<f4").tobytes())
            return
        groups = values.reshape(-1, group)
        scales = (np.abs(groups).max(axis=1) / 127).astype(np.float32)
        whole = np.round(groups / scales[:, None]).astype(np.int8)
        held[name] = (whole * scales[:, None]).reshape(values.shape)
        parts.extend((whole.tobytes(), scales.tobytes()))

    def layers(*names: str) -> None:
        for name in names:
            for i in range(c.n_layers):
                put(f"layers.{i}.{name}.weight")

    attention = [f"attention.compute_{name}" for name in ("query", "key", "value", "output")]
    feed_forward = [f"feed_forward.w{i}" for i in (1, 2, 3)]
    if version:
        layers("attention_norm", "ffn_norm")
        put("norm.weight")
        put("tok_embeddings.weight")
        layers(*attention, *feed_forward)
    else:
        put("tok_embeddings.weight")
        layers("attention_norm", *attention, "ffn_norm", *feed_forward)
        put("norm.weight")
        parts.append(np.ones(c.max_seq_len * c.head_dim, "<f4").tobytes())  # rotations
    if not c.tie_embeddings:
        put("output.weight")
    path.write_bytes(b"".join(parts))
    return held


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("version", [0, 1, 2])
def test_each_version(tmp_path: Path, version: int, tied: bool) -> None:
    model = random_llama(replace(CONFIG, tie_embeddings=tied))
    held = by_hand(tmp_path / "m.bin", model, version)
    checkpoint = checkpoints.read(tmp_path / "m.bin")
    assert checkpoint.config == model.config
    assert checkpoint.shapes.keys() == held.keys()
    for name, values in held.items():
        assert torch.equal(checkpoint.tensors[name], torch.from_numpy(values)), name
    load_pretrained(tmp_path / "m.bin")


def test_the_file_stays_as_it_is(tmp_path: Path) -> None:
    by_hand(tmp_path / "m.bin", random_llama(CONFIG), 0)
    before = (tmp_path / "m.bin").read_bytes()
    model = load_pretrained(tmp_path / "m.bin")
    with torch.no_grad():
        model.tok_embeddings.weight.add_(1)
    assert (tmp_path / "m.bin").read_bytes() == before


@pytest.mark.parametrize("version", [0, 1, 2])
def test_a_size_that_lies_is_refused(tmp_path: Path, version: int) -> None:
    """One byte more or less, and a header that asks for far more than there is."""
    by_hand(tmp_path / "m.bin", random_llama(CONFIG), version)
    content = (tmp_path / "m.bin").read_bytes()
    start = 8 if version else 0
    huge = content[:start] + struct.pack("<i", 2**23) + content[start + 4 :]
    for damaged in (content[:-1], content + b"\0", content[:40], huge):
        (tmp_path / "x.bin").write_bytes(damaged)
        message = "truncated or corrupt|no checkpoint of|no such version|states groups"
        with pytest.raises(ValueError, match=message):
            checkpoints.read(tmp_path / "x.bin")
    _, config, _, group = sizes(content[:256])
    assert layout(version, config, group)[1] == len(content)


@pytest.mark.skipif(not MODELS.exists(), reason="shared/models is not there")
def test_a_tokenizer_of_another_size_is_refused(tmp_path: Path) -> None:
    by_hand(tmp_path / "m.bin", random_llama(CONFIG), 0)
    shutil.copy(MODELS / "tok512.bin", tmp_path / "tokenizer.bin")
    with pytest.raises(
        ValueError, match=r"tokenizer\.bin: holds 512 tokens, and the checkpoint 50"
    ):
        checkpoints.read(tmp_path / "m.bin")
