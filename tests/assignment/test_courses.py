"""Several courses: how their files are read, what they share, and each from handout to points."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from assignment.cases import load_cases
from assignment.grading.courses import our_course
from assignment.grading.handins import is_class
from assignment.grading.selftest import solution
from assignment.results import Status
from assignment.sandbox.intake import Intake, take_in
from assignment.sandbox.judge import judge_over
from assignment.sandbox.members import folder_members
from assignment.sandbox.process import Worker
from assignment.specimens import mistakes
from assignment.specimens.mutation import applied
from assignment.tasks import (
    PROJECT,
    USUAL,
    Course,
    Task,
    all_tasks,
    course_names,
    load_course,
    module_of,
    read_course,
    split_symbol,
)
from tests.assignment.submissions import Form, unpacked, zipped
from tests.helpers import assert_user_error, run_assignment

WRITTEN = [task for task in all_tasks().values() if task.symbol is not None]
HEAD = '[course]\ntitle = "a course"\nfiles = ["sampling.py"]\n'
TASK = (
    '[first]\ntitle = "a task"\nsymbol = "sampling.scale"\npoints = 100\nminutes = 5\nhints = []\n'
)


@pytest.mark.parametrize(
    ("symbol", "file", "name"),
    [
        ("rope.apply_rotary_emb", "rope.py", "apply_rotary_emb"),
        ("llama.RMSNorm._norm", "llama.py", "RMSNorm._norm"),
        ("vision.encoder.Encoder.forward", "vision/encoder.py", "Encoder.forward"),
        ("pretraining.functional.softmax", "pretraining/functional.py", "softmax"),
    ],
)
def test_a_symbol_names_a_file_and_what_is_in_it(symbol: str, file: str, name: str) -> None:
    module, qualified = split_symbol(symbol)
    assert (module_of(file), name) == (module, qualified)


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_task_of_another_course_has_points_and_minutes_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, "one", HEAD + TASK)
    two = write(tmp_path, "two", HEAD + '[first]\nfrom = "one"\npoints = 40\n')
    task = read_course(two).tasks["first"]
    assert (task.title, task.points, task.minutes, task.home) == ("a task", 40, 5, "one")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TASK, "bad.toml: has no [course]"),
        (HEAD + TASK + 'colour = "red"\n', "unexpected keyword argument 'colour'"),
        (HEAD + '[first]\ntitle = "a task"\n', "bad.toml: "),
        (HEAD + '[second]\nfrom = "one"\n', "[second] is from one, which has no such task"),
        (HEAD + '[first]\nfrom = "none"\n', "[first] is from none, which has no such task"),
        (HEAD + '[first]\nfrom = "one"\ntitle = "mine"\n', "from one.toml, which says title"),
    ],
)
def test_what_is_not_in_the_format_is_named(tmp_path: Path, text: str, message: str) -> None:
    write(tmp_path, "one", HEAD + TASK)
    with pytest.raises(ValueError, match=r"bad\.toml: ") as caught:
        read_course(write(tmp_path, "bad", text))
    assert message in str(caught.value)


def test_no_two_courses_describe_a_task_of_one_name() -> None:
    names = [
        task.name
        for course in map(load_course, course_names())
        for task in course.tasks.values()
        if task.home == course.name
    ]
    assert sorted(names) == sorted(all_tasks())


IN_FOLDERS = Course("folders", "", ("vision/encoder.py", "vision/steps.py", "train/steps.py"), {})
SOURCES = {name: f"x = {name!r}\n".encode() for name in IN_FOLDERS.files}
GIVEN = ("config.py", "vision/__init__.py", "train/__init__.py", *IN_FOLDERS.files)


def intake_of(path: Path) -> Intake:
    return take_in(path, GIVEN, course=IN_FOLDERS)


@pytest.mark.parametrize("form", [zipped, unpacked])
@pytest.mark.parametrize("top", ["", "ada/", "ada/work/"])
def test_files_in_folders_are_taken_from_where_they_belong(
    form: Form, top: str, tmp_path: Path
) -> None:
    files = {top + name: data for name, data in SOURCES.items()}
    others = {"config.py": b"", "helper.py": b"y = 1\n", "vision/mine.py": b"", "steps.py": b""}
    taken = intake_of(form(tmp_path / "a.zip", files | {top + n: x for n, x in others.items()}))
    assert taken.files == SOURCES | {"helper.py": b"y = 1\n", "steps.py": b""}
    assert taken.notes == [
        "config.py: ignored, it would hide a file of the handout",
        "helper.py: taken as a helper",
        "steps.py: taken as a helper",
        "vision/mine.py: ignored, not a part of the submission",
    ]


@pytest.mark.parametrize("top", ["", "ada/"])
def test_a_lone_file_is_put_where_it_belongs_unless_two_are_called_so(
    top: str, tmp_path: Path
) -> None:
    files = {f"{top}encoder.py": SOURCES["vision/encoder.py"], f"{top}train/steps.py": b"z = 1\n"}
    taken = intake_of(zipped(tmp_path / "a.zip", files))
    assert taken.files == {
        "vision/encoder.py": files[f"{top}encoder.py"],
        "train/steps.py": b"z = 1\n",
    }
    assert taken.notes[0] == "encoder.py: taken as vision/encoder.py"
    assert taken.missing == ["vision/steps.py"]
    taken = intake_of(zipped(tmp_path / "b.zip", {f"{top}steps.py": b"x = 1\n", f"{top}a": b""}))
    assert "none of vision/encoder.py, vision/steps.py" in taken.refused


def test_one_folder_alone_is_a_submission_of_what_is_in_it(tmp_path: Path) -> None:
    """A student zips the room and not what is around it."""
    taken = intake_of(zipped(tmp_path / "a.zip", {"vision/encoder.py": b"x = 1\n"}))
    assert taken.files == {"vision/encoder.py": b"x = 1\n"}


def test_a_folder_of_folders_is_one_students_work_or_a_class(tmp_path: Path) -> None:
    members = folder_members(unpacked(tmp_path / "ada", SOURCES))
    assert not is_class(members, IN_FOLDERS)
    both = {f"{who}/{name}": data for who in ("ada", "bob") for name, data in SOURCES.items()}
    assert is_class(folder_members(unpacked(tmp_path / "class", both)), IN_FOLDERS)


def test_an_unknown_course_or_task_is_an_error_of_one_line() -> None:
    with pytest.raises(ValueError, match=f"no course 'knitting': choose from {USUAL}"):
        load_course("knitting")
    if len(course_names()) > 1:
        result = run_assignment(PROJECT, "check", "--course", "knitting")
        assert_user_error(result, "--course", "'knitting'", USUAL)
    assert_user_error(run_assignment(PROJECT, "check", "knitting"), "no task 'knitting'", "rope")


@pytest.mark.parametrize("task", WRITTEN, ids=lambda task: task.name)
def test_a_mistake_is_taken_back_as_it_stood_there(task: Task) -> None:
    """A static method as one, and a function in every module that has imported it."""
    module = importlib.import_module(task.module)
    *classes, name = task.qualified_name.split(".")
    owner = vars(module)[classes[0]] if classes else module
    before = vars(owner)[name]
    with applied(mistakes(task.name)[0]):
        assert vars(owner)[name] is not before
    assert vars(owner)[name] is before


@pytest.mark.slow
@pytest.mark.ci
@pytest.mark.parametrize("name", [name for name in course_names() if name != USUAL])
def test_a_course_goes_from_nothing_to_all_points(name: str, tmp_path: Path) -> None:
    """The usual one's other tests go through its commands; here one worker does it all."""
    course = our_course(name)
    base = course.base()
    submission = {file: text.encode() for file, text in solution(course).items()}
    taken = take_in(zipped(tmp_path / "ada.zip", submission), base, course=course)
    assert taken.files == submission
    assert not taken.notes
    with Worker() as worker:
        for files, status in ((base, Status.NOT_STARTED), (taken.files, Status.PASSED)):
            results = judge_over(
                worker, base, files, lambda task: load_cases(task.name), course=course
            )
            found = {result.task: result.status for result in results}
            written = {task.name for task in course.written}
            assert {found[task] for task in written} == {status}, found
    assert status is Status.PASSED
    assert set(found.values()) == {Status.PASSED}
