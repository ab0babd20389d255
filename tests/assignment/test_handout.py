"""The learner's tree: complete, runnable, the same each time, without a line of the solution."""

from __future__ import annotations

import ast
import gc
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from assignment.cases import load_cases, recorded
from assignment.given import ARCHIVE
from assignment.grading import handout
from assignment.grading.stubs import (
    calls,
    empty,
    find,
    first_line,
    last_line,
    make_stub,
    parse,
    signature,
)
from assignment.sandbox.intake import shadowed
from assignment.tasks import (
    PROJECT,
    USUAL,
    Course,
    Task,
    course_names,
    load_course,
    module_of,
    read_course,
    split_symbol,
)
from tests.assignment.submissions import FILES
from tests.helpers import assert_user_error, contents, copy_tree, run_assignment

# Lines of a solution that say nothing of it, and stand in given files too.
COMMON = {"if mask is not None:", "if temperature == 0:", "raise ValueError("}


def task(symbol: str, drops: tuple[str, ...] = ()) -> Task:
    return Task("todo", "a title", 1, 1, ("a", "b", "c"), symbol, drops=drops)


OTHERS = (pytest.mark.slow, pytest.mark.ci)  # than the usual course


@pytest.fixture(
    params=[pytest.param(name, marks=() if name == USUAL else OTHERS) for name in course_names()]
)
def course(request: pytest.FixtureRequest) -> Course:
    """Each course in turn."""
    return load_course(request.param)


@pytest.fixture
def tree(course: Course, handed_out: Callable[[str], Path]) -> Path:
    """The handout of that course, to be read."""
    return handed_out(course.name)


def dropped(about: Task, course: Course) -> set[str]:
    """The helpers that go with a task; what one course drops may be another one's task."""
    return set(about.drops) - {task.symbol for task in course.written}


def solution_lines(course: Course) -> set[str]:
    """What nobody may read: lines of the bodies and of dropped helpers, long enough to tell."""
    secret: set[str] = set()
    given: set[str] = set()
    for name in course.files:
        source = (PROJECT / name).read_text(encoding="utf-8")
        lines = [line.strip() for line in source.splitlines()]
        hidden: set[int] = set()
        for about in (about for about in course.written if about.file == name):
            function = find(source, about.qualified_name)
            assert function is not None
            assert function.body[0].end_lineno is not None
            hidden |= set(range(function.body[0].end_lineno, last_line(source, function)))
            for drop in dropped(about, course):
                helper = find(source, split_symbol(drop)[1])
                assert helper is not None
                hidden |= set(range(first_line(helper) - 1, last_line(source, helper)))
        secret |= {lines[i] for i in hidden if len(lines[i]) > 15}
        given |= {line for i, line in enumerate(lines) if i not in hidden}
    assert secret - given
    return secret - given


def test_no_line_of_the_solution_leaks(course: Course, tree: Path) -> None:
    secret = solution_lines(course)
    for path, data in contents(tree).items():
        if path.suffix in (".npz", ".zip"):  # the archive holds what is read here anyway
            continue
        lines = {line.strip(" `") for line in data.decode().splitlines()}
        leaked = (lines & secret) - COMMON
        assert not leaked, f"{path.name}: {leaked}"


def test_what_only_a_teacher_has_stays_at_home(course: Course, tree: Path) -> None:
    """The rule: of assignment/ all but grading/ and specimens/, and no room of the makers."""
    names = {path.relative_to(tree).as_posix() for path in contents(tree)}
    for name in names:
        parts = set(Path(name).parts)
        assert not parts & {"grading", "specimens", "learners", "tests", "inference"}, name
    assert {*course.files, "README.md", "guide.md", "setup.sh"} <= names
    kit = {
        path.relative_to(PROJECT).as_posix()
        for path in (PROJECT / "assignment").rglob("*.py")
        if not {"grading", "specimens", "runners"} & set(path.parts)
    }
    assert kit <= names
    courses = {name for name in names if name.startswith("assignment/courses/")}
    assert courses == {f"assignment/courses/{course.name}.toml"}


def test_a_handout_lacks_nothing_that_it_imports(tree: Path) -> None:
    """Of the project's own modules; an import in a `try` has thought of that."""
    own = {path.stem for path in PROJECT.glob("*.py")}
    own |= {path.parent.name for path in PROJECT.glob("*/*.py")}
    for path in tree.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        tried = {x for node in nodes if isinstance(node, ast.Try) for x in ast.walk(node)}
        modules: set[str] = set()
        for node in nodes:
            if isinstance(node, ast.ImportFrom) and node not in tried:
                modules.add(node.module or "")
            elif isinstance(node, ast.Import):
                modules |= {name.name for name in node.names}
        for module in (module for module in modules if module.split(".")[0] in own):
            place = tree / module.replace(".", "/")
            assert place.is_dir() or place.with_suffix(".py").exists(), f"{path}: {module}"


def test_what_a_course_takes_from_others_stands_in_its_own_file(course: Course, tree: Path) -> None:
    alone = read_course(tree / "assignment" / "courses" / f"{course.name}.toml")
    homes = {name: replace(about, home=course.name) for name, about in course.tasks.items()}
    assert alone == replace(course, tasks=homes)


def test_a_handout_has_the_cases_of_its_tasks_alone(course: Course, tree: Path) -> None:
    with np.load(tree / handout.RECORDED, allow_pickle=False) as file:
        about = json.loads(str(file["about"]))
        names = {name.split("/")[0] for name in file.files} - {"about"}
        here = {name: file[name] for name in file.files if name != "about"}
    assert names == set(course.tasks) == set(about["mistakes"])
    assert {name.split("/")[0] for name in about["cases"]} == set(course.tasks)
    for name, array in here.items():
        np.testing.assert_array_equal(array, recorded()[name])


def test_a_stub_keeps_no_helper_that_only_the_solution_uses(course: Course, tree: Path) -> None:
    """`rotary_angles` stood there, half of RoPE solved, and nothing in the handout used it."""
    texts = [path.read_text(encoding="utf-8") for path in tree.rglob("*.py")]
    asked = {about.qualified_name for about in course.written}
    for name in course.files:
        for node in ast.parse((tree / name).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name not in asked:
                used = sum(len(re.findall(rf"\b{node.name}\b", text)) for text in texts)
                assert used > 1, f"{name}: {node.name} is used by nothing: drop it"


def test_the_handout_carries_what_lies_under_every_submission(course: Course, tree: Path) -> None:
    with zipfile.ZipFile(tree / ARCHIVE) as archive:
        carried = {name: archive.read(name) for name in archive.namelist()}
    assert carried == handout.under_submissions(course)
    assert all((tree / name).read_bytes() == data for name, data in carried.items())


def test_no_helper_may_hide_what_is_at_the_top(course: Course, tree: Path) -> None:
    given = handout.under_submissions(course)
    for path in tree.iterdir():
        if path.suffix == ".py" or any(path.rglob("*.py")):
            assert shadowed(f"{path.stem}.py", given) == "a file of the handout", path
    assert shadowed("my_helpers.py", given) is None


def test_stubs_keep_signatures_decorators_and_recipes(course: Course, tree: Path) -> None:
    for about in course.written:
        assert about.file is not None
        before = (PROJECT / about.file).read_text(encoding="utf-8")
        after = (tree / about.file).read_text(encoding="utf-8")
        assert signature(before, about.qualified_name) == signature(after, about.qualified_name)
        old, new = find(before, about.qualified_name), find(after, about.qualified_name)
        assert old is not None
        assert new is not None
        assert ast.get_docstring(old) == ast.get_docstring(new)
        assert ast.unparse(new.body[1]) == f"raise NotImplementedError('{about.name}')"


def test_what_is_no_task_stays_as_it_is(course: Course, tree: Path) -> None:
    """Every other function and class of the files, to the letter."""
    tasks = {about.symbol for about in course.written}
    tasks |= {name for about in course.written for name in about.drops}
    for file in course.files:
        before = (PROJECT / file).read_text(encoding="utf-8")
        after = (tree / file).read_text(encoding="utf-8")
        body = ast.parse(before).body
        classes = [node for node in body if isinstance(node, ast.ClassDef)]
        functions = [
            prefix + node.name
            for prefix, nodes in (("", body), *((f"{node.name}.", node.body) for node in classes))
            for node in nodes
            if isinstance(node, ast.FunctionDef)
        ]
        assert functions
        for function in functions:
            old, new = find(before, function), find(after, function)
            if f"{module_of(file)}.{function}" not in tasks:
                assert old is not None
                assert new is not None, function
                assert ast.unparse(old) == ast.unparse(new)


@pytest.mark.parametrize("command", [["check"], ["format", "--check", "--diff"]], ids=str)
def test_the_linter_is_content(tree: Path, command: list[str]) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "ruff", *command, "--no-cache", "."],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


def test_a_rebuild_is_the_same_to_the_byte(course: Course, tree: Path, tmp_path: Path) -> None:
    handout.build(tmp_path / "again", course)
    first = {p.relative_to(tree): x for p, x in contents(tree).items()}
    again = {p.relative_to(tmp_path / "again"): x for p, x in contents(tmp_path / "again").items()}
    assert first == again
    assert {p.name for p in tmp_path.iterdir()} == {"again"}


def test_the_settings_name_nothing_that_is_missing(tree: Path) -> None:
    settings = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
    for path in settings["tool"]["pytest"]["ini_options"]["testpaths"]:
        assert (tree / path).exists(), path
    assert not {"dev", "notebooks"} & set(settings["project"]["optional-dependencies"])
    assert "per-file-ignores" not in settings["tool"]["ruff"]["lint"]


def test_setup_finds_the_packages_that_it_asks_for(tree: Path) -> None:
    """A learner's pyproject.toml has fewer extras than ours, which the bare setup.sh asks for."""
    code = "from setup.__main__ import EXTRAS, requirements; print(*requirements(EXTRAS))"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tree, capture_output=True, text=True, check=False
    )
    assert "torch" in result.stdout, result.stderr
    assert "hypothesis" not in result.stdout


def test_readme_and_guide_have_a_place_for_each_task(course: Course, tree: Path) -> None:
    text = (tree / "README.md").read_text(encoding="utf-8")
    assert "<!-- tasks -->" not in text
    headings = re.findall(r"^## .*", (tree / "guide.md").read_text(encoding="utf-8"), re.M)
    for about in course.tasks.values():
        assert f"| `{about.name}` | {about.title} |" in text
        if about.symbol is not None:
            assert any(f"`{about.symbol}`" in heading for heading in headings), about.symbol


def test_a_full_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    result = run_assignment(PROJECT, "handout", str(tmp_path))
    assert_user_error(result, str(tmp_path), "is not empty")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    (tmp_path / "file").write_text("")
    assert_user_error(run_assignment(PROJECT, "handout", str(tmp_path / "file")), "is not empty")


@pytest.mark.slow
def test_every_task_is_not_started_or_blocked(learners_tree: Path, tmp_path: Path) -> None:
    tree = copy_tree(learners_tree, tmp_path / "tree")
    result = run_assignment(tree, "check")
    assert result.returncode == 1, result.stderr
    for name, about in load_course().tasks.items():
        state = "not started" if about.symbol else "blocked"
        assert re.search(rf"{name} +{state} +0/", result.stdout), result.stdout
    assert "0 of 100 points" in result.stdout
    assert "0 of 11 tasks" in result.stdout


def test_help_lists_what_a_learner_runs(learners_tree: Path) -> None:
    result = run_assignment(learners_tree, "--help")
    listed = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ")]
    assert result.returncode == 0
    assert listed[:-1] == ["check", "watch", "hint", "progress", "submit"]
    assert_user_error(run_assignment(learners_tree, "grade"), "invalid choice: 'grade'")


@pytest.mark.slow
def test_the_solution_passes_where_it_is_pasted_in(learners_tree: Path, tmp_path: Path) -> None:
    tree = copy_tree(learners_tree, tmp_path / "tree")
    for name in FILES:
        (tree / name).write_bytes((PROJECT / name).read_bytes())
    result = run_assignment(tree, "check")
    assert "100 of 100 points" in result.stdout, result.stdout + result.stderr
    assert "11 of 11 tasks" in result.stdout
    assert result.returncode == 0


SOURCE = '''\
"""A module."""

import math
import os, sys
from collections.abc import Iterable, Mapping
from functools import (
    cache,
    wraps,
)


@cache
@wraps(print)
def todo(x: int, *, y: float = 1.0) -> float:
    """What to do.

    In two lines."""
    # a comment in front
    def inside(z):
        return math.sin(z)

    return inside(x) * y  # beside
    # after the last statement

    # and after an empty line
# at the margin, of what follows


async def other(data: Iterable[int]) -> None:
    """Another one."""

    def todo():
        return sys.argv

    todo()


def helper(mapping: Mapping) -> None:
    return os.path.join(*mapping)
    # of the helper


class Holder:
    def todo(self):
        """In a class."""
        return 1
        # deep

    # of the class
    def kept(self): return 2
'''


def test_a_comment_after_the_last_statement_does_not_leak() -> None:
    stub = make_stub(SOURCE, [task("a.todo"), task("a.Holder.todo")])
    for leak in (
        "a comment in front",
        "inside",
        "math",
        "after the last",
        "after an empty",
        "deep",
    ):
        assert leak not in stub, leak
    for kept in ("# at the margin", "# of the class", "def kept(self): return 2"):
        assert kept in stub, kept
    ast.parse(stub)


def test_decorators_and_the_whole_docstring_stay() -> None:
    stub = make_stub(SOURCE, [task("a.todo")])
    assert signature(stub, "todo") == signature(SOURCE, "todo")
    assert "@cache\n@wraps(print)\ndef todo(x: int, *, y: float = 1.0) -> float:\n" in stub
    assert '    In two lines."""\n    raise NotImplementedError("todo")\n' in stub


def test_async_and_nested_functions_of_the_same_name_are_not_touched() -> None:
    stub = make_stub(SOURCE, [task("a.todo")])
    old, new = find(SOURCE, "other"), find(stub, "other")
    assert isinstance(new, ast.AsyncFunctionDef)
    assert old is not None
    assert ast.unparse(old) == ast.unparse(new)
    old, new = find(SOURCE, "Holder.todo"), find(stub, "Holder.todo")
    assert old is not None
    assert new is not None
    assert ast.unparse(old) == ast.unparse(new)


def test_imports_that_nothing_uses_vanish_and_the_others_stay() -> None:
    stub = make_stub(SOURCE, [task("a.todo", drops=("a.helper",))])
    imports = [
        ast.unparse(node)
        for node in ast.parse(stub).body
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert imports == [
        "import sys",
        "from collections.abc import Iterable",
        "from functools import cache, wraps",
    ]
    assert "helper" not in stub
    assert "\n\n\n\n" not in stub


def test_one_line_functions_end_where_they_end() -> None:
    source = 'def todo():\n    """What."""; return 1\nX = 2\n'
    stub = make_stub(source, [task("a.todo")])
    assert "return 1" not in stub
    assert "X = 2" in stub


def test_a_solution_that_does_not_fit_the_table_is_an_error() -> None:
    with pytest.raises(ValueError, match="has no nothing"):
        make_stub(SOURCE, [task("a.nothing")])
    with pytest.raises(ValueError, match="drops a.nothing, which does not exist"):
        make_stub(SOURCE, [task("a.todo", drops=("a.nothing",))])
    bare = "def todo():\n    return 1\n"
    function = find(bare, "todo")
    assert function is not None
    with pytest.raises(ValueError, match="has no docstring"):
        empty(bare, function, "todo")


@pytest.mark.parametrize(
    ("line", "body", "found"),
    [
        ("import torch", "torch.optim.AdamW(p)", True),
        ("import torch as t", "t.optim.AdamW(p)", True),
        ("from torch import optim", "optim.AdamW(p)", True),
        ("from torch.optim import AdamW as A", "A(p)", True),
        ("import torch.optim", "torch.optim.AdamW", True),
        ("from torch import optim", "optim.AdamWide(p)", False),
        ("from mine import AdamW", "AdamW(p)", False),
        ("import torch", "p", False),
    ],
)
def test_library_calls_are_flagged_however_they_are_imported(
    line: str, body: str, found: bool
) -> None:
    source = f"{line}\n\ndef todo(p):\n    return {body}\n\ndef other(p):\n    torch.optim.AdamW\n"
    assert calls(source, "todo", ["torch.optim.AdamW"]) == ["torch.optim.AdamW"] * found


def test_of_two_definitions_the_last_is_looked_at_as_python_does() -> None:
    first = "class A:\n    def f(self):\n        return 1\n\n"
    second = "import torch\n\nclass A:\n    def f(self):\n        return torch.optim.AdamW\n"
    assert calls(first + second, "A.f", ["torch.optim.AdamW"]) == ["torch.optim.AdamW"]
    assert calls(second + first, "A.f", ["torch.optim.AdamW"]) == []


def test_every_task_has_cases_points_and_three_hints(course: Course) -> None:
    assert sum(about.points for about in course.tasks.values()) == 100
    assert {about.file for about in course.written} <= set(course.files)
    for about in course.tasks.values():
        assert len(about.hints) == 3
        assert set(about.requires) <= set(course.tasks)
        assert load_cases(about.name)


def test_threads_may_parse_at_the_same_time() -> None:
    """As graders do. Collecting garbage with a callback, as hypothesis does, lets others go on."""
    source = (PROJECT / "llama.py").read_text(encoding="utf-8")

    def callback(phase: str, info: dict[str, int]) -> None:
        sum(range(50))

    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(5)
    gc.callbacks.append(callback)
    try:
        with ThreadPoolExecutor(3) as pool:
            trees = list(pool.map(parse, [source] * 60))
    finally:
        gc.callbacks.remove(callback)
        sys.setswitchinterval(interval)
        gc.set_threshold(*threshold)
    assert len({ast.dump(tree) for tree in trees}) == 1
