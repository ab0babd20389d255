"""Feeds the classification head, with a stand-in for the model inside."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from .parts import RecordedDropout, StandInLlama, Tensors, replaced


def embedding_classifier(model: nn.Module, head: Tensor, bias: Tensor, dropout: float) -> Any:
    """A learner's classifier around a model, with the given head."""
    config = SimpleNamespace(
        num_labels=len(head),
        option="finetune",
        hidden_dropout_prob=dropout,
        pretrained_model_path="stories42M.pt",
        data_dir=".",
    )
    with replaced("load_pretrained", lambda *_, **__: model, "classifier", "llama"):
        found = importlib.import_module("classifier").LlamaEmbeddingClassifier(config)
    with torch.no_grad():
        found.classifier_head.weight.copy_(head)
        found.classifier_head.bias.copy_(bias)
    return found


def run_embedding(given: Tensors) -> dict[str, Tensor]:
    head = given["head.weight"], given["head.bias"]
    model = embedding_classifier(StandInLlama(given["embeddings"]), *head, dropout=0.5).eval()
    if "keep" in given:
        model.train()
        model.dropout = RecordedDropout(given["keep"])
    with torch.no_grad():
        return {"log_probabilities": model(given["tokens"])}


RUNNERS = {"embedding": run_embedding}
