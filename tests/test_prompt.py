"""Zero-shot: the chain rule over a label's pieces, and the prompt mode as a user types it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

import run_llama
from classifier import LlamaZeroShotClassifier, prompt_suffix
from llama import load_pretrained
from sentiment.batching import Encoded, pad
from sentiment.scoring import calibrate, chain_rule_scores, course_scores
from tests.helpers import (
    LABELS,
    assert_user_error,
    contents,
    review_flags,
)
from tokenizer import Tokenizer


@pytest.fixture(scope="module")
def zero_shot(work: Path) -> tuple[LlamaZeroShotClassifier, Tokenizer]:
    tokenizer = Tokenizer(tokenizer_model=work / "tokenizer.model")
    config = SimpleNamespace(num_labels=3, pretrained_model_path=work / "stories42M.pt")
    return LlamaZeroShotClassifier(config, tokenizer, LABELS), tokenizer


def brute_force(model: Any, tokenizer: Tokenizer, prompt: str, label: str) -> float:
    """log P(label | prompt): read prompt and label, encoded together, piece after piece."""
    alone = tokenizer.encode(prompt.rstrip(" "), bos=True, eos=False)
    joint = tokenizer.encode(prompt + label, bos=True, eos=False)
    assert joint[: len(alone)] == alone
    total = 0.0
    for n in range(len(alone), len(joint)):
        logits, _ = model(torch.tensor([joint[:n]]))
        total += float(F.log_softmax(logits[0, -1].double(), dim=-1)[joint[n]])
    return total


@pytest.mark.parametrize("causal", [True, False])
@torch.no_grad()
def test_zero_shot_is_the_chain_rule_alone_and_in_any_batch(work, zero_shot, causal: bool) -> None:
    _, tokenizer = zero_shot
    llama = load_pretrained(work / "stories42M.pt", causal=causal)
    config = SimpleNamespace(num_labels=3)
    classifier = LlamaZeroShotClassifier(config, tokenizer, LABELS, llama)
    assert sorted(map(len, classifier.label_name_ids))[-1] > 1  # of several pieces
    suffix = prompt_suffix(LABELS)
    prompts = [f"{text} {suffix}" for text in ("a hero", "wonderful thriller while playing", "a")]
    ids = [tokenizer.encode(prompt, bos=True, eos=False) for prompt in prompts]
    expected = torch.tensor(
        [[brute_force(llama, tokenizer, p, label) for label in LABELS] for p in prompts]
    )
    for row, text in enumerate(ids):
        got = classifier(torch.tensor([text]))
        torch.testing.assert_close(got, expected[row : row + 1], atol=1e-3, rtol=1e-4)
    for pad_id in (0, tokenizer.pad_id, 299):
        batch = pad(ids, [0, 1, 2], pad_id)
        got = classifier(batch.tokens, batch.mask)
        torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-4)
        left = torch.zeros_like(batch.tokens) + pad_id
        mask = batch.mask.flip(1)
        for row, text in enumerate(ids):
            left[row, left.shape[1] - len(text) :] = torch.tensor(text)
        torch.testing.assert_close(classifier(left, mask), expected, atol=1e-3, rtol=1e-4)
    encoded = Encoded(ids, 0)
    for order in ([0, 1, 2], [2, 0, 1]):
        shuffled = Encoded([ids[i] for i in order], 0)
        scores = chain_rule_scores(classifier, shuffled, 0, max_tokens=200)
        torch.testing.assert_close(scores, expected[order], atol=1e-3, rtol=1e-4)
    course = course_scores(classifier, encoded, tokenizer, LABELS, batch_size=3)
    assert not torch.allclose(course, expected, atol=0.1)


def test_the_courses_scores_are_the_courses(zero_shot) -> None:
    """Its own few lines: no mask, the last position, all pieces at once."""
    classifier, tokenizer = zero_shot
    ids = [tokenizer.encode(text, bos=True, eos=False) for text in ("a hero", "wonderful movie a")]
    width = max(map(len, ids))
    padded = torch.tensor([text + [tokenizer.pad_id] * (width - len(text)) for text in ids])
    with torch.no_grad():
        log_probabilities = F.log_softmax(classifier.llama(padded)[0], dim=-1)
    expected = torch.stack(
        [
            log_probabilities[:, :, tokenizer.encode(label, False, False)].sum(dim=-1)[:, 0]
            for label in LABELS
        ],
        dim=1,
    )
    got = course_scores(classifier, Encoded(ids, 0), tokenizer, LABELS, batch_size=8)
    torch.testing.assert_close(got, expected)


def test_calibration_takes_the_mean_of_each_label_away() -> None:
    scores = torch.randn(9, 3) + torch.tensor([5.0, 0.0, -5.0])
    torch.testing.assert_close(calibrate(scores).mean(dim=0), torch.zeros(3), atol=1e-6, rtol=0)


def test_label_names_have_to_fit(zero_shot) -> None:
    _, tokenizer = zero_shot
    for names in (["a", "b"], ["a", "b", "a"]):
        with pytest.raises(ValueError, match="must be 3 different ones"):
            LlamaZeroShotClassifier(SimpleNamespace(num_labels=3), tokenizer, names)


@pytest.mark.parametrize("options", [[], ["--scoring", "course"], ["--calibrate"]])
def test_the_prompt_mode(work: Path, run_here, options: list[str], tmp_path: Path) -> None:
    outputs = ["--dev_out", str(tmp_path / "new" / "d.txt"), "--test_out", str(tmp_path / "t.txt")]
    result = run_here(
        run_llama.main, "--option", "prompt", *review_flags(work), *outputs, *options, cwd=work
    )
    assert result.returncode == 0, result.stderr
    for part in ("expected", "dev accuracy", "majority class", "macro F1", "<- predicted"):
        assert part in result.stdout
    written = (tmp_path / "new" / "d.txt").read_text().splitlines()
    sentences = [line.split(" ||| ")[1] for line in (work / "toy-dev.txt").read_text().splitlines()]
    assert [line.split(" ||| ")[1] for line in written] == sentences
    assert {line.split(" ||| ")[0] for line in written} <= {"0", "1", "2"}


def test_a_sorted_file_gives_the_same_predictions(work: Path, run_here, tmp_path: Path) -> None:
    lines = (work / "toy-dev.txt").read_text().splitlines()
    (tmp_path / "sorted-dev.txt").write_text("\n".join(sorted(lines)))
    found = []
    for name in (work / "toy-dev.txt", tmp_path / "sorted-dev.txt"):
        result = run_here(
            run_llama.main, "--option", "prompt", *review_flags(work, dev=str(name)),
            "--dev_out", str(tmp_path / "out.txt"), "--test_out", str(tmp_path / "t.txt"), cwd=work,
        )  # fmt: skip
        assert result.returncode == 0, result.stderr
        found.append(sorted((tmp_path / "out.txt").read_text().splitlines()))
    assert found[0] == found[1]


def test_a_test_split_without_labels_has_no_accuracy(work: Path, run_here, tmp_path) -> None:
    (tmp_path / "x-test.txt").write_text("0 ||| a movie\n0 ||| a hero\n")
    options = review_flags(work, test=str(tmp_path / "x-test.txt"))
    result = run_here(run_llama.main, "--option", "prompt", *options, cwd=work)
    assert "test accuracy n/a" in result.stdout


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"dev": "absent.txt"}, ["absent.txt: no such file"]),
        ({"label-names": "two.json"}, ["label 2 is outside 0..1"]),
        ({"label-names": "absent.json"}, ["absent.json"]),
        ({"dev": "latin.txt"}, ["latin.txt, line 1: not UTF-8"]),
        ({"batch_size": "0"}, ["batch_size=0", "at least 1"]),
        ({"max_sentence_len": "0"}, ["max_sentence_len=0", "at least 1"]),
        ({"max_tokens": "0"}, ["max_tokens=0", "at least 1"]),
        ({"test_out": "stories42M.pt"}, ["is read by this run"]),
        ({"dev_out": "toy-dev.txt"}, ["toy-dev.txt: is read by this run"]),
        ({"label-names": "four.json"}, ["four.json names 4 labels", "none above 2"]),
        ({"dev_out": "x.txt", "test_out": "x.txt"}, ["are one file"]),
    ],
)
def test_bad_input_gets_one_line(
    work: Path, run_here, changes: dict[str, str], parts: list[str]
) -> None:
    (work / "four.json").write_text(json.dumps([*LABELS, "x"]))
    (work / "two.json").write_text('["bad", "good"]')
    (work / "latin.txt").write_bytes(b"0 ||| caf\xe9\n")
    before = contents(work)
    result = run_here(
        run_llama.main, "--option", "prompt", *review_flags(work, **changes), cwd=work
    )
    assert_user_error(result, *parts)
    assert contents(work) == before
