"""The benchmarks run, on a model of a few thousand weights: the path, and never a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from benchmarks import __main__ as command_line
from benchmarks import (
    decode,
    finetune,
    load,
    optimizer,
    pretraining,
    prompt,
    report,
    setting,
    tinytorch,
)
from benchmarks.engines import plain_c
from benchmarks.hugging_face import hugging_face_folder, load_theirs
from benchmarks.machine import Limits
from benchmarks.measure import Contender, Measured, Run, Work, measure
from benchmarks.setting import Setting
from data import LABEL_NAMES
from llama import load_pretrained
from support.processor import compile_fault
from tests.helpers import (
    CONFIG,
    PROJECT,
    assert_user_error,
    counting_llama,
    random_tokens,
)

LIMITS = Limits(10.0, 10.0, 100.0, 1.0)


@pytest.fixture(scope="module")
def tiny(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Setting:
    """A random model with its tokenizer, some reviews, and where the figures go."""
    place = tmp_path_factory.mktemp("bench")
    # Its greedy text is the same in every engine's rounding.
    config = replace(CONFIG, vocab_size=300, max_seq_len=384)
    counting_llama(config).save_pretrained(place / "tiny.pt")
    (place / "tiny.tokenizer.model").write_bytes((folder / "tokenizer.model").read_bytes())
    text = "".join(f"Chapter {i} of the book, verse {i % 7}.\n" for i in range(9000))
    (place / "text.txt").write_text(text, encoding="utf-8")
    lines = [f"{i % 5} ||| a {'wonderful ' * (i % 3)}movie" for i in range(24)]
    (place / "tiny-dev.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Setting(
        place / "tiny.pt",
        place / "tiny-dev.txt",
        LABEL_NAMES["sst"],
        place / "out",
        quick=True,
        fast_bfloat16=False,
    )


def run_once(contender: Contender) -> Run:
    """As a contender's process does it, in this one."""
    run = contender.make(**contender.options)
    run(True)
    return run(False)


@pytest.mark.slow
@pytest.mark.parametrize("subject", [decode, prompt, finetune, optimizer, pretraining])
def test_every_contender_does_its_work(
    subject: Any, tiny: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pretraining, "BIBLE", tiny.checkpoint.with_name("text.txt"))
    left_out: list[str] = []
    for work in subject.works(tiny, left_out):
        runs = {c.name: run_once(c) for c in work.contenders}
        assert any(name.startswith("ours") for name in runs)
        for name, run in runs.items():
            assert run.seconds > 0, name
            assert run.units > 0, name
            assert run.bytes or run.flops, name
    assert all(": " in line for line in left_out)


@pytest.mark.slow
def test_the_readable_engine_does_the_same(tiny: Setting) -> None:
    for work in tinytorch.works(tiny, []):
        results = {c.name: run_once(c).result for c in work.contenders}
        assert len(results) > 1
        assert len(set(results.values())) == 1, (work.name, results)


@pytest.mark.slow
def test_loading(tiny: Setting) -> None:
    files, commands = load.works(tiny, [])
    results = {c.name: run_once(c).result for c in files.contenders}
    assert len(set(results.values())) == 1
    ours, *_ = commands.contenders
    assert ours.make(**ours.options)(False).seconds > 0


def test_a_command_that_prints_nothing_is_an_error() -> None:
    run = load.command([sys.executable, "-c", "raise SystemExit('no model')"], "prompt")
    with pytest.raises(RuntimeError, match="no model"):
        run(False)


@pytest.mark.slow
def test_who_reads_the_same_weights_writes_the_same_tokens(tiny: Setting) -> None:
    *works, long = decode.works(replace(tiny, quick=False), [])
    assert [work.name for work in (*works, long)] == [
        "batch 1",
        "batch 16",
        "batch 64",
        "long text",
    ]
    for work in works:
        exact = [
            c
            for c in work.contenders
            if c.name.endswith("float32") and c.name != "plain C, float32"
        ]
        results = {c.name: run_once(c).result for c in exact}
        shortest = min(map(len, results.values()))
        assert shortest >= 10
        assert len({result[:shortest] for result in results.values()}) == 1, results


@torch.no_grad()
def test_transformers_gets_our_weights(tiny: Setting) -> None:
    pytest.importorskip("transformers")
    tokens = random_tokens(2, 40, vocab_size=300)
    theirs = load_theirs(hugging_face_folder(tiny))(tokens).logits
    ours, _ = load_pretrained(tiny.checkpoint)(tokens, targets=tokens)
    torch.testing.assert_close(ours, theirs, atol=1e-3, rtol=1e-3)


@pytest.mark.slow
def test_the_steps_of_all_optimizers_are_equal(tiny: Setting) -> None:
    (work,) = optimizer.works(tiny, [])
    results = [torch.tensor(run_once(c).result) for c in work.contenders]
    assert len(results) >= 4
    for result in results[1:]:  # thousandths, rounded
        assert (result - results[0]).abs().max() <= 1


def test_batches_of_like_length_stand_for_an_epoch() -> None:
    ids = [[0] * (1 + i % 37) for i in range(370)]
    low, high = ([len(ids[row]) for row in rows] for rows in finetune.quartile_batches(ids, 20, 2))
    assert max(low) - min(low) <= 2
    assert max(high) - min(high) <= 2
    mean = sum(map(len, ids)) / len(ids)
    assert abs((sum(low) + sum(high)) / 40 - mean) < 1


def test_half_precision_is_left_out_where_it_is_slow(tiny: Setting) -> None:
    pytest.importorskip("transformers")
    for fast in (False, True):
        left_out: list[str] = []
        (work,) = prompt.works(replace(tiny, fast_bfloat16=fast), left_out)
        assert (work.named("transformers, bfloat16") is not None) == fast
        assert any("bfloat16" in line for line in left_out) != fast


def test_missing_peers_are_named_with_what_brings_them(
    tiny: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setting, "find_spec", lambda name: None)
    monkeypatch.setattr("shutil.which", lambda name: None)
    compile_fault.cache_clear()
    gguf = tiny.checkpoint.with_suffix(".Q4_1.gguf")
    gguf.touch()
    try:
        left_out: list[str] = []
        decode.works(replace(tiny, quick=False), left_out)
        for work in (prompt, finetune, optimizer, load):
            work.works(tiny, left_out)
    finally:
        gguf.unlink()
        compile_fault.cache_clear()
    text = "\n".join(left_out)
    for part in ("extra bench", "llama-cpp-python", "install g++", "install gcc"):
        assert part in text
    assert all(line.count("\n") == 0 for line in left_out)


def count(start: int) -> Callable[[bool], Run]:
    """A contender for the tests below: units that tell which process ran, and how often."""
    calls = iter(range(start, start + 100))
    return lambda warm_up: Run(0.5, next(calls))


def refuse() -> Callable[[bool], Run]:
    raise ValueError("no such\nweights")


def die() -> Callable[[bool], Run]:
    def run(warm_up: bool) -> Run:
        if not warm_up:
            os.kill(os.getpid(), signal.SIGKILL)
        return Run(1, 1)

    return run


def measured_in_turn(*contenders: Contender, keep: bool) -> tuple[list[Measured], list[str]]:
    work = Work("work", "about", "units", "ours", contenders, keep=keep)
    measured, told = [Measured(contender) for contender in contenders], list[str]()
    measure(work, measured, rounds=2, threads=1, tell=told.append)
    return measured, told


OURS, DIES = Contender("ours", count, {"start": 10}), Contender("dies", die)


@pytest.mark.slow
def test_turns_and_failures() -> None:
    rest = Contender("refuses", refuse), DIES, Contender("peer", count, {"start": 50})
    (ours, refuses, dies, peer), told = measured_in_turn(OURS, *rest, keep=True)
    # The warm-up took the first; a process that is kept counts on.
    assert [run.units for run in ours.runs.values()] == [11, 12]
    assert [run.units for run in peer.runs.values()] == [51, 52]
    assert ours.peak_bytes > 10e6
    assert not refuses.runs
    assert not dies.runs
    assert told[0] == "work: refuses is left out: ValueError: no such weights"
    assert told[1].startswith("work: dies is left out: its process ended with signal 9")
    assert len(told) == 2


@pytest.mark.slow
def test_a_process_that_is_not_kept_begins_again() -> None:
    (dies, ours), told = measured_in_turn(DIES, OURS, keep=False)
    assert [run.units for run in ours.runs.values()] == [11, 11]
    assert not dies.runs
    assert len(told) == 1


def measured_example() -> tuple[Work, list[Measured]]:
    ours, peer = Contender("ours", count), Contender("peer", count, note="rather old")
    work = Work("work", "what is done", "tokens", "peer", (ours, peer))
    return work, [
        Measured(ours, {n: Run(2.0, u, 4e9, 6e9, (1, 2, 3)) for n, u in enumerate((8, 20, 30))}),
        Measured(
            peer, {n: Run(2.0, u, 0, 0, (1, 2, 4), {"ms": 7.0}) for n, u in enumerate((4, 4, 10))}
        ),
    ]


def test_medians_and_ratios_within_a_round() -> None:
    ours, peer = report.summarise(*measured_example())["contenders"]
    assert ours["rates"] == [4, 10, 15]
    assert ours["rate"] == 10
    assert ours["ratio"] == {"median": 3, "min": 2, "max": 5}  # 2, 5, 3 and not 10 / 2
    assert (ours["gb_per_s"], ours["gflop_per_s"]) == (2, 3)
    assert peer["ratio"] == {"median": 1, "min": 1, "max": 1}
    assert (ours["alike"], peer["alike"]) == (None, "2/3")
    assert peer["figures"] == {"ms": 7}


def test_the_table() -> None:
    text = report.table(report.summarise(*measured_example()))
    assert "3.00 (2.00-5.00)" in text
    assert "peer: ms 7; rather old" in text
    slow = replace(measured_example()[0], as_time=True)
    assert "ms/token " in report.table(report.summarise(slow, measured_example()[1]))


def interrupted(work: Work, measured: list[Measured], *rest: Any) -> None:
    """One contender's run came in, then Ctrl-C."""
    measured[0].runs[0] = Run(2.0, 7)
    raise KeyboardInterrupt


def test_ctrl_c_keeps_what_was_measured(
    tiny: Setting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_here: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    monkeypatch.setattr(command_line, "measure", interrupted)
    monkeypatch.setattr(command_line, "limits_of_the_machine", lambda threads: LIMITS)
    arguments = ["optimizer", "--pretrained-model-path", str(tiny.checkpoint), "--out", "figures"]
    result = run_here(command_line.main, *arguments, cwd=tmp_path)
    assert result.returncode == 130
    contents = json.loads((tmp_path / "figures" / "optimizer.json").read_text(encoding="utf-8"))
    ((only,),) = [work["contenders"] for work in contents["works"]]
    assert (only["name"], only["rates"]) == ("ours, taught", [3.5])
    assert "ours, taught" in result.stdout


def test_without_matplotlib(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    work, measured = measured_example()
    contents = {"works": [report.summarise(work, measured)]}
    assert not report.draw(tmp_path / "picture.png", contents)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["decode", "--rounds", "0"], ["--rounds 0", "at least 1"]),
        (["decode", "--threads", "-1"], ["threads=-1", "must be from 1"]),
        (["sing"], ["sing", "decode"]),
        (["decode", "--slow"], ["--slow", "--help"]),
        (["load", "--pretrained-model-path", "no.pt"], ["no.pt"]),
        (["prompt", "--data", "no.txt"], ["no.txt"]),
        (["optimizer", "--only", "nobody"], ["--only nobody", "torch, fused"]),
        (["decode", "--out", "file"], ["file"]),
    ],
)
def test_bad_input_is_one_line(
    tiny: Setting,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    run_here: Callable[..., subprocess.CompletedProcess[str]],
    arguments: list[str],
    parts: list[str],
) -> None:
    monkeypatch.setattr(command_line, "limits_of_the_machine", lambda threads: LIMITS)
    (tmp_path / "file").touch()
    if "--pretrained-model-path" not in arguments:
        arguments = [*arguments, "--pretrained-model-path", str(tiny.checkpoint)]
    assert_user_error(run_here(command_line.main, *arguments, cwd=tmp_path), *parts)


@pytest.mark.slow
def test_the_command(
    tiny: Setting,
    tmp_path: Path,
    run_here: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With a process for each contender, from the command line to JSON and PNG."""
    once = cache(command_line.limits_of_the_machine)  # else before and after
    monkeypatch.setattr(command_line, "limits_of_the_machine", once)
    result = run_here(
        command_line.main, "decode", "--quick", "--rounds", "1", "--threads",
        str(torch.get_num_threads()), "--only", "taught", "--only", "transformers, float32",
        "--pretrained-model-path", str(tiny.checkpoint), "--out", str(tmp_path), cwd=PROJECT,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "left out  llama.cpp: there is no GGUF file beside" in result.stdout
    contents = json.loads((tmp_path / "decode.json").read_text(encoding="utf-8"))
    assert contents["threads"] == torch.get_num_threads()
    assert {"cpu", "capability", "torch"} <= contents["machine"].keys()
    assert all(contents["limits"].values())
    assert {"load_before", "load_after", "left_out"} <= contents.keys()
    assert [work["name"] for work in contents["works"]] == ["batch 1"]
    for work in contents["works"]:
        ours, *theirs = work["contenders"]
        assert ours["name"] == "ours, taught, float32"
        assert len(ours["rates"]) == 1
        for peer in theirs:
            assert peer["ratio"] == {"median": 1, "min": 1, "max": 1}
            alike, total = peer["alike"].split("/")
            assert alike == total
    assert (tmp_path / "decode.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.skipif(setting.c_compiler() is None, reason="no C compiler here")
def test_the_c_library_leaves_arithmetic_alone(tiny: Setting) -> None:
    """With -Ofast, a library makes its process take tiny numbers for zero."""
    plain_c(tiny.checkpoint)
    assert float(torch.tensor(1e-40) * 1) != 0
