"""--option finetune: train a classification head, with the whole model or on its frozen states."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import torch

from checkpoints import pt
from classifier import LlamaEmbeddingClassifier
from llama import Llama
from sentiment import report
from sentiment.activations import LIMITS, checkpoint_layers
from sentiment.batching import Encoded, encode_reviews
from sentiment.evaluation import Metrics, describe, evaluate, evaluate_reviews, write_predictions
from sentiment.frozen import StateBank, compute_states
from sentiment.pooling import make_classifier
from sentiment.recipe import FinetuneOptions, Recipe
from sentiment.reviews import Reviews
from sentiment.splits import Splits
from sentiment.store import Store
from sentiment.training import Examples, Trainer, predict
from support.files import require_space
from tokenizer import TextTokenizer

FEATURE_CACHE = Path(".feature_cache")


def run_finetune(
    model: Llama,
    tokenizer: TextTokenizer,
    splits: Splits,
    outputs: dict[str, tuple[Reviews, str]],
    recipe: Recipe,
    options: FinetuneOptions,
) -> dict[str, Metrics | None]:
    """Train, keep the best epoch by dev accuracy, reload it, and write predictions and figures.

    Raises:
        Interrupted: Ctrl-C came; the state is saved.
        ValueError: no room on the disk, or a state to resume that is of another run.
    """
    assert splits.train is not None
    names = splits.label_names
    torch.manual_seed(recipe.seed)
    config = SimpleNamespace(
        num_labels=len(names),
        option="freeze" if options.freeze else "finetune",
        hidden_dropout_prob=options.dropout,
    )
    classifier = make_classifier(config, options.pooling, model)
    reviews = {"train": splits.train, **{split: read for split, (read, _) in outputs.items()}}
    encoded = {
        split: _encode(split, read, tokenizer, model, options) for split, read in reviews.items()
    }
    family, kind = f"finetune-{splits.dataset}", "-frozen" if options.freeze else ""
    run = f"{recipe.epochs}-{recipe.lr:g}{kind}"
    name = f"{family}-{run}"
    setting = _setting(splits, options, {split: part.ids for split, part in encoded.items()})
    store = Store(Path(), family, run, {**setting, "causal": model.config.causal})
    if options.resume:
        store.load_last(recipe)  # another run's is refused before the states are computed
    if options.tensorboard:
        report.require_tensorboard()
    if options.freeze:
        encoded = _freeze(classifier, encoded, reviews, tokenizer.pad_id, recipe, options)
    else:
        checkpoint_layers(model, LIMITS[options.activation_checkpointing])
    examples = {split: Examples(encoded[split].ids, reviews[split].labels) for split in reviews}
    # A frozen run's "tokens" are rows of the bank, and its padding any row: the first.
    pad_id = 0 if options.freeze else tokenizer.pad_id
    trainer = Trainer(classifier, recipe, examples["train"], examples["dev"], pad_id, store)
    _announce(trainer, store)
    if options.resume:
        if trainer.resume():
            print(f"resumed   epoch {trainer.progress.epoch + 1}, batch {trainer.progress.batch}")
        else:
            print(f"resume    no {store.last} here: starting anew")
    if options.tensorboard:
        folder = Path(outputs["dev"][1]).parent / "tensorboard" / name
        done = trainer.progress.epoch * trainer.steps_per_epoch + trainer.progress.batch
        trainer.log = report.open_tensorboard(folder, done + 1 if done else None)
    print(f"expected  about {trainer.seconds_left() / 60:.1f} minutes of training", flush=True)
    try:
        trainer.run(60 * options.save_minutes)
        return _finish(trainer, examples, outputs, names, recipe, options, name)
    except KeyboardInterrupt:
        if store.last.exists():
            print(f"\n{store.last} is saved; go on with the same command and --resume")
        raise


def _encode(
    split: str, reviews: Reviews, tokenizer: TextTokenizer, model: Llama, options: FinetuneOptions
) -> Encoded:
    limit = model.config.max_seq_len
    encoded = encode_reviews(reviews.sentences, tokenizer, limit, options.max_sentence_len)
    if encoded.cut:
        kept = min(limit, options.max_sentence_len or limit)
        print(f"{split}: {encoded.cut} reviews were cut to {kept} tokens")
    return encoded


def _setting(
    splits: Splits, options: FinetuneOptions, ids: dict[str, list[list[int]]]
) -> dict[str, Any]:
    """What has to be the same for a run to be resumed, as plain data."""
    assert splits.train is not None
    return {
        "train": _digest(splits.train.path),
        "dev": _digest(splits.dev.path),
        "tokens": hashlib.sha256(repr([ids["train"], ids["dev"]]).encode()).hexdigest()[:16],
        "labels": list(splits.label_names),
        "checkpoint": f"{options.checkpoint.name}, {_sample_digest(options.checkpoint)}",
        "freeze": options.freeze,
        "pooling": options.pooling,
        "hidden_dropout_prob": options.dropout,
        "max_sentence_len": options.max_sentence_len,
    }


def _sample_digest(path: Path) -> str:
    """A digest of a large file's size and of blocks all over it, in milliseconds."""
    size, digest = path.stat().st_size, hashlib.sha256()
    digest.update(str(size).encode())
    with path.open("rb") as file:
        for i in range(256):
            file.seek(size * i // 256)
            digest.update(file.read(4096))
    return f"SHA-256 of samples {digest.hexdigest()[:16]}"


def _digest(path: Path) -> str:
    return f"{path.name}, SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()[:16]}"


def _freeze(
    classifier: LlamaEmbeddingClassifier,
    encoded: dict[str, Encoded],
    reviews: dict[str, Reviews],
    pad_id: int,
    recipe: Recipe,
    options: FinetuneOptions,
) -> dict[str, Encoded]:
    """Compute the states of all texts, or read them back, and put a bank in the model's place."""
    model = classifier.llama
    bank = StateBank(model)
    rows = {}
    for split, texts in encoded.items():
        facts = (
            _sample_digest(options.checkpoint),
            options.pooling,
            recipe.autocast,
            recipe.max_tokens,
            model.config,
            texts.ids,
        )
        key = hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
        path = FEATURE_CACHE / f"{reviews[split].path.stem}-{key}.pt"
        start = len(bank.states)
        if (saved := _read_states(path)) is not None:
            bank.add(saved["states"])
            rows[split] = Encoded([[start + row for row in r] for r in saved["rows"]], texts.cut)
            print(f"{split}: states read from {path}")
            continue
        rows[split] = compute_states(
            model, bank, texts, options.pooling, pad_id, 4 * recipe.max_tokens,
            autocast=recipe.autocast, description=f"{split} states",
        )  # fmt: skip
        relative = [[row - start for row in r] for r in rows[split].ids]
        contents = {"states": bank.states[start:].clone(), "rows": relative}
        pt.save(path, contents)
    classifier.llama = cast(Llama, bank)
    return rows


def _read_states(path: Path) -> dict[str, Any] | None:
    """States that an earlier run has kept; None where there are none, or they are damaged."""
    if not path.exists():
        return None
    try:
        return torch.load(path, weights_only=True)
    except Exception as error:  # torch raises a dozen types on damaged files
        print(f"note      {path} is damaged ({type(error).__name__}): computing the states again")
        return None


def _announce(trainer: Trainer, store: Store) -> None:
    """Say what is trained and how much disk it needs, and check that it is there."""
    trained = sum(p.numel() for g in trainer.optimizer.param_groups for p in g["params"])
    weights = pt.content_bytes(trainer.classifier.state_dict())
    last, best = weights + 8 * trained, weights
    # While a file is replaced, the old one and the new one exist side by side.
    require_space(store.last.parent, 2 * last + best, "the checkpoints of this run")
    print(
        f"training  {trained:,} parameters on {len(trainer.train_data.ids)} sentences, "
        f"{trainer.recipe.epochs} epochs, batches of {trainer.recipe.batch_size}, "
        f"lr {trainer.recipe.lr:g}{', bfloat16 products' if trainer.recipe.autocast else ''}"
        f"{', compiled AdamW' if trainer.recipe.compile else ''}"
    )
    print(
        f"disk      {store.last} {last / 1e6:,.0f} MB, {store.best} {best / 1e6:,.0f} MB; "
        "no others are kept"
    )
    if store.last.exists():
        print(f"note      {store.last} is here: --resume goes on from it, else it is replaced")


def _finish(
    trainer: Trainer,
    examples: dict[str, Examples],
    outputs: dict[str, tuple[Reviews, str]],
    names: list[str],
    recipe: Recipe,
    options: FinetuneOptions,
    name: str,
) -> dict[str, Metrics | None]:
    """Evaluate the best epoch, from its file, and write everything that is to be kept."""
    progress = trainer.progress
    trainer.load_best()
    print(f"best      epoch {progress.best_epoch}, read back from {trainer.store.best}")
    metrics: dict[str, Metrics | None] = {}
    losses = {}
    for split, (reviews, outfile) in outputs.items():
        losses[split], predictions = predict(
            trainer.classifier, examples[split], trainer.pad_id, recipe, split
        )
        metrics[split] = evaluate_reviews(reviews, predictions, len(names))
        print(describe(split, metrics[split], names))
        write_predictions(outfile, predictions, reviews)
        print(f"wrote {outfile}")
    dev_out = Path(outputs["dev"][1])
    before, _, after = dev_out.stem.removesuffix("-output").rpartition("-dev-")
    stem = dev_out.parent / (f"{before}-{after}" if before else after)
    contents = {
        "name": name,
        "recipe": asdict(recipe),
        "options": {**asdict(options), "checkpoint": str(options.checkpoint)},
        "epochs": progress.history,
        "best_epoch": progress.best_epoch,
        **{split: "n/a" if m is None else asdict(m) for split, m in metrics.items()},
    }
    report.write_metrics(Path(f"{stem}-metrics.json"), contents)
    print(f"wrote {stem}-metrics.json")
    labels = outputs["dev"][0].labels
    majority = evaluate(labels, labels, len(names)).majority
    if report.draw_curves(Path(f"{stem}-curves.png"), progress.history, name, majority):
        print(f"wrote {stem}-curves.png")
    else:
        print("no curves drawn: that needs the package matplotlib (extra plots)")
    if trainer.log is not None:
        for split, m in metrics.items():
            if m is not None and split == "test":
                trainer.log.add_scalar("Loss/test", losses[split], progress.best_epoch)
                trainer.log.add_scalar("Accuracy/test", m.accuracy, progress.best_epoch)
                trainer.log.add_scalar("F1/test", m.macro_f1, progress.best_epoch)
        hyperparameters = asdict(recipe) | {"pooling": options.pooling}
        best = {"best_dev_accuracy": progress.best_dev_accuracy, "best_epoch": progress.best_epoch}
        trainer.log.add_hparams(hyperparameters, best)
        trainer.log.close()
    return metrics
