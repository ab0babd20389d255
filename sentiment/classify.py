"""--option classify: a finetuned classifier at work. A review in, a label and its probability out.

classifier = ReviewClassifier.load("runs/finetune-sst-.../best.pt")
classifier.label(["A joy from start to end."])  # [("excellent", 0.71)]
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import torch
from torch import Tensor, nn
from tqdm import tqdm

from checkpoints import Checkpoint
from classifier import LlamaEmbeddingClassifier
from config import LlamaConfig
from llama import Llama, load_pretrained
from sentiment.encoding import encode_reviews
from sentiment.pooling import make_classifier
from support.files import sample_digest
from support.tensors import load_tensors, save_tensors
from tokenizer import TextTokenizer, save_tokenizer, tokenizer_for
from training.batches import Batch, padded_batches

MAX_TOKENS = 2048  # of a batch, padding included
AT_ONCE = 64  # reviews of a file or a pipe that are classified together


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

    @torch.no_grad()
    def label(self, texts: list[str]) -> list[tuple[str, float]]:
        """The most likely label of each text, and its probability."""
        limit = self.model.llama.config.max_seq_len
        keep = self.about.max_sentence_len
        ids = encode_reviews(texts, self.tokenizer, limit, keep).ids
        device = self.model.classifier_head.weight.device
        batches = padded_batches(ids, self.tokenizer.pad_id, max_tokens=MAX_TOKENS, device=device)
        best = log_probabilities(self.model, batches, len(ids)).exp().max(dim=-1)
        names = [self.about.label_names[i] for i in best.indices.tolist()]
        return list(zip(names, best.values.tolist(), strict=True))

    def save(self, path: Path | str) -> None:
        """Write the whole classifier, its tokenizer beside it; `load` takes both up again."""
        save_tokenizer(self.tokenizer, Path(path))
        about = asdict(self.about) | {"checkpoint": None, "digest": None}
        save_tensors(Path(path), {"about": about, "model": self.model.state_dict()})

    @classmethod
    def load(cls, path: Path | str, checkpoint: Path | str | None = None) -> Self:
        """Read what `save` wrote, or the best.pt of a run of finetuning.

        Args:
            checkpoint: where the model of a frozen run lies, if not where it lay then.

        Raises:
            ValueError: a file is missing, damaged or no classifier, or the model is another one.
        """
        path = Path(path)
        contents = load_tensors(path, "finetune a classifier, or name another", mmap=True)
        try:
            about, state = About(**contents["about"]), dict(contents["model"])
            config = LlamaConfig.from_dict(about.config)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{path}: holds no classifier ({error})") from error
        tensors = {
            name.removeprefix("llama."): state.pop(name) for name in list(state) if "llama." in name
        }
        if tensors and config.tie_embeddings:
            tensors.pop("output.weight")
        if tensors and checkpoint is not None:
            raise ValueError(f"{path}: holds its whole model; leave {checkpoint} out")
        file = Checkpoint(path, "classifier", config, tensors, None)
        llama = Llama.from_checkpoint(file) if tensors else _backbone(path, about, checkpoint)
        options = SimpleNamespace(
            num_labels=len(about.label_names), option="frozen", hidden_dropout_prob=0.0
        )
        model = make_classifier(options, about.pooling, llama).eval()
        own = model.state_dict()
        if state.keys() != {name for name in own if not name.startswith("llama.")}:
            raise ValueError(f"{path}: holds no classifier with {about.pooling}")
        model.load_state_dict({**own, **state})
        return cls(model, tokenizer_for(file), about)


def _backbone(path: Path, about: About, checkpoint: Path | str | None) -> Llama:
    """The model that a head was trained on, which a frozen run does not keep a second time."""
    source = Path(checkpoint or about.checkpoint or "")
    if not source.is_file():
        raise ValueError(
            f"{path}: its head was trained on {about.checkpoint}, which is not there; "
            "--pretrained-model-path says where it is now"
        )
    if sample_digest(source) != about.digest:
        raise ValueError(f"{path}: its head was trained on another checkpoint than {source}")
    return load_pretrained(source, causal=bool(about.config["causal"]))


@torch.no_grad()
def log_probabilities(
    classifier: nn.Module, batches: Iterable[Batch], count: int, *, autocast: bool = False
) -> Tensor:
    """(texts, classes) log-probabilities in the order of the texts, without dropout."""
    classifier.eval()
    rows, found = [], []
    for batch in batches:
        with torch.autocast(batch.tokens.device.type, torch.bfloat16, enabled=autocast):
            found.append(classifier(batch.tokens, batch.mask).float().cpu())
        rows += batch.rows
    together = torch.cat(found)
    ordered = torch.empty(count, together.shape[1])
    ordered[rows] = together
    return ordered


def run_classify(classifier: ReviewClassifier, reviews: Iterable[str], at_once: int) -> None:
    """Print label, probability and review, tabs between them, in a line for each, as they come."""
    waiting = iter(reviews)
    with tqdm(unit="review", leave=False, disable=None if at_once > 1 else True) as bar:
        while part := list(islice(waiting, at_once)):
            for text, (name, probability) in zip(part, classifier.label(part), strict=True):
                bar.write(f"{name}\t{probability:.3f}\t{text}")
            sys.stdout.flush()
            bar.update(len(part))


def read_lines(source: Iterable[bytes], name: str) -> Iterator[str]:
    """The reviews of a file or a pipe, one a line, blank ones left out.

    Raises:
        ValueError: a line is not UTF-8.
    """
    for number, line in enumerate(source, start=1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError as error:
            raise ValueError(f"{name}, line {number}: not UTF-8 ({error.reason})") from error
        if text:
            yield text
