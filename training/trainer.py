"""The loop of a training run: large batches in little memory, and a state that survives a kill.

A batch is drawn at random, then cut into micro-batches whose gradients add up; each example weighs
1 / batch_size, wherever it lands. Between batches the whole state can be saved, and a run that goes
on from it equals an unbroken one bit for bit (on a CPU, with the same number of threads).

What is trained, a room says by a `Task`; the trainer knows nothing else of it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from optimizer import AdamW
from support.tensors import content_bytes
from training.clipping import clip_gradients
from training.compiled_step import compile_step
from training.estimate import Estimate
from training.interrupts import Interrupted, deferred_interrupts
from training.log import RunLog
from training.processes import World, clip_sharded, is_sharded, load_moments, load_weights, whole
from training.recipe import Recipe
from training.run import Run
from training.schedule import cosine_schedule

LOSS = "Loss/train_epoch"


class Task(Protocol):
    """What is trained, and on what."""

    size: int  # examples to train on
    held_out: int  # examples that `evaluate` looks at

    @property
    def model(self) -> nn.Module:
        """What has the parameters."""

    def order(self, generator: torch.Generator) -> list[int]:
        """The examples of an epoch, `size` of them, in the order in which they are trained on."""

    def micro_batches(self, rows: Sequence[int]) -> Iterator[Any]:
        """The given examples, in parts that fit into memory."""

    def loss(self, batch: Any) -> tuple[Tensor, dict[str, float]]:
        """The loss summed over a part's examples, and sums of other figures of an epoch's log."""

    def evaluate(self) -> tuple[float, dict[str, float]]:
        """At the end of an epoch: how good the model is, more being better, and what to log."""

    def best(self) -> dict[str, Any]:
        """What is kept of the best epoch: the weights, as `model`, and what explains them."""


@dataclass
class Progress:
    """How far a run has come; plain data, so that it can be saved."""

    epoch: int = 0
    batch: int = 0  # done in this epoch
    seen: int = 0  # examples of this epoch so far, over which the sums are
    sums: dict[str, float] = field(default_factory=dict)
    history: list[dict[str, float]] = field(default_factory=list)  # one entry an epoch
    best_score: float = float("-inf")
    best_epoch: int = -1


class Trainer:
    """Trains a task's model, keeping the best epoch."""

    def __init__(
        self,
        task: Task,
        recipe: Recipe,
        run: Run,
        *,
        schedule: Callable[[int], float] | None = None,
        max_norm: float | None = None,
        betas: tuple[float, float] = (0.9, 0.999),
        optimizer: Optimizer | None = None,
        period: str = "epoch",
        tokens: int = 1,
        world: World | None = None,
    ) -> None:
        """Prepare a run.

        Args:
            schedule: the learning rate at a step, counted from 0; None keeps `recipe.lr`, after
                the recipe's warm-up.
            max_norm: bound on the norm of all gradients; None leaves them as they are.
            betas: of AdamW.
            optimizer: in place of AdamW by the recipe. What makes these four belongs into the run's
                setting, as the recipe does.
            period: what an epoch is called, where it is none.
            tokens: of an example, where those are counted.
            world: the processes that share each batch, whose size they divide; None: this one
                alone. Only the first one writes.
        """
        self.task, self.recipe, self.run = task, recipe, run
        self.schedule, self.max_norm = schedule, max_norm
        self.period, self.tokens = period, tokens
        if schedule is None and (warmup := recipe.warmup_steps):
            self.schedule = lambda step: cosine_schedule(step, recipe.lr, recipe.lr, warmup, warmup)
        self.world = world or World()
        self.optimizer = optimizer or AdamW(
            trained_parameters(task.model),
            lr=recipe.lr,
            betas=betas,
            weight_decay=recipe.weight_decay,
        )
        if recipe.compile and isinstance(self.optimizer, AdamW):
            compile_step(self.optimizer)
        self.progress = Progress()
        self.steps_per_epoch = -(-task.size // recipe.batch_size)
        self.evaluation = task.held_out // 3  # as work: to look at an example costs a third

    @property
    def step(self) -> int:
        """Steps of the optimizer so far."""
        return self.progress.epoch * self.steps_per_epoch + self.progress.batch

    def resume(self) -> None:
        """Take up the saved state."""
        state = self.world.from_first(self.run.load_last)
        load_weights(self.task.model, state["model"])
        load_moments(self.optimizer, state["optim"])
        self.progress = Progress(**state["progress"])
        if not self.world.is_first:  # the others' dropout is not that of the first
            torch.manual_seed(self.recipe.seed + self.step * self.world.size + self.world.rank)
            return
        torch.set_rng_state(state["torch_rng"])
        for generator, saved in zip(device_generators(), state["device_rng"], strict=False):
            generator.set_state(saved)

    def save(self) -> None:
        """Save everything that the rest of the run depends on.

        Raises:
            ValueError: a weight is no number any more; what was saved before stays.
        """
        first = self.world.is_first
        weights = whole(self.task.model.state_dict(), first)
        if not all(bool(w.isfinite().all()) for w in weights.values() if w is not None):
            raise self._diverged("weights are")
        state = {
            "model": weights,
            "optim": whole(self.optimizer.state_dict(), first),
            "progress": asdict(self.progress),
            "torch_rng": torch.get_rng_state(),
            "device_rng": [generator.get_state() for generator in device_generators()],
        }
        if first:
            self.run.save_last(state)

    def train(self, save_seconds: float, log: RunLog | None = None) -> None:
        """Train to the last epoch, saving every `save_seconds` and at the end of each epoch.

        Raises:
            Interrupted: a signal came; the state is saved.
            ValueError: the loss is no number any more; the last good state is saved.
        """
        log = log or RunLog([], {})
        expected = Estimate(self._work_left(), "the training", compiles=self.recipe.compile)
        with deferred_interrupts() as came:
            saved_at = time.monotonic()
            while self.progress.epoch < self.recipe.epochs and not self._patience_is_over():
                for rows in self._batches_left():
                    figures = self.take_step(rows)
                    log.add(self.step, figures)
                    expected.done(len(rows))
                    is_over = self.world.any(bool(came))
                    if is_over or self.world.any(time.monotonic() - saved_at >= save_seconds):
                        self.save()
                        saved_at = time.monotonic()
                    if is_over:
                        raise Interrupted(*came)
                self.save()  # a kill while it is evaluated, which may take long, loses nothing
                step, figures = self.step, self._finish_epoch()
                expected.done(self.evaluation)
                log.add(step, figures, self.progress.epoch)
                tqdm.write(f"{self.period} {self.progress.epoch}: {in_words(figures)}")
                self.save()
                saved_at = time.monotonic()
                if self.world.any(bool(came)):
                    raise Interrupted(*came)

    def _patience_is_over(self) -> bool:
        """Whether the last epochs were no better than the best one, as many as the recipe bears."""
        progress, patience = self.progress, self.recipe.patience
        return (
            patience is not None
            and bool(progress.history)
            and progress.epoch - progress.best_epoch >= patience
        )

    def _diverged(self, what: str) -> ValueError:
        """The error that ends a run whose numbers have become none, with what is left of it."""
        epoch = self.progress.epoch
        kept = "nothing was saved yet"
        if self.run.last.exists():
            kept = f"{self.run.last} keeps the last good state"
        if not self.world.is_first:
            kept = "the first process says what is kept"
        elif epoch and self.period != "epoch":
            kept += f", and {self.run.best} the best weights"
        elif epoch:
            kept += f", and --resume --epochs {epoch} ends the run with its best epoch"
        return ValueError(
            f"{what} not finite in {self.period} {epoch + 1}, step {self.step + 1}: give a lower "
            f"learning rate than {self.recipe.lr:g}; {kept}"
        )

    def load_best(self) -> None:
        """End training: give gradients and moments back and put the best epoch's weights in."""
        self.optimizer.zero_grad()
        self.optimizer.state.clear()
        self.task.model.load_state_dict(self.run.load_best(self.progress.best_epoch)["model"])

    def _work_left(self) -> int:
        """In examples to train on."""
        epochs = self.recipe.epochs - self.progress.epoch
        done = self.progress.batch * self.recipe.batch_size
        return epochs * (self.task.size + self.evaluation) - done

    def _batches_left(self) -> Iterator[list[int]]:
        """The rest of this epoch's batches; its order follows from seed and epoch alone."""
        progress, size = self.progress, self.recipe.batch_size
        seed = (self.recipe.seed * 1_000_003 + progress.epoch) % 2**63
        generator = torch.Generator().manual_seed(seed)
        order = self.task.order(generator)
        batches = [order[i : i + size] for i in range(0, len(order), size)][progress.batch :]
        with tqdm(
            desc=f"{self.period} {progress.epoch + 1}/{self.recipe.epochs}",
            total=self.task.size * self.tokens,
            initial=(len(order) - sum(map(len, batches))) * self.tokens,
            unit="ex" if self.tokens == 1 else " tokens",
            unit_scale=self.tokens > 1,
            # a log gets the line of each epoch
            disable=None if self.world.is_first else True,
        ) as bar:
            for rows in batches:
                yield rows
                bar.update(len(rows) * self.tokens)
                bar.set_postfix(loss=f"{progress.sums[LOSS] / progress.seen:.3f}")

    def take_step(self, rows: Sequence[int]) -> dict[str, float]:
        """One step of the optimizer on the given examples; returns its figures for the log."""
        self.task.model.train()
        self.optimizer.zero_grad()
        sums = self.world.sums(self._add_gradients(self.world.share(rows)))
        figures = {"Loss/train_step": sums[LOSS] / len(rows)}
        if self.schedule is not None:
            figures["Rate/lr_step"] = rate = self.schedule(self.step)
            for group in self.optimizer.param_groups:
                group["lr"] = rate
        if self.max_norm is not None:
            figures["Norm/gradient_step"] = self._clip(self.max_norm)
        self.optimizer.step()
        progress = self.progress
        progress.batch += 1
        progress.seen += len(rows)
        for tag, value in sums.items():
            progress.sums[tag] = progress.sums.get(tag, 0.0) + value
        return figures

    def _clip(self, max_norm: float) -> float:
        parameters = trained_parameters(self.task.model)
        if any(map(is_sharded, parameters)):
            return clip_sharded(parameters, max_norm)
        return clip_gradients(parameters, max_norm)

    def _add_gradients(self, rows: Sequence[int]) -> dict[str, float]:
        """Add up the gradients of a batch, part by part; returns its summed loss and figures."""
        sums: dict[str, float] = {LOSS: 0.0}
        parts = self.task.micro_batches(rows)
        batch = next(parts, None)
        while batch is not None:
            following = next(parts, None)
            with self.world.accumulating(following is not None):
                loss, figures = self.task.loss(batch)
                value = loss.item()
                if not math.isfinite(value):
                    raise self._diverged("the loss is")
                # Divided by the size of a whole batch, in the last, ragged one too: every example
                # of an epoch weighs the same, as in the course. (Of processes a mean is taken.)
                (loss * (self.world.size / self.recipe.batch_size)).backward()
            for tag, figure in {LOSS: value, **figures}.items():
                sums[tag] = sums.get(tag, 0.0) + figure
            batch = following
        return sums

    def _finish_epoch(self) -> dict[str, float]:
        """Evaluate, keep the epoch if it is the best, go on to the next; returns its figures."""
        progress = self.progress
        score, evaluated = self.task.evaluate()
        means = {tag: value / progress.seen for tag, value in progress.sums.items()}
        figures = {**means, **evaluated}
        progress.epoch += 1
        progress.batch, progress.seen, progress.sums = 0, 0, {}
        progress.history.append(figures)
        if score > progress.best_score:
            progress.best_score, progress.best_epoch = score, progress.epoch
            best = whole(self.task.best(), self.world.is_first)
            if self.world.is_first:
                self.run.save_best(progress.epoch, best)
        return figures


def in_words(figures: Mapping[str, float]) -> str:
    """Figures of a log for people: `Loss/train_epoch` is the train loss."""
    words = []
    for tag, value in figures.items():
        quantity, _, split = tag.partition("/")
        number = f"{value:.3f}" if abs(value) < 1000 else f"{value:,.0f}"
        words.append(f"{split.removesuffix('_epoch')} {quantity.lower()} {number}")
    return ", ".join(words)


def trained_parameters(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that a run changes."""
    return [p for p in model.parameters() if p.requires_grad]


def state_bytes(model: nn.Module) -> tuple[int, int]:
    """The sizes of last.pt, with its two moments, and best.pt."""
    weights = content_bytes(model.state_dict())
    return weights + 8 * sum(p.numel() for p in trained_parameters(model)), weights


def device_generators() -> list[torch.Generator]:
    """The sources of randomness beside the processor's."""
    if torch.cuda.is_available():
        return list(torch.cuda.default_generators)
    return [torch.mps._get_default_mps_generator()] if torch.backends.mps.is_available() else []
