"""The trainer on a small task: micro-batches, the best epoch, and a state that survives a kill."""

from __future__ import annotations

import itertools
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from optimizer import AdamW
from support.processor import cpp_compiler
from tests.training.toy import SIZE, ToyTask, toy_trainer, weights
from training import cosine_schedule
from training.interrupts import Interrupted
from training.recipe import Recipe
from training.run import Run
from training.trainer import Trainer, in_words, state_bytes

COMPILED = [
    pytest.mark.slow,
    pytest.mark.skipif(cpp_compiler() is None, reason="no C++ compiler here"),
]


def test_one_large_batch_equals_many_small_ones(tmp_path: Path) -> None:
    """Also for the last batch of an epoch, which has three examples of eight."""
    whole, parts = toy_trainer(tmp_path, max_tokens=10_000), toy_trainer(tmp_path, max_tokens=20)
    for trainer in (whole, parts):
        trainer.train(save_seconds=1e9)
    torch.testing.assert_close(weights(whole), weights(parts), atol=1e-5, rtol=1e-4)
    first, second = (trainer.progress.history[0]["Loss/train_epoch"] for trainer in (whole, parts))
    assert first == pytest.approx(second, abs=1e-5)


def test_an_example_weighs_the_same_wherever_it_lands(tmp_path: Path) -> None:
    """The last, ragged batch is divided by the size of a whole one, too."""
    rows = [1, 5, 9]
    gradients = []
    for max_tokens in (1000, 20):
        trainer = toy_trainer(tmp_path, batch_size=8, max_tokens=max_tokens)
        sums = trainer._add_gradients(rows)
        gradients.append(gradient_of(trainer))
    loss = sum(trainer.task.loss(batch)[0] for batch in trainer.task.micro_batches(rows))
    assert isinstance(loss, torch.Tensor)
    assert sums["Loss/train_epoch"] == pytest.approx(loss.item())
    trainer.optimizer.zero_grad()
    (loss / 8).backward()
    for gradient in gradients:
        torch.testing.assert_close(gradient, gradient_of(trainer))


def gradient_of(trainer: Trainer) -> torch.Tensor:
    parameters = list(trainer.task.model.parameters())
    return torch.cat([p.grad.flatten().clone() for p in parameters if p.grad is not None])


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("compiled", [False, pytest.param(True, marks=COMPILED)])
def test_resumed_equals_unbroken_bit_for_bit(tmp_path: Path, compiled: bool) -> None:
    unbroken = toy_trainer(tmp_path, dropout=0.4, compile=compiled)
    unbroken.train(save_seconds=1e9)
    for stop in (2, 5, 6, 7, 9):  # in an epoch, at its end, in the next
        broken = toy_trainer(tmp_path, dropout=0.4, compile=compiled)
        steps, original = itertools.count(1), broken.take_step

        def step(rows: Any, original: Any = original, steps: Any = steps, stop: int = stop) -> Any:
            figures = original(rows)
            if next(steps) == stop:
                raise Killed
            return figures

        broken.take_step = step  # type: ignore[method-assign]
        with pytest.raises(Killed):
            broken.train(save_seconds=0)
        torch.manual_seed(99)
        resumed = toy_trainer(tmp_path, run=broken.run, dropout=0.4, compile=compiled)
        resumed.resume()
        assert 0 < resumed.step < stop
        resumed.train(save_seconds=1e9)
        resumed.run.load_best(resumed.progress.best_epoch)
        assert torch.equal(weights(resumed), weights(unbroken)), stop
        assert resumed.progress == unbroken.progress


def test_killed_between_the_last_batch_and_the_end_of_the_epoch(tmp_path: Path) -> None:
    unbroken, broken = toy_trainer(tmp_path), toy_trainer(tmp_path)
    unbroken.train(save_seconds=1e9)
    broken._finish_epoch = lambda: (_ for _ in ()).throw(Killed)  # type: ignore[method-assign]
    with pytest.raises(Killed):
        broken.train(save_seconds=0)
    resumed = toy_trainer(tmp_path, run=broken.run)
    resumed.resume()
    assert resumed.progress.batch == resumed.steps_per_epoch
    resumed.train(save_seconds=1e9)
    assert torch.equal(weights(resumed), weights(unbroken))
    assert resumed.progress == unbroken.progress


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_obeyed_after_the_step_with_a_whole_state(
    tmp_path: Path, number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    unbroken, stopped = toy_trainer(tmp_path), toy_trainer(tmp_path)
    unbroken.train(save_seconds=1e9)
    original = stopped.take_step

    def step(rows: Any) -> Any:
        if stopped.step == 3:
            os.kill(os.getpid(), number)
        return original(rows)

    stopped.take_step = step  # type: ignore[method-assign]
    with pytest.raises(Interrupted) as caught:
        stopped.train(save_seconds=1e9)
    assert caught.value.args == (number,)
    assert "finishing this step, then saving" in capsys.readouterr().err
    resumed = toy_trainer(tmp_path, run=stopped.run)
    resumed.resume()
    assert resumed.step == 4
    resumed.train(save_seconds=1e9)
    assert torch.equal(weights(resumed), weights(unbroken))


def test_training_learns_and_the_best_epoch_is_kept(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path, epochs=12, lr=0.05)
    trainer.train(1e9)
    history = [entry["Accuracy/dev"] for entry in trainer.progress.history]
    assert trainer.progress.best_epoch == history.index(max(history)) + 1
    assert max(history) > 0.6
    trainer.load_best()
    assert trainer.task.evaluate()[0] == pytest.approx(max(history))
    assert not trainer.optimizer.state, "the moments' memory is given back"


def test_a_schedule_and_a_bound_on_gradients(tmp_path: Path) -> None:
    """Equal to a loop by hand with torch's own clipping."""

    def schedule(step: int) -> float:
        return cosine_schedule(step, 0.05, 0.001, 3, 10)

    trainer = toy_trainer(tmp_path, options={"schedule": schedule, "max_norm": 0.05})
    trainer.train(1e9)
    by_hand = toy_trainer(tmp_path)
    parameters = list(by_hand.task.model.parameters())
    optimizer, step = AdamW(parameters, lr=1.0), 0
    for epoch in range(2):
        seed = (trainer.recipe.seed * 1_000_003 + epoch) % 2**63
        order = torch.randperm(SIZE, generator=torch.Generator().manual_seed(seed))
        for rows in order.split(8):
            optimizer.zero_grad()
            by_hand._add_gradients(rows.tolist())
            torch.nn.utils.clip_grad_norm_(parameters, 0.05)
            optimizer.param_groups[0]["lr"] = schedule(step)
            optimizer.step()
            step += 1
    expected = torch.cat([p.detach().flatten() for p in parameters])
    torch.testing.assert_close(weights(trainer), expected, atol=1e-6, rtol=1e-5)


def test_the_state_is_saved_by_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every ten seconds and at the end of an epoch, by a clock of our own: a step takes four."""
    trainer = toy_trainer(tmp_path)
    clock, saved = [0.0], []
    original = trainer.take_step

    def step(rows: Any) -> Any:
        clock[0] += 4
        return original(rows)

    monkeypatch.setattr("training.trainer.time.monotonic", lambda: clock[0])
    trainer.take_step = step  # type: ignore[method-assign]
    trainer.save = lambda: saved.append(trainer.step)  # type: ignore[method-assign]
    trainer.train(save_seconds=10)
    assert saved == [3, 6, 6, 6, 9, 12, 12, 12]  # before and after the look


def test_what_is_left_to_do_is_known(tmp_path: Path) -> None:
    """Two epochs of 43 examples, each followed by a look at 43, which cost a third."""
    trainer = toy_trainer(tmp_path)
    assert trainer._work_left() == 2 * (SIZE + SIZE // 3)
    trainer.take_step(list(range(8)))
    assert trainer._work_left() == 2 * (SIZE + SIZE // 3) - 8


@pytest.mark.parametrize(
    ("of_a_step", "of_a_look", "expected"),
    [
        # 114 units of work. After two steps of 8, that took 4 s each: 8 + 98 x 4 / 8.
        (4.0, 0.0, 57),
        # After an epoch, whose steps are too short to tell: 6.25 + 57 x 6.25 / (43 - 8 + 14).
        (0.05, 6.0, 14),
    ],
)
def test_how_long_it_will_take_is_said(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    of_a_step: float,
    of_a_look: float,
    expected: int,
) -> None:
    """By a clock of our own; the first step tells nothing."""
    clock = [0.0]
    monkeypatch.setattr("training.estimate.time.perf_counter", lambda: clock[0])
    trainer = toy_trainer(tmp_path)

    def taking(seconds: float, original: Any) -> Any:
        def work(*given: Any) -> Any:
            clock[0] += seconds
            return original(*given)

        return work

    trainer.take_step = taking(of_a_step, trainer.take_step)  # type: ignore[method-assign]
    trainer._finish_epoch = taking(of_a_look, trainer._finish_epoch)  # type: ignore[method-assign]
    trainer.train(1e9)
    assert f"expected  about {expected} s for the training\n" in capsys.readouterr().out


def test_the_figures_of_an_epoch_are_means_over_its_examples(tmp_path: Path) -> None:
    """At a rate that changes nothing, the training figures are those of the evaluation."""
    trainer = toy_trainer(tmp_path, lr=1e-30)
    trainer.train(1e9)
    for figures in trainer.progress.history:
        assert figures["Accuracy/train"] == pytest.approx(figures["Accuracy/dev"])
        assert figures["Loss/train_epoch"] == pytest.approx(figures["Loss/dev"], rel=1e-5)


def test_the_sizes_of_the_files_are_known_beforehand(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path)
    trainer.train(1e9)
    last, best = state_bytes(trainer.task.model)
    for path, expected in ((trainer.run.last, last), (trainer.run.best, best)):
        assert expected < path.stat().st_size < expected + 20_000


def test_a_full_disk_keeps_what_was_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = toy_trainer(tmp_path)
    trainer.save()
    before = trainer.run.last.read_bytes()

    def full(contents: Any, file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("torch.save", full)
    with pytest.raises(ValueError, match="the disk is full or failing; what was saved before"):
        trainer.save()
    assert trainer.run.last.read_bytes() == before
    names = {path.name for path in trainer.run.folder.iterdir()}
    assert names == {"last.pt", "config.json"}


def test_figures_in_words() -> None:
    figures = {"Loss/train_epoch": 1.23456, "Accuracy/dev": 0.5}
    assert in_words(figures) == "train loss 1.235, dev accuracy 0.500"


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path)
    trainer.run.last.write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(ValueError, match=r"last\.pt: truncated or corrupt; start the run anew"):
        trainer.resume()


def test_a_trainer_needs_no_log_and_no_task_of_a_room(tmp_path: Path) -> None:
    run = Run.new("toy", {}, tmp_path)
    recipe = Recipe(1, 0.1)
    Trainer(ToyTask(recipe), recipe, run).train(1e9)
    assert {path.name for path in run.folder.iterdir()} == {
        "best.pt",
        "config.json",
        "last.pt",
    }


def test_a_loss_that_is_no_number_stops_and_keeps_the_last_good_state(tmp_path: Path) -> None:
    """In the second epoch a weight is damaged; the loss shows it in the step that follows."""
    trainer = toy_trainer(tmp_path, epochs=3)
    steps, original = itertools.count(1), trainer.take_step

    def step(rows: Any) -> Any:
        figures = original(rows)
        if next(steps) == 8:
            with torch.no_grad():
                next(trainer.task.model.parameters())[0, 0] = float("nan")
        return figures

    trainer.take_step = step  # type: ignore[method-assign]
    message = (
        "the loss is not finite in epoch 2, step 9: give a lower learning rate than 0.01; "
        r".*last\.pt keeps the last good state, and --resume --epochs 1 ends the run"
    )
    with pytest.raises(ValueError, match=message):
        trainer.train(save_seconds=1e9)
    state = trainer.run.load_last()
    assert state["progress"]["epoch"] == 1
    assert all(weight.isfinite().all() for weight in state["model"].values())
    again = toy_trainer(tmp_path, trainer.run, epochs=1)
    again.resume()
    again.train(save_seconds=1e9)
    again.load_best()
    assert torch.isfinite(weights(again)).all()


def test_weights_that_are_no_numbers_are_not_saved(tmp_path: Path) -> None:
    trainer = toy_trainer(tmp_path)
    trainer.save()
    before = trainer.run.last.read_bytes()
    with torch.no_grad():
        next(trainer.task.model.parameters())[0, 0] = float("inf")
    with pytest.raises(ValueError, match="weights are not finite"):
        trainer.save()
    assert trainer.run.last.read_bytes() == before


def test_more_epochs_are_those_of_a_longer_run_bit_for_bit(tmp_path: Path) -> None:
    longer = toy_trainer(tmp_path, epochs=4, dropout=0.4)
    longer.train(save_seconds=1e9)
    short = toy_trainer(tmp_path, epochs=2, dropout=0.4)
    short.train(save_seconds=1e9)
    more = toy_trainer(tmp_path, short.run, epochs=4, dropout=0.4)
    more.resume()
    more.train(save_seconds=1e9)
    assert torch.equal(weights(more), weights(longer))
    assert more.progress == longer.progress


@pytest.mark.parametrize(("patience", "epochs"), [(1, 3), (2, 4), (5, 6), (None, 6)])
def test_patience_ends_a_run(
    patience: int | None, epochs: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second epoch is the best of six; an epoch that is as good is no better."""
    scores = iter([0.1, 0.5, 0.5, 0.4, 0.3, 0.2])
    trainer = toy_trainer(tmp_path, epochs=6, patience=patience)
    monkeypatch.setattr(trainer.task, "evaluate", lambda: (next(scores), {}))
    trainer.train(save_seconds=1e9)
    assert trainer.progress.epoch == epochs
    assert trainer.progress.best_epoch == 2


def test_the_rate_warms_up_and_the_decay_is_adamws(tmp_path: Path) -> None:
    rates = []
    trainer = toy_trainer(tmp_path, warmup_steps=4, weight_decay=0.25)
    assert trainer.optimizer.param_groups[0]["weight_decay"] == 0.25
    for _ in range(6):
        rates.append(trainer.take_step(range(8))["Rate/lr_step"])
    assert rates == pytest.approx([0, 0.0025, 0.005, 0.0075, 0.01, 0.01])
    assert toy_trainer(tmp_path).schedule is None
