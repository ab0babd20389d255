"""The learner's code on real weights: it writes, classifies reviews, and has a head trained."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from assignment.runners.tensors import Tensors
from classifier import LlamaEmbeddingClassifier, LlamaZeroShotClassifier, prompt_suffix
from data import LABEL_NAMES
from flags import PROMPT
from llama import Llama
from loading import load
from optimizer import AdamW
from sentiment.encoding import encode_reviews
from sentiment.frozen import StateBank, compute_states
from sentiment.reviews import read_label_names
from sentiment.scoring import chain_rule_scores
from tokenizer import TextTokenizer
from training.batches import pad

MAX_TOKENS = 512  # of a batch, padding included
EPOCHS, BATCH, LR = 20, 20, 1e-3  # of the head


class Bank(StateBank):
    """States that are there already, for a head that asks `forward` of the model for them too."""

    def forward(self, tokens: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor]:
        h = self.hidden_states(tokens, mask)
        return h, h


def run_real_weights(given: Tensors) -> dict[str, Tensor]:
    model, tokenizer = load(text(given["checkpoint"]))
    model.requires_grad_(False)
    train, held_out = (text(given[name]).split("\n") for name in ("train", "held_out"))
    return {
        **continued(model, tokenizer, [PROMPT, *held_out[:2]], int(given["new"])),
        "zero_shot": zero_shot(model, tokenizer, held_out),
        "finetuned": finetuned(model, tokenizer, train, held_out, given),
    }


def text(characters: Tensor) -> str:
    return bytes(characters.tolist()).decode()


@torch.no_grad()
def continued(
    model: Llama, tokenizer: TextTokenizer, prompts: list[str], new: int
) -> dict[str, Tensor]:
    """(B, new) most likely tokens, and by how much each was more likely than the second best."""
    ids = [tokenizer.encode(prompt, bos=True, eos=False) for prompt in prompts]
    batch = pad(ids, range(len(ids)), tokenizer.pad_id)
    tokens = model.generate(batch.tokens, new, temperature=0.0, mask=batch.mask)
    real = F.pad(batch.mask, (0, new), value=True)
    logits, _ = model(tokens, targets=tokens, mask=real)
    best = logits[:, -new - 1 : -1].topk(2).values
    return {"tokens": tokens[:, -new:], "margins": best[..., 0] - best[..., 1]}


def zero_shot(model: Llama, tokenizer: TextTokenizer, sentences: list[str]) -> Tensor:
    """(B, classes) log-probabilities of the labels."""
    names = read_label_names(LABEL_NAMES["sst"])
    config = SimpleNamespace(num_labels=len(names))
    classifier = LlamaZeroShotClassifier(config, tokenizer, names, model).eval()
    suffix = prompt_suffix(names)
    encoded = encode_reviews(sentences, tokenizer, model.config.max_seq_len, suffix=suffix)
    return chain_rule_scores(classifier, encoded.ids, tokenizer.pad_id, MAX_TOKENS)


def finetuned(
    model: Llama,
    tokenizer: TextTokenizer,
    train: list[str],
    held_out: list[str],
    given: Tensors,
) -> Tensor:
    """(seeds, B, classes) log-probabilities of heads trained on the frozen model's states."""
    bank = Bank(model)
    rows = []
    for sentences in (train, held_out):
        encoded = encode_reviews(sentences, tokenizer, model.config.max_seq_len)
        states, rows_of_texts = compute_states(
            model, encoded.ids, "last_token", tokenizer.pad_id, MAX_TOKENS
        )
        start = bank.add(states)
        rows.append(torch.tensor(rows_of_texts) + start)
    found = []
    for seed in given["seeds"].tolist():
        torch.manual_seed(seed)
        config = SimpleNamespace(
            num_labels=len(read_label_names(LABEL_NAMES["sst"])),
            option="finetune",
            hidden_dropout_prob=0.0,
        )
        classifier = LlamaEmbeddingClassifier(config, cast(Llama, bank))
        optimizer = AdamW(classifier.classifier_head.parameters(), lr=LR)
        for _ in range(EPOCHS):
            for part in torch.randperm(len(train)).split(BATCH):
                optimizer.zero_grad()
                F.nll_loss(classifier(rows[0][part]), given["train_labels"][part]).backward()
                optimizer.step()
        with torch.no_grad():
            found.append(classifier(rows[1]))
    return torch.stack(found)


RUNNERS = {"real_weights": run_real_weights}
