"""Feeds the two classifiers, with a stand-in for the model inside."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import torch
from torch import Tensor, nn

import classifier
from assignment.runners.standins import StandInLlama
from assignment.runners.tensors import Tensors, as_told, differ
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
    with as_told(model, given):
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
    if "dropout" in given:
        return embed_in_training(given)
    model = embedding_classifier(given, given["head.weight"], given["head.bias"], 0.5)
    with as_told(model, given):
        found, again = (model(given["tokens"], given.get("real")) for _ in range(2))
    return {"log_probabilities": found, "calls_differ": differ(found, again)}


def embedding_classifier(
    given: Tensors, weight: Tensor, bias: Tensor, dropout: float
) -> classifier.LlamaEmbeddingClassifier:
    config = SimpleNamespace(num_labels=len(weight), option="finetune", hidden_dropout_prob=dropout)
    stand_in = cast(Llama, StandInLlama(given["embeddings"]))
    model = classifier.LlamaEmbeddingClassifier(config, stand_in)
    model.classifier_head.weight = nn.Parameter(weight)
    model.classifier_head.bias = nn.Parameter(bias)
    return model


def embed_in_training(given: Tensors) -> dict[str, Tensor]:
    """What the dropout leaves, however it is spelt.

    The head hands the state through, adds its mean and a class whose logit is 0: the differences
    from the last one's log-probability are the state that the head was given, and its mean.
    """
    p, C = float(given["dropout"]), given["embeddings"].shape[1]
    weight = torch.cat((torch.eye(C), torch.full((1, C), 1 / C), torch.zeros(1, C)))
    weight = weight.to(given["embeddings"])
    model = embedding_classifier(given, weight, torch.zeros_like(weight[:, 0]), p)

    def states() -> Tensor:
        with torch.no_grad():
            found = model(given["tokens"])
        return found[:, :-1] - found[:, -1:]

    model.train()
    dropped, mean = states().split([C, 1], dim=1)
    gone = dropped.abs() < 1e-6
    model.eval()
    return {
        "share_dropped": gone.double().mean(),
        "kept": torch.where(gone, states()[:, :C], dropped * (1 - p)),
        "beside_the_mean": mean[:, 0] - dropped.mean(dim=1),
    }


RUNNERS = {"zero_shot": run_zero_shot, "embedding": run_embedding}
