"""finetune: training the whole model with a head on it, in examples a second."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F

from benchmarks.hugging_face import hugging_face_folder, load_theirs
from benchmarks.measure import Contender, Run, Work
from benchmarks.setting import NO_FAST_BFLOAT16, Setting, is_installed
from classifier import LlamaEmbeddingClassifier
from llama import load_pretrained
from loading import load
from optimizer import AdamW
from sentiment.encoding import encode_reviews
from sentiment.finetune import ReviewTask
from sentiment.reviews import read_label_names, read_reviews, with_labels
from sentiment.trained import About
from training import run as training_run
from training.activations import LIMITS, checkpoint_layers
from training.batches import pad
from training.recipe import Recipe
from training.trainer import Trainer

PEER = "transformers, float32"
LEARNING_RATE = 2e-5
MAX_TOKENS = Recipe.max_tokens  # of one of our micro-batches
Step = Callable[[list[int]], Any]  # one step of the optimizer on these rows


class Examples(NamedTuple):
    """Reviews to train on."""

    ids: list[list[int]]
    labels: list[int]


def timed(
    step: Step, ids: Sequence[Sequence[int]], batches: Sequence[list[int]], parameters: int
) -> Callable[[bool], Run]:
    """One step for each batch; the warm-up takes a few sentences and touches all memory."""

    def run(warm_up: bool) -> Run:
        chosen = [batches[0][:4]] if warm_up else batches
        start = time.perf_counter()
        for rows in chosen:
            step(rows)
        seconds = time.perf_counter() - start
        tokens = sum(len(ids[row]) for rows in chosen for row in rows)
        # Forward, and backward to weights and inputs: three times two operations a weight.
        return Run(seconds, sum(map(len, chosen)), flops=6.0 * parameters * tokens)

    return run


def new_classifier(checkpoint: Path, classes: int) -> tuple[LlamaEmbeddingClassifier, int]:
    """Our classifier, the whole of it to be trained, and the parameters of its layers."""
    torch.manual_seed(1337)
    model = load_pretrained(checkpoint)
    config = SimpleNamespace(num_labels=classes, option="finetune", hidden_dropout_prob=0.3)
    layers = sum(p.numel() for p in model.layers.parameters())
    return LlamaEmbeddingClassifier(config, model), layers


def ours(
    checkpoint: Path,
    autocast: bool,
    data: Examples,
    classes: int,
    pad_id: int,
    batches: list[list[int]],
) -> Callable[[bool], Run]:
    """What --option finetune --no-freeze does."""
    classifier, layers = new_classifier(checkpoint, classes)
    recipe = Recipe(1, LEARNING_RATE, len(batches[0]), MAX_TOKENS, autocast=autocast)
    about = About([], "last_token", None, {})
    ids, labels = {"train": data.ids, "dev": []}, {"train": data.labels}
    task = ReviewTask(classifier, ids, labels, pad_id, recipe, about)
    checkpoint_layers(classifier.llama.layers, classifier.llama.activation_bytes, LIMITS["auto"])
    trainer = Trainer(task, recipe, training_run.Run(Path(), {}))  # nothing is saved
    return timed(trainer.take_step, data.ids, batches, layers)


def course(
    checkpoint: Path, data: Examples, classes: int, pad_id: int, batches: list[list[int]]
) -> Callable[[bool], Run]:
    """The course's loop: a batch as it was drawn, padded, and once more for the accuracy on it.

    Its epoch ends with a pass over the training set; here each step pays its share.
    """
    classifier, layers = new_classifier(checkpoint, classes)
    optimizer = AdamW(classifier.parameters(), lr=LEARNING_RATE)

    def step(rows: list[int]) -> None:
        tokens = pad(data.ids, rows, pad_id).tokens
        labels = torch.tensor([data.labels[row] for row in rows])
        classifier.train()
        optimizer.zero_grad()
        F.nll_loss(classifier(tokens), labels, reduction="sum").div(len(rows)).backward()
        optimizer.step()
        classifier.eval()
        with torch.no_grad():
            classifier(tokens).argmax(dim=-1)

    return timed(step, data.ids, batches, layers)


def transformers(
    folder: Path, dtype: str, data: Examples, classes: int, pad_id: int, batches: list[list[int]]
) -> Callable[[bool], Run]:
    """The loop that people write: a padded batch, a mask, torch's AdamW."""
    torch.manual_seed(1337)
    model = load_theirs(folder, head="LlamaForSequenceClassification", num_labels=classes)
    model.config.pad_token_id = pad_id
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, weight_decay=0.0)
    layers = sum(p.numel() for p in model.model.layers.parameters())
    model.train()

    def step(rows: list[int]) -> None:
        batch = pad(data.ids, rows, pad_id)
        labels = torch.tensor([data.labels[row] for row in rows])
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=dtype == "bfloat16"):
            out = model(batch.tokens, attention_mask=batch.mask.long(), labels=labels)
        out.loss.backward()
        optimizer.step()

    return timed(step, data.ids, batches, layers)


def works(setting: Setting, left_out: list[str]) -> list[Work]:
    """Steps on batches as the course draws them, and, for a peer, on batches of like length."""
    names = read_label_names(setting.label_names)
    reviews = read_reviews(setting.reviews)
    reviews = with_labels(reviews, names, str(setting.label_names))
    model, tokenizer = load(setting.checkpoint)
    ids = encode_reviews(reviews.sentences, tokenizer, model.config.max_seq_len).ids
    size = min(16 if setting.quick else 80, len(ids))
    steps = 1 if setting.quick else 2
    generator = torch.Generator().manual_seed(1337)
    order = torch.randperm(len(ids), generator=generator).tolist()
    drawn = [order[i * size : (i + 1) * size] or order[:size] for i in range(steps)]
    common = {
        "data": Examples(ids, reviews.labels),
        "classes": len(names),
        "pad_id": tokenizer.pad_id,
        "batches": drawn,
    }
    own = {**common, "checkpoint": setting.checkpoint}
    contenders = [
        Contender("ours", ours, {**own, "autocast": setting.fast_bfloat16},
                  f"micro-batches of {MAX_TOKENS} tokens"),
        Contender("the course's loop", course, own,
                  "padded, no mask, and its second pass over the training set"),
    ]  # fmt: skip
    if is_installed("transformers", left_out):
        theirs = {**common, "folder": hugging_face_folder(setting)}
        like = {**theirs, "batches": quartile_batches(ids, size, steps)}
        contenders += [
            Contender("transformers, float32", transformers, {**theirs, "dtype": "float32"}),
            Contender(
                "transformers, float32, like lengths", transformers, {**like, "dtype": "float32"}
            ),
        ]
        if setting.fast_bfloat16:
            contenders += [
                Contender("transformers, bfloat16", transformers, {**theirs, "dtype": "bfloat16"}),
                Contender(
                    "transformers, bfloat16, like lengths",
                    transformers,
                    {**like, "dtype": "bfloat16"},
                ),
            ]
        else:
            left_out.append(f"transformers, bfloat16 autocast: {NO_FAST_BFLOAT16}")
    tokens = sum(len(ids[row]) for rows in drawn for row in rows) / (size * steps)
    about = f"{steps} x {size} reviews of {reviews.path.name}, {tokens:.0f} tokens a sentence"
    return [Work("whole model", about, "examples", PEER, contenders, keep=False)]


def quartile_batches(ids: Sequence[Sequence[int]], size: int, steps: int) -> list[list[int]]:
    """Batches of like length that stand for a whole epoch of them: spread evenly over lengths."""
    ordered = sorted(range(len(ids)), key=lambda row: len(ids[row]))
    batches = []
    for step in range(steps):
        middle = (2 * step + 1) * len(ids) // (2 * steps)
        start = max(0, min(middle - size // 2, len(ids) - size))
        batches.append(ordered[start : start + size])
    return batches
