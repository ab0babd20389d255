"""Training a classifier: batches of any size in little memory, and a state that survives a kill.

A batch of `batch_size` sentences is drawn at random, then cut into micro-batches of like length,
whose gradients add up; each sentence weighs 1 / batch_size, wherever it lands. Between batches the
whole state can be saved, and a run that goes on from it equals an unbroken one bit for bit (on a
CPU, with the same number of threads).
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from classifier import LlamaEmbeddingClassifier
from optimizer import AdamW
from sentiment.batching import padded_batches
from sentiment.evaluation import evaluate
from sentiment.recipe import Recipe
from sentiment.store import Store


@dataclass
class Examples:
    """A split ready for training: token ids (or rows of a state bank) and labels."""

    ids: list[list[int]]
    labels: list[int]


@dataclass
class Progress:
    """How far a run has come; plain data, so that it can be saved."""

    epoch: int = 0
    batch: int = 0  # done in this epoch
    loss_sum: float = 0.0  # over this epoch's sentences so far
    right: int = 0
    seen: int = 0
    history: list[dict[str, float]] = field(default_factory=list)  # one entry an epoch
    best_dev_accuracy: float = -1.0
    best_epoch: int = -1


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came, and the state has been saved."""


@contextlib.contextmanager
def deferred_interrupt() -> Iterator[list[bool]]:
    """Note Ctrl-C in the yielded list in place of raising it: a half-done step must not be saved.

    A second Ctrl-C raises at once.
    """
    came: list[bool] = []
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: Any) -> None:
        came.append(True)
        print("\nfinishing this step, then saving (Ctrl-C again: stop at once)", file=sys.stderr)
        signal.signal(signal.SIGINT, before)

    with contextlib.suppress(ValueError):  # not the main thread: nothing arrives here
        signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        with contextlib.suppress(ValueError):
            signal.signal(signal.SIGINT, before)


class Trainer:
    """Trains `classifier`, keeping the best epoch by accuracy on `dev`."""

    def __init__(
        self,
        classifier: LlamaEmbeddingClassifier,
        recipe: Recipe,
        train: Examples,
        dev: Examples,
        pad_id: int,
        store: Store,
        log: Any = None,
    ) -> None:
        """Prepare a run; `log`, where given, takes `add_scalar(tag, value, step)`."""
        self.classifier = classifier
        self.recipe = recipe
        self.train_data, self.dev_data = train, dev
        self.pad_id = pad_id
        self.store = store
        self.log = log
        self.device = classifier.classifier_head.weight.device
        trained = [p for p in classifier.parameters() if p.requires_grad]
        self.optimizer = AdamW(trained, lr=recipe.lr)
        if recipe.compile:
            self.optimizer.compile()
        self.progress = Progress()
        self.steps_per_epoch = -(-len(train.ids) // recipe.batch_size)

    def resume(self) -> bool:
        """Take up the saved state, if there is one; says whether."""
        state = self.store.load_last(self.recipe)
        if state is None:
            return False
        self.classifier.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optim"])
        self.progress = Progress(**state["progress"])
        torch.set_rng_state(state["torch_rng"])
        return True

    def save(self) -> None:
        """Save everything that the rest of the run depends on."""
        self.store.save_last(
            self.recipe,
            {
                "model": self.classifier.state_dict(),
                "optim": self.optimizer.state_dict(),
                "progress": asdict(self.progress),
                "torch_rng": torch.get_rng_state(),
            },
        )

    def seconds_left(self) -> float:
        """Estimate the rest of the run by timing two micro-batches; changes nothing.

        The longest group stands for none: one is taken from the middle.
        """
        state = torch.get_rng_state()
        sample = list(range(min(len(self.train_data.ids), self.recipe.batch_size)))
        groups = list(self._micro_batches(sample))
        batch = groups[len(groups) // 2]
        seconds = []
        for _ in range(2):
            start = time.perf_counter()
            self._add_gradients(batch.rows, batch.tokens, batch.mask)
            seconds.append(time.perf_counter() - start)
        self.optimizer.zero_grad()
        torch.set_rng_state(state)
        per_token = min(seconds) / batch.tokens.numel()
        done = self.progress.epoch + self.progress.batch / self.steps_per_epoch
        train = sum(map(len, self.train_data.ids)) * (self.recipe.epochs - done)
        # A forward pass alone takes a third; AdamW passes over parameters, gradients and moments
        # a few times, and once when it is compiled.
        dev = sum(map(len, self.dev_data.ids)) * (self.recipe.epochs - int(done)) / 3
        parameters = sum(
            p.numel() for group in self.optimizer.param_groups for p in group["params"]
        )
        steps = self.steps_per_epoch * (self.recipe.epochs - done)
        return per_token * (train + dev) + steps * parameters * (
            1e-9 if self.recipe.compile else 3e-9
        )

    def run(self, save_seconds: float) -> None:
        """Train to the last epoch, saving every `save_seconds` and at the end of each epoch.

        Raises:
            Interrupted: Ctrl-C came; the state is saved.
        """
        if self.progress == Progress():
            self.store.clear()  # no file of an earlier run may be taken for one of this run
        with deferred_interrupt() as came:
            saved_at = time.monotonic()
            while self.progress.epoch < self.recipe.epochs:
                for rows in self._batches_left():
                    self._step(rows)
                    if came or time.monotonic() - saved_at >= save_seconds:
                        self.save()
                        saved_at = time.monotonic()
                    if came:
                        raise Interrupted
                self._finish_epoch()
                self.save()
                saved_at = time.monotonic()
                if came:
                    raise Interrupted

    def load_best(self) -> None:
        """End training: give gradients and moments back and put the best epoch's weights in."""
        self.optimizer.zero_grad()
        self.optimizer.state.clear()
        best = self.store.load_best(self.recipe, self.progress.best_epoch)
        self.classifier.load_state_dict(best)

    def _batches_left(self) -> Iterator[list[int]]:
        """The rest of this epoch's batches; its order follows from seed and epoch alone."""
        generator = torch.Generator().manual_seed(
            (self.recipe.seed * 1_000_003 + self.progress.epoch) % 2**63
        )
        order = torch.randperm(len(self.train_data.ids), generator=generator).tolist()
        size = self.recipe.batch_size
        batches = [order[i : i + size] for i in range(0, len(order), size)]
        left = batches[self.progress.batch :]
        with tqdm(
            desc=f"epoch {self.progress.epoch + 1}/{self.recipe.epochs}",
            total=len(order),
            initial=len(order) - sum(map(len, left)),
            unit="ex",
            disable=None,  # a log gets the line of each epoch
        ) as bar:
            for rows in left:
                yield rows
                bar.update(len(rows))
                bar.set_postfix(loss=f"{self.progress.loss_sum / self.progress.seen:.3f}")

    def _micro_batches(self, rows: Sequence[int]):
        return padded_batches(
            self.train_data.ids,
            self.pad_id,
            max_tokens=self.recipe.max_tokens,
            rows=rows,
            device=self.device,
        )

    def _step(self, rows: Sequence[int]) -> None:
        """One step of the optimizer on the given sentences."""
        self.classifier.train()
        self.optimizer.zero_grad()
        loss = 0.0
        for batch in self._micro_batches(rows):
            part, right = self._add_gradients(batch.rows, batch.tokens, batch.mask)
            loss += part
            self.progress.right += right
        self.optimizer.step()
        self.progress.loss_sum += loss
        self.progress.seen += len(rows)
        self.progress.batch += 1
        if self.log is not None:
            step = self.progress.epoch * self.steps_per_epoch + self.progress.batch
            self.log.add_scalar("Loss/train_step", loss / len(rows), step)

    def _add_gradients(
        self, rows: Sequence[int], tokens: Tensor, mask: Tensor
    ) -> tuple[float, int]:
        """Add a micro-batch's gradients; returns its summed loss and how many it got right."""
        labels = torch.tensor([self.train_data.labels[row] for row in rows], device=self.device)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.autocast):
            log_probabilities = self.classifier(tokens, mask)
            loss = F.nll_loss(log_probabilities, labels, reduction="sum")
        # Divided by the size of a whole batch, in the last, ragged one too: every sentence of the
        # epoch weighs the same, as in the course.
        (loss / self.recipe.batch_size).backward()
        right = int((log_probabilities.argmax(dim=-1) == labels).sum())
        return loss.item(), right

    def _finish_epoch(self) -> None:
        """Evaluate, keep the epoch if it is the best, and go on to the next."""
        progress = self.progress
        loss, predictions = predict(
            self.classifier, self.dev_data, self.pad_id, self.recipe, description="dev"
        )
        dev = evaluate(self.dev_data.labels, predictions, self.classifier.num_labels)
        entry = {
            "train_loss": progress.loss_sum / progress.seen,
            "train_accuracy": progress.right / progress.seen,
            "dev_loss": loss,
            "dev_accuracy": dev.accuracy,
            "dev_macro_f1": dev.macro_f1,
        }
        progress.history.append(entry)
        progress.epoch += 1
        progress.batch, progress.loss_sum, progress.right, progress.seen = 0, 0.0, 0, 0
        tqdm.write(
            f"epoch {progress.epoch}: train loss {entry['train_loss']:.3f}, train accuracy "
            f"{entry['train_accuracy']:.3f}, dev loss {loss:.3f}, dev accuracy {dev.accuracy:.3f}"
        )
        if self.log is not None:
            for tag, name in (
                ("Loss/train_epoch", "train_loss"),
                ("Accuracy/train", "train_accuracy"),
                ("Loss/dev", "dev_loss"),
                ("Accuracy/dev", "dev_accuracy"),
                ("F1/dev", "dev_macro_f1"),
            ):
                self.log.add_scalar(tag, entry[name], progress.epoch)
        if dev.accuracy > progress.best_dev_accuracy:
            progress.best_dev_accuracy, progress.best_epoch = dev.accuracy, progress.epoch
            self.store.save_best(self.recipe, self.classifier.state_dict(), progress.epoch)


@torch.no_grad()
def predict(
    classifier: LlamaEmbeddingClassifier,
    examples: Examples,
    pad_id: int,
    recipe: Recipe,
    description: str,
) -> tuple[float, list[int]]:
    """Mean loss and predicted labels, in the file's order; without dropout."""
    classifier.eval()
    device = classifier.classifier_head.weight.device
    predictions = [0] * len(examples.ids)
    loss = 0.0
    with tqdm(
        total=len(examples.ids), desc=description, unit="ex", leave=False, disable=None
    ) as bar:
        for batch in padded_batches(
            examples.ids, pad_id, max_tokens=4 * recipe.max_tokens, device=device
        ):
            labels = torch.tensor([examples.labels[row] for row in batch.rows], device=device)
            with torch.autocast(device.type, torch.bfloat16, enabled=recipe.autocast):
                log_probabilities = classifier(batch.tokens, batch.mask)
            loss += float(F.nll_loss(log_probabilities, labels, reduction="sum"))
            for row, label in zip(batch.rows, log_probabilities.argmax(-1).tolist(), strict=True):
                predictions[row] = label
            bar.update(len(batch.rows))
    return loss / len(examples.ids), predictions
