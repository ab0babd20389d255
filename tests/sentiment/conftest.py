"""Finetuned classifiers that tests use."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import run_llama
from tests.helpers import leave_undrawn, review_flags


@pytest.fixture(scope="module")
def trained(work: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a whole model's run and, newer, a frozen one's."""
    folder = tmp_path_factory.mktemp("trained")
    for name in ("stories42M.pt", "tokenizer.model"):
        shutil.copy(work / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        leave_undrawn(patch)
        for kind in ("--no-freeze", "--freeze"):
            options = [
                *review_flags(work),
                "--epochs",
                "6",
                "--lr",
                "3e-3",
                kind,
                "--no-tensorboard",
            ]
            patch.setattr("sys.argv", ["run_llama.py", "--option", "finetune", *options])
            run_llama.main()
    return folder
