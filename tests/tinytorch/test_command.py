"""`python -m tinytorch`: the text that run_llama.py writes, names, the table; errors in a line."""

from __future__ import annotations

import io
import itertools
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import run_llama
from tests.helpers import assert_user_error, run_code
from tinytorch import __main__ as command_line
from tinytorch.names import IGNORED, Names, inputs_and_targets

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.txt"
    parts = itertools.product(("an", "be", "ma"), ("na", "li", "ro"), ("", "s", "n"))
    words = ["".join(part) for part in parts]
    path.write_text("\n".join(words) + "\n\n", encoding="utf-8")
    return path


def test_generate_writes_what_run_llama_writes(run_here: Run, folder: Path) -> None:
    """At temperature 0, from the same checkpoint, to the same file."""
    flags = ["--prompt", "a wonderful", "--max_new_tokens", "12", "--temperature", "0"]
    flags += ["--pretrained-model-path", "counting.pt", "--tokenizer", "tokenizer.model"]
    texts = []
    for main, start in ((run_llama.main, []), (command_line.main, ["generate"])):
        ran = run_here(main, *start, *flags, cwd=folder)
        assert ran.returncode == 0, ran.stderr
        texts.append((folder / "generated-sentence-temp-0.txt").read_text("utf-8"))
        (folder / "generated-sentence-temp-0.txt").unlink()
        assert texts[-1] in ran.stdout
        assert "12 tokens in" in ran.stdout
    assert texts[0] == texts[1]
    assert "TinyTorch (NumPy)" in ran.stdout


def test_generate_samples_by_seed_and_lists_logprobs(run_here: Run, folder: Path) -> None:
    flags = ["generate", "--prompt", "a wonderful", "--max_new_tokens", "5", "--top_k", "20",
             "--temperature", "0.9", "--logprobs", "--tokenizer", "tokenizer.model"]  # fmt: skip
    outputs = []
    for seed in ("1", "1", "2"):
        outputs.append(run_here(command_line.main, *flags, "--seed", seed, cwd=folder))
        assert outputs[-1].returncode == 0, outputs[-1].stderr
    texts = [re.split("---|Temp", ran.stdout)[1] for ran in outputs]
    assert texts[0] == texts[1] != texts[2]
    assert len(re.findall(r"^ +-\d+\.\d{4}  '", outputs[0].stdout, re.M)) == 5


def test_a_prompt_comes_from_standard_input_and_fits_the_context(
    run_here: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ["generate", "--max_new_tokens", "3", "--temperature", "0", "--prompt", "-"]
    flags += ["--pretrained-model-path", "counting.pt", "--tokenizer", "tokenizer.model"]
    for text, status in (("a wonderful\n", 0), ("wonderful movie " * 200, 2)):
        stream = io.TextIOWrapper(io.BytesIO(text.encode()))
        monkeypatch.setattr("sys.stdin", stream)
        ran = run_here(command_line.main, *flags, cwd=folder)
        assert ran.returncode == status, ran.stderr
        assert "\na wonderful" in ran.stdout if status == 0 else "shorten it" in ran.stderr


def test_train_learns_and_compare_prints_both_losses(
    run_here: Run, names: Path, tmp_path: Path
) -> None:
    flags = ["train", "--data", str(names), "--steps", "40", "--dim", "16", "--batch_size", "8"]
    ran = run_here(command_line.main, *flags, "--compare", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    rows = re.findall(r"^ *(\d+) +(\d\.\d+) +(\d\.\d+)$", ran.stdout, re.M)
    assert [int(step) for step, *_ in rows][-1] == 40
    assert all(abs(float(one) - float(other)) < 1e-4 for _, one, other in rows)
    assert float(rows[-1][1]) < float(rows[0][1]) - 0.3
    assert "times PyTorch's time" in ran.stdout
    assert "held out" in ran.stdout
    assert "new names" in ran.stdout


def test_names_become_rows_whose_padding_does_not_count(names: Path) -> None:
    table = Names(names)
    inputs, targets = inputs_and_targets(table.valid)
    for row, target in zip(inputs, targets, strict=True):
        name = table.decode(row[1:])
        assert name in table.known
        assert table.decode(target[: len(name)]) == name
        assert target[len(name)] == 0  # the end is learnt
        assert (target[len(name) + 1 :] == IGNORED).all()
    assert len(table.train) + len(table.valid) == len(table.known)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["train", "--data", "none.txt"], "give a file of one name a line"),
        (["train", "--data", "few.txt"], "2 names: must be at least 20"),
        (["train", "--data", "names.txt", "--steps", "0"], "steps=0: must be at least 1"),
        (["train", "--data", "names.txt", "--dim", "12"], "dim=12: must be a multiple of 8"),
        (["train", "--data", "names.txt", "--lr", "-1"], "lr=-1.0: must be a positive number"),
        (["generate", "--pretrained-model-path", "none.pt"], "none.pt: no such checkpoint"),
        (["generate", "--prompt", ""], "--prompt"),
        (["generate", "--top_k", "0"], "top_k=0: must be at least 1"),
        (["generate", "--temperature", "-1"], "temperature=-1.0"),
        (["paint"], "invalid choice"),
    ],
)
def test_a_mistake_is_one_line(
    run_here: Run, names: Path, tmp_path: Path, flags: list[str], words: str
) -> None:
    (tmp_path / "few.txt").write_text("ann\nbob\n")
    assert_user_error(run_here(command_line.main, *flags, cwd=tmp_path), words)


def test_operations_prints_the_page(run_here: Run, tmp_path: Path) -> None:
    ran = run_here(command_line.main, "operations", cwd=tmp_path)
    assert ran.stdout.startswith("# TinyTorch's operations")


def test_the_engine_needs_no_torch() -> None:
    """Nor anything else of the project but `support/logging.py`."""
    code = (
        "import sys, tinytorch, tinytorch.drawing, tinytorch.stand_in\n"
        "import pathlib\n"
        "here = str(pathlib.Path.cwd())\n"
        "ours = {n for n, m in sys.modules.items() if str(getattr(m, '__file__', '')).startswith("
        "here) and '.venv' not in m.__file__ and not n.startswith('tinytorch')}\n"
        "assert 'torch' not in sys.modules\n"
        "assert ours == {'support', 'support.logging'}, ours\n"
    )
    ran = run_code(code)
    assert ran.returncode == 0, ran.stderr
