"""`run_llama.py` as a user types it: generate, on a small course checkpoint, and all flags."""

from __future__ import annotations

import ast
import io
import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

import engine
import run_llama
from tests.helpers import (
    PROJECT,
    assert_user_error,
    contents,
    ended_by,
    random_llama,
    run_code,
    run_script,
)
from tokenizer import Tokenizer

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def generate(folder: Path, run_here: Run) -> Run:
    """The mode on the folder's checkpoint, in this process."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        given = ("--prompt", "a hero", "--max_new_tokens", "6", *arguments)
        return run_here(run_llama.main, *given, cwd=folder)

    return run


def test_two_texts_two_files_a_banner_and_a_rate(folder: Path, generate: Run) -> None:
    result = generate()
    assert result.returncode == 0, result.stderr
    for part in (
        "stories42M.pt (PyTorch): ",
        "parameters",
        "expected  about",
        "float32",
        "Temperature is 0.0",
        "Temperature is 1.0",
        "tokens/s",
        "Wrote generated sentence to generated-sentence-temp-0.txt",
    ):
        assert part in result.stdout, result.stdout
    assert "stand-in" not in result.stdout
    for temperature in (0, 1):
        text = (folder / f"generated-sentence-temp-{temperature}.txt").read_text("utf-8")
        assert text.startswith("a hero")
        assert text in result.stdout


def test_log_probabilities_and_stops(folder: Path, generate: Run) -> None:
    whole = generate("--temperature", "0", "--logprobs").stdout
    rows = re.findall(r"^ +(-?\d+\.\d{4})  '(.*)'$", whole, flags=re.MULTILINE)
    text = (folder / "generated-sentence-temp-0.txt").read_text("utf-8")
    assert len(rows) == 6
    assert all(float(logprob) <= 0 for logprob, _ in rows)
    pieces = "".join(ast.literal_eval(f"'{piece}'") for _, piece in rows)
    assert text == "a hero" + pieces
    generate("--temperature", "0", "--stop", "zzz", "--stop", pieces[3:5])
    assert (folder / "generated-sentence-temp-0.txt").read_text("utf-8") == "a hero" + pieces[:3]
    assert_user_error(generate("--stop", ""), "--stop is empty")
    for flag in ("--min_p", "--repetition_penalty"):
        assert_user_error(generate(flag, "-1"), flag[2:], "-1.0: must be")


def test_the_same_seed_gives_the_same_text(folder: Path, generate: Run) -> None:
    """With the same number of threads, which else depends on what others do."""
    first, again, other = (
        re.sub(r"[0-9.]+ (ms|s|tokens/s)", "", generate("--seed", seed, "--threads", "1").stdout)
        for seed in ("1", "1", "2")
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize(("temperature", "name"), [("0", "low.txt"), ("0.5", "high.txt")])
def test_one_temperature_one_text(
    tmp_path: Path, temperature: str, name: str, generate: Run
) -> None:
    flags = ["--temperature", temperature, "--top_k", "5", "--top_p", "0.9"]
    for kind in ("low", "high"):
        out = str(tmp_path / "new" / f"{kind}.txt")
        flags += [f"--generated_sentence_{kind}_temp_out", out]
    result = generate(*flags)
    assert result.returncode == 0, result.stderr
    assert [path.name for path in (tmp_path / "new").iterdir()] == [name]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_bidirectional_and_other_dtypes(folder: Path, dtype: str, generate: Run) -> None:
    result = generate("--bidirectional", "--dtype", dtype, "--device", "cpu")
    assert result.returncode == 0, result.stderr
    assert f"{dtype}, bidirectional" in result.stdout


def test_both_engines_write_the_same_text(folder: Path, generate: Run) -> None:
    texts = []
    for name in ("fast", "taught"):
        result = generate("--engine", name, "--pretrained-model-path", "counting.pt")
        assert f"{name} engine" in result.stdout
        texts.append((folder / "generated-sentence-temp-0.txt").read_text("utf-8"))
    assert texts[0] == texts[1]
    assert ", fast engine\n" in generate().stdout


def test_int8_weights(folder: Path) -> None:
    """In a process of its own, of which it takes one thread."""
    flags = ("--prompt", "a hero", "--max_new_tokens", "6", "--quantize", "int8", "--threads", "1")
    result = run_script("run_llama.py", *flags, cwd=folder)
    assert result.returncode == 0, result.stderr
    assert "runs on   cpu, 1 thread, float32, fast engine with int8 weights" in result.stdout


def test_without_a_compiler_it_goes_on(
    folder: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "compile_fault", lambda _: "no C++ compiler here")
    result = run_here(
        run_llama.main, "--prompt", "a hero", "--max_new_tokens", "3", "--compile", cwd=folder
    )
    assert result.returncode == 0, result.stderr
    assert "note      compile: no C++ compiler here; goes on without" in result.stdout
    assert "fast engine\n" in result.stdout


def test_a_dtype_that_the_processor_lacks_is_said(
    folder: Path, run_here, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "has_units", lambda dtype: dtype == torch.float32)
    for dtype, noted in (("bfloat16", True), ("float32", False)):
        result = run_here(run_llama.main, "--prompt", "a", "--dtype", dtype, cwd=folder)
        assert ("this processor has no bfloat16 units" in result.stdout) == noted


def test_a_prompt_that_is_cut_within_a_character(folder: Path, run_here: Run) -> None:
    """What is printed is what is written, and no half of a character stays before the rest."""
    whole = Tokenizer(None, folder / "tokenizer.model").encode("a 🦙", bos=False, eos=False)
    kept = len(whole) - 2  # bytes of the character are left out
    tokenizer = Tokenizer(kept, folder / "tokenizer.model")
    ids = tokenizer.encode("a 🦙", bos=True, eos=False)
    flags = ["--prompt", "a 🦙", "--max_sentence_len", f"{kept}", "--max_new_tokens", "3"]
    flags += ["--temperature", "0", "--pretrained-model-path", "counting.pt"]
    result = run_here(run_llama.main, *flags, cwd=folder)
    text = (folder / "generated-sentence-temp-0.txt").read_text(encoding="utf-8")
    assert text == tokenizer.decode(ids + [ids[-1] + n for n in (1, 2, 3)])
    assert f"Temperature is 0.0\n{text}\n------" in result.stdout


@pytest.mark.parametrize("name", ["tokenizer.model", "stories42M.tokenizer.json"])
def test_no_output_takes_the_place_of_a_tokenizer(folder: Path, generate: Run, name: str) -> None:
    before = contents(folder)
    result = generate("--generated_sentence_low_temp_out", name)
    assert_user_error(result, f"{name}: is read by this run")
    assert contents(folder) == before


def test_text_appears_as_it_is_generated(folder: Path) -> None:
    """On a model whose text never ends; so the run ends by Ctrl-C and by nothing else."""
    command = [sys.executable, "-u", str(PROJECT / "run_llama.py"), "--max_new_tokens", "1000000"]
    command += ["--pretrained-model-path", "counting.pt", "--prompt", "a hero"]
    command += ["--temperature", "0"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE)
    with process, ended_by(process):
        assert process.stdout is not None
        seen = b""
        while b"Temperature is 0.0\na hero" not in seen:
            part = process.stdout.read1(64)  # type: ignore[attr-defined]
            assert part, seen
            seen += part
        for _ in range(3):  # it waits for no end to be shown
            assert process.stdout.read1(64)  # type: ignore[attr-defined]
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)  # reads on: with a full pipe it could not end
        assert process.returncode == 130


def test_ctrl_c_after_the_last_line_changes_nothing() -> None:
    """While Python tidies up, which takes a moment, as here."""
    code = (
        "import atexit, os, signal, sys, time\nfrom support import errors\n"
        "atexit.register(lambda: os.kill(os.getpid(), signal.SIGINT))\n"
        "errors.run(lambda: print('done'))\n"
    )
    result = run_code(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "done\n", "")


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--temperature", "-1"], ["temperature=-1.0", "must be 0"]),
        (["--temperature", "nan"], ["temperature=nan"]),
        (["--top_p", "0"], ["top_p=0.0", "(0, 1]"]),
        (["--top_p", "1.01"], ["top_p=1.01", "(0, 1]"]),
        (["--top_k", "0"], ["top_k=0", "at least 1"]),
        (["--max_new_tokens", "0"], ["--max_new_tokens 0", "at least 1"]),
        (["--prompt", ""], ["--prompt is empty"]),
        (["--prompt", "hero " * 200], ["--prompt has", "the context of this model 128"]),
        (["--prompt", "a\ud800"], ["lone surrogate"]),
        (["--pretrained-model-path", "nope.pt"], ["nope.pt: no such checkpoint"]),
        (["--pretrained-model-path", "text.txt"], ["text.txt: no checkpoint of PyTorch"]),
        (["--pretrained-model-path", "."], ["is a folder"]),
        (["--tokenizer", "nope.model"], ["nope.model: no such file"]),
        (["--tokenizer", "text.txt"], ["text.txt: not a SentencePiece model"]),
        (["--option", "sing"], ["--option", "'sing'", "generate"]),
        (["--device", "tpu"], ["--device", "'tpu'"]),
        (["--dtype", "int3"], ["--dtype", "'int3'"]),
        (["--seed", "one"], ["--seed", "'one'"]),
        (["--seed", "-1"], ["--seed -1", "must be from 0"]),
        (["--seed", str(2**64)], ["--seed 18446744073709551616", "must be from 0"]),
        (["--generated_sentence_low_temp_out", "stories42M.pt"], ["stories42M.pt", "is read by"]),
        (
            ["--generated_sentence_low_temp_out", "generated-sentence-temp-1.txt"],
            ["generated-sentence-temp-1.txt", "two outputs"],
        ),
        (["--generated_sentence_low_temp_out", "new/x.txt", "--prompt", ""], ["is empty"]),
        (["--max_sentence_len", "0"], ["max_len=0", "at least 1"]),
        (["--use_gpu", "--device", "cpu"], ["disagree"]),
        (["--threads", "0"], ["threads=0", "from 1 to", "processors"]),
        (["--threads", "100000"], ["threads=100000", "from 1 to"]),
        (["--quantize", "int4"], ["--quantize", "'int4'", "int8"]),
        (["--quantize", "int8", "--dtype", "bfloat16"], ["quantize=int8 and dtype=bfloat16"]),
        (["--quantize", "int8", "--engine", "taught"], ["quantize=int8 needs the fast engine"]),
        (["--compile", "--engine", "taught"], ["compile needs the fast engine"]),
        (["--nonsense"], ["--nonsense", "--help"]),
        (["--generated_sentence_low_temp_out", "."], ["is a folder"]),
        (["--generated_sentence_low_temp_out", "text.txt/x.txt"], ["text.txt is no folder"]),
    ],
)
def test_bad_input_gets_one_line_and_leaves_nothing(
    folder: Path, arguments: list[str], parts: list[str], run_here
) -> None:
    before = contents(folder)
    assert_user_error(run_here(run_llama.main, *arguments, cwd=folder), *parts)
    assert contents(folder) == before


def test_bad_input_as_a_user_types_it(folder: Path) -> None:
    result = run_script("run_llama.py", "--top_k", "0", cwd=folder)
    assert_user_error(result, "run_llama.py: error: top_k=0")


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
@pytest.mark.parametrize("arguments", [["--use_gpu"], ["--device", "cuda"]])
def test_a_device_that_is_not_here(folder: Path, arguments: list[str], run_here) -> None:
    result = run_here(run_llama.main, *arguments, cwd=folder)
    assert_user_error(result, "cuda", "device here")


def test_a_tokenizer_of_another_size(folder: Path, tmp_path: Path, generate: Run) -> None:
    random_llama().save_pretrained(tmp_path / "other.pt")
    result = generate("--pretrained-model-path", str(tmp_path / "other.pt"))
    assert_user_error(result, "300 tokens", "has 97", "do not belong together")


def test_help_names_every_flag_of_the_course() -> None:
    text = run_script("run_llama.py", "--help").stdout
    flags = (
        "option train dev test label-names pretrained-model-path max_sentence_len seed epochs",
        "use_gpu generated_sentence_low_temp_out generated_sentence_high_temp_out dev_out",
        "test_out batch_size hidden_dropout_prob lr prompt max_new_tokens temperature top_k",
        "top_p device dtype tokenizer bidirectional engine quantize compile threads text file run",
    )
    for flag in " ".join(flags).split():
        assert f"--{flag} " in text or f"--{flag}]" in text, flag


def test_the_label_mappings_are_the_courses() -> None:
    mappings = {"sst": ["awful", "bad", "average", "good", "excellent"], "cfimdb": ["bad", "good"]}
    for name, labels in mappings.items():
        assert json.loads((PROJECT / f"data/{name}-label-mapping.json").read_text()) == labels


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_written(folder: Path, tmp_path: Path) -> None:
    """The counting model never ends a text; it is stopped once some of it has been seen."""
    outfile = tmp_path / "text.txt"
    options = ["--pretrained-model-path", "counting.pt", "--prompt", "a hero", "--temperature", "0"]
    options += ["--max_new_tokens", "100000", "--generated_sentence_low_temp_out", str(outfile)]
    command = [sys.executable, "-u", str(PROJECT / "run_llama.py"), *options]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        with ended_by(process):
            seen = b""
            while b"Temperature is" not in seen or len(seen.partition(b"a hero")[2]) < 50:
                seen += process.stdout.read(10)
            process.send_signal(signal.SIGINT)
            output, error = process.communicate()
    assert process.returncode == 130, error
    assert error == b"\ninterrupted\n"
    shown = (seen + output).decode().partition("Temperature is 0.0\n")[2].partition("\n----")[0]
    kept = outfile.read_bytes().decode()
    assert kept.startswith(shown)
    assert len(kept) - len(shown) < 10, "Ctrl-C may come between a piece and its printing"
    assert f"Wrote generated sentence to {outfile}." in output.decode()


def test_nothing_is_kept_of_a_model_that_writes_nothing(
    folder: Path, tmp_path: Path, run_here: Run
) -> None:
    """NaN among the weights: an earlier text stays."""
    damaged = torch.load(folder / "stories42M.pt", weights_only=True)
    damaged["model"]["norm.weight"][3] = float("nan")
    torch.save(damaged, tmp_path / "nan.pt")
    outfile = tmp_path / "text.txt"
    outfile.write_text("earlier")
    options = ["--pretrained-model-path", str(tmp_path / "nan.pt"), "--temperature", "0"]
    options += ["--generated_sentence_low_temp_out", str(outfile)]
    result = run_here(run_llama.main, *options, cwd=folder)
    assert result.returncode == 2
    assert "logits are not finite" in result.stderr
    assert outfile.read_text() == "earlier"


def test_a_prompt_may_come_through_a_pipe(
    folder: Path, generate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for content, status in ((b"a wonderful hero\n", 0), (b"", 2), (b"\xff", 2)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        result = generate("--prompt", "-", "--temperature", "0")
        assert result.returncode == status
        assert ("\na wonderful hero" in result.stdout) == (status == 0)


def test_flags_with_dashes_are_the_same(folder: Path, generate: Run, tmp_path: Path) -> None:
    outfile = tmp_path / "x.txt"
    result = generate(
        "--max-new-tokens", "3", "--top-k", "5", "--temperature", "1",
        "--generated-sentence-high-temp-out", str(outfile),
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert "3 tokens in" in result.stdout
    assert outfile.exists()


def test_no_banner_is_wider_than_a_terminal(
    folder: Path, generate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(run_llama, "set_threads", lambda _: "others keep a processor " * 5)
    monkeypatch.setattr(engine, "compile_fault", lambda _: "torch.compile fails here " * 4)
    for flags in ([], ["--dtype", "bfloat16", "--compile"], ["--quantize", "int8"]):
        output = generate(*flags).stdout
        head = output.partition("\nTemperature is")[0]
        assert head.count("\n") > 4
        assert all(len(line) < 80 for line in head.splitlines()), head
        assert not re.search(r"\b0(\.0)? (MB|GB|minutes|s)\b", output), output


def test_the_threads_are_in_the_banner(
    folder: Path, generate: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = torch.get_num_threads()
    try:
        for threads, said in (("1", "cpu, 1 thread,"), ("2", "cpu, 2 threads,")):
            assert said in generate("--threads", threads).stdout
        monkeypatch.setattr("support.processor.busy_processors", lambda: 1.0)
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
        output = generate().stdout
        assert "note      others keep 1.0 of 2 processors busy: 1 thread; --threads 2" in output
        assert "cpu, 1 thread," in output
    finally:
        torch.set_num_threads(before)
