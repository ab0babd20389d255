"""--option finetune: train a classification head, with the whole model or on its frozen states."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch

from checkpoints.tokenizer_files import saved_beside
from llama import Llama
from sentiment.encoding import Encoded, encode_reviews
from sentiment.evaluation import (
    Metrics,
    describe,
    evaluate,
    evaluate_reviews,
    write_predictions,
    write_probabilities,
)
from sentiment.frozen import freeze
from sentiment.pooling import make_classifier
from sentiment.reviews import Reviews
from sentiment.splits import Outputs, Splits
from sentiment.task import ReviewTask, figures_of, mean_loss, weights_of
from sentiment.trained import About
from support.files import is_sink, require_folder, require_space, sample_digest
from support.words import banner, count_in_words, size_in_words
from tokenizer import TextTokenizer
from training.activations import LIMITS, checkpoint_layers
from training.log import RunLog, is_installed, open_log, read_log
from training.recipe import Recipe
from training.run import RUNS, Run, resumable
from training.trainer import Trainer, state_bytes, trained_parameters

# The course's recipe for the whole model, and the laptop's for a head on frozen states.
WHOLE_MODEL = {"epochs": 5, "lr": 2e-5}
FROZEN = {"epochs": 20, "lr": 3e-4}
BEST_BY = ("accuracy", "macro_f1")


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
    class_weights: str | None = None  # of the loss: "balanced", or a number for each label
    best_by: str = "accuracy"  # or "macro_f1": which epoch is kept, on dev
    probabilities: bool = False  # write them beside the predictions
    threads: int | None = None  # that were asked for; None: a run goes on with those it began with

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise ValueError(f"hidden_dropout_prob={self.dropout}: must be in [0, 1)")
        if self.max_sentence_len is not None and self.max_sentence_len < 1:
            raise ValueError(f"max_sentence_len={self.max_sentence_len}: must be at least 1")
        if not self.save_minutes >= 0:  # true for NaN as well
            raise ValueError(f"save_minutes={self.save_minutes}: must be at least 0")
        if self.best_by not in BEST_BY:
            raise ValueError(f"best_by={self.best_by}: must be one of {', '.join(BEST_BY)}")
        if self.tensorboard and not is_installed("tensorboard"):
            raise ValueError(
                "--tensorboard needs the package tensorboard (extra plots): pip install tensorboard"
            )


def run_finetune(
    model: Llama,
    tokenizer: TextTokenizer,
    splits: Splits,
    outputs: Outputs,
    recipe: Recipe,
    options: FinetuneOptions,
) -> dict[str, Metrics | None]:
    """Train, keep the best epoch on dev, reload it, and write predictions and figures.

    Raises:
        Interrupted: Ctrl-C or SIGTERM came; the state is saved.
        ValueError: no room on the disk, a state to resume that is of another run, or a loss that
            is no number any more.
    """
    assert splits.train is not None
    torch.manual_seed(recipe.seed)
    reviews = {"train": splits.train, **{split: read for split, (read, _) in outputs.items()}}
    encoded = encode_all(reviews, tokenizer, model.config.max_seq_len, options.max_sentence_len)
    setting = settle(splits, recipe, options, encoded, model)
    kind = f"finetune-{splits.dataset}-batch"
    run = run_to_resume(kind, setting, options) if options.resume else None
    task = make_task(model, tokenizer.pad_id, splits, reviews, encoded, recipe, options)
    if run is None:
        run = new_run(task, kind + details(recipe, options), setting)
    trainer = Trainer(task, recipe, run)
    with run:
        if run.last.exists():
            go_on(trainer)
        with saved_beside(tokenizer.vocabulary, run.best):
            pass  # the best weights themselves come epoch by epoch
        labels = task.labels["dev"]
        majority = evaluate(labels, labels, task.model.num_labels).majority
        log = open_log(
            run,
            (trainer.step, trainer.progress.epoch),
            asdict(recipe) | {"pooling": options.pooling},
            {"Accuracy": ("majority class, dev", majority)},
            tensorboard_folder(outputs),
            options.tensorboard,
        )
        try:
            with resumable(run):
                trainer.train(60 * options.save_minutes, log)
                return finish(trainer, task, log, splits, outputs, options)
        finally:
            log.close()


def encode_all(
    reviews: dict[str, Reviews], tokenizer: TextTokenizer, limit: int, max_len: int | None
) -> dict[str, Encoded]:
    """Each split's sentences as token ids; says how many are too long."""
    encoded = {}
    for split, read in reviews.items():
        encoded[split] = encode_reviews(read.sentences, tokenizer, limit, max_len, place=read.place)
        if encoded[split].cut:
            kept = min(limit, max_len or limit)
            print(f"{split}: {encoded[split].cut} reviews were cut to {kept} tokens")
    return encoded


def require_places(outputs: Outputs) -> None:
    """Raise a ValueError where something cannot be written that a run is going to write."""
    require_folder(RUNS, f"the run's folder, {RUNS}/", "work in another")
    require_folder(tensorboard_folder(outputs), "TensorBoard's log")


def tensorboard_folder(outputs: Outputs) -> Path:
    """Beside --dev_out, or in the working folder where that is no file."""
    outfile = outputs["dev"][1]
    return (Path() if is_sink(outfile) else Path(outfile).parent) / "tensorboard"


def run_to_resume(kind: str, setting: dict[str, Any], options: FinetuneOptions) -> Run | None:
    """The run to go on with, computing with as many threads as it began with."""
    free = ("epochs", "patience") + ("threads",) * (options.threads is None)
    run = Run.fitting(kind, setting, free=free)
    if run is None:
        print(banner("resume", f"no run {RUNS / kind}... to go on with: starting anew"))
    elif (threads := run.setting["threads"]) != torch.get_num_threads():
        torch.set_num_threads(threads)  # other numbers round otherwise
        print(banner("note", f"{count_in_words(threads, 'thread')}, as the run began"))
    return run


def go_on(trainer: Trainer) -> None:
    """Take up a run's state, for as many epochs as are asked for now."""
    run, recipe = trainer.run, trainer.recipe
    trainer.resume()
    done = trainer.progress
    if recipe.epochs < done.epoch:
        raise ValueError(f"{run.folder} has done {done.epoch} epochs: give as many or more")
    if recipe.epochs > done.epoch:  # beside the files that the run has, a new one of each kind
        size = max(state_bytes(trainer.task.model))
        require_space(run.folder, size, f"replacing a state in {run.folder}", "make room")
    after = f"{count_in_words(done.epoch, 'epoch')} and {done.batch} batches"
    print(banner("resumed", f"{run.folder}, after {after}"))
    now = {"epochs": recipe.epochs, "patience": recipe.patience}
    if any(run.setting[name] != value for name, value in now.items()):
        run.change(**now)


def new_run(task: ReviewTask, name: str, setting: dict[str, Any]) -> Run:
    """A folder for a run, if there is room for what it keeps."""
    last, best = state_bytes(task.model)
    # While a file is replaced, the old one and the new one exist side by side.
    require_space(RUNS, 2 * last + best, f"a run in {RUNS}/")
    run = Run.new(name, setting)
    sizes = f"state {size_in_words(last)}, best weights {size_in_words(best)}"
    print(banner("run", f"{run.folder}: {sizes}"))
    parameters = sum(p.numel() for p in trained_parameters(task.model))
    print(banner("training", f"{parameters:,} parameters on {task.size} sentences: {task.recipe}"))
    if run.folder.name != name:
        print(banner("note", f"{RUNS / name} is an earlier run and stays"))
    return run


def details(recipe: Recipe, options: FinetuneOptions) -> str:
    """The end of a name, which tells runs on one dataset apart; config.json has all of it."""
    parts = [f"{recipe.batch_size}", f"lr{recipe.lr:g}"]
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
        "train, SHA-256": splits.train.digest,
        "dev, SHA-256": splits.dev.digest,
        "tokens, SHA-256": hashlib.sha256(repr(ids).encode()).hexdigest(),
        "label_names": list(splits.label_names),
        "checkpoint": options.checkpoint.name,
        "checkpoint, sampled": sample_digest(options.checkpoint),
        "causal": model.config.causal,
        "freeze": options.freeze,
        "pooling": options.pooling,
        "hidden_dropout_prob": options.dropout,
        "max_sentence_len": options.max_sentence_len,
        "class_weights": options.class_weights,
        "best_by": options.best_by,
        "threads": torch.get_num_threads(),
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
    weights = weights_of(options.class_weights, labels["train"], len(splits.label_names))
    return ReviewTask(classifier, ids, labels, pad_id, recipe, about, weights, options.best_by)


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
    if progress.epoch < trainer.recipe.epochs:
        print(banner("stopped", f"{trainer.recipe.patience} epochs were no better than the best"))
    print(banner("best", f"epoch {progress.best_epoch}, read back from {run.best}"))
    logged = any("Loss/test" in record for record in read_log(run.log))  # by a run resumed here
    metrics: dict[str, Metrics | None] = {}
    for split, (reviews, outfile) in outputs.items():
        scores = task.predict(split)
        predictions = scores.argmax(dim=-1).tolist()
        metrics[split] = found = evaluate_reviews(reviews, predictions, len(names))
        print(describe(split, found, names))
        # In the run's folder as well, since other runs may write to the same name.
        for path in (run.folder / f"{split}-output.txt", outfile):
            write_predictions(path, predictions, reviews)
            if options.probabilities:
                write_probabilities(path, scores, reviews, names)
        print(f"wrote {outfile}")
        if found is not None and split == "test" and not logged:
            figures = figures_of(split, mean_loss(scores, reviews.labels), found)
            log.add(trainer.step, figures, progress.best_epoch)
    log.close({"best_dev_accuracy": progress.best_score, "best_epoch": progress.best_epoch})
    contents = {
        "recipe": asdict(trainer.recipe),
        "options": {**asdict(options), "checkpoint": str(options.checkpoint)},
        "epochs": progress.history,
        "best_epoch": progress.best_epoch,
        **{split: "n/a" if m is None else asdict(m) for split, m in metrics.items()},
    }
    run.finish(contents)
    print(banner("finished", f"{run.folder}; --option classify goes on with it"))
    return metrics
