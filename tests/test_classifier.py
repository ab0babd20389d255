"""The two classifiers: the chain rule over a label's pieces, and a head as the course builds it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from classifier import LlamaEmbeddingClassifier, LlamaZeroShotClassifier, prompt_suffix
from llama import load_pretrained
from sentiment.scoring import chain_rule_scores, course_scores
from tests.helpers import (
    LABELS,
)
from tokenizer import Tokenizer
from training.batches import pad


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
    for order in ([0, 1, 2], [2, 0, 1]):
        shuffled = [ids[i] for i in order]
        scores = chain_rule_scores(classifier, shuffled, 0, max_tokens=200)
        torch.testing.assert_close(scores, expected[order], atol=1e-3, rtol=1e-4)
    course = course_scores(classifier, ids, tokenizer, LABELS, batch_size=3)
    assert not torch.allclose(course, expected, atol=0.1)


def test_label_names_have_to_fit(zero_shot) -> None:
    _, tokenizer = zero_shot
    for names in (["a", "b"], ["a", "b", "a"]):
        with pytest.raises(ValueError, match="must be 3 different ones"):
            LlamaZeroShotClassifier(SimpleNamespace(num_labels=3), tokenizer, names)


def test_the_course_builds_its_classifiers_like_this(work: Path) -> None:
    config = SimpleNamespace(
        num_labels=3,
        pretrained_model_path=str(work / "stories42M.pt"),
        option="finetune",
        hidden_dropout_prob=0.3,
        data_dir=".",
    )
    classifier = LlamaEmbeddingClassifier(config)
    assert classifier(torch.tensor([[1, 2, 3]])).shape == (1, 3)
    assert all(p.requires_grad for p in classifier.llama.parameters())
    config.option = "pretrain"
    assert not any(p.requires_grad for p in LlamaEmbeddingClassifier(config).llama.parameters())
