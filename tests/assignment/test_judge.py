"""What a learner's process sends back: never trusted, and judged by its numbers alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assignment.arrays import Array
from assignment.cases import EXACT, Case, load_cases
from assignment.results import Picture, Status, SubmissionResult, TaskResult
from assignment.sandbox.judge import check_modes, judge
from assignment.sandbox.process import Worker
from assignment.sandbox.replies import Reply, read_reply
from assignment.sandbox.tiers import PROBE
from assignment.sandbox.wire import LARGEST, pack, unpack
from assignment.tasks import PROJECT, load_course
from assignment.text import clean
from tests.assignment.submissions import FILES
from tests.helpers import copy_tree, run_code

ABOUT: dict[str, Any] = {"ended": "", "status": 0, "printed": 0, "total": 0, "seconds": 0.5}
Outputs = list[dict[str, Array]]


class Scripted:
    """A worker whose answers are given: by default what is right."""

    def __init__(self, change: Callable[[str, Reply], Reply] = lambda task, reply: reply) -> None:
        self.change = change
        self.broken: set[str] = set()  # modules
        self.ran: list[str] = []

    def run(
        self,
        imports: Sequence[str],
        task: str | None = None,
        runner: str = "",
        cases: Sequence[Mapping[str, Array]] = (),
        limits: object = None,
    ) -> Reply:
        if self.broken & set(imports):
            return Reply("crashed", "import", error="SyntaxError: no", place="rope.py, line 3")
        if task is None:
            return Reply("done", "import")
        self.ran.append(task)
        right: Outputs = [dict(case.expected) for case in load_cases(task)]
        for case, outputs in zip(load_cases(task), right, strict=True):
            if case.name == "modes":
                outputs |= modes()
        return self.change(task, Reply("done", outputs=right))


def modes(**others: str) -> dict[str, Array]:
    """Files as the three modes write them."""
    lines = "".join(f"{i % 2} ||| a film\n" for i in range(30))
    names = ("prompt-dev", "prompt-test", "finetune-dev", "finetune-test")
    texts = dict.fromkeys(("cold", "hot"), "the film is good") | dict.fromkeys(names, lines)
    return {n: np.frombuffer(text.encode(), np.uint8) for n, text in {**texts, **others}.items()}


def judged(worker: Scripted, **options: Any) -> dict[str, TaskResult]:
    results = judge(cast(Worker, worker), lambda task: load_cases(task.name), **options)
    return {result.task: result for result in results}


def for_task(name: str, change: Callable[[Reply], Reply]) -> Scripted:
    return Scripted(lambda task, reply: change(reply) if task == name else reply)


def test_right_outputs_earn_everything() -> None:
    results = judged(Scripted())
    assert {result.status for result in results.values()} == {Status.PASSED}
    assert sum(result.points for result in results.values()) == 100


# What is said in place of right outputs of RoPE, and how the task stands then
ODD_REPLIES: dict[str, tuple[Callable[[Reply], Reply], Status]] = {
    "nothing": (lambda r: Reply("done"), Status.CRASHED),
    "too few": (lambda r: Reply("done", outputs=r.outputs[:-1]), Status.CRASHED),
    "too many": (lambda r: Reply("done", outputs=[*r.outputs, {}]), Status.CRASHED),
    "empty": (lambda r: Reply("done", outputs=[{} for _ in r.outputs]), Status.WRONG),
    "backwards": (lambda r: Reply("done", outputs=r.outputs[::-1]), Status.WRONG),
    "half": (lambda r: changed(r, lambda x: x[:1]), Status.WRONG),
    "another axis": (lambda r: changed(r, lambda x: x[None]), Status.WRONG),
    "a scalar": (lambda r: changed(r, lambda x: np.array(0.0)), Status.WRONG),
    "zeros": (lambda r: changed(r, np.zeros_like), Status.WRONG),
    "nan": (lambda r: changed(r, lambda x: x * np.nan), Status.WRONG),
    "inf": (lambda r: changed(r, lambda x: x + np.inf), Status.WRONG),
    "huge": (lambda r: changed(r, lambda x: x * 1e300), Status.WRONG),
    "truth values": (lambda r: changed(r, lambda x: x > 0), Status.WRONG),
    "bytes": (lambda r: changed(r, lambda x: x.astype(np.uint8)), Status.WRONG),
    "integers": (lambda r: changed(r, lambda x: x.astype(np.int64)), Status.WRONG),
    "just off": (lambda r: changed(r, lambda x: x + 3e-3), Status.WRONG),
    "rounding": (lambda r: changed(r, lambda x: x.astype(np.float32)), Status.PASSED),
    "another name": (
        lambda r: Reply("done", outputs=[{f"{n}x": x for n, x in o.items()} for o in r.outputs]),
        Status.WRONG,
    ),
    "one more name": (
        lambda r: Reply("done", outputs=[{**o, "score": np.ones(9)} for o in r.outputs]),
        Status.PASSED,
    ),
    "timeout": (lambda r: Reply("timeout", outputs=r.outputs[:1]), Status.TIMEOUT),
    "timeout at the end": (lambda r: Reply("timeout", outputs=r.outputs), Status.TIMEOUT),
    "memory": (lambda r: Reply("memory"), Status.MEMORY),
    "too much": (lambda r: Reply("too much output"), Status.CRASHED),
    "crash after all": (lambda r: Reply("crashed", outputs=r.outputs), Status.CRASHED),
    "not started": (lambda r: Reply("not started"), Status.NOT_STARTED),
}


def changed(reply: Reply, change: Callable[[Array], Array]) -> Reply:
    with np.errstate(all="ignore"):
        outputs = [
            {name: change(x) if x.ndim else x for name, x in each.items()} for each in reply.outputs
        ]
    return Reply("done", outputs=outputs)


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD_REPLIES)
def test_only_right_numbers_earn_points(name: str) -> None:
    change, status = ODD_REPLIES[name]
    results = judged(for_task("rope", change))
    assert results["rope"].status is status
    assert results["rope"].points == (10 if status is Status.PASSED else 0)
    assert results["attention"].points == 15
    if status is Status.WRONG:
        finding = results["rope"].finding
        assert finding is not None
        assert finding.difference
        assert finding.output in ("query", "key")
    if status is not Status.PASSED:
        assert results["stack"].status is Status.BLOCKED
        assert results["end_to_end"].status is Status.BLOCKED
        assert results["stack"].points == results["end_to_end"].points == 0
    # and it can be kept and read back
    result = SubmissionResult("a", "b", "c", "d", tasks=list(results.values()))
    again = SubmissionResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.to_dict() == result.to_dict()


def test_indices_are_whole_numbers() -> None:
    floats = for_task("sampling", lambda r: changed(r, lambda x: x.astype(np.float64)))
    result = judged(floats)["sampling"]
    assert result.status is Status.WRONG
    assert result.finding is not None
    assert result.finding.difference[1] == "expected  whole numbers"


def test_a_file_that_cannot_be_imported_costs_its_own_tasks() -> None:
    worker = Scripted()
    swapped: list[tuple[str, bool]] = []
    worker.broken = {"rope"}
    results = judged(worker, swap=lambda *change: swapped.append(change))
    assert swapped == [("rope.py", True)]
    assert results["rope"].status is Status.CRASHED
    assert "rope.py, line 3" in results["rope"].message
    assert "while it was imported" in results["rope"].message
    assert results["stack"].message == "blocked by rope.py"
    worker.broken = {"rope", "llama"}  # which imports it
    assert judged(worker)["rmsnorm"].message == "blocked by rope.py"
    passed = {name for name, result in results.items() if result.status is Status.PASSED}
    assert passed == set(load_course().tasks) - {"rope", "stack", "end_to_end"}


def test_a_name_that_a_file_lacks_costs_no_other_file() -> None:
    class Lacking(Scripted):
        """Its classifier.py can be imported beside the handout's llama.py alone."""

        ours: frozenset[str] = frozenset()

        def run(self, imports: Sequence[str], *others: Any, **more: Any) -> Reply:
            if "classifier" in imports and "llama.py" not in self.ours:
                error = "ImportError: cannot import name 'Llama' from 'llama'"
                return Reply("crashed", "import", error=error, place="classifier.py, line 18")
            if imports and others:
                assert "llama" not in imports or "llama.py" not in self.ours
            return super().run(imports, *others, **more)

    worker = Lacking()

    def swap(name: str, ours: bool) -> None:
        worker.ours = worker.ours | {name} if ours else worker.ours - {name}

    results = judged(worker, swap=swap)
    assert not worker.ours
    assert results["stack"].message == "blocked by llama.py, which has no Llama"
    passed = {name for name, result in results.items() if result.status is Status.PASSED}
    assert passed == set(load_course().tasks) - {"stack", "end_to_end"}
    crashed = {name for name, x in judged(worker).items() if x.status is Status.CRASHED}
    assert crashed == {"zero_shot", "embedding"}  # where nothing can take its place


def test_the_stack_is_run_for_its_first_divergence_and_earns_nothing() -> None:
    def wrong(task: str, reply: Reply) -> Reply:
        if task == "rope":
            return changed(reply, np.zeros_like)
        if task != "stack":
            return reply
        first = {
            n: x if n == "stage tok_embeddings" else x + 1 for n, x in reply.outputs[0].items()
        }
        return Reply("done", outputs=[first, *reply.outputs[1:]])

    worker = Scripted(wrong)
    result = judged(worker)["stack"]
    assert result.status is Status.BLOCKED
    assert result.message == "blocked by rope"
    assert result.points == 0
    assert result.stages[0] == ("tok_embeddings", True)
    assert not any(right for _, right in result.stages[1:])
    assert "end_to_end" not in worker.ran


def test_nothing_that_needs_what_is_not_started_is_run() -> None:
    worker = for_task("rope", lambda r: Reply("not started"))
    judged(worker)
    assert not {"stack", "end_to_end"} & set(worker.ran)


def test_named_tasks_are_run_alone() -> None:
    worker = Scripted()
    assert list(judged(worker, only=["stack"])) == ["stack"]
    assert worker.ran == ["stack"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("cold", "another text"),
        ("prompt-dev", "1 ||| one line\n"),
        ("finetune-test", ""),
        ("prompt-test", "\n".join(["2 ||| x"] * 30)),
        ("hot", "\x1b[2J\xff"),
    ],
)
def test_the_files_of_the_modes_have_a_form(name: str, text: str) -> None:
    case = next(case for case in load_cases("end_to_end") if case.name == "modes")
    assert check_modes(case, modes()) is None
    finding = check_modes(case, modes(**{name: text}))
    assert finding is not None
    assert finding.output == f"{name}.txt"
    assert "\x1b" not in "".join(finding.difference)
    assert check_modes(case, {}) is not None


# what comes over the wire

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["done", "import", "run", "f4", "i8", "b1", "O", "f-4", "f1e9", "stage x"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=12,
)
SAID = st.fixed_dictionaries(
    {"ended": JSON, "phase": JSON, "about": JSON},
    optional={"error": JSON, "place": JSON, "confined": JSON, "bytes": JSON},
)
ENTRY = st.tuples(
    st.text(max_size=3),
    st.sampled_from(["f4", "f8", "i8", "b1", "u1", "O8", "V8", "f2", "f0", "x"]),
    st.lists(st.integers(-2, 4) | st.floats() | st.integers(), max_size=4),
).map(list)
ENDS = {"done", "not started", "memory", "crashed", "timeout"}


@settings(max_examples=300, deadline=None)
@given(line=st.binary() | JSON.map(json.dumps) | SAID.map(json.dumps), payload=st.binary())
def test_garbage_is_a_reply_like_any_other(line: bytes | str, payload: bytes) -> None:
    line = line.encode() if isinstance(line, str) else line
    reply = read_reply(ABOUT, line + b"\n" + payload)
    assert reply.ended in ENDS
    assert all(isinstance(x, np.ndarray) for each in reply.outputs for x in each.values())


@settings(max_examples=300, deadline=None)
@given(about=st.lists(st.lists(ENTRY, max_size=3), max_size=3), payload=st.binary(max_size=200))
def test_descriptions_that_lie_bring_no_array(about: list[Any], payload: bytes) -> None:
    line = json.dumps({"ended": "done", "phase": "run", "about": about}).encode()
    reply = read_reply(ABOUT, line + b"\n" + payload)
    assert reply.ended in ENDS
    assert sum(x.nbytes for each in reply.outputs for x in each.values()) <= len(payload)


@pytest.mark.parametrize(
    "line",
    [b"", b"[" * 100_000, b'{"ended":"done","phase":"run","about":[[["a","f4",[1e999]]]]}',
     b'{"ended":"done","phase":"run","about":[[["a","f4",[-1,-1]]]]}',
     b'{"ended":"done","phase":"run","about":[[["a","f4",[NaN]]]]}',
     b'{"ended":"done","phase":"run","about":[[["a","f4",[2147483648,2147483648]]]]}',
     b'{"ended":"done","phase":"run","about":[[["a","|O",[1]]]]}',
     b'{"ended":["done"],"phase":"run","about":[]}',
     b'{"ended":"passed","phase":"run","about":[]}', b"\xff\xfe{\x00}\x00", b"9" * 10_000],
)  # fmt: skip
def test_lies_end_as_a_crash(line: bytes) -> None:
    assert read_reply(ABOUT, line + b"\n").ended == "crashed"
    assert read_reply({**ABOUT, "status": -24}, line).ended == "timeout"
    assert read_reply({**ABOUT, "ended": "timeout"}, line).ended == "timeout"


def test_what_is_printed_is_text_and_no_reply() -> None:
    forged = b'{"ended":"done","phase":"run","about":[]}\n'
    reply = read_reply({**ABOUT, "printed": len(forged), "total": 10**9}, forged)
    assert reply.ended == "crashed"
    assert reply.printed.startswith(forged.decode())
    assert reply.printed.endswith("more bytes")


@given(
    arrays=st.dictionaries(
        st.text(),
        st.tuples(
            st.sampled_from(["bool", "uint8", "int32", "int64", "float32", "float64"]),
            st.lists(st.integers(0, 3), max_size=4),
        ),
        max_size=4,
    )
)
def test_arrays_come_back_as_they_went(arrays: dict[str, tuple[str, list[int]]]) -> None:
    rng = np.random.default_rng(0)
    made = {n: rng.integers(0, 2, shape).astype(kind) for n, (kind, shape) in arrays.items()}
    about, data = pack(made)
    back = unpack(json.loads(json.dumps(about)), data)
    assert list(back) == list(made)
    for name, x in made.items():
        np.testing.assert_array_equal(back[name], x)
        assert back[name].dtype == x.dtype
        assert back[name].flags.writeable


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({}, "not a list"),
        ([["a", "f4"]], "not a description"),
        ([[1, "f4", []]], "only numbers"),
        ([["a", "O", []]], "only numbers"),
        ([["a", "f2", [2]]], "only numbers"),
        ([["a", "f4", 4]], "a shape that is none"),
        ([["a", "f4", [-1]]], "a shape that is none"),
        ([["a", "f4", [True]]], "a shape that is none"),
        ([["a", "f4", [1.0]]], "a shape that is none"),
        ([["a", "f4", [1] * 9]], "a shape that is none"),
        ([["a", "f4", [2**31, 2**31]]], "fewer bytes"),
        ([["a", "f4", [2]]], "fewer bytes"),
        ([["a", "u1", [2]]], "more bytes"),
        ([], "more bytes"),
    ],
)
def test_what_is_no_description_of_arrays_is_an_error(about: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        unpack(about, b"1234")
    assert LARGEST < 2**31


# pictures and words


@given(shape=st.lists(st.integers(1, 5), max_size=4), seed=st.integers(0, 99))
def test_a_picture_is_black_where_all_is_right(shape: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    error = np.asarray(rng.choice([0, EXACT[0] / 2, EXACT[0] * 2, 1, 1e30, np.inf, np.nan], shape))
    matrix = (picture := Picture.of(error, np.full(error.shape, EXACT[0]))).matrix()
    assert picture.shape == tuple(shape)
    assert matrix.shape == (picture.height, picture.width)
    rows = error.reshape(-1, error.shape[-1] if shape else 1)
    np.testing.assert_array_equal(matrix > 0, ~(rows <= EXACT[0]))
    assert (matrix[~(rows < 1)] >= 200).all()


def test_a_picture_has_room_for_256_rows_and_columns() -> None:
    picture = Picture.of(np.ones((3, 200, 1000)), np.ones((3, 200, 1000)))
    assert (picture.height, picture.width) == (256, 256)
    assert picture.shape == (3, 200, 1000)
    assert len(picture.levels) < 1000


def test_text_of_a_learners_program_controls_nothing() -> None:
    wild = "\x1b[2J\x1b]0;title\x07a\x00b\r\u202ec\x9b1m\n\td\u2066"
    assert not set(clean(wild, 100)) & set("\x1b\x00\r\x07\x9b\u202e\u2066")
    assert clean("a\n\tb", 100) == "a\n\tb"
    assert clean("x" * 50, 10) == "x" * 10 + "\n[40 more characters cut]"


def test_a_case_of_shares_has_a_tolerance_of_its_own() -> None:
    case = Case("sampling", "x", "", {}, {"shares": np.zeros(2)})
    assert case.tolerance("shares")[0] > EXACT[0]


def test_a_tier_is_tried_with_a_module_that_no_worker_has() -> None:
    """Else one whose users cannot read Python's library would be taken for one that works."""
    code = f"import assignment.sandbox.worker, sys; sys.exit({PROBE!r} in sys.modules)"
    assert run_code(code).returncode == 0
    assert run_code(f"import {PROBE}").returncode == 0


@pytest.mark.slow
def test_forged_output_earns_nothing(learners_tree: Path, tmp_path: Path) -> None:
    """Written to stdout, to every descriptor, and by leaving early: RoPE is not right by that."""
    tree = copy_tree(learners_tree, tmp_path / "tree")
    for name in FILES:
        (tree / name).write_bytes((PROJECT / name).read_bytes())
    forged = '{"ended": "done", "phase": "run", "about": [], "bytes": 0}\\n'
    forgeries = (
        f"print('{forged}'); return query, key",
        f"[os.write(fd, b'{forged}') for fd in (1, 2, 3)]; os._exit(0)",
        "sys.modules['assignment.sandbox.wire'].pack = lambda x: ([], b''); return query, key",
    )
    with Worker(tree, confine=False) as worker:
        for body in forgeries:
            source = "import os, sys\ndef apply_rotary_emb(query, key, *a, **k):\n    " + body
            (tree / "rope.py").write_text(source)
            (result,) = judge(worker, lambda task: load_cases(task.name), only=["rope"])
            assert result.points == 0, body
            assert result.status in (Status.WRONG, Status.CRASHED)
