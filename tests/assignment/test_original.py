"""The original course: its own files under either contract, as honest and as wrong as they come."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from assignment.grading.courses import our_course
from assignment.grading.grade import chosen_course, parse
from assignment.grading.grader import Grader, make_grader
from assignment.grading.original.cases import Contract, cases
from assignment.grading.original.edition import CONTRACTS, original
from assignment.grading.original.form import Form, read_form
from assignment.grading.selftest import replaced
from assignment.results import Status, SubmissionResult
from assignment.sandbox.confine import Limits
from assignment.sandbox.folders import fill
from assignment.sandbox.intake import Intake, take, take_in
from assignment.sandbox.judge import judge
from assignment.sandbox.members import folder_members
from assignment.sandbox.process import Worker
from assignment.sandbox.tiers import Tier
from assignment.specimens import HERE, of_task
from tests.helpers import know_tier

TASKS = original().tasks
JOINED = ("stack", "end_to_end")  # what a wrong piece blocks
# Of a task: in its file, these texts become those; and a part of the cause that is named.
# Each costs its own task and no other, so that one submission can have them all.
MISTAKES = {
    "bidirectional": {
        "rope": (
            {
                "x.float()[..., 0::2], x.float()[..., 1::2]": "x.float().chunk(2, dim=-1)",
                "torch.stack(pair, dim=-1).flatten(-2)": "torch.cat(pair, dim=-1)",
            },
            "neighbour",
        ),
        "rmsnorm": ({" + self.eps)": ")"}, "eps"),
        "attention": ({" / math.sqrt(self.head_dim)": ""}, "sqrt"),
        "layer": ({"h = x + self.": "h = self.", "return h + self.": "return self."}, "residual"),
        "sampling": ({"logits / temperature": "logits"}, "temperature"),
        "adamw": ({'p.data -= group["lr"] * group["weight_decay"] * p.data': "pass"}, "decay"),
        "embedding": ({"states[:, -1]": "states[:, 0]"}, "first"),
    },
    "causal": {
        "rmsnorm": ({"(x - mean) /": "x /"}, ""),
        "attention": ({".tril()": ".tril(1)"}, ""),
        "sampling": ({"> top_p": "> 2"}, ""),
        "adamw": ({'["max_grad_norm"] is not None': '["lr"] < 0'}, "clip"),
    },
}
# What is right in the course, if not in every respect: it passes, and a human is told
FUSED = """drop = self.attn_dropout.p if self.training else 0.0
        return F.scaled_dot_product_attention(query, key, value, dropout_p=drop)"""
FLAGGED = {
    "rope": ({"theta**-exponents": "10000.0**-exponents"}, "theta"),
    "attention": ({"return self.attn_dropout(weights) @ value": FUSED}, "scaled_dot_product"),
    "sampling": ({"(idx, idx_next)": "(idx, idx_next.view(1, 1))"}, "single text"),
    "adamw": ({'if group["correct_bias"]:': "if True:"}, "correct_bias"),
}
# Mistakes of ours that show in this course too
CLASSIC = {
    "rmsnorm": ("eps_outside_the_root", "over_time", "sum_for_mean", "without_eps", "without_root"),
    "attention": (
        *("own_causal_mask", "dropout_before_softmax", "dropout_in_eval", "queries_for_keys"),
        *("scale_by_head_dim", "softmax_over_queries", "without_dropout", "without_scale"),
    ),
    "layer": ("feed_forward_first", "parallel", "post_norm", "residual_from_norm"),
    "adamw": (
        *("coupled_decay", "decay_at_the_corrected_rate", "decay_with_the_wrong_sign"),
        *("eps_inside_the_root", "first_group_for_all", "shared_state", "swapped_betas"),
    ),
}
Changes = Mapping[str, tuple[Mapping[str, str], str]]


def specimen(contract: str) -> dict[str, bytes]:
    return {name: (HERE / "original" / contract / name).read_bytes() for name in original().files}


def changed(contract: str, changes: Changes) -> Intake:
    """A specimen in whose tasks texts that stand there have become others."""
    files = specimen(contract)
    for task, (texts, _) in changes.items():
        name = TASKS[task].file
        assert name is not None
        for old, new in texts.items():
            assert old.encode() in files[name], old
            files[name] = files[name].replace(old.encode(), new.encode())
    return Intake("ada", "ada", files)


@dataclass
class School:
    """Grades by either contract, in one worker."""

    worker: Worker
    graders: dict[str, Grader]

    def grade(
        self, contract: str, intake: Intake, limits: Limits | None = None
    ) -> SubmissionResult:
        grader = self.graders[contract]
        return replace(grader, limits=limits or grader.limits).grade(intake, self.worker)


@pytest.fixture(scope="module")
def school(tier: Tier) -> Iterator[School]:
    with pytest.MonkeyPatch.context() as patch:
        know_tier(patch, tier)
        graders = {name: make_grader(b"secret", course=original(name)) for name in CONTRACTS}
    with Worker(tier=tier.name) as worker:
        yield School(worker, graders)


def lost(result: SubmissionResult) -> set[str]:
    return {task.task for task in result.tasks if task.status is not Status.PASSED}


def named(result: SubmissionResult, task: str) -> str:
    finding = next(each.finding for each in result.tasks if each.task == task)
    return "" if finding is None else finding.cause


def test_points_add_up_to_a_hundred() -> None:
    assert sum(task.points for task in TASKS.values()) == 100
    assert set(TASKS) < set(our_course().tasks)
    assert {task.file for task in original().written} == set(original().files)


@pytest.mark.slow
def test_cases_know_neither_positions_nor_padding_nor_masks() -> None:
    for causal in (False, True):
        contract = Contract(causal, Form())
        for task in TASKS:
            drawn = cases(task, contract, b"secret", "ada")
            assert any(case.hidden for case in drawn)
            for case in drawn:
                assert not {"positions", "real", "mask"} & case.inputs.keys(), case
            again = cases(task, contract, b"secret", "ada")
            assert [str(case) for case in again] == [str(case) for case in drawn]
    first, second = (cases("rope", contract, b"secret", name)[-1] for name in ("ada", "bob"))
    assert not np.array_equal(first.inputs["query"], second.inputs["query"]) or (
        first.name == "published"
    )


def test_the_year_is_read_from_the_source() -> None:
    assert read_form(specimen("bidirectional")) == Form()
    assert read_form(specimen("causal")) == Form(layer_norm=True, filters=("top_p",), clips=True)
    assert read_form({"llama.py": b"this is no Python"}) == Form()
    assert len(read_form(specimen("causal")).remarks()) == 3


def test_intake_takes_that_editions_files_and_ours_names_the_flag(tmp_path: Path) -> None:
    for name, data in {**specimen("causal"), "base_llama.py": b"", "my_helpers.py": b""}.items():
        (tmp_path / name).write_bytes(data)
    course = original()
    taken = take(Intake("ada", "ada", course=course), folder_members(tmp_path), course.base())
    assert set(taken.files) == {*original().files, "my_helpers.py"}
    assert taken.missing == []
    assert any("base_llama.py: ignored" in note for note in taken.notes)
    hint = take_in(tmp_path, our_course().base()).notes[-1]
    assert "--edition original" in hint


def test_a_contract_belongs_to_that_edition() -> None:
    options = parse(["somewhere", "--out", "out", "--contract", "causal"])
    with pytest.raises(ValueError, match="add --edition original"):
        chosen_course(options)
    options.edition = "original"
    assert chosen_course(options).name == "original, causal"


@pytest.mark.slow
@pytest.mark.parametrize("contract", CONTRACTS)
def test_a_right_solution_has_every_point(school: School, contract: str) -> None:
    result = school.grade(contract, Intake("ada", "ada", specimen(contract)))
    assert (result.score, lost(result)) == (100, set())
    assert not any(task.flags for task in result.tasks)
    assert "three modes run" in result.rubric["A-"]


@pytest.mark.slow
def test_an_empty_one_has_none(school: School) -> None:
    files = specimen("bidirectional")
    for task in TASKS.values():
        if task.symbol is not None:
            assert task.file is not None
            name = task.qualified_name.rpartition(".")[2]
            empty = f"def {name}(*_, **__):\n    raise NotImplementedError\n"
            files[task.file] = replaced(files[task.file].decode(), task, empty).encode()
    result = school.grade("bidirectional", Intake("bob", "bob", files))
    assert result.score == 0
    statuses = {task.status for task in result.tasks if task.task not in JOINED}
    assert statuses == {Status.NOT_STARTED}


@pytest.mark.slow
@pytest.mark.parametrize("contract", CONTRACTS)
def test_mistakes_cost_their_tasks_and_are_named(school: School, contract: str) -> None:
    mistakes = MISTAKES[contract]
    result = school.grade(contract, changed(contract, mistakes))
    assert lost(result) - set(JOINED) == set(mistakes)
    for task, (_, cause) in mistakes.items():
        assert cause in named(result, task), task


@pytest.mark.slow
@pytest.mark.parametrize("task", CLASSIC)
def test_classic_mistakes_do_not_pass(school: School, task: str) -> None:
    grader = school.graders["bidirectional"]
    about = TASKS[task]
    assert about.file is not None
    passed = set()
    for name in ("right", *CLASSIC[task]):
        files = specimen("bidirectional")
        text = of_task("mistakes", task)[name].text
        source = replaced(files[about.file].decode(), about, text)
        files[about.file] = f"from __future__ import annotations\n{source}".encode()
        fill(school.worker.tree, {**grader.base, **files})
        [result] = judge(
            school.worker,
            lambda each: grader.course.cases(each.name, b"secret", Intake("ada", "ada", files)),  # noqa: B023
            only={task},
            course=grader.course,
        )
        passed |= {name} if result.status is Status.PASSED else set()
    assert passed == {"right"}


@pytest.mark.slow
def test_what_the_course_cannot_see_costs_nothing_and_is_flagged(school: School) -> None:
    result = school.grade("bidirectional", changed("bidirectional", FLAGGED))
    assert lost(result) == set()
    for task, (_, flag) in FLAGGED.items():
        [flags] = [each.flags for each in result.tasks if each.task == task]
        assert flag in " ".join(flags), task


@pytest.mark.slow
@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_other_contract_is_recognised(school: School, contract: str) -> None:
    [other] = set(CONTRACTS) - {contract}
    result = school.grade(contract, Intake("eve", "eve", specimen(other)))
    assert lost(result) - set(JOINED) == {"attention"}
    assert f"fits --contract {other}" in named(result, "attention")


@pytest.mark.slow
def test_hostile_code_earns_nothing(school: School) -> None:
    limits = replace(school.graders["bidirectional"].limits, seconds=3)
    harm: Changes = {
        "rmsnorm": ({"return x * torch.rsqrt": "import os; os._exit(0)\n#"}, ""),
        "adamw": ({"loss = None": "while True: pass\n#"}, ""),
    }
    result = school.grade("bidirectional", changed("bidirectional", harm), limits)
    statuses = {task.task: task.status for task in result.tasks}
    assert lost(result) - set(JOINED) == set(harm)
    assert statuses["rmsnorm"] is Status.CRASHED
    assert statuses["adamw"] in (Status.TIMEOUT, Status.CRASHED)


@pytest.mark.slow
def test_a_file_that_cannot_be_imported_costs_its_own_tasks(school: School) -> None:
    files = specimen("bidirectional") | {"llama.py": b"from nowhere import *\n"}
    result = school.grade("bidirectional", Intake("kim", "kim", files))
    tasks = {task.task: task for task in result.tasks}
    assert all(tasks[name].status is Status.PASSED for name in ("rope", "adamw", "embedding"))
    assert "nowhere" in tasks["layer"].message
