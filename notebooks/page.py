"""Executed notebooks as HTML: each a file that needs no other, and an index of them."""

from __future__ import annotations

import html
import re
from string import Template

from nbconvert import HTMLExporter
from nbformat import NotebookNode
from pygments.formatters import HtmlFormatter

from notebooks.build import HERE, built

INDEX = "index.html"


def pages() -> dict[str, str]:
    """The text of every page, by the name of its file.

    Raises:
        ValueError: nothing has been built.
    """
    read = built()
    if not read:
        raise ValueError(f"{HERE}: no notebook is built; python -m notebooks run")
    titles = {name: title(notebook) for name, notebook in read.items()}
    names, found = list(titles), {}
    for i, (name, notebook) in enumerate(read.items()):
        links = link(names[i - 1], "before: ", titles) if i else "<span></span>"
        links += f'<a href="{INDEX}">all</a>'
        links += link(names[i + 1], "next: ", titles) if i + 1 < len(names) else "<span></span>"
        found[f"{name}.html"] = page(titles[name], body(notebook), links)
    rows = "".join(f"<li>{link(name, '', titles)}</li>" for name in names)
    found[INDEX] = page(
        "The course in notebooks", f"<h1>The course in notebooks</h1><ol>{rows}</ol>"
    )
    return found


def title(notebook: NotebookNode) -> str:
    """What stands in a notebook's first line, its heading."""
    return notebook.cells[0].source.partition("\n")[0].removeprefix("# ")


def body(notebook: NotebookNode) -> str:
    """A notebook's cells as HTML; what leads to another notebook leads to its page."""
    exporter = HTMLExporter(template_name="basic", anchor_link_text="")
    text, _ = exporter.from_notebook_node(notebook)
    text = re.sub(r'href="(n\d\d_\w+)\.ipynb"', r'href="\1.html"', text)
    return re.sub(r'alt="No description [^"]*"', 'alt="what the code above draws"', text)


def link(name: str, before: str, titles: dict[str, str]) -> str:
    return f'<a href="{name}.html">{before}{html.escape(titles[name])}</a>'


def page(heading: str, content: str, links: str = "") -> str:
    frame = Template((HERE / "page.html").read_text(encoding="utf-8"))
    colours = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return frame.substitute(title=html.escape(heading), body=content, links=links, colours=colours)
