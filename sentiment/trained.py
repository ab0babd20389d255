"""What finetune has trained, as an object of Python: texts in, labels and probabilities out.

classifier = ReviewClassifier.load("runs/finetune-sst-...")
classifier.label(["A joy from start to end."])  # [("excellent", 0.71)]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import torch
from torch import Tensor

from checkpoints import Checkpoint
from checkpoints.tokenizer_files import saved_beside
from classifier import LlamaEmbeddingClassifier
from config import LlamaConfig
from llama import Llama, load_pretrained
from sentiment.encoding import encode_reviews
from sentiment.evaluation import log_probabilities
from sentiment.pooling import POOLING_METHODS, make_classifier
from support.files import sample_digest
from support.tensors import load_tensors, save_tensors
from tokenizer import TextTokenizer, tokenizer_for
from training.batches import padded_batches

MAX_TOKENS = 2048  # of a batch, padding included


@dataclass(frozen=True)
class About:
    """What has to be known of a classifier beside its weights, as plain data."""

    label_names: list[str]
    pooling: str  # one of pooling.POOLING_METHODS
    max_sentence_len: int | None  # tokens of a review that are kept; None keeps what fits
    config: dict[str, Any]  # of the Llama
    checkpoint: str | None = None  # where the Llama's weights are; None: in the file itself
    digest: str | None = None  # of that checkpoint


@dataclass(frozen=True)
class ReviewClassifier:
    """A classifier with its tokenizer and the names of its labels."""

    model: LlamaEmbeddingClassifier
    tokenizer: TextTokenizer
    about: About

    def label(self, texts: list[str]) -> list[tuple[str, float]]:
        """The most likely label of each text, and its probability; see `probabilities`."""
        best = self.probabilities(texts).max(dim=-1)
        names = [self.about.label_names[i] for i in best.indices.tolist()]
        return list(zip(names, best.values.tolist(), strict=True))

    @torch.no_grad()
    def probabilities(self, texts: list[str], place: Callable[[int], str] | None = None) -> Tensor:
        """(texts, classes), in the order of `about.label_names`.

        Args:
            place: where a text stands, by its number from 0, for an error.

        Raises:
            ValueError: a text is empty or cannot be spelt, or a score is not finite.
        """
        for number, text in enumerate(texts, start=1):
            if not text.strip():
                raise ValueError(f"review {number} of {len(texts)} is empty: leave it out")
        if not texts:
            return torch.empty(0, len(self.about.label_names))
        limit = self.model.llama.config.max_seq_len
        keep = self.about.max_sentence_len
        ids = encode_reviews(texts, self.tokenizer, limit, keep, place=place).ids
        device = self.model.classifier_head.weight.device
        batches = padded_batches(ids, self.tokenizer.pad_id, max_tokens=MAX_TOKENS, device=device)
        return log_probabilities(self.model, batches, len(ids)).exp()

    def save(self, path: Path | str) -> None:
        """Write the whole classifier, its tokenizer beside it; `load` takes both up again."""
        about = asdict(self.about) | {"checkpoint": None, "digest": None}
        with saved_beside(self.tokenizer.vocabulary, Path(path)):
            save_tensors(Path(path), {"about": about, "model": self.model.state_dict()})

    @classmethod
    def load(cls, path: Path | str, checkpoint: Path | str | None = None) -> Self:
        """Read what `save` wrote, or what a run of finetuning has kept.

        Args:
            path: of the file, or the run's folder.
            checkpoint: where the model of a frozen run lies, if not where it lay then.

        Raises:
            ValueError: a file is missing, damaged or no classifier, or the model is another one.
        """
        path = Path(path)
        if path.is_dir():
            path = path / "best.pt"
        about, config, state = _read(path)
        own = {name.removeprefix("llama."): state[name] for name in state if "llama." in name}
        if own and checkpoint is not None:
            raise ValueError(f"{path}: holds its whole model; leave {checkpoint} out")
        if own and config.tie_embeddings:
            own.pop("output.weight", None)  # the second name of one matrix
        file = Checkpoint(path, "classifier", config, own, None)
        llama = (
            Llama.from_checkpoint(file)
            if own
            else _backbone(path, about, config.causal, checkpoint)
        )
        options = SimpleNamespace(
            num_labels=len(about.label_names), option="frozen", hidden_dropout_prob=0.0
        )
        model = make_classifier(options, about.pooling, llama).eval()
        expected = model.state_dict()
        head = {name: tensor for name, tensor in state.items() if "llama." not in name}
        if shapes(head) != {n: s for n, s in shapes(expected).items() if "llama." not in n}:
            raise ValueError(
                f"{path}: holds no classifier of {len(about.label_names)} labels with "
                f"{about.pooling}"
            )
        model.load_state_dict({**expected, **head})
        return cls(model, tokenizer_for(file), about)


def shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """By the names of weights, how large they are."""
    return {name: tuple(tensor.shape) for name, tensor in state.items()}


def _read(path: Path) -> tuple[About, LlamaConfig, dict[str, Tensor]]:
    """What the file says of the classifier and its Llama, and its weights."""
    contents = load_tensors(path, "finetune a classifier, or name another", mmap=True)
    if not isinstance(contents, dict) or not {"about", "model"} <= contents.keys():
        raise ValueError(f"{path}: holds no classifier: it lacks the keys about and model")
    try:
        about = About(**contents["about"])
        if about.pooling not in POOLING_METHODS:
            raise ValueError(f"pooling {about.pooling!r}: none of {', '.join(POOLING_METHODS)}")
        return about, LlamaConfig.from_dict(about.config), dict(contents["model"])
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: holds no classifier ({error})") from error


def _backbone(path: Path, about: About, causal: bool, checkpoint: Path | str | None) -> Llama:
    """The model that a head was trained on, which a frozen run does not keep a second time."""
    source = Path(checkpoint or about.checkpoint or "")
    if not source.is_file():
        raise ValueError(
            f"{path}: its head was trained on {about.checkpoint}, which is not there; "
            "say where it is now"
        )
    if sample_digest(source) != about.digest:
        raise ValueError(f"{path}: its head was trained on another checkpoint than {source}")
    return load_pretrained(source, causal=causal)
