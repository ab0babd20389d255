"""Pretraining: it learns, goes on bit for bit, and what it writes every mode reads."""

from __future__ import annotations

import io
import json
import math
import os
import random
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

pytest.importorskip("regex")
pytest.importorskip("tokenizers")
pytest.importorskip("tyro")

import run_llama
from data import END
from llama import load_pretrained
from loading import load
from optimizer import AdamW
from pretraining import __main__ as script
from pretraining.bpe import BPETokenizer, train_bpe
from pretraining.checkpointing import load_checkpoint, save_checkpoint
from pretraining.functional import cross_entropy
from pretraining.fused import fuse_attention, fused_cross_entropy
from pretraining.muon import Muon
from pretraining.prepare import prepare
from pretraining.settings import Settings, Shape, Text, Training
from pretraining.task import TextTask, flops_per_token
from pretraining.train import train
from support.processor import compile_fault
from support.settings import from_toml
from tests.helpers import (
    PROJECT,
    assert_user_error,
    ended_by,
    random_llama,
    random_tokens,
    write,
)

SMALL: dict[str, Any] = {
    "text.vocab_size": 300,
    "model.dim": 32,
    "model.n_layers": 2,
    "model.n_heads": 2,
    "model.n_kv_heads": 1,
    "model.context": 16,
    "training.steps": 60,
    "training.eval_every": 20,
    "training.batch_size": 8,
    "training.warmup_steps": 5,
    "training.lr": 0.01,
    "training.min_lr": 0.001,
    "training.autocast": "off",
    "sample_tokens": 5,
}
FLAGS = [f"--{name.replace('_', '-')}={value}" for name, value in SMALL.items()]


def sentences(count: int, seed: int = 0) -> str:
    chance = random.Random(seed)
    who, does = ["The cat", "A dog", "The llama"], ["sat on", "ate", "saw"]
    return "".join(
        f"{chance.choice(who)} {chance.choice(does)} the {chance.choice(['mat', 'hat'])}.\n"
        for _ in range(count)
    )


def small(data: Path, **changes: Any) -> Settings:
    numbers: dict[str, Any] = {
        k.partition(".")[2]: v for k, v in SMALL.items() if k.startswith("training.")
    }
    shape: dict[str, Any] = {
        k.partition(".")[2]: v for k, v in SMALL.items() if k.startswith("model.")
    }
    return Settings(
        text=Text(data=data, vocab_size=300),
        model=Shape(**shape),
        training=Training(**{**numbers, **changes}),
        sample_tokens=5,
    )


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None) -> Path:
    """A working folder with a text; what a run draws and writes at its end is short."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("pretraining.train.AT_END", 20)
    write(tmp_path / "text.txt", sentences(600))
    return tmp_path


def test_it_learns_and_every_mode_reads_it(
    place: Path, capfd: pytest.CaptureFixture[str], run_here: Any
) -> None:
    best = train(small(Path("text.txt")))
    out = capfd.readouterr().out
    for part in ("corpus    ", "tokens to train on", "round 3: train loss", "tokens/s, "):
        assert part in out
    log = [json.loads(line) for line in (best.parent / "log.jsonl").read_text().splitlines()]
    valid = [record["Loss/valid"] for record in log if "Loss/valid" in record]
    assert len(valid) == 3
    assert valid[0] > valid[-1]
    assert valid[-1] < 2.5 < math.log(300)
    rates = [record["Rate/lr_step"] for record in log if "Rate/lr_step" in record]
    assert max(rates) == pytest.approx(0.01)
    assert rates[0] == 0
    assert rates[-1] < 0.0012
    last = [record for record in log if "Loss/valid" in record][-1]
    assert last["Perplexity/valid"] == pytest.approx(math.exp(last["Loss/valid"]))
    assert (best.parent / "curves.png").exists() or "matplotlib" not in sys.modules
    options = ("--pretrained-model-path", str(best), "--prompt", "The cat", "--max_new_tokens", "8")
    result = run_here(run_llama.main, *options, "--temperature", "0", cwd=place)
    assert result.returncode == 0, result.stderr
    text = (place / "generated-sentence-temp-0.txt").read_text(encoding="utf-8")
    assert text.startswith(("The cat sat on the", "The cat ate the", "The cat saw the")), text
    result = run_here(
        script.main, "sample", "--prompt", "A dog", "--max-new-tokens", "5", cwd=place
    )
    assert result.returncode == 0, result.stderr
    for way in ("greedy", "sampling", "top-k 50", "top-p 0.9"):
        assert f"\n{way}\nA dog" in result.stdout


def weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)["model"]


@pytest.mark.slow
def test_killed_and_resumed_it_ends_the_same(
    place: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = weights(train(small(place / "text.txt")).parent / "last.pt")
    killed = place / "killed"
    killed.mkdir()
    command = [sys.executable, "-m", "pretraining", "train", "--resume", *FLAGS]
    command += [f"--text.data={place / 'text.txt'}"]
    threads = str(torch.get_num_threads())
    where = {**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": threads}
    process = subprocess.Popen(command, cwd=killed, env=where, stdout=subprocess.DEVNULL)
    with process, ended_by(process):
        while process.poll() is None and not list(killed.glob("runs/*/last.pt")):
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    monkeypatch.chdir(killed)
    train(small(place / "text.txt"), resume=True)
    assert "resumed   runs/pretrain-text-bpe, after" in capfd.readouterr().out
    (last,) = killed.glob("runs/*/last.pt")
    again = weights(last)
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_a_resume_with_other_settings_is_refused(place: Path) -> None:
    settings = small(Path("text.txt"), steps=20)
    train(settings)
    with pytest.raises(ValueError, match=r"runs/pretrain-text-bpe is of another run: .*batch_size"):
        train(small(Path("text.txt"), steps=20, batch_size=4), resume=True)
    # A text that was changed is another corpus, though its characters are the same ones.
    by_characters = replace(settings, text=replace(settings.text, kind="characters"))
    train(by_characters)
    write(place / "text.txt", sentences(600, seed=1))
    with pytest.raises(ValueError, match=r"corpus 'text-characters-\w+' then and 'text-"):
        train(by_characters, resume=True)


def test_the_loss_does_not_depend_on_the_parts(place: Path) -> None:
    """Eight windows at once, or two by two, and evaluation likewise."""
    logs = []
    for max_tokens in (1000, 32):
        best = train(small(Path("text.txt"), steps=20, max_tokens=max_tokens))
        lines = (best.parent / "log.jsonl").read_text().splitlines()
        logs.append([json.loads(line) for line in lines])
    for one, other in zip(*logs, strict=True):
        for tag in ("Loss/train_step", "Norm/gradient_step", "Loss/valid"):
            if tag in one:
                assert one[tag] == pytest.approx(other[tag], rel=2e-4)


def test_the_fused_attention_is_the_taught_one() -> None:
    taught, fused = random_llama(), random_llama()
    fuse_attention(fused)
    tokens = random_tokens(3, 20)
    for model in (taught, fused):
        model(tokens, tokens)[0].square().mean().backward()
    torch.testing.assert_close(fused(tokens, tokens), taught(tokens, tokens), atol=1e-4, rtol=1e-4)
    for a, b in zip(taught.parameters(), fused.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=1e-3)
    mask = torch.ones(3, 20, dtype=torch.bool)
    mask[0, :5] = False  # padding, and a cache
    torch.testing.assert_close(
        fused(tokens, tokens, mask=mask), taught(tokens, tokens, mask=mask), atol=1e-4, rtol=1e-4
    )
    assert torch.equal(fused.generate(tokens, 9, 0), taught.generate(tokens, 9, 0))
    with pytest.raises(ValueError, match="this one is bidirectional"):
        fuse_attention(random_llama(replace(taught.config, causal=False)))


def test_the_loss_is_the_one_by_hand() -> None:
    logits = torch.randn(3, 5, 7, generator=torch.Generator().manual_seed(0))
    targets = random_tokens(3, 5, vocab_size=7)
    expected = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
    torch.testing.assert_close(cross_entropy(logits, targets), expected)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_fused_loss_is_the_one_by_hand(scale: float, dtype: torch.dtype) -> None:
    """So is its gradient, also where the loss is scaled, and in bfloat16 as exact as that is."""
    start = torch.randn(15, 7, generator=torch.Generator().manual_seed(0)) * scale
    targets, gradients = random_tokens(1, 15, vocab_size=7)[0], []
    for function in (cross_entropy, fused_cross_entropy):
        logits = start.to(dtype).requires_grad_()
        loss = function(logits.float() if function is cross_entropy else logits, targets)
        (3 * loss).backward()
        assert loss.dtype == torch.float32
        gradients.append((loss.detach(), logits.grad))
    (loss, gradient), (fused, twin) = gradients
    torch.testing.assert_close(fused, loss)
    torch.testing.assert_close(
        twin, gradient, atol=2e-6 if dtype == torch.float32 else 2e-3, rtol=0.01
    )


def test_muon_moves_matrices_and_adamw_the_rest(place: Path) -> None:
    model = random_llama()
    optimizer = Muon(model, 0.01, (0.9, 0.95), 0.1)
    moved = [
        sum(p.numel() for g in part.param_groups for p in g["params"]) for part in optimizer.parts
    ]
    assert sum(moved) == sum(p.numel() for p in model.parameters())
    assert moved[1] == sum(p.numel() for p in model.parameters() if p.ndim == 1) + 97 * 48
    settings = small(Path("text.txt"), optimizer="muon", steps=40)
    best = train(settings)
    log = [json.loads(line) for line in (best.parent / "log.jsonl").read_text().splitlines()]
    assert [r["Loss/valid"] for r in log if "Loss/valid" in r][-1] < 2.5
    state = torch.load(best.parent / "last.pt", weights_only=True)
    fresh = Muon(random_llama(), 0.01, (0.9, 0.95), 0.1)
    with pytest.raises(ValueError, match="size"):
        fresh.load_state_dict({"parts": state["optim"]["parts"][::-1]})
    with pytest.raises(ValueError, match=r"training\.compile: not with sharding=fsdp"):
        train(small(Path("text.txt"), compile=True, sharding="fsdp"))
    with pytest.raises(ValueError, match="muon: needs whole matrices"):
        train(small(Path("text.txt"), optimizer="muon", sharding="fsdp"))


@pytest.mark.parametrize(
    "path", sorted((PROJECT / "pretraining" / "recipes").glob("*.toml")), ids=str
)
def test_recipes(path: Path) -> None:
    settings = from_toml(path, Settings())
    settings.check()
    numbers, shape = settings.training, settings.model
    tokens = {"tinystories": 327_680_000, "tinystories-short": 40_960_000, "shakespeare": 1_536_000}
    trained = numbers.steps * numbers.batch_size * shape.context
    assert trained == tokens.get(path.stem, trained)


def test_one_command_reports_and_writes(place: Path, run_here: Any) -> None:
    """As the practical on WikiText asks: figures, samples in four ways, weights under its name."""
    write(place / "held.txt", sentences(50, seed=3))
    flags = (
        "--text.data=text.txt",
        "--text.valid=held.txt",
        "--weights=llama_wikitext_trained.pth",
    )
    result = run_here(script.main, "train", *flags, *FLAGS, cwd=place)
    assert result.returncode == 0, result.stderr
    for part in (
        "training  final loss ",
        "perplexity ",
        "\ngreedy\nIn a world where",
        "\ntop-p 0.9\n",
    ):
        assert part in result.stdout
    saved = torch.load(place / "llama_wikitext_trained.pth", weights_only=True)
    (best,) = place.glob("runs/*/best.pt")
    assert saved.keys() == weights(best).keys()
    assert all(torch.equal(saved[name], w) for name, w in weights(best).items())
    result = run_here(script.main, "encode", *flags[:2], "--text.vocab-size=300", cwd=place)
    assert re.search(r"valid     [\d,]+ tokens in 1 document, ", result.stdout), result.stderr


def test_a_text_that_was_changed_is_not_evaluated(place: Path, run_here: Any) -> None:
    result = run_here(script.main, "train", "--text.data=text.txt", *FLAGS, cwd=place)
    assert result.returncode == 0, result.stderr
    write(place / "text.txt", sentences(600, seed=1))
    result = run_here(script.main, "evaluate", cwd=place)
    assert_user_error(result, "its text or tokenizer was changed since")


def test_how_a_file_is_read_makes_another_corpus(place: Path) -> None:
    lines = "".join(json.dumps({"text": sentences(9, seed)}) + "\n" for seed in range(40))
    for name in ("c.txt", "c.jsonl"):
        write(place / name, lines)
    corpora = [prepare(Text(data=Path(name), vocab_size=270)) for name in ("c.txt", "c.jsonl")]
    counts = [sum(of["documents"] for of in c.about["splits"].values()) for c in corpora]
    assert counts[1] == 40 > counts[0]


def test_a_tokenizer_that_is_there(place: Path) -> None:
    vocab, merges = train_bpe(place / "text.txt", 280, [END])
    (place / "gpt2").mkdir()
    BPETokenizer(vocab, merges, [END]).save(place / "gpt2/vocab.json", place / "gpt2/merges.txt")
    corpus = prepare(Text(data=Path("text.txt"), tokenizer=Path("gpt2")))
    assert corpus.tokenizer().n_words == len(vocab)
    text = corpus.tokenizer().decode(corpus.tokens("train").tolist())
    assert text.removesuffix(END) in sentences(600)


def test_a_token_beyond_the_vocabulary_is_named(place: Path) -> None:
    settings = small(Path("text.txt"))
    corpus = prepare(settings.text)
    tokens = np.memmap(corpus.folder / "train.bin", dtype=corpus.dtype, mode="r+")
    tokens[:] = 400
    tokens.flush()
    with pytest.raises(ValueError, match=r"token 400 is beyond the vocabulary of 284: delete the"):
        train(settings)


def test_the_state_is_saved_before_it_is_evaluated(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(self: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(TextTask, "evaluate", killed)
    with pytest.raises(KeyboardInterrupt):
        train(small(Path("text.txt")))
    (last,) = place.glob("runs/*/last.pt")
    assert torch.load(last, weights_only=True)["progress"]["batch"] == 20
    monkeypatch.undo()
    monkeypatch.chdir(place)
    assert train(small(Path("text.txt")), resume=True).exists()


@pytest.mark.parametrize("form", ["path", "file"])
def test_a_checkpoint_of_a_loop(tmp_path: Path, form: str) -> None:
    model, other = random_llama(), random_llama(seed=1)
    optimizer, fresh = AdamW(model.parameters()), AdamW(other.parameters())
    tokens = random_tokens(2, 8)
    for _ in range(2):
        optimizer.zero_grad()
        model(tokens, tokens)[0].square().mean().backward()
        optimizer.step()
    out: Any = tmp_path / "state.pt" if form == "path" else io.BytesIO()
    save_checkpoint(model, optimizer, 7, out)
    if form == "file":
        out.seek(0)
    assert load_checkpoint(out, other, fresh) == 7
    for a, b in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(a, b)
        assert torch.equal(optimizer.state[a]["exp_avg"], fresh.state[b]["exp_avg"])


def test_flops_by_hand() -> None:
    model = random_llama()
    c, F_ = model.config, 80
    layer = 48 * 48 * 2 + 2 * 48 * 16 + 3 * 48 * F_
    expected = 6 * (c.n_layers * layer + 97 * 48) + 6 * c.n_layers * 10 * 48
    assert flops_per_token(model, 10) == expected


def test_settings_of_a_file(place: Path, run_here: Any) -> None:
    write(
        place / "small.toml",
        '[text]\ndata = "text.txt"\nvocab_size = 300\n[model]\ndim = 32\nn_layers = 1\n'
        "n_heads = 2\nn_kv_heads = 2\ncontext = 16\n"
        "[training]\nsteps = 4\neval_every = 2\nwarmup_steps = 1\nbatch_size = 2\n",
    )
    read = from_toml(place / "small.toml", Settings())
    assert (read.model.dim, read.training.steps, read.text.data) == (32, 4, Path("text.txt"))
    flags = ("--config", "small.toml", "--training.lr", "0.005", "--sample-tokens", "3")
    result = run_here(script.main, "train", *flags, cwd=place)
    assert result.returncode == 0, result.stderr
    assert "setting   model.dim=32 (was 256)\n" in result.stdout
    assert "setting   training.lr=0.005 (was 0.002)\n" in result.stdout
    (config,) = place.glob("runs/*/config.json")
    assert json.loads(config.read_text())["training"]["lr"] == 0.005


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("[model]\nwidth = 3\n", "model: there is no width; known: dim"),
        ("[model]\ndim = 'a'\n", "model: dim='a': must be int"),
        ("[training]\noptimizer = 'sgd'\n", "optimizer='sgd': must be one of adamw, muon"),
        ("[training]\nbetas = [0.9]\n", r"training: betas=\[0.9\]: must be tuple\[float, float\]"),
        ("[training]\nbetas = ['a', 'b']\n", "must be tuple"),
        ("[training]\nlr = true\n", "training: lr=True: must be float"),
        ("[text]\ndata = 5\n", "text: data=5: must be Path"),
        ("[text]\nvalid = true\n", "text: valid=True: must be pathlib.Path | None"),
        ("threads = 'two'\n", "threads='two': must be int | None"),
        ("model = 3\n", r"model is a table of its own: \[model\]"),
        ("x = \n", "no TOML"),
        (None, "No such file"),
    ],
)
def test_a_file_of_settings_that_is_wrong(tmp_path: Path, toml: str | None, message: str) -> None:
    path = tmp_path / "s.toml"
    if toml is not None:
        write(path, toml)
    with pytest.raises(ValueError, match=message):
        from_toml(path, Settings())


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--training.steps", "30"], "training.steps=30: must be a multiple of eval_every=20"),
        (["--training.lr", "0"], "training.min_lr=0.001: must be from 0 to lr=0"),
        (["--model.context", "100000"], "and the context is 100000: give a longer text"),
        (["--text.vocab-size", "100"], "vocab_size=100: 256 bytes and 1 special tokens take 257"),
        (
            ["--text.data", "none.txt"],
            "none.txt: no such text, or an empty folder; give another --text.data",
        ),
        (["--config"], "--config needs a file"),
        (["--model.width", "3"], "Unrecognized options: --model.width, 3"),
        (
            ["--training.lr", "fast"],
            "Error parsing --training.lr: could not convert string to float",
        ),
        (
            ["--prompt", "In a world where " * 9],
            "give a shorter --prompt, or a longer --model.cont",
        ),
        (["--sample-tokens", "0"], "sample_tokens=0: must be at least 1"),
        (["--training.max-norm", "0"], "training.max_norm=0.0: must be positive"),
        (["--threads", "0"], "threads=0: must be from 1 to"),
        (["--text.tokenizer", "none"], "none: no such file"),
        (["--model.n-heads", "3"], "dim=32 is not a multiple of n_heads=3"),
    ],
)
def test_bad_input(place: Path, run_here: Any, flags: list[str], message: str) -> None:
    if "--model.context" in flags:
        flags = [*flags, "--training.max-tokens", "100000"]
    given = [flag for flag in FLAGS if flag.split("=")[0] not in flags]
    result = run_here(script.main, "train", "--text.data=text.txt", *given, *flags, cwd=place)
    assert result.returncode == 2
    assert message in result.stderr.splitlines()[-1]
    assert not list(place.glob("runs/*"))


def test_a_loss_that_is_none_ends_the_run(place: Path) -> None:
    settings = small(Path("text.txt"), lr=1e12, min_lr=0.0, max_norm=1e12)
    with pytest.raises(ValueError, match=r"not finite in round .*: give a lower learning rate"):
        train(settings)


def test_the_tokenizer_command(place: Path, run_here: Any) -> None:
    flags = ("--data", "text.txt", "--vocab-size", "300", "--out", "tokenizer.json")
    result = run_here(script.main, "tokenizer", *flags, cwd=place)
    assert result.returncode == 0, result.stderr
    tokenizers = pytest.importorskip("tokenizers")
    theirs = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
    corpus = prepare(Text(data=Path("text.txt"), vocab_size=300))
    assert theirs.encode("The cat sat").ids == corpus.tokenizer().encode(
        "The cat sat", False, False
    )


def test_an_unknown_command(place: Path, run_here: Any) -> None:
    assert_user_error(run_here(script.main, "trian", cwd=place), "invalid choice: 'trian'")


@pytest.mark.slow
def test_compiled_it_trains_as_well(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plainly = small(Path("text.txt"), steps=20)
    plainly = replace(plainly, model=replace(plainly.model, n_layers=1))
    settings = replace(plainly, training=replace(plainly.training, compile=True))
    if why := compile_fault():
        pytest.skip(why)
    plain = train(plainly).parent / "last.pt"
    compiled = train(settings).parent / "last.pt"
    for a, b in zip(weights(plain).values(), weights(compiled).values(), strict=True):
        torch.testing.assert_close(a, b, atol=2e-3, rtol=1e-2)
    monkeypatch.setattr("pretraining.train.compile_fault", lambda _: "no C++ compiler here")
    with pytest.raises(ValueError, match="training.compile: no C\\+\\+ compiler here"):
        train(settings)


def test_by_characters(place: Path) -> None:
    settings = small(Path("text.txt"), steps=20)
    best = train(replace(settings, text=replace(settings.text, kind="characters")))
    model, own = load(best)
    assert model.config.vocab_size == own.n_words == len(set(sentences(600))) + 1
    assert load_pretrained(best).config.max_seq_len == 16
