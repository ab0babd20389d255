"""The trainer on a tiny model: micro-batches, the best epoch, and a state that survives a kill."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from classifier import LlamaEmbeddingClassifier
from sentiment.recipe import Recipe
from sentiment.store import Store
from sentiment.training import Examples, Trainer, predict
from support.processor import cpp_compiler
from tests.helpers import random_llama

NEEDS_COMPILER = pytest.mark.skipif(cpp_compiler() is None, reason="no C++ compiler here")
RECIPE = Recipe(epochs=2, lr=1e-3, batch_size=8, max_tokens=64, seed=3, autocast=False)


def trainer(tmp_path: Path, name: str = "run", **changes: Any) -> Trainer:
    recipe = Recipe(**{**RECIPE.__dict__, **changes})
    torch.manual_seed(recipe.seed)
    config = SimpleNamespace(num_labels=3, option="finetune", hidden_dropout_prob=0.0)
    classifier = LlamaEmbeddingClassifier(config, random_llama())
    rng = random.Random(1)
    ids = [[rng.randrange(97) for _ in range(rng.randint(1, 15))] for _ in range(43)]
    data = Examples(ids, [sum(text) % 3 for text in ids])
    return Trainer(classifier, recipe, data, data, 0, Store(tmp_path, "toy", name, {}))


def weights(run: Trainer) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in run.classifier.parameters()])


def test_one_large_batch_equals_many_small_ones(tmp_path: Path) -> None:
    """Also for the last batch of an epoch, which has three sentences of eight."""
    whole, parts = trainer(tmp_path, max_tokens=10_000), trainer(tmp_path, max_tokens=20)
    for run in (whole, parts):
        run.run(save_seconds=1e9)
    torch.testing.assert_close(weights(whole), weights(parts), atol=2e-4, rtol=1e-3)
    assert whole.progress.history[0]["train_loss"] == pytest.approx(
        parts.progress.history[0]["train_loss"], abs=1e-4
    )


def test_the_loss_is_the_mean_over_the_batch_size(tmp_path: Path) -> None:
    run = trainer(tmp_path, batch_size=8)
    rows = [1, 5, 9]
    for p in run.classifier.parameters():
        p.grad = None
    for batch in run._micro_batches(rows):
        run._add_gradients(batch.rows, batch.tokens, batch.mask)
    got = run.classifier.classifier_head.bias.grad
    assert got is not None
    got = got.clone()
    run.classifier.zero_grad()
    loss = sum(
        F.nll_loss(
            run.classifier(torch.tensor([run.train_data.ids[row]])),
            torch.tensor([run.train_data.labels[row]]),
        )
        for row in rows
    )
    assert isinstance(loss, torch.Tensor)
    (loss / 8).backward()
    torch.testing.assert_close(got, run.classifier.classifier_head.bias.grad, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=NEEDS_COMPILER)])
def test_resumed_equals_unbroken_bit_for_bit(tmp_path: Path, compiled: bool) -> None:
    (tmp_path / "broken").mkdir()
    unbroken = trainer(tmp_path, compile=compiled)
    unbroken.classifier.dropout.p = 0.4
    unbroken.run(save_seconds=1e9)
    for stop in (1, 4, 5, 6, 9):  # in an epoch, at its end, in the next
        broken = trainer(tmp_path / "broken", compile=compiled)
        broken.classifier.dropout.p = 0.4
        steps = itertools.count(1)
        original = broken._step

        def step(rows, original=original, steps=steps, stop=stop):
            original(rows)
            if next(steps) == stop:
                raise SystemExit

        broken._step = step  # type: ignore[method-assign]
        with pytest.raises(SystemExit):
            broken.run(save_seconds=0)
        torch.manual_seed(99)
        resumed = trainer(tmp_path / "broken", compile=compiled)
        resumed.classifier.dropout.p = 0.4
        assert resumed.resume() is (stop > 1)
        resumed.run(save_seconds=1e9)
        resumed.store.load_best(resumed.recipe, resumed.progress.best_epoch)
        assert torch.equal(weights(resumed), weights(unbroken)), stop
        assert resumed.progress == unbroken.progress
        broken.store.last.unlink()


def test_the_estimate_changes_nothing(tmp_path: Path) -> None:
    plain, timed = trainer(tmp_path, "a"), trainer(tmp_path, "b")
    assert timed.seconds_left() > 0
    plain.run(1e9)
    timed.run(1e9)
    assert torch.equal(weights(plain), weights(timed))


def test_another_setting_is_named(tmp_path: Path) -> None:
    trainer(tmp_path).save()
    with pytest.raises(ValueError, match=r"lr 0.001 then and 0.1 now.*give the same arguments"):
        trainer(tmp_path, lr=0.1).resume()
    (tmp_path / "toy-run-last.pt").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ValueError, match="truncated or corrupt"):
        trainer(tmp_path).resume()


def test_a_run_under_another_name_is_compared_too(tmp_path: Path) -> None:
    trainer(tmp_path, "2-0.001").save()
    with pytest.raises(ValueError, match=r"lr 0.001 then and 0.5 now"):
        trainer(tmp_path, "2-0.5", lr=0.5).resume()


def test_the_best_of_another_run_is_never_taken(tmp_path: Path) -> None:
    """A rerun with the same name dies right after its first best; the state must not mix."""
    first = trainer(tmp_path)
    first.run(1e9)
    second = trainer(tmp_path)
    original = second.store.save_best

    def die(*arguments: Any) -> None:
        original(*arguments)
        raise SystemExit

    second.store.save_best = die  # type: ignore[method-assign, assignment]
    with pytest.raises(SystemExit):
        second.run(1e9)
    third = trainer(tmp_path)
    assert not third.resume()
    with pytest.raises(ValueError, match="not the best epoch of this run"):
        third.store.load_best(third.recipe, 2)


def test_training_learns_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    run = trainer(tmp_path, epochs=8)
    run.run(1e9)
    history = [entry["dev_accuracy"] for entry in run.progress.history]
    assert run.progress.best_epoch == history.index(max(history)) + 1
    assert max(history) > 0.6
    run.load_best()
    _, predictions = predict(run.classifier, run.dev_data, 0, run.recipe, "dev")
    right = [p == label for p, label in zip(predictions, run.dev_data.labels, strict=True)]
    assert sum(right) / len(right) == pytest.approx(max(history))


def test_a_full_disk_keeps_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer(tmp_path)
    run.save()
    before = run.store.last.read_bytes()

    def full(contents: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(ValueError, match="the disk is full or failing; what was saved before"):
        run.save()
    assert run.store.last.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["toy-run-last.pt"]
