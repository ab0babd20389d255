"""From a source, plain Python in jupytext's percent format, to an executed notebook.

The source is what is read, run, linted and compared; the notebook beside it is made from it, and
built twice it is the same to the byte: cells are numbered, nothing tells the time or a version, and
a picture is an SVG with neither date nor random names.
"""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

try:
    import jupytext
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    from nbformat import NotebookNode
    from nbformat.sign import NotebookNotary
except ImportError as error:
    raise ValueError(
        "building notebooks needs the extra notebooks: pip install jupytext nbclient nbconvert "
        "ipykernel jupyterlab matplotlib"
    ) from error

HERE = Path(__file__).parent
PROJECT = HERE.parent
PATIENCE = 300  # seconds for a cell
ANSWER = re.compile(r"<details>.*?```python\n(.*?)```.*?</details>", re.DOTALL)
LATEX = re.compile(r"\$[^$\n]+\$")
SVG = "image/svg+xml"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Of the kernel: pictures as SVG, without the version and the date of what drew them.
ARGUMENTS = [
    "--InlineBackend.figure_formats=svg",
    "--InlineBackend.print_figure_kwargs="
    "{'bbox_inches': 'tight', 'metadata': {'Creator': None, 'Date': None}}",
    "--log-level=ERROR",
]


def sources() -> list[Path]:
    """The notebooks' sources, in the order of the course."""
    return sorted(HERE.glob("n[0-9][0-9]_*.py"))


def built() -> dict[str, NotebookNode]:
    """The executed notebooks, by the names of their sources."""
    paths = [source.with_suffix(".ipynb") for source in sources()]
    return {path.stem: nbformat.read(path, as_version=4) for path in paths if path.exists()}


def find(name: str) -> Path:
    """The source of a name such as `n03_loss`, or of a number.

    Raises:
        ValueError: there is none.
    """
    known = {path.stem: path for path in sources()}
    known |= {str(int(stem[1:3])): path for stem, path in known.items()}
    if name not in known:
        named = ", ".join(path.stem for path in sources())
        raise ValueError(f"{name}: no notebook of that name or number; there are {named}")
    return known[name]


def read(source: Path) -> NotebookNode:
    """The notebook that a source spells, not yet executed.

    Raises:
        ValueError: a formula in LaTeX, which a page that needs no other file cannot show.
    """
    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.update(nbformat=4, nbformat_minor=5, metadata=nbformat.from_dict(METADATA))
    for number, cell in enumerate(notebook.cells, start=1):
        if cell.cell_type == "markdown" and (formula := LATEX.search(cell.source)):
            raise ValueError(f"{source.name}: {formula[0]}: write formulas as code or in Unicode")
        cell.id = f"cell-{number}"
        cell.metadata = NotebookNode()
    return notebook


def answers(notebook: NotebookNode) -> list[str]:
    """The code of the folded answers to a notebook's exercises."""
    texts = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return [code for text in texts for code in ANSWER.findall(text)]


def execute(notebook: NotebookNode, name: str) -> None:
    """Run all cells in a fresh kernel, in the project's folder, and keep what they put out.

    Raises:
        ValueError: a cell fails, warns or takes too long.
    """
    with tempfile.TemporaryDirectory() as settings:
        environment = {
            **os.environ,
            "PYTHONPATH": str(PROJECT),
            "MATPLOTLIBRC": str(HERE / "matplotlibrc"),
            "IPYTHONDIR": settings,  # not the user's own, which may run code at the start
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",  # more would add in another order
        }
        client = NotebookClient(
            notebook,
            timeout=PATIENCE,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            extra_arguments=ARGUMENTS,
            resources={"metadata": {"path": str(PROJECT)}},
        )
        at = 0

        def begins(cell: NotebookNode, cell_index: int) -> None:
            nonlocal at
            at = cell_index

        client.on_cell_start = begins
        try:
            client.execute(env=environment)
        except CellExecutionError as error:
            raise failure(notebook, name, at, f"{error.ename}: {error.evalue}") from error
        except CellTimeoutError as error:
            raise failure(notebook, name, at, f"takes more than {PATIENCE} seconds") from error
        except DeadKernelError as error:
            raise failure(notebook, name, at, "its process died") from error
    notebook.metadata = nbformat.from_dict(METADATA)  # the kernel tells its version
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            if output.get("name") == "stderr":  # a warning, with a path of this machine
                raise failure(notebook, name, number, f"warns: {output.text}")
            if SVG in output.get("data", {}):  # of which matplotlib writes a line for each point
                output.data[SVG] = re.sub(r"\s*\n\s*", " ", output.data[SVG])


def failure(notebook: NotebookNode, name: str, index: int, what: str) -> ValueError:
    """What went wrong in which cell, and how to see more."""
    first = notebook.cells[index].source.partition("\n")[0]
    return ValueError(
        f"{name}, cell {index + 1} ({first}): {what} "
        f"(python -m notebooks.{name} runs it as a script)"
    )


def trust() -> None:
    """Let JupyterLab show the pictures: it hides what comes from files that it does not know."""
    notary = NotebookNotary()
    for notebook in built().values():
        notary.sign(notebook)


def written(notebook: NotebookNode) -> str:
    """The text of an .ipynb file."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"
