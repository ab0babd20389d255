"""The notebooks: `python -m notebooks {run,html,open}`.

run: execute the sources and write an .ipynb beside each
html: make pages of them for any browser, with an index
open: read and change them in JupyterLab
"""

from __future__ import annotations

import support.early  # noqa: F401

# isort: split

import argparse
import os
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from tqdm import tqdm

from support import errors
from support.files import require_folder, write_text
from support.words import size_in_words, time_in_words


def run(args: argparse.Namespace) -> None:
    """Execute the sources that are named, or all; a notebook is written when it ran to its end."""
    from notebooks import build

    chosen = [build.find(name) for name in args.names] or build.sources()
    bar = tqdm(chosen, leave=False, disable=None)
    for source in bar:
        bar.set_description(source.stem)
        start = time.perf_counter()
        notebook = build.read(source)
        build.execute(notebook, source.stem)
        text = build.written(notebook)
        write_text(source.with_suffix(".ipynb"), text)
        seconds = time_in_words(time.perf_counter() - start)
        with bar.external_write_mode():
            print(f"{source.stem:<24}{seconds:>8}{size_in_words(len(text.encode())):>10}")


def html(args: argparse.Namespace) -> None:
    """Write a page for each notebook, and one that lists them."""
    require_folder(args.out, f"--out {args.out}")
    from notebooks.page import INDEX, pages

    for name, text in pages().items():
        write_text(args.out / name, text)
    print(f"wrote {args.out / INDEX}")


def open_(args: argparse.Namespace) -> int:
    """Start JupyterLab, whose kernels find the project's modules and draw as the pages do."""
    if find_spec("jupyterlab") is None:
        raise ValueError(
            "open needs the package jupyterlab (extra notebooks): pip install jupyterlab"
        )
    from notebooks import build

    found = os.environ.get("PYTHONPATH", "")
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(build.PROJECT), *filter(None, [found])]),
        "MATPLOTLIBRC": str(build.HERE / "matplotlibrc"),
    }
    build.trust()
    command = [sys.executable, "-m", "jupyterlab"]
    if args.name:
        command.append(build.find(args.name).with_suffix(".ipynb").name)
    return subprocess.run(command, cwd=build.HERE, env=environment, check=False).returncode


def get_args() -> argparse.Namespace:
    parser = errors.ArgumentParser(
        prog="python -m notebooks", description="The course as pages of text, code and pictures."
    )
    modes = parser.add_subparsers(dest="mode", required=True, metavar="{run,html,open}")
    build = modes.add_parser("run", help="execute the sources and write an .ipynb beside each")
    named = "such as n03_loss, or its number"
    build.add_argument("names", nargs="*", metavar="NAME", help=f"{named} (default: all)")
    pages = modes.add_parser("html", help="make pages for any browser, with an index")
    pages.add_argument(
        "--out",
        type=Path,
        default=Path("out/notebooks"),
        metavar="DIR",
        help="where they go (default: out/notebooks)",
    )
    lab = modes.add_parser("open", help="read and change them in JupyterLab")
    lab.add_argument("name", nargs="?", metavar="NAME", help=f"{named} (default: the folder)")
    return parser.parse_args()


def main() -> int | None:
    args = get_args()
    return {"run": run, "html": html, "open": open_}[args.mode](args)


if __name__ == "__main__":
    errors.run(main)
