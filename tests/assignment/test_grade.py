"""Grading: exact scores, going on where it was, Gradescope's package, and code that means harm."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
import zipfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from assignment.grading import grade, recipes, selftest
from assignment.results import Status, SubmissionResult, TaskResult
from assignment.sandbox.tiers import Tier
from assignment.sandbox.users import claim_uid
from assignment.specimens import mistakes
from assignment.tasks import load_course
from tests.assignment.submissions import COURSE, FILES
from tests.helpers import PROJECT, know_tier, run_code

pytestmark = pytest.mark.slow  # each grades submissions, in processes of their own

ATTACKS = (
    *("daemon", "exit_zero", "writes_new_files", "reads_the_secret", "kills_its_parent"),
    "fills_the_disk",
)


def run_kit(*arguments: str | Path, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "assignment", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def grade_here(folder: Path, out: Path) -> str:
    """What grading says; with `known_tier` it need not try the sandboxes."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        assert grade.main([str(folder), "--out", str(out), "--skip-stand-in"]) == 0
    return said.getvalue()


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory, tier: Tier) -> tuple[Path, Path]:
    """A class of five, graded: (submissions, results)."""
    folder = tmp_path_factory.mktemp("class")
    files = selftest.solution(COURSE)
    with zipfile.ZipFile(folder / "ada.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"ada/{name}", text)
    task = load_course().tasks["attention"]
    mistake = next(m for m in mistakes("attention") if m.name == "without_scale")
    files["llama.py"] = selftest.replaced(files["llama.py"], task, mistake.text)
    files["sampling.py"] += "\nthis is no Python\n"
    (folder / "bob").mkdir()
    for name, text in files.items():
        (folder / "bob" / name).write_text(text, encoding="utf-8")
    (folder / "eve.zip").write_bytes(b"PK no zip")
    lacking = selftest.solution(COURSE)
    lacking["llama.py"] = lacking["llama.py"].partition("class Llama(")[0]
    (folder / "carl").mkdir()
    for name, text in lacking.items():
        (folder / "carl" / name).write_text(text, encoding="utf-8")
    (folder / "dora_LATE_1_2_report.pdf").write_bytes(b"%PDF")
    (folder / "gradebook.csv").write_text("student\n", encoding="utf-8")
    out = folder.parent / f"{folder.name}-out"
    with pytest.MonkeyPatch.context() as patch:
        know_tier(patch, tier)
        assert "no hand-in gradebook.csv" in grade_here(folder, out)
    return folder, out


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "class.csv").open(newline="", encoding="utf-8") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_scores_are_exact(graded: tuple[Path, Path]) -> None:
    table = rows(graded[1])
    assert table["ada"]["score"] == "100"
    assert table["eve"]["score"] == "0"
    assert "zip" in table["eve"]["refused"]
    assert table["dora"]["source"] == "dora_LATE_1_2_report.pdf"
    assert "report.pdf" in table["dora"]["refused"]
    assert len(table) == 5
    bob = table["bob"]
    assert bob["attention status"] == "wrong"
    assert bob["sampling status"] == "crashed"
    assert bob["stack status"] == bob["end_to_end status"] == "blocked"
    lost = sum(
        load_course().tasks[n].points for n in ("attention", "sampling", "stack", "end_to_end")
    )
    assert float(bob["score"]) == 100 - lost


def test_a_class_that_is_missing_costs_no_other_file(graded: tuple[Path, Path]) -> None:
    """classifier.py imports Llama from llama.py, which has none here."""
    carl = rows(graded[1])["carl"]
    assert carl["zero_shot status"] == carl["embedding status"] == carl["layer status"] == "passed"
    assert carl["stack status"] == "blocked"
    lost = sum(load_course().tasks[name].points for name in ("stack", "end_to_end"))
    assert float(carl["score"]) == 100 - lost


def test_a_mistake_is_named_and_pictured(graded: tuple[Path, Path]) -> None:
    data = json.loads((graded[1] / "results" / "bob.json").read_text(encoding="utf-8"))
    attention = next(task for task in data["tasks"] if task["task"] == "attention")
    assert "sqrt" in attention["finding"]["cause"]
    page = (graded[1] / "reports" / "bob.html").read_text(encoding="utf-8")
    assert "data:image/png" in page
    assert attention["finding"]["cause"].split(" that ")[1][:20] in page
    sampling = next(task for task in data["tasks"] if task["task"] == "sampling")
    assert "sampling.py, line" in sampling["message"]


def test_grading_goes_on_where_it_was(graded: tuple[Path, Path], known_tier: None) -> None:
    folder, out = graded
    (out / "results" / "bob.json").unlink()
    (out / "class.csv").unlink()
    # a refusal is looked at anew
    assert "2 of 5 were graded before" in grade_here(folder, out)
    assert rows(out)["bob"]["score"] != "0"


def test_hidden_cases_come_back_with_the_secret() -> None:
    draw = recipes.hidden_cases
    one, same = draw("rope", b"secret", "hash"), draw("rope", b"secret", "hash")
    for other in (draw("rope", b"another", "hash"), draw("rope", b"secret", "other")):
        assert (one[0].inputs["query"] == same[0].inputs["query"]).all()
        assert not (one[0].inputs["query"] == other[0].inputs["query"]).any()
    assert all(case.hidden for case in one)


def test_attacks_gain_nothing_and_leave_nothing(
    known_tier: None, capsys: pytest.CaptureFixture[str]
) -> None:
    """A few; `selftest` runs them all, in any tier."""
    status = selftest.main(["--match", f"^attack ({'|'.join(ATTACKS)})$"])
    output = capsys.readouterr().out
    assert status == 0, output
    assert f"{len(ATTACKS)} submissions, 0 complaints" in output


@pytest.mark.skipif(sys.platform != "linux", reason="abstract sockets are Linux's")
def test_no_two_workers_share_a_user() -> None:
    """Nor those of two graders: what one clears away as its user's would be the other's."""
    with ExitStack() as stack:
        uids = []
        for _ in range(3):
            uid, claim = claim_uid()
            stack.enter_context(claim)
            uids.append(uid)
        other = run_code("from assignment.sandbox.users import claim_uid; print(claim_uid()[0])")
        assert len({*uids, int(other.stdout)}) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's")
def test_what_is_confined_holds_no_capability() -> None:
    """Which only root has to begin with: the attack `groups` passed as root without bubblewrap."""
    code = (
        "from assignment.sandbox import confine\n"
        "confine.drop_capabilities()\n"
        "lines = open('/proc/self/status').read().splitlines()\n"
        "held = [x.split()[1] for x in lines if x.startswith(('CapEff', 'CapPrm', 'CapInh'))]\n"
        "assert len(held) == 3 and not any(int(x, 16) for x in held), held"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


def test_the_selftest_can_fail() -> None:
    one = selftest.exam("solution", COURSE, selftest.solution(COURSE), {})
    tasks = [
        TaskResult(task.name, Status.PASSED, task.points, task.points)
        for task in load_course().tasks.values()
    ]
    result = SubmissionResult("solution", "", "", "", tasks=tasks)
    selftest.compare(one, result)
    assert not one.complaints
    tasks[2].status, tasks[2].points = Status.WRONG, 0.0
    selftest.compare(one, result)
    assert "attention is wrong and should be passed" in one.complaints[0]


def test_gradescopes_package_runs(tmp_path: Path) -> None:
    package = tmp_path / "package.zip"
    assert run_kit("gradescope", package).returncode == 0
    with zipfile.ZipFile(package) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "source")
    assert {"setup.sh", "run_autograder"} <= set(names)
    assert not [name for name in names if name.endswith((".pt", ".gguf"))]
    (tmp_path / "submission").mkdir()
    for name in FILES:
        (tmp_path / "submission" / name).write_bytes((PROJECT / name).read_bytes())
    tree = tmp_path / "source" / "min-llama"
    result = run_kit("gradescope", "--run", tmp_path, cwd=tree)
    assert result.returncode == 0, result.stderr
    data = json.loads((tmp_path / "results" / "results.json").read_text(encoding="utf-8"))
    assert data["score"] == sum(test["max_score"] for test in data["tests"]) == 100
    assert {test["status"] for test in data["tests"]} == {"passed"}


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("grade", "nowhere.zip", "--out", "out"), ("nowhere.zip", "does not exist")),
        (("grade", "README.md"), ("--out",)),
        (("grade", "README.md", "--out", "out", "--jobs", "0"), ("--jobs 0", "at least 1")),
        (("gradescope",), (".zip",)),
        (("hint", "ropes"), ("ropes", "rmsnorm")),
        (("handout", "data"), ("data", "not empty")),
    ],
)
def test_bad_arguments_get_one_line(arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    result = run_kit(*arguments)
    assert result.returncode == 2, result.stderr
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0]
