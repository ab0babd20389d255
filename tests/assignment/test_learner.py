"""A learner's commands, as they are run in a handout: check, watch, hint, progress, submit."""

from __future__ import annotations

import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from assignment.grading.handout import under_submissions
from assignment.sandbox.intake import take_in
from assignment.tasks import PROJECT, load_course
from tests.assignment.submissions import FILES
from tests.helpers import assert_user_error, contents, copy_tree, run_assignment


@pytest.fixture
def tree(learners_tree: Path, tmp_path: Path) -> Path:
    """A handout to write in."""
    return copy_tree(learners_tree, tmp_path / "tree")


def solve(tree: Path, *names: str) -> None:
    """Paste the right files in."""
    for name in names or FILES:
        (tree / name).write_bytes((PROJECT / name).read_bytes())


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def statuses(text: str) -> dict[str, str]:
    """How each task of a screen stands."""
    pattern = r"^ *\S? *(\w+) +(passed|not started|blocked|wrong|crashed|timeout|memory)\b"
    found = re.findall(pattern, text, re.M)
    return {name: status for name, status in found if name in load_course().tasks}


@pytest.mark.slow
def test_tasks_are_checked_alone_a_wrong_one_is_explained_and_a_regression_told(
    tree: Path,
) -> None:
    solve(tree, "rope.py")
    replace_in(
        tree / "llama.py",
        'raise NotImplementedError("rmsnorm")',
        "return x * torch.rsqrt(x.pow(2).sum(-1, keepdim=True) + self.eps)",
    )
    result = run_assignment(tree, "check", "rope", "rmsnorm")
    assert result.returncode == 1, result.stderr
    assert statuses(result.stdout) == {"rope": "passed", "rmsnorm": "wrong"}, result.stdout
    for part in ("index", "got", "expected", "likely"):
        assert part in result.stdout.lower(), result.stdout
    assert "next: rmsnorm" in result.stdout
    replace_in(tree / "llama.py", ".sum(-1, keepdim=True)", ".mean(-1, keepdim=True)")
    assert run_assignment(tree, "check", "rmsnorm").returncode == 0
    # what was passed is remembered
    progress = run_assignment(tree, "progress").stdout
    assert "2 of 11 tasks" in progress
    assert re.search(r"rope +10 points +passed 20\d\d-\d\d-\d\d", progress)
    assert re.search(r"attention +15 points +about 45 minutes", progress)
    with (tree / "rope.py").open("a") as file:
        file.write("\ndef apply_rotary_emb(*a, **k):\n    return a[:2]\n")
    run_assignment(tree, "check", "rope")
    progress = run_assignment(tree, "progress").stdout
    assert "1 of 11 tasks" in progress
    assert re.search(r"rope .* wrong now, passed 20\d\d", progress), progress


def test_an_unknown_task_is_an_error_that_lists_the_names(tree: Path) -> None:
    for command in ("check", "hint", "watch"):
        result = run_assignment(tree, command, "ropes")
        assert_user_error(result, "no task 'ropes'", "rope, rmsnorm")


def test_there_are_three_hints_one_more_each_time(tree: Path) -> None:
    hints = [" ".join(text.split()) for text in load_course().tasks["rope"].hints]
    for count, left in ((1, "2 more"), (2, "1 more"), (3, "these are all"), (3, "these are all")):
        result = run_assignment(tree, "hint", "rope")
        assert result.returncode == 0, result.stderr
        assert [text in result.stdout for text in hints] == [i < count for i in range(3)]
        assert left in result.stdout
    assert re.search(r"rope .*, hints: 3", run_assignment(tree, "progress").stdout)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"hints": 1, "passed": {}}', "\x00"])
def test_a_damaged_memory_is_no_loss(tree: Path, text: str) -> None:
    (tree / ".progress.json").write_text(text)
    result = run_assignment(tree, "progress")
    assert result.returncode == 0, result.stderr
    assert "0 of 11 tasks" in result.stdout
    run_assignment(tree, "hint", "rope")
    assert json.loads((tree / ".progress.json").read_text())["hints"] == {"rope": 1}


@pytest.mark.slow
def test_a_broken_a_missing_and_an_endless_file_cost_their_own_tasks(tree: Path) -> None:
    solve(tree)
    source = (tree / "sampling.py").read_text()
    (tree / "sampling.py").write_text(source + "def broken(:\n")
    (tree / "classifier.py").unlink()
    text = (tree / "rope.py").read_text()
    (tree / "rope.py").write_text(text + "\ndef apply_rotary_emb(*a, **k):\n    while True: pass\n")
    replace_in(tree / "assignment" / "sandbox" / "confine.py", "seconds=10", "seconds=3")
    result = run_assignment(tree, "check")
    found = statuses(result.stdout)
    assert found["rope"] == "timeout", result.stdout
    assert found["sampling"] == "crashed", result.stdout
    assert found["adamw"] == "passed", result.stdout
    assert found["rmsnorm"] == "blocked", result.stdout  # its file imports sampling.py
    assert found["embedding"] not in ("passed", "blocked"), result.stdout
    assert f"sampling.py, line {len(source.splitlines()) + 1}" in result.stdout
    assert "SyntaxError" in result.stdout
    assert "Traceback" not in result.stderr


@pytest.mark.slow
def test_watch_answers_every_save(tree: Path) -> None:
    command = [sys.executable, "-m", "assignment", "watch", "rope"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, cwd=tree, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        try:
            assert "not started" in read_until(process, "waiting for a save", 60)
            solve(tree, "rope.py")
            read_until(process, "waiting for a save", 60)
            for _ in range(3):
                with (tree / "rope.py").open("a") as file:
                    file.write("# saved\n")
                screen = read_until(process, "waiting for a save", 60)
                assert statuses(screen) == {"rope": "passed"}, screen
            (tree / "rope.py").write_text("def broken(:\n")
            screen = read_until(process, "waiting for a save", 60)
            assert "rope.py, line 1" in screen
            process.send_signal(signal.SIGINT)
            assert process.wait(60) == 0
        finally:
            process.kill()


def read_until(process: subprocess.Popen[bytes], words: str, seconds: float) -> str:
    """What a process writes up to a line with these words."""
    assert process.stdout is not None
    text, deadline = b"", time.monotonic() + seconds
    while words.encode() not in text:
        left = deadline - time.monotonic()
        assert left > 0, text.decode()
        if select.select([process.stdout], [], [], left)[0]:
            data = os.read(process.stdout.fileno(), 1 << 16)
            assert data, text.decode()
            text += data
    return text.decode()


@pytest.mark.slow
def test_submit_zips_files_and_helpers_grades_them_and_says_what_stays_behind(
    tree: Path, tmp_path: Path
) -> None:
    """With a helper that logs, and imports what wants a folder to write in.

    What `check` has seen in this tree the grader may not have: 100 became 55.
    """
    solve(tree)
    # one that is handed in
    wanted = "import matplotlib.pyplot\n" if find_spec("matplotlib") else ""  # an extra: plots
    (tree / "my_helpers.py").write_text(f"{wanted}open('log.txt', 'a').write('imported')\n")
    first = "from __future__ import annotations\n"
    replace_in(tree / "classifier.py", first, f"{first}import my_helpers\n")
    (tree / "notes.txt").write_text("")
    # and three that are not
    (tree / "helpers").mkdir()
    (tree / "helpers" / "att.py").write_text("def same(x):\n    return x\n")
    (tree / "training" / "mine.py").write_text("")
    with (tree / "base_llama.py").open("a") as file:
        file.write("def same(x):\n    return x\n")
    replace_in(tree / "optimizer.py", first, f"{first}import helpers.att\n")
    check = run_assignment(tree, "check", "adamw")
    assert statuses(check.stdout) == {"adamw": "passed"}, check.stdout
    stay = (
        "base_llama.py: was edited here",
        "helpers/: a folder; move its modules up",
        "training/mine.py: is not handed in",
    )
    assert all(text in check.stdout for text in stay), check.stdout
    result = run_assignment(tree, "submit", "anna", "--out", str(tmp_path / "new"))
    assert result.returncode == 0, result.stderr
    found = statuses(result.stdout)
    joined = ("stack", "end_to_end")
    lost = {"adamw": "crashed", **dict.fromkeys(joined, "blocked")}
    assert found == dict.fromkeys(load_course().tasks, "passed") | lost, result.stdout
    points = 100 - sum(load_course().tasks[name].points for name in lost)
    assert f"{points:g} of 100 points" in result.stdout, result.stdout
    assert "No module named 'helpers'" in result.stdout
    assert all(f"stays behind: {text}" in result.stdout for text in stay), result.stdout
    with zipfile.ZipFile(tmp_path / "new" / "anna.zip") as archive:
        names = set(archive.namelist())
    assert names == {f"anna/{name}" for name in (*FILES, "my_helpers.py")}
    taken = take_in(tmp_path / "new" / "anna.zip", under_submissions(load_course()), "anna")
    assert (taken.student, taken.refused, taken.missing) == ("anna", "", [])
    assert all(taken.files[name] == (tree / name).read_bytes() for name in FILES)
    assert "my_helpers.py: taken as a helper" in result.stdout
    assert "the grader takes it" in result.stdout


def test_all_missing_files_are_named_and_nothing_is_written(tree: Path) -> None:
    for name in ("rope.py", "optimizer.py"):
        (tree / name).unlink()
    before = contents(tree)
    assert_user_error(run_assignment(tree, "submit", "anna"), "missing: rope.py, optimizer.py")
    after = {p: x for p, x in contents(tree).items() if "__pycache__" not in p.parts}
    assert after == before


@pytest.mark.parametrize("name", ["a/b", "../a", "a\\b", "a:b", "a\nb", ".hidden", "", "a*", "a."])
def test_an_id_that_makes_no_file_name_is_an_error(tree: Path, name: str) -> None:
    assert_user_error(run_assignment(tree, "submit", "--", name), "ID")
    assert not list(tree.glob("*.zip"))


def test_what_the_grader_would_refuse_is_not_written(tree: Path) -> None:
    (tree / "llama.py").write_text("#" * 1_000_001)
    assert_user_error(run_assignment(tree, "submit", "anna"), "the grader would refuse it", "llama")
    assert not (tree / "anna.zip").exists()


def test_submit_outside_a_handout_says_so(tmp_path: Path) -> None:
    result = run_assignment(PROJECT, "submit", "anna", "--out", str(tmp_path))
    assert_user_error(result, "submit runs in a handout")


def test_a_file_that_hides_a_module_is_named(tree: Path) -> None:
    (tree / "random.py").write_text("")
    assert_user_error(run_assignment(tree, "check"), "random.py", "another name")


@pytest.mark.slow
def test_a_message_has_the_learners_line_wherever_the_handout_lies(
    learners_tree: Path, tmp_path: Path
) -> None:
    """Also where the folder is called as the kit is, and where a given file raised the error."""
    tree = copy_tree(learners_tree, tmp_path / "my assignment")
    solve(tree)
    text = (tree / "classifier.py").read_text()
    call = "last_real_states(self.llama.hidden_states(input_ids, mask), mask)"
    (tree / "classifier.py").write_text(text.replace(call, call.replace("), mask)", "), 3)")))
    number = text[: text.index(call)].count("\n") + 1
    (tree / "rope.py").write_text("def broken(:\n")
    screen = run_assignment(tree, "check").stdout
    assert "rope.py, line 1: SyntaxError" in screen, screen
    assert re.search(r"rmsnorm +blocked .* blocked by rope.py", screen), screen
    solve(tree, "rope.py")
    screen = run_assignment(tree, "check", "embedding").stdout
    assert re.search(rf"classifier.py, line {number} \(cache.py, line \d+\): Attr", screen), screen


@pytest.mark.slow
def test_an_unfinished_handout_says_which_task_is_missing(
    learners_tree: Path, folder: Path
) -> None:
    result = subprocess.run(
        [sys.executable, str(learners_tree / "run_llama.py"), "--option", "generate"],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert_user_error(result, "layer is not written yet", "python -m assignment hint layer")
