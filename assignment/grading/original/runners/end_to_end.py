"""The learner's code in all three modes: exactly on a small model, then as the course runs them."""

from __future__ import annotations

import contextlib
import importlib
import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sentencepiece
import torch
import torch.nn.functional as F
from torch import Tensor

from .classifier import embedding_classifier
from .parts import TIED, Tensors, generated, tiny_config, tiny_llama

REVIEWS = ("the film is dull", "this story bores me", "the hero is bright", "its music moves me")
LABELS = ("bad", "good")
QUESTION = " Is this movie bad or good? This movie is "
CHECKPOINT, PIECES = "tiny.pt", 300


def run_end_to_end(given: Tensors) -> dict[str, Tensor]:
    if "scripts" in given:
        return run_scripts(Path.cwd())
    tokens, new = given["tokens"], int(given["new"])
    text = generated(tiny_llama(given), tokens, new, temperature=0.0)
    return {"generated": text, **finetune(given)}


def finetune(given: Tensors) -> dict[str, Tensor]:
    """The gradient of the whole model along given directions, then steps of AdamW on the head."""
    tokens, labels, head = given["tokens"], given["labels_of_rows"], given["head.weight"]
    model = embedding_classifier(tiny_llama(given), head, torch.zeros(len(head)), dropout=0.0)
    F.nll_loss(model.train()(tokens), labels).backward()
    own = dict(model.llama.named_parameters())
    slopes = []
    for name in (n.removeprefix("direction.") for n in given if n.startswith("direction.")):
        parameter = own.get(name, own.get("output.weight") if name == TIED else None)
        gradient = None if parameter is None else parameter.grad
        direction = given[f"direction.{name}"]
        slopes.append(torch.zeros(()) if gradient is None else (gradient * direction).sum())
    optimizer = importlib.import_module("optimizer").AdamW(
        model.classifier_head.parameters(), lr=0.05, eps=1e-3, weight_decay=0.1
    )
    for _ in range(int(given["steps"])):
        optimizer.zero_grad()
        F.nll_loss(model(tokens), labels).backward()
        optimizer.step()
    with torch.no_grad():
        return {"slopes": torch.stack(slopes), "finetuned": model(tokens)}


def run_scripts(folder: Path) -> dict[str, Tensor]:
    """What the course's script does in each mode, from a checkpoint's file; how much came of it."""
    make_checkpoint(folder)
    tokenizer = importlib.import_module("tokenizer").Tokenizer()
    classifier: Any = importlib.import_module("classifier")
    model = importlib.import_module("llama").load_pretrained(CHECKPOINT).eval()
    start = torch.tensor([tokenizer.encode("the film is", bos=True, eos=False)])
    lengths = []
    with torch.no_grad():
        for temperature in (0.0, 1.0):
            text = model.generate(start, 8, temperature=temperature)
            tokenizer.decode(text[0].tolist())
            lengths.append(text.shape[1] - start.shape[1])
    batch = padded([tokenizer.encode(x + QUESTION, True, False) for x in REVIEWS], tokenizer.pad_id)
    config = SimpleNamespace(
        num_labels=len(LABELS),
        label_names=list(LABELS),
        option="prompt",
        hidden_dropout_prob=0.3,
        pretrained_model_path=CHECKPOINT,
        data_dir=".",
    )
    with torch.no_grad():
        prompted = classifier.LlamaZeroShotClassifier(config, tokenizer, list(LABELS))(batch)
    config.option = "finetune"
    finetuned = train(classifier.LlamaEmbeddingClassifier(config), tokenizer)
    return {
        "new_tokens": torch.tensor(lengths),
        "prompted": torch.tensor(prompted.shape),
        "finetuned": torch.tensor(finetuned.shape),
        "finite": torch.isfinite(finetuned).all(),
    }


def train(model: Any, tokenizer: Any) -> Tensor:
    """Two epochs on the reviews, in batches, as the course's `train` goes."""
    optimizer = importlib.import_module("optimizer").AdamW(model.parameters(), lr=1e-3)
    batch = padded([tokenizer.encode(x, True, False) for x in REVIEWS], tokenizer.pad_id)
    labels = torch.tensor([0, 0, 1, 1])
    model.train()
    for _ in range(2):
        for part in torch.randperm(len(labels)).split(2):
            optimizer.zero_grad()
            loss = F.nll_loss(model(batch[part]), labels[part], reduction="sum") / 2
            loss.backward()
            optimizer.step()
    model.eval()
    with torch.no_grad():
        return model(batch)


def padded(texts: list[list[int]], pad_id: int) -> Tensor:
    """(B, T) ids, padded on the right."""
    longest = max(map(len, texts))
    return torch.tensor([ids + [pad_id] * (longest - len(ids)) for ids in texts])


def make_checkpoint(folder: Path) -> None:
    """A random model, and a vocabulary of its own."""
    text = folder / "words.txt"
    text.write_text("\n".join([*REVIEWS, QUESTION]) + "\n")
    with contextlib.redirect_stderr(io.StringIO()):
        sentencepiece.SentencePieceTrainer.train(
            input=str(text),
            model_prefix=str(folder / "tokenizer"),
            vocab_size=PIECES,
            model_type="bpe",
            byte_fallback=True,
            character_coverage=1.0,
            minloglevel=2,
            num_threads=1,
        )
    config = tiny_config(vocab_size=PIECES, max_seq_len=128)
    names = "dim", "n_layers", "n_heads", "n_kv_heads", "vocab_size", "multiple_of", "max_seq_len"
    arguments = {name: getattr(config, name) for name in names}
    model = importlib.import_module("llama").Llama(config)
    with torch.no_grad():  # sure of what comes next, since a filter may want a likely token
        model.tok_embeddings.weight.normal_(std=3.0)
    arguments |= {"hidden_dim": config.hidden_dim, "dropout": 0.0}
    torch.save({"model_args": arguments, "model": model.state_dict()}, folder / CHECKPOINT)


RUNNERS = {"end_to_end": run_end_to_end}
