"""The rubric's A: a learner's code on real weights, beside what our own solution makes of them.

Where the stand-in checkpoint and the snippets are, the code continues prompts, classifies reviews
zero-shot and trains a head on frozen states, in the sandbox (`runners/real_weights.py`). The
reviews are drawn from the secret. The reference is the solution's own run on the same machine in
the same sandbox, so it fits whatever checkpoint lies there, and nobody can know it beforehand.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assignment.arrays import Array, Arrays, equal
from assignment.sandbox.confine import Limits
from assignment.sandbox.judge import result_of_failure
from assignment.sandbox.process import Worker
from assignment.sandbox.replies import Reply
from assignment.tasks import all_tasks
from data import SNIPPETS, STAND_IN
from sentiment.reviews import read_reviews

TOKENIZER = STAND_IN.with_suffix(".tokenizer.json")
LENT = (STAND_IN, TOKENIZER)  # what a worker may read beside its tree
REVIEWS = {split: Path(str(SNIPPETS).format(split=split)) for split in ("train", "dev")}
SAMPLES = {"train": 120, "dev": 30}  # reviews of each split
LONGEST = 60  # characters of a review, which keeps a run short
SEEDS = (0, 1, 2)  # of a head's first weights and the order of its batches
NEW = 16  # tokens of each continued text
LIMITS = Limits(seconds=180, memory=3 * 2**30, file_bytes=2**24)

# Rounding may choose another token where two are as likely as this, in logits; a label's
# log-probability it moves by far less than the tolerance. The band is the course's.
CLEAR, TOLERANCE, BAND = 0.05, 0.02, 0.05


def missing() -> str:
    """Why there is nothing to run on; empty where there is."""
    absent = [path.name for path in (*LENT, *REVIEWS.values()) if not path.exists()]
    return f"{', '.join(absent)} not here (bash setup.sh)" if absent else ""


@dataclass(frozen=True)
class RealWeights:
    """What is asked, and what our own solution answers."""

    inputs: Arrays
    labels: Array  # of the reviews that are classified; they stay here
    expected: Arrays
    seconds: float  # that the solution took

    @classmethod
    def measured(cls, worker: Worker, secret: bytes) -> RealWeights:
        """Draw the reviews and run the solution, which is in the worker's tree, on them.

        Raises:
            ValueError: it does not get through here.
        """
        inputs, labels = draw(secret)
        reply = run(worker, inputs)
        if reply.ended != "done" or not reply.outputs:
            raise ValueError(f"our own solution: {failure(reply)}")
        return cls(inputs, labels, reply.outputs[0], reply.seconds)

    def __str__(self) -> str:
        return f"{STAND_IN.stem}: {self.accuracies(self.expected)}; {self.seconds:.0f} s a run"

    def verdict(self, worker: Worker) -> str:
        """Run the submission in the worker's tree; what the rubric says of it."""
        reply = run(worker, self.inputs)
        if reply.ended != "done" or not reply.outputs:
            # A right answer in loops of Python may take too long here and is no worse for it.
            stands = "for a human" if reply.ended == "timeout" else "not yet"
            return f"{stands}: on {STAND_IN.stem}, {failure(reply)}"
        faults = self.faults(reply.outputs[0])
        if faults:
            return f"not yet: on {STAND_IN.stem}, {'; '.join(faults)}"
        return (
            f"on {STAND_IN.stem} it writes the reference's text, "
            f"{self.accuracies(reply.outputs[0])} (reference: {self.accuracies(self.expected)})"
        )

    def faults(self, got: Arrays) -> list[str]:
        """Where it leaves the reference."""
        for name in ("tokens", "zero_shot", "finetuned"):
            wanted = self.expected[name]
            same = name in got and got[name].shape == wanted.shape
            if not same or got[name].dtype.kind != wanted.dtype.kind:
                return [f"{name} is not of the reference's shape and type"]
        faults = []
        differs = got["tokens"] != self.expected["tokens"]
        tie = self.expected["margins"] < CLEAR
        for row in range(len(differs)):
            first = int(differs[row].argmax())
            if differs[row].any() and not tie[row, : first + 1].any():
                faults.append(f"text {row + 1} leaves the reference's at its token {first + 1}")
        if not equal(got["zero_shot"], self.expected["zero_shot"], (TOLERANCE, 0.0)):
            faults.append("a zero-shot log-probability differs from the reference's")
        for name in ("zero_shot", "finetuned"):
            own, ours = (self.accuracy(x[name]).mean() for x in (got, self.expected))
            if abs(own - ours) > BAND:
                faults.append(f"{name} accuracy {own:.3f}, the reference's is {ours:.3f}")
        return faults

    def accuracy(self, log_probabilities: Array) -> Array:
        """Of each seed, over the held-out reviews."""
        return (log_probabilities.argmax(axis=-1) == self.labels).mean(axis=-1)

    def accuracies(self, outputs: Arrays) -> str:
        seeds = self.accuracy(outputs["finetuned"])
        return (
            f"zero-shot {self.accuracy(outputs['zero_shot']):.3f}, "
            f"finetuned {seeds.mean():.3f} ± {seeds.std(ddof=1):.3f}"
        )


def draw(secret: bytes) -> tuple[Arrays, Array]:
    """What goes in, and the labels of the held-out reviews."""
    digest = hashlib.sha256(secret + b"\0real weights").digest()
    rng = np.random.default_rng(list(digest))
    sentences, labels = {}, {}
    for split, path in REVIEWS.items():
        reviews = read_reviews(path)
        short = [i for i, sentence in enumerate(reviews.sentences) if len(sentence) <= LONGEST]
        rows = rng.choice(short, SAMPLES[split], replace=False)
        sentences[split] = "\n".join(reviews.sentences[row] for row in rows)
        labels[split] = np.array([reviews.labels[row] for row in rows])
    inputs = {
        "checkpoint": as_bytes(str(STAND_IN.resolve())),
        "train": as_bytes(sentences["train"]),
        "train_labels": labels["train"],
        "held_out": as_bytes(sentences["dev"]),
        "seeds": np.array(SEEDS),
        "new": np.array(NEW),
    }
    return inputs, labels["dev"]


def as_bytes(text: str) -> Array:
    return np.frombuffer(text.encode(), np.uint8)


def run(worker: Worker, inputs: Arrays) -> Reply:
    return worker.run([], "real_weights", "real_weights", [inputs], LIMITS)


def failure(reply: Reply) -> str:
    return result_of_failure(all_tasks()["end_to_end"], reply).message
