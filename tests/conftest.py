"""Fixtures that several test files share."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sentencepiece
import torch

from assignment.grading import handout
from assignment.grading.grader import make_grader
from assignment.sandbox.tiers import Tier
from assignment.tasks import USUAL, load_course
from classifier import LlamaZeroShotClassifier
from support import errors
from tests.helpers import (
    CONFIG,
    LABELS,
    counting_llama,
    know_tier,
    leave_undrawn,
    random_llama,
    some_reviews,
)
from tokenizer import Tokenizer

# Started in the background, as `pytest &` in a script, a process ignores Ctrl-C, and so do its
# children; some tests send it to theirs. A handler of ours is put back to the default in them.
signal.signal(signal.SIGINT, signal.default_int_handler)

os.environ["COLUMNS"] = "250"  # so that no banner is cut into lines

if "PYTEST_XDIST_WORKER" in os.environ:  # there is a worker for each processor
    torch.set_num_threads(1)
    os.environ["OMP_NUM_THREADS"] = "1"  # of what the tests start

with contextlib.suppress(ImportError):  # an extra: how fast an example runs is the machine's affair
    import hypothesis

    hypothesis.settings.register_profile("any machine", deadline=None)
    hypothesis.settings.load_profile("any machine")

WORDS = ["wonderful", "terrible", "movie", "thriller", "wanted", "while", "hero", "playing"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: begun last, one would leave the other workers idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests go to one worker: they share what its fixtures have made."""
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with a random stories42M.pt and a tokenizer.model that fits it."""
    folder = tmp_path_factory.mktemp("work")
    (folder / "text.txt").write_text("\n".join(f"a {a} {b}" for a in WORDS for b in WORDS))
    sentencepiece.SentencePieceTrainer.train(
        input=str(folder / "text.txt"),
        model_prefix=str(folder / "tokenizer"),
        vocab_size=300,
        model_type="bpe",
        byte_fallback=True,
        character_coverage=1.0,
        minloglevel=2,
    )
    config = replace(CONFIG, vocab_size=300, max_seq_len=128)
    random_llama(config).save_pretrained(folder / "stories42M.pt")
    counting_llama(config).save_pretrained(folder / "counting.pt")
    return folder


@pytest.fixture(scope="module")
def work(folder: Path) -> Path:
    """The same, with reviews that name their label."""
    for split, count in (("train", 60), ("dev", 36), ("test", 24)):
        (folder / f"toy-{split}.txt").write_text(some_reviews(count, seed=count))
    (folder / "names.json").write_text(json.dumps(LABELS))
    return folder


@pytest.fixture(scope="module")
def zero_shot(work: Path) -> tuple[LlamaZeroShotClassifier, Tokenizer]:
    """The zero-shot classifier of that model, with its tokenizer."""
    tokenizer = Tokenizer(tokenizer_model=work / "tokenizer.model")
    config = SimpleNamespace(num_labels=3, pretrained_model_path=work / "stories42M.pt")
    return LlamaZeroShotClassifier(config, tokenizer, LABELS), tokenizer


@pytest.fixture(scope="session")
def handed_out(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The handouts of the courses, to be read and copied; nothing is written into them."""

    @functools.cache
    def tree(name: str) -> Path:
        path = tmp_path_factory.mktemp("handout") / name
        handout.build(path, load_course(name))
        return path

    return tree


@pytest.fixture(scope="session")
def learners_tree(handed_out: Callable[[str], Path]) -> Path:
    """The handout of the usual course."""
    return handed_out(USUAL)


@pytest.fixture(scope="session")
def tier() -> Tier:
    """The best sandbox of this machine, found by trying them."""
    return make_grader(b"").tier


@pytest.fixture
def known_tier(tier: Tier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Graders of this process need not try the sandboxes again, some seconds each time."""
    know_tier(monkeypatch, tier)


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of this process leave no picture in their curves.png."""
    leave_undrawn(monkeypatch)


@pytest.fixture
def run_here(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script's `main` in this process: as `run_script`, without two seconds of imports."""

    def run(
        main: Callable[[], int | None], *arguments: str, cwd: Path
    ) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        monkeypatch.setattr("sys.argv", [f"{main.__module__}.py", *arguments])
        with pytest.raises(SystemExit) as stopped:
            errors.run(main)
        output = capfd.readouterr()
        status = stopped.value.code
        assert isinstance(status, int)
        return subprocess.CompletedProcess(list(arguments), status, output.out, output.err)

    return run
