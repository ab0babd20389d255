"""The notebooks are their sources, executed; what they claim holds; a page needs no other file."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import data
from tests.helpers import PROJECT, assert_user_error, contents, run_code, write
from tests.test_house import ALLOWED, imports

pytest.importorskip("jupytext", reason="an extra: notebooks")

import matplotlib
import nbformat
from nbformat import NotebookNode
from nbformat.sign import NotebookNotary

from notebooks import __main__ as command_line
from notebooks import build, page

SOURCES = build.sources()
TOGETHER = 3_000_000  # bytes of all notebooks
PACKAGES = {"IPython", "matplotlib", "numpy", "torch"}  # that a notebook may import
MACHINES = re.compile(r"/home/|/root/|/tmp/|/usr/|/Users/|site-packages| at 0x[0-9a-f]+")
SVG = "image/svg+xml"
UNDRAWN = "import matplotlib.pyplot as plt\nplt.show = lambda: plt.close('all')"
TOY = """# %% [markdown]
# # A toy

# %%
import matplotlib.pyplot as plt

plt.plot([1, 3, 2], label="a line")
plt.legend()
plt.show()

# %%
print("a", end="")
print("b")
"""
each = pytest.mark.parametrize("source", SOURCES, ids=[path.stem for path in SOURCES])


def committed(source: Path) -> NotebookNode:
    return nbformat.read(source.with_suffix(".ipynb"), as_version=4)


def kinds(notebook: NotebookNode) -> list[list[str]]:
    """What each code cell puts out: text, pictures, tables."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [
        [next(iter(sorted(output.get("data", {"text": ""})))) for output in cell.outputs]
        for cell in cells
    ]


def test_there_are_eleven() -> None:
    assert [int(path.name[1:3]) for path in SOURCES] == list(range(1, 12))


@each
def test_the_notebook_is_its_source(source: Path) -> None:
    """Else: python -m notebooks run NAME."""
    expected, found = build.read(source), committed(source)
    assert found.metadata == expected.metadata
    assert [(cell.id, cell.cell_type, cell.source) for cell in found.cells] == [
        (cell.id, cell.cell_type, cell.source) for cell in expected.cells
    ]
    assert all(cell.execution_count for cell in found.cells if cell.cell_type == "code")
    assert source.with_suffix(".ipynb").read_text("utf-8") == build.written(found)


@each
def test_what_it_shows_is_drawn_and_names_no_machine(source: Path) -> None:
    found = committed(source)
    shown = [output for cell in found.cells for output in cell.get("outputs", [])]
    assert sum(SVG in output.get("data", {}) for output in shown) >= 2
    for output in shown:
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        texts = [output.get("text", ""), *map(str, output.get("data", {}).values())]
        for text in texts:
            assert not MACHINES.search(text), MACHINES.search(text)
            assert str(PROJECT) not in text


@each
def test_it_ends_with_two_exercises(source: Path) -> None:
    notebook = build.read(source)
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    assert texts[0].startswith("# ")
    assert "## Exercises" in "\n".join(texts)
    assert sum(text.count("<details>") for text in texts) == 2
    answers = build.answers(notebook)
    assert len(answers) == 2
    assert all("assert " in answer for answer in answers)
    assert any("assert " in cell.source for cell in notebook.cells if cell.cell_type == "code")


@each
def test_it_imports_the_house_and_four_packages(source: Path) -> None:
    known = PACKAGES | set(ALLOWED) | sys.stdlib_module_names
    assert not imports(source) - known


@pytest.mark.slow
@pytest.mark.ci
@each
def test_it_runs_and_so_do_its_answers(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pictures are made and not rendered, which would take most of the time."""
    monkeypatch.setenv("MPLBACKEND", "template")
    text = source.read_text(encoding="utf-8")
    for name in ("STAND_IN", "NAMES", "BIBLE"):
        if re.search(rf"\b{name}\b", text) and not getattr(data, name).exists():
            pytest.skip(f"reads {getattr(data, name).name}: bash setup.sh prepares it")
    notebook = build.read(source)
    given = notebook.cells
    codes = [UNDRAWN, *build.answers(notebook)]
    first, *answers = (nbformat.v4.new_code_cell(code) for code in codes)
    notebook.cells = [first, *given, *answers]
    build.execute(notebook, source.stem)
    notebook.cells = given
    told = [[kind for kind in cell if kind != SVG] for cell in kinds(committed(source))]
    assert kinds(notebook) == told


@pytest.mark.slow
def test_it_runs_as_a_script() -> None:
    result = run_code("import runpy; runpy.run_module('notebooks.n01_slope', {}, '__main__')")
    assert result.returncode == 0, result.stderr


def test_together_they_are_small() -> None:
    assert sum(source.with_suffix(".ipynb").stat().st_size for source in SOURCES) < TOGETHER


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A project whose only notebook is the toy, with more at its end."""

    def make(more: str = "") -> Path:
        source = write(tmp_path / "n01_toy.py", TOY + more)
        monkeypatch.setattr(build, "sources", lambda: [source])
        return source

    return make


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int | None:
    monkeypatch.setattr("sys.argv", ["notebooks", *arguments])
    return command_line.main()


@pytest.mark.slow
def test_built_twice_it_is_the_same(
    toy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = toy()
    target = source.with_suffix(".ipynb")
    run(monkeypatch, "run")
    first = target.read_bytes()
    run(monkeypatch, "run", "1")
    assert target.read_bytes() == first
    assert capsys.readouterr().out.count("n01_toy ") == 2
    notebook = committed(source)
    assert kinds(notebook) == [[SVG], ["text"]]
    assert ">a line</text>" in notebook.cells[1].outputs[0].data[SVG]
    assert notebook.cells[2].outputs[0].text == "ab\n"
    assert matplotlib.__version__ not in first.decode()
    run(monkeypatch, "html", "--out", str(target.parent / "pages"))
    assert {path.name for path in contents(target.parent / "pages")} == {
        "index.html",
        "n01_toy.html",
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("\n# %%\nx = 1\n1 / 0\n", r"n01_toy, cell 4 \(x = 1\): ZeroDivisionError: division by"),
        ("\n# %%\nimport warnings\nwarnings.warn('mind')\n", "cell 4 .*: warns: .*mind"),
        ("\n# %%\nimport os\nos._exit(1)\n", r"cell 4 \(import os\): its process died"),
    ],
    ids=["error", "warning", "death"],
)
def test_what_fails_is_named_and_writes_nothing(
    toy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, more: str, said: str
) -> None:
    source = toy(more)
    write(source.with_suffix(".ipynb"), "as it was")
    with pytest.raises(ValueError, match=re.compile(said, re.DOTALL)):
        run(monkeypatch, "run")
    assert {path.name for path in contents(source.parent)} == {"n01_toy.py", "n01_toy.ipynb"}
    assert source.with_suffix(".ipynb").read_text() == "as it was"


@pytest.mark.slow
def test_pages_need_no_other_file() -> None:
    found = page.pages()
    assert set(found) == {"index.html", *(f"{path.stem}.html" for path in SOURCES)}
    for name, text in found.items():
        assert "<script" not in text, name
        assert 'alt="No description' not in text, name  # which nbconvert writes
        assert not re.search(r'(?:src="|url\(|@import|<link)(?!data:)', text), name
        for target in re.findall(r'href="([\w.]+)"', text):
            assert target in found, f"{name}: {target}"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "12"], "12: no notebook of that name or number; there are n01_slope, "),
        (["open", "n99_sloop"], "n99_sloop: no notebook of that name"),
        (["html", "--out", "README.md/pages"], "is no folder"),
    ],
    ids=["run", "open", "html"],
)
def test_a_users_mistake_is_one_line(
    run_here: Callable[..., Any], arguments: list[str], said: str
) -> None:
    assert_user_error(run_here(command_line.main, *arguments, cwd=PROJECT), said)


def test_a_formula_that_pages_cannot_show_is_refused(tmp_path: Path) -> None:
    source = write(tmp_path / "n01_toy.py", "# %% [markdown]\n# # A toy\n#\n# so $x^2$ it is\n")
    with pytest.raises(ValueError, match=r"n01_toy.py: \$x\^2\$: write formulas as code"):
        build.read(source)


def test_nothing_built_is_said(toy: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    toy()
    with pytest.raises(ValueError, match="no notebook is built; python -m notebooks run"):
        run(monkeypatch, "html")


def test_an_absent_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_line, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="open needs the package jupyterlab"):
        run(monkeypatch, "open")
    monkeypatch.setitem(sys.modules, "nbclient", None)
    monkeypatch.delitem(sys.modules, "notebooks.build")
    with pytest.raises(ValueError, match="building notebooks needs the extra notebooks: pip"):
        importlib.import_module("notebooks.build")


def test_open_starts_jupyterlab_where_kernels_find_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    def start(command: list[str], **given: Any) -> subprocess.CompletedProcess[str]:
        started.update(given, command=command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(command_line, "find_spec", lambda name: name)
    monkeypatch.setattr("subprocess.run", start)
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path))  # who is trusted is kept there
    assert run(monkeypatch, "open", "1") == 0
    assert NotebookNotary().check_signature(committed(SOURCES[0]))
    assert started["command"][1:] == ["-m", "jupyterlab", "n01_slope.ipynb"]
    assert (started["cwd"] / "n01_slope.ipynb").exists()
    assert started["env"]["PYTHONPATH"].split(os.pathsep) == [str(PROJECT), "elsewhere"]
    assert Path(started["env"]["MATPLOTLIBRC"]).is_file()
