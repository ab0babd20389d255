"""--option finetune: train a classification head, with the whole model or on its frozen states."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from classifier import LlamaEmbeddingClassifier
from llama import Llama
from sentiment.encoding import Encoded, encode_reviews
from sentiment.evaluation import (
    Metrics,
    describe,
    evaluate,
    evaluate_reviews,
    log_probabilities,
    write_predictions,
)
from sentiment.frozen import freeze
from sentiment.pooling import make_classifier
from sentiment.reviews import Reviews
from sentiment.splits import Outputs, Splits
from sentiment.trained import About
from support.files import require_space, sample_digest, sha256
from tokenizer import TextTokenizer, saved_beside
from training.activations import LIMITS, checkpoint_layers
from training.batches import Batch, padded_batches, shown
from training.log import Curves, JsonLines, RunLog, Sink, TensorBoard, is_installed, read_log
from training.recipe import Recipe
from training.run import RUNS, Run
from training.trainer import Trainer, state_bytes, trained_parameters

# The course's recipe for the whole model, and the laptop's for a head on frozen states.
WHOLE_MODEL = {"epochs": 5, "lr": 2e-5}
FROZEN = {"epochs": 20, "lr": 3e-4}


@dataclass(frozen=True)
class FinetuneOptions:
    """What decides a run beside its recipe and data.

    Raises:
        ValueError: a field is out of range, or a package is missing.
    """

    checkpoint: Path  # of the model, to tell runs apart
    freeze: bool = False  # train the head alone
    pooling: str = "last_token"  # one of pooling.POOLING_METHODS
    dropout: float = 0.3  # probability, before the head
    max_sentence_len: int | None = None  # tokens of a review that are kept; None keeps what fits
    activation_checkpointing: str = "auto"  # one of activations.LIMITS: which layers compute twice
    save_minutes: float = 10.0  # between two saves of the run's state
    resume: bool = False
    tensorboard: bool | None = None  # None: where the package is installed

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"hidden_dropout_prob={self.dropout}: must be in [0, 1)")
        if self.max_sentence_len is not None and self.max_sentence_len < 1:
            raise ValueError(f"max_sentence_len={self.max_sentence_len}: must be at least 1")
        if not self.save_minutes >= 0:  # true for NaN as well
            raise ValueError(f"save_minutes={self.save_minutes}: must be at least 0")
        if self.tensorboard and not is_installed("tensorboard"):
            raise ValueError(
                "--tensorboard needs the package tensorboard (extra plots): pip install tensorboard"
            )


@dataclass
class ReviewTask:
    """What the trainer is handed: a classifier, and reviews with their labels."""

    model: LlamaEmbeddingClassifier
    ids: dict[str, list[list[int]]]  # split -> token ids, or rows of a bank of states
    labels: dict[str, list[int]]
    pad_id: int
    recipe: Recipe
    about: About

    def __post_init__(self) -> None:
        self.device = self.model.classifier_head.weight.device
        self.size, self.held_out = len(self.ids["train"]), len(self.ids["dev"])

    def micro_batches(self, rows: Sequence[int]) -> Iterator[Batch]:
        budget = self.recipe.max_tokens
        return padded_batches(
            self.ids["train"], self.pad_id, max_tokens=budget, rows=rows, device=self.device
        )

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        labels = torch.tensor([self.labels["train"][row] for row in batch.rows])
        labels = labels.to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.autocast):
            log_probabilities = self.model(batch.tokens, batch.mask)
            loss = F.nll_loss(log_probabilities, labels, reduction="sum")
        right = (log_probabilities.argmax(dim=-1) == labels).sum()
        return loss, {"Accuracy/train": float(right)}

    def predict(self, split: str) -> tuple[float, list[int]]:
        """Mean loss and predicted labels, in the file's order."""
        ids, budget = self.ids[split], 4 * self.recipe.max_tokens
        batches = padded_batches(ids, self.pad_id, max_tokens=budget, device=self.device)
        batches = shown(batches, ids, split, estimate=False)
        found = log_probabilities(self.model, batches, len(ids), autocast=self.recipe.autocast)
        loss = F.nll_loss(found, torch.tensor(self.labels[split]))
        return loss.item(), found.argmax(dim=-1).tolist()

    def evaluate(self) -> tuple[float, dict[str, float]]:
        loss, predictions = self.predict("dev")
        dev = evaluate(self.labels["dev"], predictions, self.model.num_labels)
        return dev.accuracy, figures_of("dev", loss, dev)

    def best(self) -> dict[str, Any]:
        return {"about": asdict(self.about), "model": self.model.state_dict()}


def run_finetune(
    model: Llama,
    tokenizer: TextTokenizer,
    splits: Splits,
    outputs: Outputs,
    recipe: Recipe,
    options: FinetuneOptions,
) -> dict[str, Metrics | None]:
    """Train, keep the best epoch by dev accuracy, reload it, and write predictions and figures.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        ValueError: no room on the disk, or a state to resume that is of another run.
    """
    assert splits.train is not None
    torch.manual_seed(recipe.seed)
    reviews = {"train": splits.train, **{split: read for split, (read, _) in outputs.items()}}
    encoded = encode_all(reviews, tokenizer, model.config.max_seq_len, options.max_sentence_len)
    setting = settle(splits, recipe, options, encoded, model)
    name = f"finetune-{splits.dataset}-epochs"
    run = Run.fitting(name, setting) if options.resume else None
    task = make_task(model, tokenizer.pad_id, splits, reviews, encoded, recipe, options)
    if run is None:
        if options.resume:
            print(f"resume    no run {RUNS / name}... to go on with: starting anew")
        run = new_run(task, name + details(recipe, options), setting)
    trainer = Trainer(task, recipe, run)
    with run:
        if run.last.exists():
            trainer.resume()
            done = trainer.progress
            print(f"resumed   {run.folder}, after {done.epoch} epochs and {done.batch} batches")
        with saved_beside(tokenizer, run.best):
            pass  # the best weights themselves come epoch by epoch
        log = open_log(run, trainer, task, Path(outputs["dev"][1]).parent, options)
        try:
            trainer.train(60 * options.save_minutes, log)
            return finish(trainer, task, log, splits, outputs, options)
        except KeyboardInterrupt:
            if run.last.exists():
                print(f"\n{run.last} is saved; go on with the same command and --resume")
            raise
        finally:
            with suppress(OSError):  # as on a full disk, of which another error tells
                log.close()


def encode_all(
    reviews: dict[str, Reviews], tokenizer: TextTokenizer, limit: int, max_len: int | None
) -> dict[str, Encoded]:
    """Each split's sentences as token ids; says how many are too long."""
    encoded = {}
    for split, read in reviews.items():
        encoded[split] = encode_reviews(read.sentences, tokenizer, limit, max_len)
        if encoded[split].cut:
            kept = min(limit, max_len or limit)
            print(f"{split}: {encoded[split].cut} reviews were cut to {kept} tokens")
    return encoded


def new_run(task: ReviewTask, name: str, setting: dict[str, Any]) -> Run:
    """A folder for a run, if there is room for what it keeps."""
    last, best = state_bytes(task.model)
    # While a file is replaced, the old one and the new one exist side by side.
    require_space(RUNS, 2 * last + best, f"a run in {RUNS}/")
    run = Run.new(name, setting)
    print(f"run       {run.folder}: state {last / 1e6:,.0f} MB, best weights {best / 1e6:,.0f} MB")
    parameters = sum(p.numel() for p in trained_parameters(task.model))
    print(f"training  {parameters:,} parameters on {task.size} sentences: {task.recipe}")
    if run.folder.name != name:
        print(f"note      {RUNS / name} is an earlier run and stays")
    return run


def details(recipe: Recipe, options: FinetuneOptions) -> str:
    """The end of a name, which tells runs on one dataset apart; config.json has all of it."""
    parts = [f"{recipe.epochs}", f"batch{recipe.batch_size}", f"lr{recipe.lr:g}"]
    parts += [f"seed{recipe.seed}", options.checkpoint.stem] + ["frozen"] * options.freeze
    parts += [options.pooling] * (options.pooling != "last_token")
    return "-".join(parts)


def settle(
    splits: Splits,
    recipe: Recipe,
    options: FinetuneOptions,
    encoded: dict[str, Encoded],
    model: Llama,
) -> dict[str, Any]:
    """What has to be the same for a run to be resumed, as plain data."""
    assert splits.train is not None
    ids = [encoded["train"].ids, encoded["dev"].ids]
    return {
        **asdict(recipe),
        "train, SHA-256": sha256(splits.train.path),
        "dev, SHA-256": sha256(splits.dev.path),
        "tokens, SHA-256": hashlib.sha256(repr(ids).encode()).hexdigest(),
        "label_names": list(splits.label_names),
        "checkpoint": options.checkpoint.name,
        "checkpoint, sampled": sample_digest(options.checkpoint),
        "causal": model.config.causal,
        "freeze": options.freeze,
        "pooling": options.pooling,
        "hidden_dropout_prob": options.dropout,
        "max_sentence_len": options.max_sentence_len,
    }


def make_task(
    model: Llama,
    pad_id: int,
    splits: Splits,
    reviews: dict[str, Reviews],
    encoded: dict[str, Encoded],
    recipe: Recipe,
    options: FinetuneOptions,
) -> ReviewTask:
    """A classifier on the model, or on its states, and the reviews for it."""
    config = SimpleNamespace(
        num_labels=len(splits.label_names),
        option="freeze" if options.freeze else "finetune",
        hidden_dropout_prob=options.dropout,
    )
    classifier = make_classifier(config, options.pooling, model)
    about = About(
        splits.label_names, options.pooling, options.max_sentence_len, model.config.to_dict()
    )
    if options.freeze:
        digest = sample_digest(options.checkpoint)
        source = str(options.checkpoint.resolve())
        about = replace(about, checkpoint=source, digest=digest)
        bank, encoded = freeze(model, encoded, pad_id, options.pooling, recipe, digest)
        classifier.llama = cast(Llama, bank)
        pad_id = 0  # the "tokens" are rows of the bank, and padding may be any row
    else:
        limit = LIMITS[options.activation_checkpointing]
        checkpoint_layers(model.layers, model.activation_bytes, limit)
    ids = {split: texts.ids for split, texts in encoded.items()}
    labels = {split: read.labels for split, read in reviews.items()}
    return ReviewTask(classifier, ids, labels, pad_id, recipe, about)


def open_log(
    run: Run, trainer: Trainer, task: ReviewTask, folder: Path, options: FinetuneOptions
) -> RunLog:
    """The run's log: in its folder, as a picture there, and beside --dev_out for TensorBoard."""
    sinks: list[Sink] = [JsonLines(run.log, trainer.step, trainer.progress.epoch)]
    if is_installed("matplotlib"):
        labels = task.labels["dev"]
        majority = evaluate(labels, labels, task.model.num_labels).majority
        levels = {"Accuracy": ("majority class, dev", majority)}
        sinks.append(Curves(run.log, run.curves, run.folder.name, levels))
    else:
        print("no curves are drawn: that needs the package matplotlib (extra plots)")
    if options.tensorboard or (options.tensorboard is None and is_installed("tensorboard")):
        sinks.append(TensorBoard(folder / "tensorboard" / run.folder.name, trainer.step))
    return RunLog(sinks, asdict(trainer.recipe) | {"pooling": options.pooling})


def finish(
    trainer: Trainer,
    task: ReviewTask,
    log: RunLog,
    splits: Splits,
    outputs: Outputs,
    options: FinetuneOptions,
) -> dict[str, Metrics | None]:
    """Evaluate the best epoch, from its file, and write everything that is to be kept."""
    run, progress, names = trainer.run, trainer.progress, splits.label_names
    trainer.load_best()
    print(f"best      epoch {progress.best_epoch}, read back from {run.best}")
    logged = any("Loss/test" in record for record in read_log(run.log))  # by a run resumed here
    metrics: dict[str, Metrics | None] = {}
    for split, (reviews, outfile) in outputs.items():
        loss, predictions = task.predict(split)
        metrics[split] = found = evaluate_reviews(reviews, predictions, len(names))
        print(describe(split, found, names))
        write_predictions(outfile, predictions, reviews)
        print(f"wrote {outfile}")
        if found is not None and split == "test" and not logged:
            log.add(trainer.step, figures_of(split, loss, found), progress.best_epoch)
    log.close({"best_dev_accuracy": progress.best_score, "best_epoch": progress.best_epoch})
    contents = {
        "recipe": asdict(trainer.recipe),
        "options": {**asdict(options), "checkpoint": str(options.checkpoint)},
        "epochs": progress.history,
        "best_epoch": progress.best_epoch,
        **{split: "n/a" if m is None else asdict(m) for split, m in metrics.items()},
    }
    run.finish(contents)
    print(f"finished  {run.folder}; --option classify goes on with it")
    return metrics


def figures_of(split: str, loss: float, metrics: Metrics) -> dict[str, float]:
    """A split's figures under their names in the log."""
    figures = {"Loss": loss, "Accuracy": metrics.accuracy, "F1": metrics.macro_f1}
    return {f"{quantity}/{split}": value for quantity, value in figures.items()}
