"""The checks that learners run: right code passes, every classic mistake is caught and named."""

from __future__ import annotations

import runpy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import rope_test
from assignment.arrays import Array, describe, equal
from assignment.cases import TINY, Case, load_cases
from assignment.causes import likely_cause
from assignment.checks import check, outcome, run, said
from assignment.grading import make_reference, reference
from assignment.grading.recipes import draw
from assignment.specimens import Specimen, mistakes, variants
from assignment.specimens.mutation import applied
from assignment.tasks import USUAL, all_tasks
from tests.helpers import PROJECT, random_llama, run_script

WRITTEN = [task for task in all_tasks().values() if task.symbol is not None]
MISTAKES = [mistake for task in WRITTEN for mistake in mistakes(task.name)]
# The modes are run by the command line, and have files in place of expected numbers.
CASES = [case for task in all_tasks() for case in load_cases(task) if case.name != "modes"]
WHOLE = {task.name for task in all_tasks().values() if task.symbol is None}
VARIANTS = [variant for task in WRITTEN for variant in variants(task.name)]


def usual_first(ones: Sequence[Any]) -> list[Any]:
    """Cases or specimens as parameters; CI alone tries those of other courses than the usual."""
    marks = (pytest.mark.slow, pytest.mark.ci)
    homes = {name: task.home for name, task in all_tasks().items()}
    return [pytest.param(one, marks=marks if homes[one.task] != USUAL else ()) for one in ones]


@contextmanager
def threads(number: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.mark.slow
@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("variant", usual_first(VARIANTS), ids=str)
def test_each_right_variant_passes(
    variant: Specimen, number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # one of them writes a file
    hidden = draw(variant.task, np.random.default_rng([7, number]), hidden=True)
    with applied(variant), threads(number):
        torch.manual_seed(0)
        check((*load_cases(variant.task), *hidden))


def test_each_task_has_at_least_three_variants() -> None:
    for task in WRITTEN:
        assert len(variants(task.name)) >= 3, task.name


def said_of(mistake: Specimen) -> str:
    """What the checks say of a mistake; nothing where it passes."""
    with applied(mistake):
        torch.manual_seed(0)
        try:
            check(load_cases(mistake.task))
        except Exception as error:
            return "\n".join((str(error), *getattr(error, "__notes__", ())))
    return ""


@pytest.mark.parametrize("mistake", usual_first(MISTAKES), ids=str)
def test_each_mistake_is_caught_far_off_and_named(mistake: Specimen) -> None:
    cases = load_cases(mistake.task)
    with applied(mistake):
        torch.manual_seed(0)
        outputs, error = outcome(cases)
    assert mistake.about in likely_cause(cases, outputs, said(error))
    far = [  # of shares other outputs tell more
        in_tolerances(case, name, got[name]) > (1 if name.startswith("share") else 10)
        for case, got in zip(cases, outputs, strict=False)
        for name in case.expected
        if name in got
    ]
    assert error is not None or any(far)


def test_a_cause_that_cases_have_ruled_out_is_not_given() -> None:
    """The right temperature 0 rules out that it samples there, the right mask that it has none."""
    text = "def sample_next(logits, temperature, generator=None):\n"
    text += "    if temperature == 0:\n        return logits.argmax(dim=-1, keepdim=True)\n"
    text += (
        "    p = F.softmax(logits, dim=-1)\n    return torch.multinomial(p, 1, generator=generator)"
    )
    said = said_of(Specimen("sampling", "", "", text))
    assert "samples at temperature 1 whatever is asked" in said
    assert "samples at temperature 0" not in said


def test_each_task_has_about_five_mistakes_with_words_for_them() -> None:
    for task in WRITTEN:
        assert len(mistakes(task.name)) >= 5
    for mistake in MISTAKES:
        assert mistake.about, mistake
        assert not mistake.about.endswith("."), mistake


def in_tolerances(case: Case, name: str, got: Array) -> float:
    """The largest error of an output, in tolerances."""
    atol, rtol = case.tolerance(name)
    expected = case.expected[name]
    if got.shape != expected.shape:
        return float("inf")
    with np.errstate(all="ignore"):
        error = np.abs(got.astype(np.float64) - expected)
        ratio = np.nan_to_num(error, nan=np.inf) / (atol + rtol * np.abs(expected))
    return float(ratio.max())


@pytest.mark.parametrize("case", usual_first(CASES), ids=str)
def test_tolerances_lie_well_above_rounding(case: Case) -> None:
    torch.manual_seed(0)
    for name, got in run(case).items():
        if name in case.expected:  # a draw is random, and the whole model is many roundings
            factor = 1.5 if name.startswith("share") else 3 if case.task in WHOLE else 10
            assert in_tolerances(case, name, got) < 1 / factor, name


def test_the_recorded_outputs_are_what_the_script_computes() -> None:
    computed = {str(case): case for task in all_tasks() for case in make_reference.drawn(task)}
    for case in CASES:
        for name, expected in case.expected.items():
            # A slope is a difference over 1e-5: the last bit, which differs between machines,
            # counts 50,000 times as much in it.
            atol = 1e-9 if name == "slopes" else 1e-12
            np.testing.assert_allclose(
                expected, computed[str(case)].expected[name], atol=atol, rtol=1e-9
            )
        for name, given in case.inputs.items():
            np.testing.assert_array_equal(given, computed[str(case)].inputs[name])


def test_no_hidden_case_hangs_on_a_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most likely token leads in every drawn case: else an honest answer could be wrong."""
    leads: list[float] = []
    llama = reference.llama

    def watched(*args: Any) -> tuple[reference.Array, reference.Array]:
        logits, hidden = llama(*args)
        best = np.sort(logits[:, -1], axis=-1)
        leads.append(float((best[:, -1] - best[:, -2]).min()))
        return logits, hidden

    for seed in range(4):
        case = draw("stack", np.random.default_rng([8, seed]))[-1]
        monkeypatch.setattr(reference, "llama", watched)
        reference.generate(case.inputs["tokens"], 12, case.inputs, TINY)
        monkeypatch.undo()
    assert min(leads) > 1e-3


def test_a_failure_gives_index_got_expected_and_cause() -> None:
    with applied(next(m for m in MISTAKES if str(m) == "rope/halves")):
        with pytest.raises(AssertionError) as caught:
            rope_test.test_reference()
        with pytest.raises(AssertionError, match="rotation keeps the length"):
            rope_test.test_pairs_keep_their_length()
    message = str(caught.value)
    for part in ("index     (0, 1, 0, 0)", "got       ", "expected  ", "likely: ", "pairs feature"):
        assert part in message, message


def test_an_unknown_mistake_is_described_and_no_cause_made_up() -> None:
    for body, words in (
        ("3.7 * F.silu(self.w1(x)) * self.w3(x)", "wrong     60 of 60 values"),
        ("float('nan') * self.w3(x)", "got       nan"),
        ("(F.silu(self.w1(x)) * self.w3(x)).mT", "got       shape (2, 10, 3)"),
        ("F.silu(self.w1(x)) * self.w3(x) * (torch.arange(10) != 4)", "only feature 4 is wrong"),
        ("F.silu(self.w1(x)) * self.w3(x) * torch.eye(3, 1)", "token 0 is right"),
    ):
        said = said_of(Specimen("swiglu", "", "", f"def SwiGLU(self, x):\n    return {body}\n"))
        assert words in said, said
        assert "likely" not in said, said


def test_an_expected_infinity_is_compared() -> None:
    expected = np.array([[1.0, -np.inf], [np.inf, 2.0]])
    assert equal(expected.copy(), expected, (1e-5, 1e-5))
    got = np.array([[1.0, -np.inf], [-np.inf, 2.5]])
    lines = describe(got, expected, (1e-5, 1e-5))
    assert lines[0] == "index     (1, 0)"
    assert lines[3].startswith("wrong     2 of 4 values")


def test_a_task_without_recorded_cases_is_an_error() -> None:
    with pytest.raises(ValueError, match="no recorded case; .*make_reference"):
        load_cases("a task that somebody has added")


def script_here(name: str) -> int | str | None:
    """The status of a script, run in this process: without a second of imports."""
    with pytest.raises(SystemExit) as stopped:
        runpy.run_path(str(PROJECT / name), run_name="__main__")
    return stopped.value.code


@pytest.mark.slow
def test_a_script_passes_and_says_so() -> None:
    result = run_script("rope_test.py")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "WRONG" not in result.stdout
    assert "passed" in result.stdout


@pytest.mark.slow
@pytest.mark.parametrize("script", ["optimizer_test.py", "sanity_check.py"])
def test_so_do_the_others(script: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, output = script_here(script), capsys.readouterr().out
    assert status == 0, output
    assert "WRONG" not in output
    assert "passed" in output


@pytest.mark.slow
def test_a_script_tells_wrong_from_not_started_and_fails(tmp_path) -> None:
    code = (
        "import sys, llama, sanity_check as s, rope\n"
        "def todo(*a, **k): raise NotImplementedError\n"
        "llama.RMSNorm._norm = todo\n"
        "llama.FeedForward.SwiGLU = lambda self, x: self.w1(x)\n"
        "from assignment.checks import run_as_script\n"
        "sys.exit(run_as_script(s.test_rmsnorm, s.test_swiglu, s.test_attention))\n"
    )
    (tmp_path / "broken.py").write_text(f"import sys; sys.path.insert(0, {str(PROJECT)!r})\n{code}")
    result = run_script(tmp_path / "broken.py")
    assert result.returncode == 1
    for part in ("not started  rmsnorm", "WRONG        swiglu/random", "passed       attention"):
        assert part in result.stdout, result.stdout
    assert "1 of 3 passed" in result.stdout


@pytest.mark.slow
def test_the_courses_own_files_are_checked_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a checkpoint of the course's kind in place of its own, bidirectional as that one."""
    from dataclasses import replace

    from tests.helpers import CONFIG

    config = replace(
        CONFIG, vocab_size=32000, dim=12, head_dim=0, n_heads=2, n_kv_heads=1, n_layers=1
    )
    model = random_llama(config)
    state = {name.replace("compute_query", "wq"): p for name, p in model.state_dict().items()}
    arguments = config.to_dict()
    del arguments["causal"], arguments["tie_embeddings"]
    torch.save({"model_args": arguments, "model": state}, tmp_path / "stories42M.pt")
    tokens = torch.tensor(
        [[101, 7592, 2088, 102, 0, 0, 0, 0], [101, 7592, 15756, 2897, 2005, 17953, 2361, 102]]
    )
    weights = {name: p.detach().double().numpy() for name, p in model.named_parameters()}
    logits, hidden = reference.llama(tokens.numpy(), weights, replace(config, causal=False))
    recorded = {
        "logits": torch.from_numpy(logits[:, -1:]).float(),
        "hidden_states": torch.from_numpy(hidden).float(),
    }
    torch.save(recorded, tmp_path / "sanity_check.data")
    monkeypatch.chdir(tmp_path)
    assert script_here("sanity_check.py") == 0
    assert "passed       the_course_checkpoint" in capsys.readouterr().out
    recorded["hidden_states"][1, 3, 5] += 0.1
    torch.save(recorded, tmp_path / "sanity_check.data")
    assert script_here("sanity_check.py") == 1
    assert "index     (1, 3, 5)" in capsys.readouterr().out
