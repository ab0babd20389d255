"""The learner's code in all three modes: exactly on a small model, then by the command line."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import sentencepiece
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import run_llama
import sentiment.finetune
from assignment.cases import TINY
from assignment.runners.classifier import zero_shot_classifier
from assignment.runners.stack import tiny_llama
from assignment.runners.tensors import Tensors
from base_llama import LlamaPreTrainedModel
from classifier import LlamaEmbeddingClassifier
from config import LlamaConfig
from llama import Llama
from optimizer import AdamW

LABELS = ["bad", "good"]
SUBJECTS = ("the film", "this story", "every scene", "the hero", "its music")
PRAISE = {0: ("is dull", "bores me", "falls flat"), 1: ("is bright", "moves me", "stands tall")}
MODES = {
    "generate": ("--max_new_tokens", "8", "--prompt", "the film is"),
    "prompt": (),
    "finetune": ("--epochs", "2", "--batch_size", "4", "--lr", "1e-3", "--no-freeze"),
}


def run_end_to_end(given: Tensors) -> dict[str, Tensor]:
    if "modes" in given:
        return run_modes(Path.cwd())
    tokens, real = given["tokens"], given["real"]
    outputs = {
        "generated": tiny_llama(given).generate(
            tokens, int(given["new"]), temperature=0.0, mask=real
        )
    }
    with torch.no_grad():
        zero_shot = zero_shot_classifier(given, tiny_llama(given))
        outputs["zero_shot"] = zero_shot(tokens, real)
    return outputs | finetune(given)


def finetune(given: Tensors) -> dict[str, Tensor]:
    """The gradient of the whole model along given directions, then steps of AdamW on the head."""
    tokens, real, labels = given["tokens"], given["real"], given["labels_of_rows"]
    head = given["head.weight"]
    config = SimpleNamespace(num_labels=len(head), option="finetune", hidden_dropout_prob=0.0)
    model = LlamaEmbeddingClassifier(config, tiny_llama(given))
    model.classifier_head.weight = nn.Parameter(head.clone())
    model.classifier_head.bias = nn.Parameter(torch.zeros_like(head[:, 0]))
    F.nll_loss(model(tokens, real), labels).backward()
    slopes = []
    for name, parameter in model.llama.named_parameters():
        gradient = torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
        slopes.append((gradient * given[f"direction.{name}"]).sum())
    optimizer = AdamW(model.classifier_head.parameters(), lr=0.05, eps=1e-3, weight_decay=0.1)
    for _ in range(int(given["steps"])):
        optimizer.zero_grad()
        F.nll_loss(model(tokens, real), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return {"slopes": torch.stack(slopes), "finetuned": model(tokens, real)}


def run_modes(folder: Path) -> dict[str, Tensor]:
    """`run_llama.py` in each mode on a random checkpoint; returns the bytes of what it wrote."""
    make_checkpoint(folder)
    sentences = [
        f"{label} ||| {subject} {words}"
        for label in PRAISE
        for words in PRAISE[label]
        for subject in SUBJECTS
    ]
    (folder / "labels.json").write_text(json.dumps(LABELS), encoding="utf-8")
    for split in ("train", "dev", "test"):
        (folder / f"{split}.txt").write_text("\n".join(sentences) + "\n", encoding="utf-8")
    for mode, options in MODES.items():
        arguments = ["--option", mode, "--pretrained-model-path", "tiny.pt", *options]
        arguments += ["--generated_sentence_low_temp_out", "cold.txt"]
        arguments += ["--generated_sentence_high_temp_out", "hot.txt"]
        for split in ("train", "dev", "test"):
            arguments += [f"--{split}", f"{split}.txt"]
        arguments += ["--label-names", "labels.json"]
        arguments += ["--dev_out", f"{mode}-dev.txt", "--test_out", f"{mode}-test.txt"]
        with (
            mock.patch.object(sys, "argv", ["run_llama.py", *arguments]),
            # A picture that nobody looks at takes longer than all the rest.
            mock.patch.object(sentiment.finetune, "is_installed", return_value=False),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            run_llama.main()
    names = ["cold", "hot", "prompt-dev", "prompt-test", "finetune-dev", "finetune-test"]
    written = {name: (folder / f"{name}.txt").read_bytes()[:100_000] for name in names}
    return {n: torch.from_numpy(np.frombuffer(x, np.uint8).copy()) for n, x in written.items()}


def make_checkpoint(folder: Path) -> None:
    """A random model and a SentencePiece vocabulary of its own, of the words of the sentences."""
    words = [f"{s} {w}" for w in (*PRAISE[0], *PRAISE[1]) for s in SUBJECTS]
    text = folder / "words.txt"
    text.write_text("\n".join([*words, "Is this movie bad or good? This movie is "]) + "\n")
    with contextlib.redirect_stderr(io.StringIO()):
        sentencepiece.SentencePieceTrainer.train(
            input=str(text),
            model_prefix=str(folder / "tiny.tokenizer"),
            vocab_size=300,
            model_type="bpe",
            byte_fallback=True,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
        )
    torch.manual_seed(0)
    shape = {**TINY.to_dict(), "vocab_size": 300, "max_seq_len": 128}
    model: LlamaPreTrainedModel = Llama(LlamaConfig.from_dict(shape))
    model.save_pretrained(folder / "tiny.pt")


RUNNERS = {"end_to_end": run_end_to_end}
