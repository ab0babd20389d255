"""Feeds the two classifiers, with a stand-in for the model inside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor, nn

import classifier
from assignment.runners.standins import RecordedDropout, StandInLlama, Tensors
from llama import Llama
from tokenizer import TextTokenizer


class ToyTokenizer:
    """Knows one prompt and its labels, and their pieces."""

    def __init__(self, loose_end: list[int], labels: list[list[int]]) -> None:
        self.loose_end, self.labels = loose_end, labels
        self.names = [f"label-{i}" for i in range(len(labels))]

    def encode(self, s: str, bos: bool, eos: bool) -> list[int]:
        ends = [ids for name, ids in zip(self.names, self.labels, strict=True) if s.endswith(name)]
        # Every label is named in the question too, so the longest text is prompt and label.
        continued = not s.endswith(" ")
        return [1, 2] + (ends[0] if continued else self.loose_end)


def run_zero_shot(given: Tensors) -> dict[str, Tensor]:
    model = zero_shot_classifier(given, cast(Llama, StandInLlama(given["embeddings"])))
    with torch.no_grad():
        return {"log_probabilities": model(given["tokens"], given.get("real"))}


def zero_shot_classifier(given: Tensors, model: Llama) -> classifier.LlamaZeroShotClassifier:
    """A classifier whose labels have the given pieces."""
    labels = [given[f"label.{i}"].tolist() for i in range(int(given["labels"]))]
    tokenizer = ToyTokenizer(given["loose_end"].tolist(), labels)
    config = SimpleNamespace(num_labels=len(labels))
    return classifier.LlamaZeroShotClassifier(
        config, cast(TextTokenizer, tokenizer), tokenizer.names, model
    )


def run_embedding(given: Tensors) -> dict[str, Tensor]:
    head = given["head.weight"]
    config = SimpleNamespace(num_labels=len(head), option="finetune", hidden_dropout_prob=0.5)
    stand_in = cast(Llama, StandInLlama(given["embeddings"]))
    model = classifier.LlamaEmbeddingClassifier(config, stand_in).eval()
    model.classifier_head.weight = nn.Parameter(head)
    model.classifier_head.bias = nn.Parameter(given["head.bias"])
    if "keep" in given:
        model.dropout = RecordedDropout(given["keep"])
    with torch.no_grad():
        return {"log_probabilities": model(given["tokens"], given.get("real"))}


RUNNERS = {"zero_shot": run_zero_shot, "embedding": run_embedding}
