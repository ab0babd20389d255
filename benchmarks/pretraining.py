"""pretraining: learning a tokenizer, encoding with it, and a step of training."""

from __future__ import annotations

import atexit
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import current_process
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import NO_FAST_BFLOAT16, Setting, is_installed
from data import BIBLE, END
from llama import Llama
from pretraining.batches import get_batch
from pretraining.bpe import BPETokenizer, train_bpe
from pretraining.corpus import encode_corpus
from pretraining.fused import fuse_attention
from pretraining.settings import Settings, Shape, Training
from pretraining.task import TextTask, flops_per_token
from pretraining.train import new_model
from pretraining.vocabularies import learn_vocabulary
from tokenizer import make_tokenizer
from training import run as training_run
from training.processes import World
from training.recipe import Recipe
from training.trainer import Trainer

GPT_2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
SHAPE = Shape(dim=288, n_layers=6, n_heads=6, n_kv_heads=6, context=256)
BATCH, VOCABULARY = 16, 4096
PLAIN = "plain loop, llama.py"


def learn(path: Path, vocab_size: int, ours: bool) -> Callable[[bool], Run]:
    """BPE from a file; units are bytes of it."""
    # A contender is a daemon, which may have no children; but a peer with threads uses all cores.
    current_process()._config["daemon"] = False  # type: ignore[attr-defined]

    def run(warm_up: bool) -> Run:
        start = time.perf_counter()
        if ours:
            train_bpe(path, vocab_size, [END])
        else:
            from tokenizers import Tokenizer, models, pre_tokenizers, trainers

            theirs = Tokenizer(models.BPE())
            theirs.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            alphabet = pre_tokenizers.ByteLevel.alphabet()
            trainer = trainers.BpeTrainer(
                vocab_size=vocab_size, special_tokens=[END], initial_alphabet=alphabet,
                show_progress=False,
            )  # fmt: skip
            theirs.train([str(path)], trainer)
        size = path.stat().st_size
        return Run(time.perf_counter() - start, size, bytes=size)

    return run


def encode(path: Path, vocab_size: int, ours: bool) -> Callable[[bool], Run]:
    """A text to ids on one core, nothing remembered from before; units are bytes."""
    text = path.read_text(encoding="utf-8")
    vocab, merges = train_bpe(path, vocab_size, [END])

    def run(warm_up: bool) -> Run:
        if ours:
            own = BPETokenizer(vocab, merges, [END])
            start = time.perf_counter()
            ids = own.encode(text)
        else:
            import tiktoken

            ranks = {token: i for i, token in vocab.items() if token != END.encode()}
            special = {END: max(vocab)}
            theirs = tiktoken.Encoding(
                "x", pat_str=GPT_2, mergeable_ranks=ranks, special_tokens=special
            )
            start = time.perf_counter()
            ids = theirs.encode(text, allowed_special="all")
        size = path.stat().st_size
        return Run(time.perf_counter() - start, size, bytes=size, result=tuple(ids[:1000]))

    return run


def train(path: Path, steps: int, shape: Shape, way: str) -> Callable[[bool], Run]:
    """Steps of AdamW on windows of a text; units are tokens.

    Args:
        way: "plain" is a loop as nanoGPT has it, around `llama.py` as it is; "torch" lets that
            attend by torch's kernel; "float32" and "bfloat16" are what `pretraining/` does.
    """
    folder = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    tokenizer = make_tokenizer(learn_vocabulary(path, "bpe", VOCABULARY))
    corpus = encode_corpus(path, folder / "corpus", tokenizer)
    torch.manual_seed(0)
    model = new_model(shape, tokenizer.n_words)
    if way in ("plain", "torch"):
        if way == "torch":
            fuse_attention(model)
        step = plain_step(model, corpus.tokens("train"), shape.context)
    else:
        autocast: Any = "on" if way == "bfloat16" else "off"
        settings = Settings(
            model=shape, training=Training(batch_size=BATCH, autocast=autocast), prompt="a"
        )
        task = TextTask(model, corpus, tokenizer, settings, torch.device("cpu"), World())
        recipe = Recipe(epochs=1, lr=1e-3, batch_size=BATCH)
        trainer = Trainer(task, recipe, training_run.Run(Path(), {}), max_norm=1.0)
        rows = torch.Generator().manual_seed(0)

        def step() -> None:
            trainer.take_step(task.order(rows)[:BATCH])

    def run(warm_up: bool) -> Run:
        count = 1 if warm_up else steps
        start = time.perf_counter()
        for _ in range(count):
            step()
        tokens = count * BATCH * shape.context
        flops = tokens * flops_per_token(model, shape.context)
        return Run(time.perf_counter() - start, tokens, flops=flops)

    return run


def plain_step(model: Llama, text: Any, context: int) -> Callable[[], None]:
    """A batch at once, torch's AdamW and clipping, float32."""
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)

    def step() -> None:
        inputs, targets = get_batch(text, BATCH, context)
        logits, _ = model(inputs, inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    return step


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """The three, on the default corpus."""
    if not BIBLE.exists():
        left_out.append(f"pretraining: {BIBLE.name} is not here: bash setup.sh fetches it")
        return []
    vocab_size = 1000 if setting.quick else 10_000
    texts = {"path": BIBLE, "vocab_size": vocab_size}
    learning = [Contender("ours", learn, {**texts, "ours": True})]
    encoding = [Contender("ours", encode, {**texts, "ours": True})]
    if is_installed("tokenizers", left_out):
        learning.append(Contender("tokenizers", learn, {**texts, "ours": False}))
    if is_installed("tiktoken", left_out):
        encoding.append(Contender("tiktoken", encode, {**texts, "ours": False}))
    ways = {"ours, float32": "float32", "ours, bfloat16": "bfloat16"}
    if not setting.fast_bfloat16:
        left_out.append(f"ours, bfloat16: {NO_FAST_BFLOAT16}")
        del ways["ours, bfloat16"]
    ways |= {"plain loop, torch's attention": "torch", PLAIN: "plain"}
    shape = replace(SHAPE, n_layers=1, context=32) if setting.quick else SHAPE
    steps = {"path": BIBLE, "steps": 1 if setting.quick else 4, "shape": shape}
    training = [Contender(name, train, {**steps, "way": way}) for name, way in ways.items()]
    size = f"dim {shape.dim}, {shape.n_layers} layers, context {shape.context}"
    return [
        Work("learning BPE", f"{vocab_size:,} tokens from {BIBLE.name}", "bytes", "tokenizers",
             learning),
        Work("encoding", f"{BIBLE.name} on one core, cold", "bytes", "tiktoken", encoding),
        Work("training", f"{size}, batches of {BATCH}", "tokens", PLAIN, training),
    ]  # fmt: skip
