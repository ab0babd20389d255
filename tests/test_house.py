"""The house: which way imports point, what stays small, and that the documents tell the truth."""

from __future__ import annotations

import ast
import io
import re
import runpy
import subprocess
import warnings
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

import rope_test
from assignment.specimens import mistakes
from assignment.specimens.mutation import applied
from tests.helpers import PROJECT, run_code

# Each module or room, and the project's own that it may import; see the house in README.md.
ALLOWED = {
    "support": set(),
    "config": {"support"},
    "rope": {"config"},
    "sampling": set(),
    "optimizer": set(),
    "data": set(),
    "checkpoints": {"config", "rope", "support"},  # rope: to know a scaling by its numbers
    "cache": {"config", "support"},
    "base_llama": {"checkpoints", "config", "support"},
    "generation": {"cache", "config", "sampling"},
    "llama": {"base_llama", "cache", "checkpoints", "config", "generation", "rope"},
    "inference": {"cache", "config", "generation", "rope", "support"},
    "tokenizer": {"checkpoints", "support"},
    "classifier": {"cache", "llama", "tokenizer"},
    "engine": {"base_llama", "checkpoints", "inference", "llama", "support"},
    "loading": {"checkpoints", "data", "engine", "llama", "sampling", "support", "tokenizer"},
    "chat": {"cache", "loading", "sampling", "support", "tokenizer"},
    "training": {"optimizer", "support"},
    "sentiment": {
        *("cache", "checkpoints", "classifier", "config", "data", "llama", "support"),
        *("tokenizer", "training"),
    },
    "pretraining": {
        *("checkpoints", "config", "data", "llama", "loading", "optimizer", "perplexity"),
        *("support", "tokenizer", "training"),
    },
    "vision": {"data", "support", "training"},
    "perplexity": {"generation"},
    "setup": {"checkpoints", "data", "support"},
    "flags": {
        *("chat", "classifier", "engine", "loading", "perplexity", "sentiment", "support"),
        "training",
    },
    "run_llama": {
        *("chat", "engine", "flags", "loading", "perplexity", "sampling", "sentiment", "support"),
        *("tokenizer", "training"),
    },
    "assignment": {
        *("base_llama", "cache", "classifier", "config", "data", "flags", "generation", "llama"),
        *("loading", "optimizer", "pretraining", "rope", "run_llama", "sampling", "sentiment"),
        *("support", "tokenizer", "training", "vision"),
    },
    # The engine itself imports support/logging.py alone, as a test of its own says; its command
    # line reads a checkpoint, and the taught files are imported on either engine.
    "tinytorch": {
        *("checkpoints", "data", "flags", "llama", "loading", "optimizer", "run_llama"),
        *("support", "tokenizer"),
    },
    "benchmarks": {
        *("classifier", "checkpoints", "config", "data", "flags", "inference", "llama", "loading"),
        *("optimizer", "pretraining", "sentiment", "support", "tinytorch", "tokenizer", "training"),
    },
    "examples": {"assignment", "loading", "rope"},
    "notebooks": {
        *("cache", "config", "data", "llama", "loading", "optimizer", "pretraining", "rope"),
        *("sampling", "support", "tinytorch"),
    },
    "rope_test": {"assignment", "rope", "support"},
    "optimizer_test": {"assignment", "optimizer", "support"},
    "sanity_check": {"assignment", "llama", "support"},
}


OTHERS = ("uv ", "tensorboard ", ".venv/bin/ruff ")  # commands of other people's programs
DOCUMENTS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
DOCUMENTS += sorted(f"docs/{path.name}" for path in (PROJECT / "docs").glob("*.md"))


def room(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return parts[0]


def tracked(pattern: str) -> list[Path]:
    """The project's own files, whether or not it is a git checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", pattern],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    paths = [PROJECT / name for name in listed if (PROJECT / name).exists()]
    return paths or [p for p in PROJECT.rglob(pattern) if ".venv" not in p.parts]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_imports_point_one_way() -> None:
    own, used = set(ALLOWED) | {"tests"}, {name: set[str]() for name in ALLOWED}
    for path in tracked("*.py"):
        name = room(path)
        if name == "tests" or {"mistakes", "variants", "attacks"} & set(path.parts):
            continue
        assert name in ALLOWED, f"{path}: give its room a line in ALLOWED"
        # `import gguf` inside checkpoints/gguf.py and the like are other people's packages
        others = (imports(path) & own) - {name}
        outside = others - ALLOWED[name]
        assert not outside, f"{path.relative_to(PROJECT)} imports {outside}"
        used[name] |= others
    unused = {name: ALLOWED[name] - used[name] for name in ALLOWED if ALLOWED[name] - used[name]}
    assert not unused, f"ALLOWED permits what nobody imports: {unused}"


def test_the_exhibit_stays_readable() -> None:
    text = (PROJECT / "llama.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) < 350
    for forbidden in ("print(", "open(", "torch.load", "input("):
        assert forbidden not in text


def test_the_core_needs_no_extra() -> None:
    """Importing what a learner uses loads none of the optional packages."""
    code = (
        "import sys, llama, classifier, run_llama, sanity_check, rope_test\n"
        "extras = {'matplotlib', 'tensorboard', 'gguf', 'tokenizers', 'transformers'}\n"
        "extras |= {'jinja2', 'regex', 'tyro'}\n"
        "sys.exit(f'{extras & sys.modules.keys()}' if extras & sys.modules.keys() else 0)"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


def test_a_learners_commands_load_nothing_of_a_teachers() -> None:
    """No HTML builder, PNG writer or class page for a `check`."""
    code = (
        "import sys, assignment.learner, assignment.submit\n"
        "teachers = ('assignment.grading', 'assignment.specimens')\n"
        "found = [name for name in sys.modules if name.startswith(teachers)]\n"
        "sys.exit(f'{found}' if found else 0)"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


def test_who_judges_runs_nothing_of_a_learners() -> None:
    """The judge's process has neither torch nor a file that a submission can bring."""
    code = (
        "import sys, assignment.grading.grade, assignment.learner\n"
        "from assignment.tasks import course_names, load_course, module_of\n"
        "taught = [file for name in course_names() for file in load_course(name).files]\n"
        "found = {'torch', *map(module_of, taught)} & sys.modules.keys()\n"
        "sys.exit(f'{found}' if found else 0)"
    )
    result = run_code(code)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_name_files_that_exist(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    made = {"stories42M.pt", "tokenizer.model", "sanity_check.data", "tokenizer.bin"}
    made |= {"config.json", "metrics.json", "dev-output.txt", "test-output.txt"}  # by a run
    made |= {"class.csv", "results.json"}  # by a grader
    made |= {"tokenizer.json", "params.json", "tokenizer_config.json"}  # by other programs
    for block in re.findall(r"```bash\n(.*?)```", text, flags=re.DOTALL):
        for path in re.findall(r"(?<!\S)[\w./]+/\w+\.py(?!\S)", block):
            assert (PROJECT / path).exists(), f"{name}: {path}"
    names = {path.name for path in tracked("*")}
    for mention in re.findall(r"`([\w./-]+\.(?:py|sh|toml|md|json|npz|txt))`", text):
        file = mention.split("/")[-1]
        if file in made or file.startswith("generated-sentence") or "X." in mention:
            continue
        assert (PROJECT / mention).exists() or file in names, f"{name}: {mention}"


def test_the_readme_has_the_two_commands() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    assert "bash setup.sh && .venv/bin/python run_llama.py --option generate\n" in text
    assert "bash setup.sh && .venv/bin/python -m pytest -n auto\n" in text


def test_the_readmes_failure_is_a_real_one() -> None:
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    backwards = next(one for one in mistakes("rope") if one.name == "backwards")
    with applied(backwards), pytest.raises(AssertionError) as caught:
        rope_test.test_reference()
    assert f"WRONG        {caught.value}\n" in text


@pytest.mark.slow
@pytest.mark.parametrize("name", ["README.md", "docs/formats.md", "docs/tinytorch.md"])
def test_the_documents_python_examples_run(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    examples = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert examples
    if not (PROJECT / "data" / "SmolLM2-135M-Instruct.pt").exists():
        pytest.skip("the examples load the stand-in: bash setup.sh prepares it")
    for example in examples:
        result = run_code(example)
        assert result.returncode == 0, example + result.stderr


@cache
def help_texts() -> str:
    """What all commands say to --help; here, since each process would import torch anew."""
    kit = ("handout", "check", "watch", "submit", "grade", "gradescope", "selftest")
    commands = [["run_llama"], ["setup"], ["tokenizer"], ["benchmarks"]]
    commands += [["assignment", name] for name in kit]
    commands += [["checkpoints", name] for name in ("show", "convert")]
    commands += [
        ["pretraining", name] for name in ("train", "evaluate", "sample", "encode", "tokenizer")
    ]
    commands += [["vision", name] for name in ("train", "evaluate", "show", "compare")]
    commands += [["tinytorch", name] for name in ("generate", "train", "operations")]
    commands += [["notebooks", name] for name in ("run", "html", "open")]
    texts = io.StringIO()
    warnings.filterwarnings("ignore", "'\\w+.__main__' found", RuntimeWarning)
    for module, *arguments in commands:
        argv = [module, *arguments, "--help"]
        with redirect_stdout(texts), mock.patch("sys.argv", argv), pytest.raises(SystemExit):
            runpy.run_module(module, run_name="__main__", alter_sys=True)
    return texts.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_flags_exist(name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    for block in re.findall(r"```(?:bash|sh)\n(.*?)```", text, flags=re.DOTALL):
        ours = "\n".join(line for line in block.splitlines() if not line.startswith(OTHERS))
        for flag in re.findall(r"(?<!\S)--[\w-]+", ours):
            assert flag in help_texts(), flag
