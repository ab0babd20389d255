"""From a solution to what a learner starts with: whole functions emptied, nothing else changed.

The syntax tree says where a body begins, the tokens where it ends: a comment after the last
statement belongs to it too, and no node of the tree covers that. What only the solution uses,
helpers (listed in the course's file) and imports, goes as well.
"""

from __future__ import annotations

import ast
import io
import threading
import tokenize
from collections.abc import Collection, Sequence

from assignment.tasks import Task, split_symbol

Function = ast.FunctionDef | ast.AsyncFunctionDef
ONE_AT_A_TIME = threading.Lock()  # Python 3.11 counts a tree's depth in one place for all threads


def make_stub(source: str, tasks: Sequence[Task]) -> str:
    """The source of a file with the functions of these tasks emptied.

    Raises:
        ValueError: a task's function is not in the source, or has no docstring to follow.
    """
    for task in tasks:
        function = find(source, task.qualified_name)
        if function is None:
            raise ValueError(f"{task.file}: has no {task.qualified_name}, which {task.name} is")
        source = empty(source, function, task.name)
    written = {task.symbol for task in tasks}  # a helper in one course may be a task in another
    for name in (name for task in tasks for name in task.drops if name not in written):
        helper = find(source, split_symbol(name)[1])
        if helper is None:
            raise ValueError(f"{tasks[0].home}.toml: drops {name}, which does not exist")
        source = cut(source, first_line(helper), last_line(source, helper))
    return drop_unused_imports(source)


def parse(source: str) -> ast.Module:
    """`ast.parse`, which may otherwise raise a SystemError while another thread parses."""
    with ONE_AT_A_TIME:
        return ast.parse(source)


def find(source: str, qualified_name: str) -> Function | None:
    """A function of a module, or a method of a class, by name; the last of several counts."""
    body: Sequence[ast.stmt] = parse(source).body
    *classes, name = qualified_name.split(".")
    for wanted in classes:
        found = [node for node in body if isinstance(node, ast.ClassDef) and node.name == wanted]
        body = found[-1].body if found else []
    functions = [node for node in body if isinstance(node, Function) and node.name == name]
    return functions[-1] if functions else None


def signature(source: str, qualified_name: str) -> str | None:
    """Decorators, arguments and return type of a function, in one spelling."""
    function = find(source, qualified_name)
    if function is None:
        return None
    decorators = [ast.unparse(node) for node in function.decorator_list]
    returns = "" if function.returns is None else ast.unparse(function.returns)
    return f"{decorators}({ast.unparse(function.args)}) -> {returns}"


def empty(source: str, function: Function, task: str) -> str:
    """Keep decorators, signature and docstring; the body becomes one `raise`."""
    docstring = function.body[0]
    if not (isinstance(docstring, ast.Expr) and isinstance(docstring.value, ast.Constant)):
        raise ValueError(f"{function.name}: has no docstring, which is a learner's recipe")
    assert docstring.end_lineno is not None
    lines = source.splitlines(keepends=True)
    end = last_line(source, function)
    kept = lines[: docstring.end_lineno]
    kept[-1] = kept[-1].encode()[: docstring.end_col_offset].decode() + "\n"  # no `"""; return x`
    stub = " " * docstring.col_offset + f'raise NotImplementedError("{task}")\n'
    return "".join([*kept, stub, *lines[end:]])


def first_line(function: Function) -> int:
    """The line of its first decorator, or of `def`; from 1."""
    return min([function.lineno, *(node.lineno for node in function.decorator_list)])


def last_line(source: str, function: Function) -> int:
    """The last line that is indented as its body is, comments included; from 1."""
    assert function.end_lineno is not None
    last = function.end_lineno
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.start[0] <= function.end_lineno:
            continue
        if token.type == tokenize.COMMENT and token.start[1] > function.col_offset:
            last = token.end[0]
        elif token.type not in (tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT):
            break
    return last


def cut(source: str, first: int, last: int) -> str:
    """Without these lines (from 1) and the empty ones after them."""
    lines = source.splitlines(keepends=True)
    while last < len(lines) and not lines[last].strip():
        last += 1
    return "".join(lines[: first - 1] + lines[last:])


def drop_unused_imports(source: str) -> str:
    """Without the imports at the top that nothing uses any more."""
    tree = parse(source)
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    statements = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in reversed(statements):
        if isinstance(node, ast.ImportFrom) and node.module == "__future__":
            continue
        names = [name for name in node.names if bound_name(name) in used]
        if len(names) < len(node.names):
            assert node.end_lineno is not None
            lines = source.splitlines(keepends=True)
            kept = [import_statement(node, names)] if names else []
            before, after = lines[: node.lineno - 1], lines[node.end_lineno :]
            if not kept and before[-1:] == after[:1] == ["\n"]:
                after = after[1:]  # of a group that is gone one empty line stays
            source = "".join([*before, *kept, *after])
    return join_blank_lines(source)


def bound_name(name: ast.alias) -> str:
    """What an import makes known: `a` of `import a.b`, `c` of `import a as c`."""
    return name.asname or name.name.partition(".")[0]


def import_statement(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> str:
    """An import of some of its names, wrapped as the formatter does."""
    copy = (
        ast.Import(names)
        if isinstance(node, ast.Import)
        else ast.ImportFrom(node.module, names, node.level)
    )
    line = ast.unparse(copy)
    if len(line) > 100 and isinstance(node, ast.ImportFrom):
        inside = "".join(f"    {ast.unparse(name)},\n" for name in names)
        line = f"from {'.' * node.level}{node.module or ''} import (\n{inside})"
    return line + "\n"


def join_blank_lines(source: str) -> str:
    """At most two empty lines in a row."""
    lines: list[str] = []
    for line in source.splitlines(keepends=True):
        if line.strip() or lines[-2:] != ["\n", "\n"]:
            lines.append(line)
    return "".join(lines)


def calls(source: str, qualified_name: str, flagged: Collection[str]) -> list[str]:
    """Which of the flagged library functions a function mentions, directly or by an import."""
    function = find(source, qualified_name)
    if function is None:
        return []
    names = {}
    for node in ast.walk(parse(source)):
        if isinstance(node, ast.Import):
            for name in node.names:
                names[bound_name(name)] = name.name if name.asname else bound_name(name)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                names[bound_name(name)] = f"{node.module}.{name.name}"
    found = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute | ast.Name):
            head, _, rest = ast.unparse(node).partition(".")
            full = ".".join(x for x in (names.get(head, head), rest) if x)
            found |= {name for name in flagged if full == name}
    return sorted(found)
