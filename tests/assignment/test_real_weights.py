"""The rubric's A: what a submission does on real weights, beside the solution's own run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from assignment.arrays import Array, Arrays
from assignment.grading import grader, real_weights, selftest
from assignment.grading.real_weights import RealWeights, draw
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox.intake import Intake
from assignment.sandbox.process import Worker
from assignment.sandbox.replies import Reply
from assignment.specimens import mistakes, variants
from assignment.tasks import load_course

N = 20  # reviews, of which the reference gets half right


def reference() -> RealWeights:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 5, N)
    chosen = np.where(np.arange(N) < N // 2, labels, (labels + 1) % 5)
    zero_shot = np.eye(5)[chosen].astype(np.float32) * 8 - 9
    expected: dict[str, Array] = {
        "tokens": rng.integers(0, 1000, (3, 16)),
        "margins": np.full((3, 16), 1.0, np.float32),
        "zero_shot": zero_shot,
        "finetuned": np.stack([zero_shot] * 3),
    }
    expected["margins"][1, 5] = 0.01  # here rounding decides
    return RealWeights({}, labels, expected, 1.0)


def with_token(row: int, place: int) -> Callable[[Arrays], Arrays]:
    def change(outputs: Arrays) -> Arrays:
        tokens = outputs["tokens"].copy()
        tokens[row, place:] += 1
        return {**outputs, "tokens": tokens}

    return change


def changed(name: str, change: Callable[[Array], Array]) -> Callable[[Arrays], Arrays]:
    return lambda outputs: {**outputs, name: change(outputs[name].copy())}


def wrong_after(count: int) -> Callable[[Array], Array]:
    """Labels of which the first `count` that were right are not."""

    def change(x: Array) -> Array:
        x[..., :count, :] = np.roll(x[..., :count, :], 1, axis=-1)
        return x

    return change


# What comes in place of the reference's outputs, and words of the fault; none where it is as good
ANSWERS: dict[str, tuple[Callable[[Arrays], Arrays], str]] = {
    "the same": (dict, ""),
    "another choice where rounding decides": (with_token(1, 5), ""),
    "another text after that": (with_token(1, 7), ""),
    "another text before it": (with_token(1, 4), "text 2 leaves the reference's at its token 5"),
    "another text": (with_token(2, 15), "text 3 leaves the reference's at its token 16"),
    "rounding": (changed("zero_shot", lambda x: x + np.float32(1e-3)), ""),
    "another precision": (changed("finetuned", lambda x: x.astype(np.float64)), ""),
    "off": (changed("zero_shot", lambda x: x - np.float32(0.1)), "log-probability"),
    "nan": (changed("zero_shot", lambda x: x * np.nan), "log-probability"),
    "within the band": (changed("finetuned", wrong_after(1)), ""),
    "outside the band": (changed("finetuned", wrong_after(2)), "finetuned accuracy 0.400"),
    "nothing": (lambda outputs: {}, "tokens is not of the reference's shape"),
    "half": (changed("tokens", lambda x: x[:1]), "tokens is not of the reference's shape"),
    "fractions": (changed("tokens", lambda x: x + 0.0), "tokens is not of the reference's shape"),
    "one seed": (changed("finetuned", lambda x: x[:1]), "finetuned is not of"),
    "bytes": (changed("zero_shot", lambda x: x.astype(np.uint8)), "zero_shot is not of"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_only_the_references_numbers_will_do(name: str) -> None:
    change, fault = ANSWERS[name]
    real = reference()
    worker = Answering(Reply("done", outputs=[dict(change(real.expected))]))
    verdict = real.verdict(cast(Worker, worker))
    assert verdict.startswith("not yet: " if fault else "on SmolLM2")
    assert fault in verdict
    assert worker.limits is real_weights.LIMITS


class Answering:
    """A worker whose answer is given."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.limits: object = None

    def run(self, imports: object, task: str, runner: str, cases: object, limits: object) -> Reply:
        self.limits = limits
        return self.reply


@pytest.mark.parametrize(
    ("reply", "start", "words"),
    [
        (Reply("timeout"), "for a human: ", "did not end within the time"),
        (Reply("memory"), "not yet: ", "more memory"),
        (
            Reply("crashed", error="No\x1b[2J", place="rope.py, line 3"),
            "not yet: ",
            "rope.py, line",
        ),
        (Reply("done"), "not yet: ", "done"),
    ],
)
def test_no_answer_is_no_a(reply: Reply, start: str, words: str) -> None:
    verdict = reference().verdict(cast(Worker, Answering(reply)))
    assert verdict.startswith(start)
    assert words in verdict
    assert "\x1b" not in verdict


def test_the_solution_must_get_through(reviews: None) -> None:
    with pytest.raises(ValueError, match="our own solution: did not end"):
        RealWeights.measured(cast(Worker, Answering(Reply("timeout"))), b"secret")


@pytest.fixture
def reviews(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviews of our own, a third of them too long."""
    for split in ("train", "dev"):
        lines = [f"{i % 5} ||| {split} {i} {'é' * (i % 3) * 40}" for i in range(400)]
        (tmp_path / split).write_text("\n".join(lines), encoding="utf-8")
    paths = {split: tmp_path / split for split in ("train", "dev")}
    monkeypatch.setattr(real_weights, "REVIEWS", paths)


def test_reviews_are_drawn_from_the_secret(reviews: None) -> None:
    (one, labels), (same, _), (other, _) = (draw(x) for x in (b"secret", b"secret", b"another"))
    for name, array in one.items():
        np.testing.assert_array_equal(array, same[name])
    assert one["held_out"].tobytes() != other["held_out"].tobytes()
    lines = one["held_out"].tobytes().decode().split("\n")
    assert len(lines) == len(set(lines)) == len(labels) == real_weights.SAMPLES["dev"]
    assert [int(line.split()[1]) % 5 for line in lines] == labels.tolist()
    assert all(line.startswith("dev ") and len(line) <= real_weights.LONGEST for line in lines)
    assert not any(array.shape == labels.shape for array in one.values())  # they stay outside


def test_the_rubric_asks_only_where_the_modes_run() -> None:
    course = load_course()
    asked = course.tasks.values()
    tasks = [TaskResult(t.name, Status.PASSED, t.points, t.points) for t in asked]
    result = SubmissionResult("ada", "", "", "", tasks=tasks)
    assert grader.rubric(result, lambda: "as it is", course)["A"] == "as it is"
    tasks[-1].status = Status.WRONG
    assert grader.rubric(result, pytest.fail, course)["A"] == "not yet: end_to_end"


@pytest.mark.slow
@pytest.mark.skipif(bool(real_weights.missing()), reason=real_weights.missing())
def test_on_real_weights(known_tier: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The solution, written otherwise, is as the reference; with a mistake it is not."""
    for name, fewer in (("SAMPLES", {"train": 60, "dev": 12}), ("SEEDS", (0, 1)), ("NEW", 8)):
        monkeypatch.setattr(real_weights, name, fewer)  # a third of the time
    kit = grader.with_real_weights(grader.make_grader(b"secret"))
    assert kit.real is not None
    assert kit.real.accuracy(kit.real.expected["finetuned"]).mean() > 0.3
    rope, gather = load_course().tasks["rope"], load_course().tasks["embedding"]
    files = selftest.solution(load_course())
    for task, name in ((rope, "complex_numbers"), (gather, "llama_forward")):
        variant = next(one for one in variants(task.name) if one.name == name)
        assert task.file is not None
        files[task.file] = selftest.replaced(files[task.file], task, variant.text)
    intake = Intake("ada", "ada", {name: text.encode() for name, text in files.items()})
    with Worker(tier=kit.tier.name, lent=real_weights.LENT) as worker:
        result = kit.grade(intake, worker)
        assert result.score == result.max_score
        assert "writes the reference's text" in result.rubric["A"]
        mistake = next(m for m in mistakes("rope") if m.name == "halves")
        wrong = selftest.replaced(files["rope.py"], rope, mistake.text)
        (worker.tree / "rope.py").write_text(wrong, encoding="utf-8")
        verdict = kit.verdict(worker)
        assert "text 1 leaves the reference's" in verdict
        assert "log-probability" in verdict
