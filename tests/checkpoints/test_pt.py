"""Course `.pt` files: both key styles, strict, atomic, and one line for every damaged file."""

from __future__ import annotations

import io
import os
import pickle
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import checkpoints
from llama import load_pretrained
from tests.helpers import CONFIG, random_llama, random_tokens, run_code


def old_style(model, prefix: str = "", both: bool = True) -> dict:
    """The contents of a checkpoint as the course's own: Meta's names, few fields."""
    state = {}
    for name, tensor in model.state_dict().items():
        for ours, theirs in (("query", "q"), ("key", "k"), ("value", "v"), ("output", "o")):
            name = name.replace(f"compute_{ours}", f"w{theirs}")
        if name != "output.weight" or both:
            state[prefix + name] = tensor
    config = model.config
    arguments = {
        "dim": config.dim, "n_layers": config.n_layers, "n_heads": config.n_heads,
        "n_kv_heads": config.n_kv_heads, "vocab_size": config.vocab_size, "multiple_of": 32,
        "max_seq_len": config.max_seq_len, "dropout": 0.0, "hidden_dim": config.hidden_dim,
        "norm_eps": 1e-5, "use_cache": True,
    }  # fmt: skip
    return {"model_args": arguments, "model": state, "iter_num": 7}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.pt"
    random_llama().save_pretrained(path)
    return path


@pytest.mark.parametrize("both", [True, False], ids=["two names", "one name"])
@pytest.mark.parametrize("prefix", ["", "_orig_mod."], ids=["plain", "compiled"])
def test_both_key_styles(tmp_path: Path, prefix: str, both: bool) -> None:
    model, tokens = random_llama(), random_tokens(2, 9)
    contents = old_style(model, prefix, both)
    contents["model"] |= {
        "freqs_cos": torch.ones(3),
        "layers.0.attention.rope.freqs": torch.ones(3),
    }
    torch.save(contents, tmp_path / "old.pt")
    loaded = load_pretrained(tmp_path / "old.pt")
    assert loaded.config == model.config
    assert torch.equal(loaded(tokens)[0], model(tokens)[0])
    assert loaded.output.weight.data_ptr() == loaded.tok_embeddings.weight.data_ptr()


@pytest.mark.parametrize("tied", [True, False])
def test_round_trip(tmp_path: Path, tied: bool) -> None:
    model = random_llama(replace(CONFIG, tie_embeddings=tied, causal=False))
    model.save_pretrained(tmp_path / "m.pt")
    loaded = load_pretrained(tmp_path / "m.pt")
    assert loaded.config == model.config
    assert not loaded.training
    for (name, a), (_, b) in zip(model.named_parameters(), loaded.named_parameters(), strict=True):
        assert torch.equal(a, b), name
    assert (loaded.output.weight is loaded.tok_embeddings.weight) is tied
    assert os.listdir(tmp_path) == ["m.pt"]


def test_numbers_of_numpy_in_a_configuration(tmp_path: Path) -> None:
    """As a script leaves them that works its sizes out; they hold no code."""
    model = random_llama()
    arguments = model.config.to_dict()
    numbers = {"dim": np.int64(CONFIG.dim), "rope_theta": np.float64(CONFIG.rope_theta)}
    contents = {"model_args": arguments | numbers, "model": dict(model.state_dict())}
    torch.save(contents, tmp_path / "m.pt")
    assert load_pretrained(tmp_path / "m.pt").config == model.config


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("attention.compute_query", "self_attn.q_proj", "holds Hugging Face's weights"),
        ("", "module.", "holds the weights of a DistributedDataParallel"),
        ("compute_query", "wq", "holds weights without their configuration"),
    ],
)
def test_weights_of_others_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    state = {name.replace(old, new, 1): t for name, t in random_llama().state_dict().items()}
    torch.save(state, tmp_path / "m.pt")
    with pytest.raises(ValueError, match=message):
        load_pretrained(tmp_path / "m.pt")


def test_tied_weights_are_stored_once(saved: Path) -> None:
    model = random_llama()
    assert "output.weight" not in torch.load(saved, weights_only=True)["model"]
    assert saved.stat().st_size < model.footprint().weight_bytes + 20_000


def test_the_courses_own_loader_could_read_what_is_saved(saved: Path) -> None:
    contents = torch.load(saved, weights_only=True)
    assert contents.keys() == {"model_args", "model"}
    assert contents["model_args"]["n_kv_heads"] == CONFIG.n_kv_heads
    assert "layers.0.attention.compute_query.weight" in contents["model"]


def test_untied_weights_without_a_field_that_says_so(tmp_path: Path) -> None:
    model = random_llama(replace(CONFIG, tie_embeddings=False))
    torch.save(old_style(model), tmp_path / "old.pt")
    loaded = load_pretrained(tmp_path / "old.pt")
    assert not loaded.config.tie_embeddings
    assert torch.equal(loaded.output.weight, model.output.weight)
    contents = old_style(model)
    contents["model_args"]["tie_embeddings"] = True
    torch.save(contents, tmp_path / "wrong.pt")
    with pytest.raises(ValueError, match="says tie_embeddings=True and holds an output.weight"):
        load_pretrained(tmp_path / "wrong.pt")


def test_weights_are_mapped_and_the_file_stays_as_it_is(saved: Path) -> None:
    before = saved.read_bytes()
    model = load_pretrained(saved)
    with torch.no_grad():
        model.tok_embeddings.weight.add_(1)  # training writes to its own copy of a page
    assert saved.read_bytes() == before
    model.save_pretrained(saved)  # over the file it is mapped from
    assert torch.equal(load_pretrained(saved).output.weight, model.output.weight)


def test_a_projection_that_only_claims_to_be_tied_is_not_dropped(saved: Path) -> None:
    before = saved.read_bytes()
    model = random_llama()
    model.output.weight = torch.nn.Parameter(torch.randn_like(model.output.weight))
    with pytest.raises(ValueError, match="output.weight differs from tok_embeddings.weight"):
        model.save_pretrained(saved)
    assert saved.read_bytes() == before


def test_norms_in_float32_beside_matrices_in_bfloat16(tmp_path: Path) -> None:
    model, tokens = random_llama(), random_tokens(1, 6)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            parameter.data = parameter.data.bfloat16()
    model.save_pretrained(tmp_path / "m.pt")
    logits, _ = load_pretrained(tmp_path / "m.pt", dtype=None)(tokens)
    assert logits.dtype == torch.bfloat16


def test_weights_that_are_not_numbers(tmp_path: Path) -> None:
    model = random_llama()
    model.norm.weight.data[3] = float("nan")
    for temperature in (0.0, 1.0):
        with pytest.raises(ValueError, match="logits are not finite"):
            model.generate(random_tokens(1, 4), 3, temperature)


def test_dtype_and_causal_can_be_chosen(saved: Path) -> None:
    model = load_pretrained(saved, dtype=torch.bfloat16, causal=False)
    assert {p.dtype for p in model.parameters()} == {torch.bfloat16}
    assert not model.config.causal
    half = random_llama().half()
    half.save_pretrained(saved)
    assert load_pretrained(saved).dtype == torch.float32
    assert load_pretrained(saved, dtype=None).dtype == torch.float16


def test_each_tensor_that_does_not_fit_is_named(tmp_path: Path) -> None:
    contents = old_style(random_llama())
    state = contents["model"]
    del state["layers.1.ffn_norm.weight"], state["norm.weight"]
    state["layers.0.attention.bias"] = torch.ones(3)
    state["layers.2.feed_forward.w1.weight"] = torch.ones(80, 47)
    torch.save(contents, tmp_path / "m.pt")
    with pytest.raises(ValueError, match=r".") as caught:
        load_pretrained(tmp_path / "m.pt")
    for part in (
        "missing layers.1.ffn_norm.weight, norm.weight",
        "unexpected layers.0.attention.bias",
        "misshapen layers.2.feed_forward.w1.weight (80, 47) instead of (80, 48)",
    ):
        assert part in str(caught.value)


class Trap:
    """Leaves a file in the working folder when it is unpickled."""

    def __reduce__(self):
        return os.mkdir, ("the-code-was-run",)


def damaged(kind: str, good: bytes) -> bytes:
    """File contents that must be refused."""
    if kind == "empty":
        return b""
    if kind == "truncated":
        return good[: len(good) // 2]
    if kind == "corrupt data":
        middle = len(good) // 2
        return (
            good[:middle]
            + bytes(b ^ 0xFF for b in good[middle : middle + 64])
            + good[middle + 64 :]
        )
    if kind == "corrupt end":
        return good[:-40] + b"\0" * 40
    if kind == "noise":
        return os.urandom(1000)
    if kind == "text":
        return b"<!DOCTYPE html><title>404</title>"
    if kind == "raw pickle with code":
        return pickle.dumps({"model_args": {}, "model": Trap()})
    if kind == "raw pickle cut short":
        return pickle.dumps({"model_args": {}, "model": [1, 2, 3]})[:20]
    buffer = io.BytesIO()
    if kind == "code":
        torch.save({"model_args": {}, "model": Trap()}, buffer)
    elif kind == "no checkpoint":
        torch.save({"weights": torch.ones(3)}, buffer)
    elif kind == "a list":
        torch.save([1, 2], buffer)
    elif kind == "no tensors":
        torch.save({"model_args": {}, "model": {"a": 1}}, buffer)
    elif kind == "unknown field":
        torch.save({"model_args": {"dims": 3}, "model": {}}, buffer)
    elif kind == "impossible depth":
        torch.save({"model_args": {"n_layers": 10**9}, "model": {}}, buffer)
    elif kind == "lying depth":
        one = {"layers.999.ffn_norm.weight": torch.ones(3)}
        torch.save({"model_args": {"n_layers": 1000}, "model": one}, buffer)
    elif kind == "impossible width":
        torch.save({"model_args": {"hidden_dim": 2**62}, "model": {}}, buffer)
    elif kind == "integers":
        torch.save({"model_args": {}, "model": {"norm.weight": torch.ones(3).long()}}, buffer)
    return buffer.getvalue()


DAMAGE = {
    "empty": "the file is empty",
    "truncated": "truncated or corrupt",
    "corrupt data": "truncated or corrupt",
    "corrupt end": "truncated or corrupt",
    "noise": "no checkpoint of PyTorch, GGUF, safetensors or llama2.c",
    "text": "no checkpoint of PyTorch, GGUF, safetensors or llama2.c",
    "code": "contains code",
    "raw pickle with code": "contains code",
    "raw pickle cut short": "or is damaged",
    "no checkpoint": "lacks the keys model_args and model",
    "a list": "lacks the keys model_args and model",
    "no tensors": "model['a'] is no tensor",
    "unknown field": "unknown configuration field 'dims'",
    "impossible depth": "must be an integer from 1 to 1,024",
    "lying depth": "holds tensors of 1 layers, the last being 999",
    "impossible width": "must be an integer from 1 to 16,777,216",
    "integers": "weights must be dense floats",
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_is_refused_in_one_line(
    kind: str, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(saved.parent)
    saved.write_bytes(damaged(kind, saved.read_bytes()))
    with pytest.raises(ValueError, match=r".") as caught:
        load_pretrained(saved)
    assert DAMAGE[kind] in str(caught.value)
    assert saved.name in str(caught.value)
    assert not Path("the-code-was-run").exists()


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no such checkpoint"):
        checkpoints.read(tmp_path / "absent.pt")
    with pytest.raises(ValueError, match="is a folder"):
        checkpoints.read(tmp_path)
    with pytest.raises(ValueError, match="is a folder"):
        random_llama().save_pretrained(tmp_path)


def test_a_full_disk_leaves_the_old_file(saved: Path) -> None:
    """The operating system's limit on a file's size stands in for a disk that fills up."""
    before = saved.read_bytes()
    code = (
        "import resource, sys; sys.path.insert(0, '.')\n"
        "from tests.helpers import random_llama\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) // 2},) * 2)\n"
        f"random_llama(seed=1).save_pretrained({str(saved)!r})\n"
    )
    result = run_code(code)
    assert "ValueError" in result.stderr, result.stderr
    assert "could not be written" in result.stderr
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_too_little_room_is_said_before_writing(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = saved.read_bytes()
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: usage)
    with pytest.raises(ValueError, match="writing .*: make room"):
        random_llama(seed=1).save_pretrained(saved)
    assert saved.read_bytes() == before


def test_loading_imports_no_compiler(folder: Path) -> None:
    """It takes a second, and drawing random weights on the meta device would import it."""
    code = (
        "import sys, llama; llama.load_pretrained(sys.argv[1]); "
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert run_code(code, folder / "stories42M.pt").returncode == 0


def test_a_torchscript_program_is_called_what_it_is(tmp_path: Path) -> None:
    """In one line: torch's warning of it is left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)).save(str(tmp_path / "m.pt"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"m\.pt: contains code \(as a TorchScript program"):
            checkpoints.read(tmp_path / "m.pt")
