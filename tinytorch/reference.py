"""The reference page of the table: what each operation computes, and how it answers."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tinytorch import operations
from tinytorch.operations import TABLE

HEAD = """# TinyTorch's operations

Printed by `.venv/bin/python -m tinytorch operations` from the table in `tinytorch/operations.py`,
where each row stands with its forward. `g` is the gradient of the result `y`; what is written under
an input is the gradient that it receives, before it is summed back to the input's shape where that
was broadcast. An operation marked _ has a form that writes into its first input (`x.add_(1)`).

| operation | what it gives | arguments | gradients |
|---|---|---|---|
"""


@cache
def formulas() -> dict[str, dict[str, str]]:
    """Each row's derivatives as they are written, by operation and input."""
    source = Path(operations.__file__).read_text(encoding="utf-8")
    found: dict[str, dict[str, str]] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "operation":
            name = ast.literal_eval(node.args[0])
            found[name] = {
                word.arg: ast.unparse(word.value.body)
                for word in node.keywords
                if word.arg is not None and isinstance(word.value, ast.Lambda)
            }
    return found


def reference_page() -> str:
    """The page, in Markdown."""
    rows = []
    for row in TABLE.values():
        arguments = ", ".join(f"`{name}`" for name in row.arguments)
        slopes = [f"`{part}`: `{text}`" for part, text in formulas()[row.name].items()]
        name = f"`{row.name}`" + " _" * row.in_place
        rows.append(f"| {name} | {row.sentence} | {arguments} | {'; '.join(slopes) or 'none'} |")
    return HEAD + "\n".join(row.replace("||", "\\|\\|") for row in rows) + "\n"
