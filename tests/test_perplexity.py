"""Perplexity: by hand, over every window, the same on either engine."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

import run_llama
from inference import Decoder
from perplexity import score_text, windows
from tests.helpers import CONFIG, assert_user_error, random_llama, vocabulary
from tokenizer import BytePairTokenizer

TEXT = "The cat sat on the mat, and so on; in 2026 it is naïve. " * 4


@pytest.mark.parametrize("window", [2, 5, 16, 40, 64])
@pytest.mark.parametrize("length", [2, 5, 16, 17, 39, 64, 100])
def test_windows_predict_each_token_once_from_enough_before(length: int, window: int) -> None:
    for stride in {1, max(1, window // 2), window - 1}:
        done = 1
        for start, new, end in windows(length, window, stride):
            assert new == done
            assert end - start <= window
            assert new - start >= min(new, window - stride)
            done = end
        assert done == length


@pytest.mark.parametrize(("window", "stride"), [(None, None), (20, 7), (2, 1), (64, 63)])
@torch.no_grad()
def test_equal_to_a_sum_over_single_tokens(window: int | None, stride: int | None) -> None:
    pytest.importorskip("tokenizers")
    own = BytePairTokenizer(vocabulary())
    config = replace(CONFIG, vocab_size=own.n_words, max_seq_len=64)
    model, ids = random_llama(config), own.encode(TEXT, bos=True, eos=False)
    found = score_text(model, own, TEXT, window, stride)
    expected = 0.0
    for start, new, end in windows(len(ids), window or 64, stride or 32):
        for i in range(new, end):
            logits = model(torch.tensor([ids[start:i]]))[0][0, -1]
            expected -= float(F.log_softmax(logits.double(), dim=-1)[ids[i]])
    assert found.nats == pytest.approx(expected, rel=1e-5)
    assert found.tokens == len(ids) - 1
    assert found.perplexity == pytest.approx(math.exp(expected / (len(ids) - 1)), rel=1e-5)
    given = 0 if own.add_bos else len(own.decode(ids[:1]).encode())
    assert found.n_bytes == len(TEXT.encode()) - given
    assert found.bits_per_byte == pytest.approx(expected / math.log(2) / found.n_bytes, rel=1e-5)
    fast = score_text(Decoder(model), own, TEXT, window, stride)
    assert fast.nats == pytest.approx(found.nats, rel=1e-4)


def test_the_mode(folder: Path, run_here) -> None:
    (folder / "text.txt").write_text("the hero is a cat\n" * 30, encoding="utf-8")
    given = ("--option", "score", "--pretrained-model-path", "stories42M.pt")
    result = run_here(run_llama.main, *given, "--file", "text.txt", "--stride", "9", cwd=folder)
    assert result.returncode == 0, result.stderr
    for part in ("540 bytes", "tokens/s", "per token", "per byte"):
        assert part in result.stdout
    (folder / "short.txt").write_text("", encoding="utf-8")
    (folder / "latin.txt").write_bytes(b"caf\xe9")
    for arguments, parts in (
        ((), ["score needs a text: --file FILE"]),
        (("--file", "absent.txt"), ["absent.txt: no such file"]),
        (("--file", "short.txt"), ["fewer than two tokens"]),
        (("--file", "latin.txt"), ["latin.txt: not UTF-8"]),
        (("--file", "text.txt", "--window", "1"), ["window=1: must be from 2 to"]),
        (("--file", "text.txt", "--stride", "0"), ["stride=0: must be from 1 to"]),
    ):
        assert_user_error(run_here(run_llama.main, *given, *arguments, cwd=folder), *parts)
